"""CIBA: a citizen away from the asker's page answers on their own phone."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from dancu.access.service import sessions
from dancu.accounts.service import approvals
from dancu.kernel.actor import Purpose
from dancu.oidc.jose import split
from dancu.oidc.policy import GROUPS
from dancu.oidc.service import ciba, tokens
from dancu.oidc.service.ciba import GRANT
from tests.oidc.conftest import ISSUER, Agreement, Citizen, Given, Make, Service, Sharing, Site, make_citizen
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


async def test_asking_too_often_is_answered_alike_for_somebody_and_for_nobody(site: Site, citizen: Citizen, make_service: Make) -> None:
    service = await make_service("basic", grant_types=GRANTS)
    for hint in (await number_of(site, citizen), "049090999991", "0905123457"):
        answers = [(await ask(site, service, hint)) for _ in range(approvals.MOST_WAITING + 1)]
        assert [one.status_code for one in answers] == [200] * approvals.MOST_WAITING + [429], hint
        assert answers[-1].headers["retry-after"] == "60" and error_of(answers[-1]) == "temporarily_unavailable", hint
    await site.sql("UPDATE accounts.approval SET expires_at = now()")


async def test_the_citizen_sees_exactly_what_is_to_be_done(site: Site, citizen: Citizen, make_service: Make, sharing: Sharing) -> None:
    """Details go into the tokens by the citizen's yes alone, so where it is given they are shown; of the registry's facts those that
    the citizen agreed to share before, which are all that goes out."""
    service = await make_service("basic", grant_types=GRANTS, detail_types=("payment",), agreement=Agreement())
    sharing.consents[citizen.key, service.client.client_no, "online_service"] = Given(frozenset({"gender", "email"}), datetime.now(UTC) + timedelta(days=1))
    details = '[{"type": "payment", "amount": "50000000", "to": "0071000123456"}]'
    level = "urn:vn:eid:acr:3"
    made = (await ask(site, service, await number_of(site, citizen), authorization_details=details, scope="openid profile offline_access", acr_values=level)).json()
    async with await psycopg.AsyncConnection.connect(site.registry.dsn("app")) as conn:
        actor = await sessions.resolve(conn, citizen.token)
        assert actor is not None
        ids = [one.approval_id for one in await approvals.of_actor(conn, actor) if one.state == "pending"]
        said = await ciba.wanted(site.app.state.oidc, conn, citizen.key, [*ids, "no id at all"], {group: group for group in GROUPS})
    assert len(said) == 1
    (want,) = said.values()
    assert want.details == (("payment", [("amount", "50000000"), ("to", "0071000123456")]),)
    assert (want.groups, want.offline, want.acr) == (("gender",), True, 3)
    await decide(site, citizen, approve=True)
    got = (await poll(site, service, made["auth_req_id"])).json()
    assert got["authorization_details"][0]["amount"] == "50000000"


async def test_a_level_that_is_demanded_is_reached_or_nothing_is_given(site: Site, registry: Any, make_service: Make) -> None:
    service = await make_service("basic", grant_types=GRANTS)
    citizen = await make_citizen(registry, acr=2)
    number = await number_of(site, citizen)

    def demand(*levels: int) -> str:
        return json.dumps({"id_token": {"acr": {"essential": True, "values": [f"urn:vn:eid:acr:{one}" for one in levels]}}})

    made = (await ask(site, service, number, claims=demand(3))).json()
    await decide(site, citizen, approve=True)
    assert error_of(await poll(site, service, made["auth_req_id"])) == "access_denied"
    made = (await ask(site, service, number, claims=demand(1, 3))).json()
    await decide(site, citizen, approve=True)
    got = (await poll(site, service, made["auth_req_id"])).json()
    assert split(got["id_token"]).claims["acr"] == "urn:vn:eid:acr:1", "one of those demanded, and reached"
    assert error_of(await ask(site, service, number, claims=demand(9))) == "invalid_request"


async def test_an_id_token_of_before_names_the_citizen(site: Site, citizen: Citizen, make_service: Make) -> None:
    free = Agreement(consent_needed=False)
    service = await make_service("basic", grant_types=GRANTS | {"authorization_code"}, agreement=free)
    plain, other = await make_service("basic", agreement=free), await make_service("basic", grant_types=GRANTS | {"authorization_code"}, agreement=free)
    made = await Journey(site, service, citizen).signed_in()
    hint = made["id_token"]
    asked = (await ask(site, service, "", id_token_hint=hint)).json()
    await decide(site, citizen, approve=True)
    got = (await poll(site, service, asked["auth_req_id"])).json()
    assert split(got["id_token"]).claims["sub"] == split(hint).claims["sub"]
    for wrong, error in (
        (made["access_token"], "invalid_request"),
        (hint[:-4] + "AAAA", "invalid_request"),
        ((await Journey(site, plain, citizen).signed_in())["id_token"], "invalid_request"),
        ((await Journey(site, other, citizen).signed_in())["id_token"], "invalid_request"),
    ):
        assert error_of(await ask(site, service, "", id_token_hint=wrong)) == error
    assert "dnc" not in split((await Journey(site, plain, citizen).signed_in())["id_token"]).claims, "only where it may come back"
    provider = site.app.state.oidc
    old = (await Journey(site, plain, citizen).signed_in())["id_token"]
    assert tokens.hinted_person(provider, ISSUER, plain.client, old) == 0
    assert error_of(await ask(site, service, "", login_hint_token="x")) == "invalid_request"


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
        ({"requested_expiry": "1x"}, "invalid_request"),
        ({"scope": "profile"}, "invalid_scope"),
        ({"user_code": "1"}, "invalid_user_code"),
        ({"client_secret": "wrong"}, "invalid_client"),
    ):
        assert error_of(await ask(site, service, number, **changes)) == error, changes
    assert error_of(await ask(site, plain, number)) == "unauthorized_client"
    made = (await ask(site, service, number, requested_expiry="99999")).json()
    assert made["expires_in"] == 600, "a wish for more than there is (CIBA §7.1) is granted as far as it goes"
    assert error_of(await poll(site, other, made["auth_req_id"])) == "invalid_grant", "another client's request"
    assert error_of(await poll(site, service, "nonsense")) == "invalid_grant"
    await decide(site, citizen, approve=True)
    await site.sql("UPDATE accounts.account SET lock_version = lock_version + 1 WHERE person_key = %s", (citizen.key,))
    assert error_of(await poll(site, service, made["auth_req_id"])) == "invalid_grant", "a lock in between"
