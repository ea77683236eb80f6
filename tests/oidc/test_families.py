"""Codes and refresh tokens: once, by their owner, in time; copies end the family, also when they come at the same moment."""

from __future__ import annotations

import asyncio
import secrets
from typing import Any

import psycopg
import pytest

from dancu.oidc.models import Mark
from dancu.oidc.store import families
from tests.oidc.conftest import SECRET, Citizen, Make, Site
from tests.oidc.flows import Journey, error_of

pytestmark = pytest.mark.asyncio(loop_scope="session")
OFFLINE = "openid offline_access"


async def test_a_code_used_twice_ends_what_it_gave(site: Site, citizen: Citizen, make_service: Make) -> None:
    journey = Journey(site, await make_service("basic"), citizen, scope=OFFLINE)
    code = await journey.code()
    token = (await journey.token(code)).json()
    assert (await journey.userinfo(token["access_token"])).status_code == 200
    again = await journey.token(code)
    assert again.status_code == 400 and error_of(again) == "invalid_grant"
    assert (await journey.userinfo(token["access_token"])).status_code == 401
    assert error_of(await journey.refresh(token["refresh_token"])) == "invalid_grant"


async def test_of_many_who_redeem_at_once_one_gets_in(site: Site, citizen: Citizen, make_service: Make) -> None:
    journey = Journey(site, await make_service("basic"), citizen, scope=OFFLINE)
    code = await journey.code()
    answers = await asyncio.gather(*(journey.token(code) for _ in range(6)))
    assert sorted(a.status_code for a in answers) == [200] + [400] * 5
    (token,) = [a.json() for a in answers if a.status_code == 200]
    assert (await journey.userinfo(token["access_token"])).status_code == 401, "somebody copied it: nothing of it lives"


async def test_one_request_leads_to_one_family(site: Site, citizen: Citizen, make_service: Make) -> None:
    journey = Journey(site, await make_service(), citizen)
    uri = (await journey.push()).json()["request_uri"]
    params = {"client_id": journey.service.id, "request_uri": uri}
    from tests.oidc.flows import sent_back

    first, second = [sent_back(await journey.authorize(params))["code"] for _ in range(2)]
    assert (await journey.token(first)).status_code == 200
    assert error_of(await journey.token(second)) == "invalid_grant"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code": "nonsense"}, "invalid_grant"),
        ({"code": None}, "invalid_request"),
        ({"code": "x" * 20000}, "invalid_grant"),
        ({"redirect_uri": "https://service.example/other"}, "invalid_grant"),
        ({"redirect_uri": None}, "invalid_grant"),
        ({"code_verifier": None}, "invalid_grant"),
        ({"code_verifier": "x" * 43}, "invalid_grant"),
        ({"code_verifier": "short"}, "invalid_grant"),
        ({"code_verifier": "ô" * 50}, "invalid_grant"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": None}, "invalid_request"),
        ({"resource": "https://elsewhere.example"}, "invalid_target"),
        ({"client_secret": "wrong"}, "invalid_client"),
        ({"client_id": "nobody"}, "invalid_client"),
        ({"client_id": None}, "invalid_client"),
    ],
)
async def test_a_wrong_redemption_is_named_and_spoils_nothing(site: Site, citizen: Citizen, make_service: Make, changes: dict[str, Any], error: str) -> None:
    journey = Journey(site, await make_service("basic"), citizen)
    code = await journey.code()
    wrong = await journey.token(code, **changes)
    assert wrong.status_code in (400, 401) and error_of(wrong) == error, wrong.text
    assert wrong.headers["cache-control"] == "no-store"
    assert (await journey.token(code)).status_code == 200


async def test_a_code_injected_into_another_session_does_nothing(site: Site, citizen: Citizen, make_service: Make) -> None:
    service = await make_service("basic")
    mine, theirs = Journey(site, service, citizen), Journey(site, service, citizen)
    stolen = await theirs.code()
    assert error_of(await mine.token(stolen)) == "invalid_grant", "the verifier of this session does not fit"
    other = Journey(site, await make_service("basic"), citizen)
    other.verifier = theirs.verifier
    assert error_of(await other.token(stolen)) == "invalid_grant", "nor does another client"
    assert (await theirs.token(stolen)).status_code == 200


async def test_without_challenge_no_verifier(site: Site, citizen: Citizen, make_service: Make) -> None:
    journey = Journey(site, await make_service("basic"), citizen)
    code = await journey.code(code_challenge=None, code_challenge_method=None)
    assert error_of(await journey.token(code)) == "invalid_grant", "PKCE was taken away on the way"
    assert (await journey.token(code, code_verifier=None)).status_code == 200


