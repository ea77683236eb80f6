"""Token exchange: one agency calls another, in the citizen's name and for the citizen's purpose."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from dancu.oidc.jose import split
from dancu.oidc.service.grants.token_exchange import ACCESS_TOKEN, GRANT
from tests.oidc.conftest import EVERYTHING, SECRET, Agreement, Citizen, Given, Make, Service, Site, soon
from tests.oidc.flows import Journey, error_of

pytestmark = pytest.mark.asyncio(loop_scope="session")
GRANTS = frozenset({"authorization_code", "refresh_token", "client_credentials", GRANT})


async def exchange(site: Site, caller: Service, token: str, audience: str, **changes: str):  # type: ignore[no-untyped-def]
    journey = Journey(site, caller, None)
    body = {"grant_type": GRANT, "subject_token": token, "subject_token_type": ACCESS_TOKEN, "audience": audience, **journey.credentials(), **changes}
    return await journey.ask({k: v for k, v in body.items() if v})


async def introspected(site: Site, caller: Service, token: str) -> dict[str, Any]:
    async with site.http() as http:
        return dict((await http.post("/oidc/introspect", data={"token": token}, auth=(caller.id, SECRET))).json())


@pytest.mark.parametrize("profile", ["fapi2", "basic"])
async def test_a_token_for_another_agency(site: Site, citizen: Citizen, make_service: Make, profile: str) -> None:
    portal, health = await make_service(profile, grant_types=GRANTS, agreement=Agreement(consent_needed=False)), await make_service("basic", grant_types=GRANTS)
    held = (await Journey(site, portal, citizen, scope="openid profile").signed_in())["access_token"]
    got = await exchange(site, portal, held, health.id, scope="profile")
    assert got.status_code == 200, got.text
    made = got.json()
    assert made["issued_token_type"] == ACCESS_TOKEN and made["scope"] == "profile" and "refresh_token" not in made
    claims = split(made["access_token"]).claims
    assert claims["aud"] == health.id and claims["act"] == {"sub": portal.id} and claims["purpose"] == "online_service"
    own = split((await Journey(site, health, citizen).signed_in())["access_token"]).claims
    assert claims["sub"] == own["sub"], "the citizen as the other agency knows them"
    said = await introspected(site, health, made["access_token"])
    assert said["active"] and said["act"]["sub"] == portal.id and said["sub"] == own["sub"]
    assert (said["purpose"], said["legal_basis"]) == ("online_service", "69/2024/NĐ-CP"), "what the citizen agreed to goes along"
    assert (await Journey(site, health, citizen).userinfo(made["access_token"])).status_code == 401, "not for us"
    rows = await site.sql("SELECT actor_id, purpose FROM audit.pending WHERE subject = %s AND note ->> 'verb' = 'oidc.exchange'", (citizen.key,))
    assert rows == [(portal.client.client_no, "online_service")]


async def test_it_is_handed_on_with_everybody_named_and_not_for_ever(site: Site, citizen: Citizen, make_service: Make) -> None:
    chain = [await make_service("basic", grant_types=GRANTS) for _ in range(6)]
    token = (await Journey(site, chain[0], citizen).signed_in())["access_token"]
    for caller, target in pairwise(chain[:5]):
        got = await exchange(site, caller, token, target.id)
        assert got.status_code == 200, got.text
        token = got.json()["access_token"]
    act, named = split(token).claims["act"], []
    while act:
        named.append(act["sub"])
        act = act.get("act")
    assert named == [one.id for one in reversed(chain[:4])]
    assert error_of(await exchange(site, chain[4], token, chain[5].id)) == "invalid_target"


async def test_it_ends_with_the_sign_in_it_came_from(site: Site, citizen: Citizen, make_service: Make) -> None:
    portal, health = await make_service("basic", grant_types=GRANTS), await make_service("basic", grant_types=GRANTS)
    held = (await Journey(site, portal, citizen).signed_in())["access_token"]
    made = (await exchange(site, portal, held, health.id)).json()["access_token"]
    await site.sql("UPDATE accounts.account SET lock_version = lock_version + 1 WHERE person_key = %s", (citizen.key,))
    assert not (await introspected(site, health, made))["active"]
    assert error_of(await exchange(site, portal, held, health.id)) == "invalid_request"


async def test_the_purpose_does_not_change_on_the_way(site: Site, citizen: Citizen, make_service: Make) -> None:
    portal = await make_service("basic", grant_types=GRANTS)
    statistics = await make_service("basic", agreement=Agreement(purposes={"statistics": "26/2023/QH15"}))
    held = (await Journey(site, portal, citizen).signed_in())["access_token"]
    assert error_of(await exchange(site, portal, held, statistics.id)) == "invalid_target"


async def test_what_the_citizen_took_back_is_not_carried_on(site: Site, citizen: Citizen, make_service: Make) -> None:
    portal, health = await make_service("basic", grant_types=GRANTS), await make_service("basic", grant_types=GRANTS)
    agreed = (citizen.key, portal.client.client_no, "online_service")
    site.sharing.consents[agreed] = Given(EVERYTHING, soon(hours=1))
    held = (await Journey(site, portal, citizen, scope="openid profile phone address").signed_in())["access_token"]
    site.sharing.consents[agreed] = Given(frozenset({"name", "phone"}), soon(hours=1))
    assert (await exchange(site, portal, held, health.id)).json()["scope"] == "openid profile phone", "the address was taken back"
    onward = (await exchange(site, portal, held, health.id, scope="openid profile phone")).json()["access_token"]
    site.sharing.consents[agreed] = Given(frozenset({"name"}), soon(hours=1))
    assert error_of(await exchange(site, portal, held, health.id, scope="phone")) == "invalid_scope"
    assert (await introspected(site, health, onward))["scope"] == "openid profile"
    site.sharing.consents.clear()
    assert await introspected(site, health, onward) == {"active": False}, "nor what was carried on before"
    last = await make_service("basic")
    for caller, token, target in ((portal, held, health), (health, onward, last)):
        assert error_of(await exchange(site, caller, token, target.id)) == "invalid_scope", "from the first to the last of the chain"
    assert (await exchange(site, portal, held, health.id, scope="openid")).status_code == 200, "that they signed in is known still"
    await site.sql("UPDATE oidc.client SET state = 'suspended' WHERE client_no = %s", (portal.client.client_no,))
    assert error_of(await exchange(site, health, onward, last.id, scope="openid")) == "invalid_request", "nor for a service that was stopped"


async def test_what_is_refused(site: Site, citizen: Citizen, make_service: Make) -> None:
    portal, health, thief = [await make_service("basic", grant_types=GRANTS) for _ in range(3)]
    bound = await make_service("fapi2", grant_types=GRANTS)
    plain = await make_service("basic")
    journey = Journey(site, portal, citizen, scope="openid offline_access")
    held = await journey.signed_in()
    token = held["access_token"]
    program = (await journey.ask({"grant_type": "client_credentials", **journey.credentials()})).json()["access_token"]
    for caller, subject, changes, error in (
        (thief, token, {}, "invalid_request"),
        (plain, token, {}, "unauthorized_client"),
        (portal, held["refresh_token"], {}, "invalid_request"),
        (portal, held["id_token"], {}, "invalid_request"),
        (portal, program, {}, "invalid_request"),
        (portal, "junk", {}, "invalid_request"),
        (portal, token, {"audience": ""}, "invalid_request"),
        (portal, token, {"audience": "nobody"}, "invalid_target"),
        (portal, token, {"audience": portal.id}, "invalid_target"),
        (portal, token, {"scope": "openid personal_id"}, "invalid_scope"),
        (portal, token, {"subject_token_type": "urn:ietf:params:oauth:token-type:id_token"}, "invalid_request"),
        (portal, token, {"requested_token_type": "urn:ietf:params:oauth:token-type:refresh_token"}, "invalid_request"),
        (portal, token, {"actor_token": token}, "invalid_request"),
    ):  # fmt: skip
        assert error_of(await exchange(site, caller, subject, **{"audience": health.id, **changes})) == error, changes
    mine = (await Journey(site, bound, citizen).signed_in())["access_token"]
    bound.proof_key = portal.proof_key
    assert error_of(await exchange(site, bound, mine, health.id)) == "invalid_dpop_proof", "another key than the token's"
