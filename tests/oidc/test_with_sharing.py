"""With the sharing room itself: its agreement, its consent, its receipt."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from dancu.kernel.actor import SYSTEM
from dancu.oidc.jose import split
from dancu.oidc.service import consent
from dancu.sharing import service as sharing_room
from dancu.sharing.models import Terms
from tests.oidc.conftest import Citizen, Service, Site, register
from tests.oidc.flows import Journey, sent_back
from tests.oidc.test_thin_line import hidden

pytestmark = pytest.mark.asyncio(loop_scope="session")


Agreed = Callable[..., Awaitable[Service]]


@pytest.fixture
def agreed(site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Agreed:
    """`await agreed("name", …)`: a service whose agreement in the room itself covers these groups."""
    monkeypatch.setattr(consent, "sharing", sharing_room)
    monkeypatch.setenv("DANCU_DATA", str(tmp_path))

    async def make(*groups: str) -> Service:
        service = await register(site, "basic", org_code="dancu")
        terms = Terms(frozenset(groups), {"online_service": "69/2024/NĐ-CP"})
        async with await psycopg.AsyncConnection.connect(site.registry.dsn("app")) as conn:
            await sharing_room.set_agreement(conn, SYSTEM, service.client.client_no, terms, client_name=service.client.name, org_code="dancu")
        return service

    return make


async def test_what_is_agreed_and_ticked_goes_out_and_no_more(site: Site, citizen: Citizen, agreed: Agreed) -> None:
    service = await agreed("name", "birthdate")
    journey = Journey(site, service, citizen, scope="openid profile personal_id")
    async with site.browser(citizen) as browser:
        page = await browser.get("/oidc/authorize", params=journey.request())
        assert page.status_code == 200 and 'value="personal_id"' not in page.text, "not in the agreement"
        said = await browser.post("/oidc/consent", data={**hidden(page.text), "answer": "yes", "share": ["name"], "term": "half_year"})
    token: dict[str, Any] = (await journey.token(sent_back(said)["code"])).json()
    shown = (await journey.userinfo(token["access_token"])).json()
    assert set(shown) == {"sub", "name", "family_name", "middle_name", "given_name"}


async def test_for_whom_the_citizen_acts_goes_out_if_they_agree_and_as_it_stands(site: Site, citizen: Citizen, agreed: Agreed) -> None:
    service = await agreed("name", "organisations")
    for code, state, powers in (("4000999001", "active", ["submit", "receive"]), ("4000999002", "closed", ["sign"])):
        await site.sql(
            "WITH o AS (INSERT INTO accounts.organisation (tax_code, name, in_databases, due_on, state) VALUES (%s, 'Công ty Mẫu', true, current_date, %s)"
            " RETURNING organisation_no) INSERT INTO accounts.mandate (person_key, organisation_no, kind, powers, valid)"
            " SELECT %s, organisation_no, 'staff', %s, daterange(current_date - 2, NULL) FROM o",
            (code, state, citizen.key, powers),
        )
    journey = Journey(site, service, citizen, scope="openid organisations")
    async with site.browser(citizen) as browser:
        page = await browser.get("/oidc/authorize", params=journey.request(claims='{"id_token": {"organisations": null}}'))
        said = await browser.post("/oidc/consent", data={**hidden(page.text), "answer": "yes", "share": ["organisations"], "term": "half_year"})
    token: dict[str, Any] = (await journey.token(sent_back(said)["code"])).json()
    held = [{"tax_code": "4000999001", "name": "Công ty Mẫu", "representative": False, "powers": ["receive", "submit"]}]
    assert (await journey.userinfo(token["access_token"])).json()["organisations"] == held, "only those whose account is in use"
    assert split(token["id_token"]).claims["organisations"] == held
    shown = await site.sql("SELECT fields FROM audit.pending WHERE subject = %s AND action = 'read' AND 'mandate' = ANY (fields)", (citizen.key,))
    assert len(shown) == 2, "each time an entry the citizen reads"
    await site.sql("UPDATE accounts.mandate SET ended_at = now() WHERE person_key = %s", (citizen.key,))
    assert (await journey.userinfo(token["access_token"])).json()["organisations"] == []
