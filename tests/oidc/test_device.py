"""Devices without a browser: what the device hears while it waits, and the citizen's page."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest

from dancu.oidc.endpoints import device as page
from dancu.oidc.jose import public_key, split
from dancu.oidc.service.device import GRANT
from tests.oidc.conftest import Agreement, Citizen, Make, Service, Site
from tests.oidc.flows import Journey, error_of

pytestmark = pytest.mark.asyncio(loop_scope="session")
GRANTS = frozenset({GRANT, "refresh_token"})


@pytest.fixture(autouse=True)
def _no_tries_yet() -> None:
    page._TRIES._buckets.clear()


async def begin(site: Site, service: Service, **changes: str) -> dict[str, Any]:
    body = {"scope": "openid offline_access", **Journey(site, service, None).credentials(), **changes}
    async with site.http() as http:
        answer = await http.post("/oidc/device_authorization", data=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def poll(site: Site, service: Service, code: str, *, soon: bool = False):  # type: ignore[no-untyped-def]
    if not soon:
        await site.sql("UPDATE oidc.device_grant SET polled_at = NULL")
    journey = Journey(site, service, None)
    return await journey.ask({"grant_type": GRANT, "device_code": code, **journey.credentials()})


async def answer(site: Site, citizen: Citizen, user_code: str, word: str = "yes", **form: str):  # type: ignore[no-untyped-def]
    async with site.browser(citizen) as browser:
        shown = await browser.get("/device", params={"user_code": user_code})
        assert shown.status_code == 200, shown.text
        hidden = {n: html.unescape(v) for n, v in re.findall(r'type="hidden"[^>]*name="([^"]+)"[^>]*value="([^"]*)"', shown.text)}
        return await browser.post("/device/answer", data={**hidden, "answer": word, **form}, headers={"Origin": "http://localhost"})


@pytest.mark.parametrize("profile", ["fapi2", "basic", "public"])
async def test_from_code_to_tokens(site: Site, citizen: Citizen, make_service: Make, profile: str) -> None:
    service = await make_service(profile, grant_types=GRANTS)
    made = await begin(site, service)
    assert re.fullmatch(r"[B-Z]{4}-[B-Z]{4}", made["user_code"]) and made["verification_uri"].endswith("/device")
    assert error_of(await poll(site, service, made["device_code"])) == "authorization_pending"
    assert error_of(await poll(site, service, made["device_code"], soon=True)) == "slow_down"
    done = await answer(site, citizen, made["user_code"].lower().replace("-", " "))
    assert done.status_code == 303 and done.headers["location"] == "/device?done=yes"
    got = await poll(site, service, made["device_code"])
    assert got.status_code == 200, got.text
    assert got.json()["id_token"] and got.json()["refresh_token"]
    journey = Journey(site, service, citizen)
    assert (await journey.userinfo(got.json()["access_token"])).status_code == 200
    assert (await journey.refresh(got.json()["refresh_token"])).status_code == 200
    assert error_of(await poll(site, service, made["device_code"])) == "invalid_grant", "once"
    assert (await journey.userinfo(got.json()["access_token"])).status_code == 200, "and a second poll undoes nothing"


async def test_an_answer_given_twice_is_the_first_one(site: Site, citizen: Citizen, make_service: Make) -> None:
    service = await make_service("basic", grant_types=GRANTS)
    for first, second, said in (("yes", "yes", "/device?done=yes"), ("yes", "no", "/device?done=yes"), ("no", "no", "/device?done=no"), ("no", "yes", None)):
        made = await begin(site, service)
        async with site.browser(citizen) as browser:
            shown = await browser.get("/device", params={"user_code": made["user_code"]})
            hidden = {n: html.unescape(v) for n, v in re.findall(r'type="hidden"[^>]*name="([^"]+)"[^>]*value="([^"]*)"', shown.text)}
            sent = [await browser.post("/device/answer", data={**hidden, "answer": word}, headers={"Origin": "http://localhost"}) for word in (first, second)]
        assert (sent[0].headers["location"], sent[1].headers.get("location")) == (f"/device?done={first}", said), (first, second)
        assert (await poll(site, service, made["device_code"])).status_code == (200 if first == "yes" else 400)


async def test_a_refusal_and_the_end_of_time(site: Site, citizen: Citizen, make_service: Make) -> None:
    service = await make_service("basic", grant_types=GRANTS)
    made = await begin(site, service)
    assert (await answer(site, citizen, made["user_code"], "no")).headers["location"] == "/device?done=no"
    assert error_of(await poll(site, service, made["device_code"])) == "access_denied"
    late = await begin(site, service)
    await site.sql("UPDATE oidc.device_grant SET expires_at = now() - interval '1 second'")
    assert error_of(await poll(site, service, late["device_code"])) == "expired_token"
    async with site.browser(citizen) as browser:
        assert (await browser.get("/device", params={"user_code": late["user_code"]})).status_code == 422


async def test_the_page_asks_for_consent_and_says_who(site: Site, citizen: Citizen, make_service: Make) -> None:
    service = await make_service("basic", grant_types=GRANTS, name="Máy ở quầy một cửa")
    made = await begin(site, service, scope="openid personal_id")
    async with site.browser(citizen) as browser:
        shown = await browser.get("/device", params={"user_code": made["user_code"]})
    assert "Máy ở quầy một cửa" in shown.text and made["user_code"] in shown.text and 'value="personal_id"' in shown.text
    assert " checked" not in shown.text, "nothing is ticked beforehand"
    assert (await answer(site, citizen, made["user_code"], share="personal_id")).status_code == 422, "for how long?"
    await answer(site, citizen, made["user_code"], share="personal_id", term="once")
    got = (await poll(site, service, made["device_code"])).json()
    assert len((await Journey(site, service, citizen).userinfo(got["access_token"])).json()["personal_id"]) == 12


async def test_the_page_is_made_for_one_person_and_needs_a_sign_in(site: Site, registry: Any, citizen: Citizen, make_service: Make) -> None:
    from tests.oidc.conftest import make_citizen

    service = await make_service("basic", grant_types=GRANTS)
    made = await begin(site, service)
    async with site.browser(None) as browser:
        sent = await browser.get("/device", params={"user_code": made["user_code"]})
        assert sent.status_code == 303 and sent.headers["location"].startswith("/eid/sign-in?next=%2Fdevice")
    other = await make_citizen(registry)
    async with site.browser(citizen) as mine, site.browser(other) as theirs:
        shown = await mine.get("/device", params={"user_code": made["user_code"]})
        flow = html.unescape(re.findall(r'name="flow" value="([^"]*)"', shown.text)[0])
        their_page = await theirs.get("/device", params={"user_code": made["user_code"]})
        hidden = {n: html.unescape(v) for n, v in re.findall(r'type="hidden"[^>]*name="([^"]+)"[^>]*value="([^"]*)"', their_page.text)}
        tried = await theirs.post("/device/answer", data={**hidden, "flow": flow, "answer": "yes"}, headers={"Origin": "http://localhost"})
    assert tried.status_code == 400
    assert error_of(await poll(site, service, made["device_code"])) == "authorization_pending"


async def test_codes_are_not_guessed(site: Site, citizen: Citizen) -> None:
    async with site.browser(citizen) as browser:
        answers = [(await browser.get("/device", params={"user_code": f"BCDFGHJ{ch}"})).status_code for ch in "BCDFGHJKLMNP"]
    assert set(answers[:10]) == {422} and set(answers[10:]) == {429}


async def test_what_is_refused(site: Site, citizen: Citizen, make_service: Make) -> None:
    service, other = await make_service("basic", grant_types=GRANTS), await make_service("basic", grant_types=GRANTS)
    plain = await make_service("basic")
    made = await begin(site, service)
    assert error_of(await poll(site, other, made["device_code"])) == "invalid_grant", "another client's code"
    assert error_of(await poll(site, service, "nonsense")) == "invalid_grant"
    assert error_of(await poll(site, plain, made["device_code"])) == "unauthorized_client"
    async with site.http() as http:
        for body, error in (
            ({"scope": "openid", **Journey(site, plain, None).credentials()}, "unauthorized_client"),
            ({"scope": "openid"}, "invalid_client"),
            ({"scope": "profile", **Journey(site, service, None).credentials()}, "invalid_scope"),
            (Journey(site, service, None).credentials(), "invalid_scope"),
        ):
            assert error_of(await http.post("/oidc/device_authorization", data=body)) == error
    rows = await site.sql("SELECT device_digest, user_digest FROM oidc.device_grant")
    assert all(made["device_code"].encode() not in bytes(a) + bytes(b) for a, b in rows), "only digests are kept"


async def test_a_lock_between_answer_and_poll(site: Site, citizen: Citizen, make_service: Make) -> None:
    service = await make_service("basic", grant_types=GRANTS, agreement=Agreement())
    made = await begin(site, service)
    await answer(site, citizen, made["user_code"])
    await site.sql("UPDATE accounts.account SET lock_version = lock_version + 1 WHERE person_key = %s", (citizen.key,))
    assert error_of(await poll(site, service, made["device_code"])) == "invalid_grant"


async def test_a_request_bound_to_a_key_is_answered_to_that_key_alone(site: Site, citizen: Citizen, make_service: Make) -> None:
    service = await make_service("fapi2", grant_types=GRANTS)
    other = await begin(site, service, dpop_jkt="A" * 43)
    await answer(site, citizen, other["user_code"])
    assert error_of(await poll(site, service, other["device_code"])) == "invalid_grant"
    own = await begin(site, service, dpop_jkt=public_key(split(service.proof("/oidc/token")).header["jwk"]).thumbprint)
    await answer(site, citizen, own["user_code"])
    assert (await poll(site, service, own["device_code"])).status_code == 200


async def test_what_is_not_agreed_any_more_is_a_page_and_no_fault(site: Site, citizen: Citizen, make_service: Make) -> None:
    service = await make_service("basic", grant_types=GRANTS, agreement=Agreement(purposes={"a": "b"}))
    made = await begin(site, service, purpose="a")
    async with site.browser(citizen) as browser:
        shown = await browser.get("/device", params={"user_code": made["user_code"]})
        site.sharing.agreements[service.client.client_no] = Agreement(purposes={"c": "d"})
        hidden = {n: html.unescape(v) for n, v in re.findall(r'type="hidden"[^>]*name="([^"]+)"[^>]*value="([^"]*)"', shown.text)}
        later = await browser.post("/device/answer", data={**hidden, "answer": "yes"}, headers={"Origin": "http://localhost"})
        again = await browser.get("/device", params={"user_code": made["user_code"]})
    assert (shown.status_code, later.status_code, again.status_code) == (200, 400, 400)