async def test_a_late_code_ends_what_it_gave(site: Site, citizen: Citizen, make_service: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    from dancu.oidc.service import tokens

    journey = Journey(site, await make_service("basic"), citizen)
    monkeypatch.setattr(tokens, "CODE_SECONDS", 1)
    code = await journey.code()
    token = (await journey.token(code)).json()
    await asyncio.sleep(1.2)
    assert error_of(await journey.token(code)) == "invalid_grant"
    assert (await journey.userinfo(token["access_token"])).status_code == 401


async def test_rotation_and_its_reuse(site: Site, citizen: Citizen, make_service: Make) -> None:
    journey = Journey(site, await make_service("basic"), citizen, scope=OFFLINE)
    first = (await journey.signed_in())["refresh_token"]
    second = (await journey.refresh(first)).json()
    lost = await journey.refresh(first)
    assert lost.status_code == 200, "an answer lost on the way is given again, for a moment"
    third = (await journey.refresh(second["refresh_token"])).json()
    assert error_of(await journey.refresh(first)) == "invalid_grant", "two generations back: a copy"
    assert error_of(await journey.refresh(third["refresh_token"])) == "invalid_grant", "and the family is over"
    assert (await journey.userinfo(third["access_token"])).status_code == 401


async def test_what_goes_too_far_is_refused_before_the_token_is_used_up(site: Site, citizen: Citizen, make_service: Make) -> None:
    journey = Journey(site, await make_service("basic"), citizen, scope=OFFLINE)
    first = (await journey.signed_in())["refresh_token"]
    assert error_of(await journey.refresh(first, scope="openid email")) == "invalid_scope"
    assert error_of(await journey.refresh(first, authorization_details='[{"type": "pay"}]')) == "invalid_authorization_details"
    row = await site.sql("SELECT generation FROM oidc.family WHERE person_key = %s", (citizen.key,))
    assert row == [(0,)], "not rotated: beyond the grace the token would be taken for a copy, and everything ended"
    assert (await journey.refresh(first)).status_code == 200


async def test_after_the_grace_a_replaced_token_is_a_copy(site: Site, citizen: Citizen, make_service: Make) -> None:
    journey = Journey(site, await make_service("basic"), citizen, scope=OFFLINE)
    first = (await journey.signed_in())["refresh_token"]
    second = (await journey.refresh(first)).json()["refresh_token"]
    await site.sql("UPDATE oidc.family SET rotated_at = rotated_at - interval '1 minute' WHERE person_key = %s", (citizen.key,))
    assert error_of(await journey.refresh(first)) == "invalid_grant"
    assert error_of(await journey.refresh(second)) == "invalid_grant"


async def test_a_public_client_without_a_key_gets_no_grace(site: Site, citizen: Citizen, make_service: Make) -> None:
    journey = Journey(site, await make_service("public"), citizen, scope=OFFLINE)
    first = (await journey.signed_in())["refresh_token"]
    assert (await journey.refresh(first)).status_code == 200
    assert error_of(await journey.refresh(first)) == "invalid_grant"


async def test_parallel_refreshes_of_one_client_all_get_an_answer(site: Site, citizen: Citizen, make_service: Make) -> None:
    journey = Journey(site, await make_service("basic"), citizen, scope=OFFLINE)
    token = (await journey.signed_in())["refresh_token"]
    answers = await asyncio.gather(*(journey.refresh(token) for _ in range(6)))
    assert [a.status_code for a in answers] == [200] * 6
    following = {a.json()["refresh_token"] for a in answers}
    for one in following:
        assert (await journey.refresh(one)).status_code == 200
        break
    ((generation,),) = await site.sql("SELECT generation FROM oidc.family WHERE person_key = %s", (citizen.key,))
    assert generation == 2, "six at once moved it by one"


async def test_parallel_refreshes_of_a_public_client_end_it(site: Site, citizen: Citizen, make_service: Make) -> None:
    journey = Journey(site, await make_service("public"), citizen, scope=OFFLINE)
    token = (await journey.signed_in())["refresh_token"]
    answers = await asyncio.gather(*(journey.refresh(token) for _ in range(4)))
    assert sorted(a.status_code for a in answers) == [200, 400, 400, 400]
    (good,) = [a.json() for a in answers if a.status_code == 200]
    assert error_of(await journey.refresh(good["refresh_token"])) == "invalid_grant"


async def test_refresh_tokens_are_their_clients(site: Site, citizen: Citizen, make_service: Make) -> None:
    journey = Journey(site, await make_service("basic"), citizen, scope=OFFLINE)
    token = (await journey.signed_in())["refresh_token"]
    thief = Journey(site, await make_service("basic"), citizen)
    assert error_of(await thief.refresh(token)) == "invalid_grant"
    assert error_of(await journey.refresh(token[:-2] + "AA")) == "invalid_grant"
    assert error_of(await journey.refresh(token, scope="openid email")) == "invalid_scope"
    narrowed = await journey.refresh(token, scope="openid")
    assert narrowed.status_code == 200 and narrowed.json()["scope"] == "openid"


async def test_a_lock_ends_everything_by_its_version(site: Site, citizen: Citizen, make_service: Make) -> None:
    journey = Journey(site, await make_service("basic"), citizen, scope=OFFLINE)
    code, token = await journey.code(), await journey.signed_in()
    await site.sql("UPDATE accounts.account SET lock_version = lock_version + 1 WHERE person_key = %s", (citizen.key,))
    assert (await journey.userinfo(token["access_token"])).status_code == 401
    assert error_of(await journey.refresh(token["refresh_token"])) == "invalid_grant"
    assert error_of(await journey.token(code)) == "invalid_grant", "a code given before the lock"
    assert (await journey.authorize()).headers["location"].startswith("/eid/sign-in")


async def test_a_dead_account_has_no_standing(site: Site, citizen: Citizen, make_service: Make) -> None:
    journey = Journey(site, await make_service("basic"), citizen, scope=OFFLINE)
    token = await journey.signed_in()
    await site.sql("UPDATE accounts.account SET state = 'closed', closed_at = now(), closed_reason = 'death' WHERE person_key = %s", (citizen.key,))
    assert (await journey.userinfo(token["access_token"])).status_code == 401
    assert error_of(await journey.refresh(token["refresh_token"])) == "invalid_grant"


async def test_ways_to_prove_oneself_do_not_mix(site: Site, make_service: Make) -> None:
    service, strong = await make_service("basic"), await make_service()
    journey, fapi = Journey(site, service, None), Journey(site, strong, None)
    ask = {"grant_type": "client_credentials"}
    async with site.http() as http:
        both = await http.post("/oidc/token", data={**ask, "client_id": service.id, "client_secret": SECRET}, auth=(service.id, SECRET))
        assert error_of(both) == "invalid_request"
        basic = await http.post("/oidc/token", data=ask, auth=(service.id, "wrong"))
        assert error_of(basic) == "invalid_client" and basic.headers["www-authenticate"].startswith("Basic")
        broken = await http.post("/oidc/token", data=ask, headers={"Authorization": "Basic ???"})
        assert broken.status_code == 401
        multipart = await http.post("/oidc/token", files={"grant_type": (None, "client_credentials")})
        assert error_of(multipart) == "invalid_request"
        big = await http.post("/oidc/token", data={**ask, "x": "y" * 40_000})
        assert big.status_code == 413
        for path in ("/oidc/token", "/oidc/userinfo", "/oidc/device_authorization"):
            huge = await http.post(path, data={**ask, "x": "y" * 1_100_000}, headers={"Accept": "text/html"})
            assert (huge.status_code, error_of(huge)) == (413, "invalid_request"), "refused at the door, where a page was the answer"
        wrong = await http.put("/oidc/token", headers={"Accept": "text/html"})
        assert (wrong.status_code, wrong.headers["allow"], error_of(wrong)) == (405, "POST", "invalid_request")
        twice = await http.post("/oidc/token", content="grant_type=a&grant_type=b", headers={"Content-Type": "application/x-www-form-urlencoded"})
        assert error_of(twice) == "invalid_request"
        nul = await http.post("/oidc/token", content="grant_type=a%00", headers={"Content-Type": "application/x-www-form-urlencoded"})
        assert error_of(nul) == "invalid_request"
        odd = await http.post("/oidc/token", content=b"grant_type=%ff%fe", headers={"Content-Type": "application/x-www-form-urlencoded"})
        assert error_of(odd) == "invalid_request"
    assert error_of(await fapi.ask({**ask, "client_id": strong.id})) == "invalid_client"
    assert error_of(await fapi.ask({**ask, "client_id": strong.id, "client_secret": SECRET})) == "invalid_client"
    assert error_of(await journey.ask({**ask, **journey.credentials(), "scope": "everything"})) == "invalid_scope"
    public = await make_service("public")
    assert error_of(await journey.ask({**ask, "client_id": public.id})) == "unauthorized_client"


async def test_an_old_secret_works_for_its_time(site: Site, make_service: Make) -> None:
    from dancu.oidc.service.authenticate import hash_secret
    from tests.oidc.conftest import soon

    for until, status in ((soon(hours=1), 200), (soon(hours=-1), 401)):
        service = await make_service("basic", secret_hash=hash_secret("the new one"), old_secret_hash=hash_secret(SECRET), old_secret_until=until)
        journey = Journey(site, service, None)
        assert (await journey.ask({"grant_type": "client_credentials", **journey.credentials()})).status_code == status


async def test_a_mark_counts_once_in_a_batch_of_nothing_but_marks(site: Site) -> None:
    """Two requests of one moment that bring the same, one that brings what came before, and one that brings its own twice."""
    one, two, three = (Mark(secrets.token_bytes(32), 60) for _ in range(3))
    async with await psycopg.AsyncConnection.connect(site.registry.dsn("app"), autocommit=True) as conn:
        words = [word for word, _ in await families.use_many(conn, [((one,), None), ((two, one), None), ((three, three), None), ((), None)])]
        assert words == ["ok", "replayed", "ok", "ok"]
        assert [word for word, _ in await families.use_many(conn, [((two,), None), ((), None)])] == ["replayed", "ok"]
        assert await families.client_tokens(conn, [(1, "o", "r", "s", (Mark(secrets.token_bytes(32), 60),)), (1, "o", "r", "s", (three,))], "online_service", "x") == [True, False]
