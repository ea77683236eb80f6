"""Introspection and revocation: what each asker may know, and that it shows at once when something ends."""

from __future__ import annotations

import pytest
from joserfc import jwk, jwt

from tests.oidc.conftest import SECRET, Citizen, Make, Service, Site
from tests.oidc.flows import Journey, error_of

pytestmark = pytest.mark.asyncio(loop_scope="session")
OFFLINE = "openid offline_access"


async def ask(site: Site, caller: Service, token: str, path: str = "/oidc/introspect", **headers: str):  # type: ignore[no-untyped-def]
    body = {"token": token, **Journey(site, caller, None).credentials()}
    async with site.http() as http:
        return await http.post(path, data=body, headers=headers)


async def state(site: Site, caller: Service, token: str) -> bool:
    answer = await ask(site, caller, token)
    assert answer.status_code == 200, answer.text
    return bool(answer.json()["active"])


async def test_a_client_reads_its_own_tokens(site: Site, citizen: Citizen, make_service: Make) -> None:
    for profile in ("fapi2", "basic"):
        service = await make_service(profile)
        journey = Journey(site, service, citizen, scope=OFFLINE)
        made = await journey.signed_in()
        said = (await ask(site, service, made["access_token"])).json()
        assert said["active"] and said["scope"] == OFFLINE and said["client_id"] == service.id and said["iss"] == "http://localhost"
        assert said["acr"] == "urn:vn:eid:acr:2" and said["token_type"] == ("DPoP" if profile == "fapi2" else "Bearer")
        assert ("cnf" in said) is (profile == "fapi2")
        assert "dnc" not in said and "nguyễn" not in str(said).lower(), "nothing of ours, nobody's name"
        refresh = (await ask(site, service, made["refresh_token"])).json()
        assert refresh["active"] and refresh["token_type"] == "refresh_token" and refresh["sub"] == said["sub"]


async def test_others_learn_nothing_unless_they_are_meant(site: Site, citizen: Citizen, make_service: Make) -> None:
    service, stranger = await make_service("basic"), await make_service("basic")
    gateway = await make_service("basic", scopes=("token.introspect",))
    made = await Journey(site, service, citizen, scope=OFFLINE).signed_in()
    assert (await ask(site, stranger, made["access_token"])).json() == {"active": False}
    assert (await ask(site, gateway, made["refresh_token"])).json() == {"active": False}, "a refresh token is its client's alone"
    said = (await ask(site, gateway, made["access_token"])).json()
    own = (await ask(site, service, made["access_token"])).json()
    assert said["active"] and said["sub"] != own["sub"], "two sectors do not share a name for a person"


async def test_programs_tokens(site: Site, make_service: Make) -> None:
    service = await make_service("basic")
    journey = Journey(site, service, None)
    made = (await journey.ask({"grant_type": "client_credentials", **journey.credentials()})).json()
    said = (await ask(site, service, made["access_token"])).json()
    assert said["active"] and said["sub"] == service.id
    assert error_of(await ask(site, service, made["access_token"], "/oidc/revoke")) == "unsupported_token_type"


async def test_what_ends_is_inactive_at_once(site: Site, citizen: Citizen, make_service: Make) -> None:
    service = await make_service("basic")
    journey = Journey(site, service, citizen, scope=OFFLINE)
    made = await journey.signed_in()
    newer = (await journey.refresh(made["refresh_token"])).json()
    assert not await state(site, service, made["refresh_token"]), "replaced"
    assert await state(site, service, newer["refresh_token"])
    await site.sql("UPDATE accounts.account SET lock_version = lock_version + 1 WHERE person_key = %s", (citizen.key,))
    assert not await state(site, service, newer["access_token"])
    assert not await state(site, service, newer["refresh_token"])


@pytest.mark.parametrize("which", ["access_token", "refresh_token"])
async def test_revoking_ends_the_family(site: Site, citizen: Citizen, make_service: Make, which: str) -> None:
    service = await make_service()
    journey = Journey(site, service, citizen, scope=OFFLINE)
    made = await journey.signed_in()
    answer = await ask(site, service, made[which], "/oidc/revoke")
    assert answer.status_code == 200 and answer.json() == {}
    assert (await journey.userinfo(made["access_token"])).status_code == 401
    assert error_of(await journey.refresh(made["refresh_token"])) == "invalid_grant"
    assert not await state(site, service, made["access_token"])
    assert (await ask(site, service, made[which], "/oidc/revoke")).status_code == 200, "again is as good"
    rows = await site.sql("SELECT count(*) FROM audit.pending WHERE subject = %s AND note ->> 'verb' = 'oidc.revoke'", (citizen.key,))
    assert rows == [(1,)]


async def test_nobody_revokes_for_others(site: Site, citizen: Citizen, make_service: Make) -> None:
    service, thief = await make_service("basic"), await make_service("basic")
    made = await Journey(site, service, citizen, scope=OFFLINE).signed_in()
    for token in (made["access_token"], made["refresh_token"]):
        assert error_of(await ask(site, thief, token, "/oidc/revoke")) == "unauthorized_client"
    assert await state(site, service, made["access_token"])


async def test_a_public_client_revokes_and_does_not_introspect(site: Site, citizen: Citizen, make_service: Make) -> None:
    service = await make_service("public")
    made = await Journey(site, service, citizen, scope=OFFLINE).signed_in()
    assert error_of(await ask(site, service, made["access_token"])) == "invalid_client"
    assert (await ask(site, service, made["refresh_token"], "/oidc/revoke")).status_code == 200


@pytest.mark.parametrize("path", ["/oidc/introspect", "/oidc/revoke"])
async def test_malformed_and_unproved(site: Site, make_service: Make, path: str) -> None:
    service = await make_service("basic")
    for junk in ("x", "a.b.c", "e" * 30_000, "eyJhbGciOiJub25lIn0.e30.", "\u1ea5n"):
        answer = await ask(site, service, junk, path)
        assert answer.status_code == 200 and answer.json() == ({"active": False} if path.endswith("introspect") else {})
    async with site.http() as http:
        assert error_of(await http.post(path, data={"token": "x"}, auth=(service.id, "wrong"))) == "invalid_client"
        assert error_of(await http.post(path, data={"token": "x"})) == "invalid_client"
        assert error_of(await http.post(path, data={}, auth=(service.id, SECRET))) == "invalid_request"
        assert (await http.get(path)).status_code == 405


async def test_an_assertion_is_taken_once(site: Site, make_service: Make) -> None:
    service = await make_service()
    body = {"token": "x", **service.credentials()}
    async with site.http() as http:
        assert (await http.post("/oidc/introspect", data=body)).status_code == 200
        assert error_of(await http.post("/oidc/introspect", data=body)) == "invalid_client"
        assert error_of(await http.post("/oidc/revoke", data=body)) == "invalid_client"


async def test_the_signed_answer(site: Site, citizen: Citizen, make_service: Make) -> None:
    service = await make_service("basic")
    made = await Journey(site, service, citizen).signed_in()
    kind = "application/token-introspection+jwt"
    answer = await ask(site, service, made["access_token"], Accept=kind)
    assert answer.headers["content-type"] == kind
    async with site.http() as http:
        keys = jwk.KeySet.import_key_set((await http.get("/oidc/jwks")).json())
    read = jwt.decode(answer.text, keys, algorithms=["ES256"])
    assert read.header["typ"] == "token-introspection+jwt" and read.claims["aud"] == service.id
    assert read.claims["token_introspection"]["active"] and "sub" not in read.claims
    as_token = await Journey(site, service, citizen).userinfo(answer.text)
    assert as_token.status_code == 401, "the answer is no token itself"
