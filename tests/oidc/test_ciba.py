"""CIBA: a citizen away from the asker's page answers on their own phone."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from dancu.access.service import sessions
from dancu.accounts.service import approvals
from dancu.kernel.actor import Purpose
from dancu.oidc.service.ciba import GRANT
from tests.oidc.conftest import Citizen, Make, Service, Site
from tests.oidc.flows import Journey, error_of

pytestmark = pytest.mark.asyncio(loop_scope="session")
GRANTS = frozenset({GRANT, "refresh_token"})
OWN = Purpose("own_record", "26/2023/QH15")


async def number_of(site: Site, citizen: Citizen) -> str:
    ((number,),) = await site.sql("SELECT number FROM population.directory WHERE person_key = %s AND kind = 'personal_id'", (citizen.key,))
    return str(number)


async def ask(site: Site, service: Service, hint: str, **changes: str):  # type: ignore[no-untyped-def]
    body = {"scope": "openid", "login_hint": hint, "binding_message": "Mã 7281", **Journey(site, service, None).credentials(), **changes}
    async with site.http() as http:
        return await http.post("/oidc/bc-authorize", data={k: v for k, v in body.items() if v})


async def poll(site: Site, service: Service, request: str, *, soon: bool = False):  # type: ignore[no-untyped-def]
    if not soon:
        await site.sql("UPDATE oidc.backchannel_request SET polled_at = NULL")
    journey = Journey(site, service, None)
    return await journey.ask({"grant_type": GRANT, "auth_req_id": request, **journey.credentials()})


async def decide(site: Site, citizen: Citizen, *, approve: bool) -> Any:
    async with await psycopg.AsyncConnection.connect(site.registry.dsn("app")) as conn:
        actor = await sessions.resolve(conn, citizen.token)
        assert actor is not None
        (waiting, *_) = [one for one in await approvals.of_actor(conn, actor) if one.state == "pending"]
        await approvals.decide(conn, actor, OWN, waiting.approval_id, approve=approve)
        return waiting


@pytest.mark.parametrize("profile", ["fapi2", "basic"])
async def test_from_asking_to_tokens(site: Site, citizen: Citizen, make_service: Make, profile: str) -> None:
    service = await make_service(profile, grant_types=GRANTS, name="Ngân hàng")
    made = (await ask(site, service, await number_of(site, citizen))).json()
    assert made["interval"] == 5 and made["expires_in"] == 300
    assert error_of(await poll(site, service, made["auth_req_id"])) == "authorization_pending"
    assert error_of(await poll(site, service, made["auth_req_id"], soon=True)) == "slow_down"
    shown = await decide(site, citizen, approve=True)
    assert (shown.client_name, shown.text) == ("Ngân hàng", "Mã 7281"), "who asks, and the words the asker shows"
    got = await poll(site, service, made["auth_req_id"])
    assert got.status_code == 200, got.text
    said = (await Journey(site, service, citizen).userinfo(got.json()["access_token"])).json()
    assert said["sub"]
    assert error_of(await poll(site, service, made["auth_req_id"])) == "invalid_grant", "once"


async def test_a_refusal(site: Site, citizen: Citizen, make_service: Make) -> None:
    service = await make_service("basic", grant_types=GRANTS)
    made = (await ask(site, service, await number_of(site, citizen))).json()
    await decide(site, citizen, approve=False)
    assert error_of(await poll(site, service, made["auth_req_id"])) == "access_denied"


async def test_nobody_answers_for_nobody_and_nobody_learns_it(site: Site, citizen: Citizen, make_service: Make) -> None:
    service = await make_service("basic", grant_types=GRANTS)
    known = (await ask(site, service, await number_of(site, citizen))).json()
    for hint in ("049090999999", "0905123456", "x", "9" * 150):
        made = (await ask(site, service, hint)).json()
        assert made.keys() == known.keys(), hint
        assert error_of(await poll(site, service, made["auth_req_id"])) == "authorization_pending"
    await site.sql("UPDATE oidc.backchannel_request SET expires_at = now() - interval '1 second'")
    assert error_of(await poll(site, service, made["auth_req_id"])) == "expired_token"
    await decide(site, citizen, approve=False)


async def test_what_is_refused(site: Site, citizen: Citizen, make_service: Make) -> None:
    service, plain, other = await make_service("basic", grant_types=GRANTS), await make_service("basic"), await make_service("basic", grant_types=GRANTS)
    number = await number_of(site, citizen)
    for changes, error in (
        ({"login_hint": ""}, "invalid_request"),
        ({"id_token_hint": "x"}, "invalid_request"),
        ({"login_hint": "", "id_token_hint": "x"}, "invalid_request"),
        ({"binding_message": "x" * 121}, "invalid_binding_message"),
        ({"binding_message": "Mở https://evil.example"}, "invalid_binding_message"),
        ({"requested_expiry": "0"}, "invalid_request"),
        ({"requested_expiry": "99999"}, "invalid_request"),
        ({"scope": "profile"}, "invalid_scope"),
        ({"user_code": "1"}, "invalid_user_code"),
        ({"client_secret": "wrong"}, "invalid_client"),
    ):
        assert error_of(await ask(site, service, number, **changes)) == error, changes
    assert error_of(await ask(site, plain, number)) == "unauthorized_client"
    made = (await ask(site, service, number)).json()
    assert error_of(await poll(site, other, made["auth_req_id"])) == "invalid_grant", "another client's request"
    assert error_of(await poll(site, service, "nonsense")) == "invalid_grant"
    await decide(site, citizen, approve=True)
    await site.sql("UPDATE accounts.account SET lock_version = lock_version + 1 WHERE person_key = %s", (citizen.key,))
    assert error_of(await poll(site, service, made["auth_req_id"])) == "invalid_grant", "a lock in between"
