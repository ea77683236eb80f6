"""The citizen's side: signing in, being asked, saying no; and every trick with addresses."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from dancu.kit.web import Request, Response
from dancu.kit.web.session import COOKIE
from dancu.oidc.endpoints import CARRIED
from dancu.oidc.models import AuthMethod
from tests.oidc.conftest import BACK, ISSUER, Agreement, Citizen, Make, Site, make_citizen
from tests.oidc.flows import Journey, error_of, sent_back
from tests.oidc.test_thin_line import hidden

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.mark.parametrize(
    "spoil",
    [
        {"redirect_uri": "https://service.example/back/"},
        {"redirect_uri": "https://service.example/back?x=1"},
        {"redirect_uri": "https://service.example/back#x"},
        {"redirect_uri": "https://service.example/BACK"},
        {"redirect_uri": "https://service.example:443/back"},
        {"redirect_uri": "https://service.example/back/../../evil"},
        {"redirect_uri": "https://service.example%2fevil.example/back"},
        {"redirect_uri": "https://service.example@evil.example/back"},
        {"redirect_uri": "https://evil.example\\@service.example/back"},
        {"redirect_uri": "https://service.example.evil.example/back"},
        {"redirect_uri": "//service.example/back"},
        {"redirect_uri": "javascript:alert(1)//https://service.example/back"},
        {"redirect_uri": "https://service.example/back\r\nSet-Cookie: x=1"},
        {"redirect_uri": None},
        {"client_id": None},
        {"client_id": "nobody"},
        {"client_id": "x" * 5000},
        {"request_uri": "https://evil.example/request", "redirect_uri": "https://evil.example/"},
        {"request": "no.jwt.this", "redirect_uri": "https://evil.example/"},
    ],
)
async def test_nothing_is_sent_to_an_address_that_is_not_the_clients(site: Site, citizen: Citizen, make_service: Make, spoil: dict[str, Any]) -> None:
    journey = Journey(site, await make_service("basic"), citizen)
    answer = await journey.authorize(journey.request(**spoil))
    assert answer.status_code == 400 and "location" not in answer.headers
    assert "Bạn có thể làm gì" in answer.text and not re.search(r"""(?:href|action|src|content)="[^?"]*evil""", answer.text)


async def test_a_parameter_twice_is_refused(site: Site, citizen: Citizen, make_service: Make) -> None:
    journey = Journey(site, await make_service("basic"), citizen)
    async with site.browser(citizen) as browser:
        query = [*journey.request().items(), ("redirect_uri", "https://evil.example/")]
        answer = await browser.get("/oidc/authorize", params=query)  # type: ignore[arg-type]
    assert answer.status_code == 400 and "location" not in answer.headers


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "code token"}, "unsupported_response_type"),
        ({"scope": "email"}, "invalid_scope"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"prompt": "none"}, "login_required"),
        ({"authorization_details": "x"}, "invalid_authorization_details"),
        ({"purpose": "war"}, "unauthorized_client"),
        ({"request": "no.jwt.this"}, "invalid_request_object"),
    ],
)
async def test_errors_come_back_with_state_and_issuer(site: Site, make_service: Make, changes: dict[str, str], error: str) -> None:
    journey = Journey(site, await make_service("basic"), None)
    back = sent_back(await journey.authorize(journey.request(**changes)))
    assert (back["error"], back["state"], back["iss"]) == (error, journey.state, ISSUER)
    assert "code" not in back


async def test_json_that_no_reader_or_database_takes_is_refused(site: Site, make_service: Make) -> None:
    """Each was answered 500, or taken here and refused by the database when the code came back; U+202E would show a citizen another account."""
    journey, deep = Journey(site, await make_service("basic", detail_types=("pay",)), None), "[" * 700 + "]" * 700
    wrong = [
        ("authorization_details", f'[{{"type": "pay", "x": {deep}}}]'), ("authorization_details", '[{"type": "pay", "to": "a\\u0000b"}]'),
        *(("authorization_details", f'[{{"type": "pay", {odd}}}]') for odd in ('"locations": 5', '"locations": [{}]', '"actions": "read"', '"identifier": []')),
        ("authorization_details", '[{"type": "pay", "to": "\u202e321"}]'), ("claims", '{"userinfo": {"name": {"value": "\\u0000"}}}'),
        ("claims", f'{{"id_token": {{"acr": {{"essential": true, "values": {deep}}}}}}}'), ("claims", f'{{"id_token": {{"acr": {{"values": {deep}}}}}}}'),
    ]  # fmt: skip
    for name, text in wrong:
        back = sent_back(await journey.authorize(journey.request(**{name: text})))
        assert back["error"] == ("invalid_request" if name == "claims" else "invalid_authorization_details"), text[:60]


async def test_mix_up_is_told_by_the_issuer(site: Site, citizen: Citizen, make_service: Make) -> None:
    journey = Journey(site, await make_service("basic"), citizen)
    assert sent_back(await journey.authorize())["iss"] == ISSUER


async def test_whoever_is_not_signed_in_is_sent_to_sign_in_and_comes_back(site: Site, citizen: Citizen, make_service: Make) -> None:
    journey = Journey(site, await make_service("basic"), None)
    answer = await journey.authorize(journey.request(login_hint="049090000001"))
    there = urlsplit(answer.headers["location"])
    query = parse_qs(there.query)
    assert (answer.status_code, there.path, there.netloc) == (303, "/eid/sign-in", "")
    assert query["next"][0].startswith("/oidc/continue?flow=") and query["hint"] == ["049090000001"]
    assert "049090000001" not in query["next"][0]
    async with site.browser(citizen) as browser:
        assert "code" in sent_back(await browser.get(query["next"][0]))
        # A real browser arrives there through the form of the sign-in, whose policy would stop a redirect to elsewhere.
        page = await browser.get(query["next"][0], headers={"sec-fetch-mode": "navigate"})
        assert page.status_code == 200 and 'http-equiv="refresh"' in page.text and BACK in page.text
        left = query["next"][0] + "&stop=1"
        assert sent_back(await browser.get(left))["error"] == "access_denied", "who does not want to sign in, and a service that is told"
        page = await browser.get(left, headers={"sec-fetch-mode": "navigate"})
        assert "Bạn chưa đăng nhập vào dịch vụ này." in page.text and "access_denied" in page.text
    async with site.browser(None) as stranger:  # from a mould, the first time and after it
        for _ in range(2):
            page = await stranger.get(left, headers={"sec-fetch-mode": "navigate"})
            assert page.text.count(f"{BACK}?error=access_denied&amp;") == 2 and f"Về {urlsplit(BACK).hostname}" in page.text, page.text
            assert "Bạn chưa đăng nhập vào dịch vụ này." in page.text


async def test_the_sign_in_page_is_the_answer_itself_where_nobody_is_signed_in(site: Site, citizen: Citizen, make_service: Make) -> None:
    asked: list[tuple[str, int]] = []

    def page(request: Request, *, next: str, carried: list[Any], acr: int, service: str) -> Response:
        assert service == journey.service.client.name, "who asks is said"
        asked.append((CARRIED[next](request, json.loads(json.dumps(carried))), acr))
        return Response("number and passcode")

    site.app.state.sign_in_page = page
    for profile in ("basic", "fapi2"):
        journey = Journey(site, await make_service(profile), None)
        answer = await journey.authorize(acr_values="urn:vn:eid:acr:2")
        assert (answer.status_code, answer.text, asked[-1][1]) == (200, "number and passcode", 2)
        async with site.browser(citizen) as browser:
            assert "code" in sent_back(await browser.get(asked.pop()[0])), "the way back"
    # What only the page's own address says, and whoever has a session, goes there.
    for who, wish in ((None, {"login_hint": "049090000001"}), (None, {"ui_locales": "en"}), (citizen, {"acr_values": "urn:vn:eid:acr:4"})):
        journey = Journey(site, await make_service("basic"), who)
        assert (await journey.authorize(**wish)).headers["location"].startswith("/eid/sign-in?"), wish
    assert sent_back(await Journey(site, await make_service("basic"), None).authorize(prompt="none"))["error"] == "login_required"
    assert asked == []
    async with site.browser(None) as browser:  # the switch of languages on the answer to the page's form
        for path in ("/oidc/authorize?lang=en", "/oidc/continue?lang=en"):
            assert (await browser.get(path)).headers["location"] == "/eid/sign-in"


async def test_a_sign_in_older_than_asked_is_done_again(site: Site, registry: Any, make_service: Make) -> None:
    old = await make_citizen(registry, age=3600)
    service = await make_service("basic")
    journey = Journey(site, service, old)
    for wish in ({"max_age": "600"}, {"prompt": "login"}, {"max_age": "0"}):
        answer = await journey.authorize(journey.request(**wish))
        assert "prompt=login" in answer.headers["location"], wish
        quiet = await journey.authorize(journey.request(**{**wish, "prompt": "none"}))
        assert sent_back(quiet)["error"] == "login_required" if "max_age" in wish else "code" in sent_back(quiet)
    assert "code" in sent_back(await journey.authorize(journey.request(max_age="7200")))
    answer = await journey.authorize(journey.request(prompt="login"))
    onward = parse_qs(urlsplit(answer.headers["location"]).query)["next"][0]
    async with site.browser(old) as browser:
        again = await browser.get(onward)
        assert again.headers["location"].startswith("/eid/sign-in"), "coming back without signing in changes nothing"


async def test_the_account_level_a_service_needs(site: Site, registry: Any, make_service: Make) -> None:
    first = await make_citizen(registry, level=1)
    service = await make_service("basic", agreement=Agreement(level_min=2))
    page = await Journey(site, service, first).authorize()
    assert page.status_code == 200 and "/eid/level-2" in page.text and "access_denied" in page.text
    quiet = await Journey(site, service, first).authorize(prompt="none")
    assert sent_back(quiet)["error"] == "interaction_required"


async def test_consent_is_asked_once_and_can_be_refused(site: Site, citizen: Citizen, make_service: Make) -> None:
    journey = Journey(site, await make_service("basic"), citizen, scope="openid profile")
    assert sent_back(await journey.authorize(prompt="none"))["error"] == "consent_required"
    page = await journey.authorize()
    assert page.status_code == 200 and " checked" not in page.text
    assert "form-action 'self' https://service.example;" in page.headers["content-security-policy"]
    async with site.browser(citizen) as browser:
        await site.sql("INSERT INTO access.organisation (org_code, name, name_en, kind, valid) VALUES ('ubnd-tinh', 'Ủy ban nhân dân tỉnh', 'Provincial committee', 'committee', '[2020-01-01,)') ON CONFLICT DO NOTHING")
        assert "Provincial committee" in (await browser.get("/oidc/authorize", params=journey.request(), headers={"Cookie": f"{COOKIE}={citizen.token}; lang=en"})).text
        page = await browser.get("/oidc/authorize", params=journey.request())
        assert "Provincial committee" not in page.text
        fields = hidden(page.text)
        forged = await browser.post("/oidc/consent", data={**fields, "csrf_token": "x", "answer": "yes"})
        assert forged.status_code == 403
        no = await browser.post("/oidc/consent", data={**fields, "answer": "no"})
        assert sent_back(no)["error"] == "access_denied"
        half = await browser.post("/oidc/consent", data={**fields, "answer": "yes", "share": ["name"]})
        assert half.status_code == 422, "how long was not chosen"
        more = await browser.post("/oidc/consent", data={**fields, "answer": "yes", "share": ["name", "email", "x"], "term": "once"})
        assert "code" in sent_back(more)
        assert [c.claims for c in site.sharing.consents.values()] == [frozenset({"name"})], "only what was asked for"
        everything = await browser.post("/oidc/consent", data={**fields, "answer": "yes", "share": ["name", "birthdate", "gender"], "term": "year"})
        assert "code" in sent_back(everything)
    assert "code" in sent_back(await journey.authorize(prompt="none"))
    assert (await journey.authorize(prompt="consent")).status_code == 200


async def test_what_was_agreed_to_before_and_is_not_asked_now_stays(site: Site, citizen: Citizen, make_service: Make) -> None:
    """One consent is kept for a service and purpose: agreeing to more must not take back what was agreed to, nor change when it ends."""
    service = await make_service("basic")
    of = citizen.key, service.client.client_no, "online_service"
    async with site.browser(citizen) as browser:
        first = await browser.get("/oidc/authorize", params=Journey(site, service, citizen, scope="openid profile").request())
        assert "trước đây" not in first.text
        await browser.post("/oidc/consent", data={**hidden(first.text), "answer": "yes", "share": ["name", "gender"], "term": "half_year"})
        ends = site.sharing.consents[of].until
        more = await browser.get("/oidc/authorize", params=Journey(site, service, citizen, scope="openid email").request())
        assert "Bạn đã đồng ý trước đây: Họ, chữ đệm và tên; Giới tính." in " ".join(more.text.split())
        await browser.post("/oidc/consent", data={**hidden(more.text), "answer": "yes", "share": ["email"], "term": "year"})
        kept = site.sharing.consents[of]
        assert kept.claims == {"name", "gender", "email"} and kept.ends == {"name": ends, "gender": ends} and ends < kept.until - timedelta(days=150)
        again = await browser.get("/oidc/authorize", params=Journey(site, service, citizen, scope="openid profile").request(prompt="consent"))
        await browser.post("/oidc/consent", data={**hidden(again.text), "answer": "yes", "share": ["name"], "term": "once"})
    again, hour = site.sharing.consents[of], datetime.now(UTC) + timedelta(hours=1, minutes=1)
    assert again.claims == {"name", "email"} and again.until == kept.until and again.ends["name"] < hour, "asked now and not ticked; shortened"


async def test_consent_taken_back_ends_the_release(site: Site, citizen: Citizen, make_service: Make) -> None:
    journey = Journey(site, await make_service("basic"), citizen, scope="openid profile")
    async with site.browser(citizen) as browser:
        page = await browser.get("/oidc/authorize", params=journey.request())
        said = await browser.post("/oidc/consent", data={**hidden(page.text), "answer": "yes", "share": ["name", "gender"], "term": "year"})
    token = (await journey.token(sent_back(said)["code"])).json()["access_token"]
    shown = (await journey.userinfo(token)).json()
    assert shown["gender"] == "female" and shown["family_name"] == "Nguyễn" and shown["given_name"] == "Hà" and shown["middle_name"] == "Thị Thu"
    kept = dict(site.sharing.consents)
    site.sharing.consents.clear()
    assert set((await journey.userinfo(token)).json()) == {"sub"}
    site.sharing.consents.update(kept)
    assert "name" in (await journey.userinfo(token)).json()
    site.sharing.agreements.clear()
    site.app.state.oidc.forget(journey.service.id)
    assert set((await journey.userinfo(token)).json()) == {"sub"}


async def test_claims_asked_one_by_one(site: Site, citizen: Citizen, make_service: Make) -> None:
    from dancu.oidc.jose import split

    service = await make_service("basic", agreement=Agreement(consent_needed=False, claims=frozenset({"name", "birthdate"})))
    journey = Journey(site, service, citizen)
    wishes = json.dumps({"userinfo": {"birthdate": None, "gender": {"essential": True}, "shoe_size": None}, "id_token": {"given_name": None}})
    token = await journey.signed_in(claims=wishes)
    assert split(token["id_token"]).claims["given_name"] == "Hà"
    assert set((await journey.userinfo(token["access_token"])).json()) == {"sub", "birthdate"}, "gender is not in the agreement"


async def test_rich_requests_are_shown_and_travel_in_the_token(site: Site, citizen: Citizen, make_service: Make) -> None:
    from dancu.oidc.jose import split

    journey = Journey(site, await make_service("basic", detail_types=("land_transfer",)), citizen)
    details = json.dumps([{"type": "land_transfer", "parcel": "<b>12/4</b>", "price": {"amount": 5, "unit": "tỷ"}}])
    async with site.browser(citizen) as browser:
        page = await browser.get("/oidc/authorize", params=journey.request(authorization_details=details))
        assert page.status_code == 200 and "&lt;b&gt;12/4" in page.text and "land_transfer" in page.text
        said = await browser.post("/oidc/consent", data={**hidden(page.text), "answer": "yes"})
    token = (await journey.token(sent_back(said)["code"])).json()
    assert token["authorization_details"][0]["type"] == "land_transfer"
    assert split(token["access_token"]).claims["authorization_details"] == token["authorization_details"]


async def test_form_post_goes_to_the_client_and_nowhere_else(site: Site, citizen: Citizen, make_service: Make) -> None:
    journey = Journey(site, await make_service("basic"), citizen)
    page = await journey.authorize(response_mode="form_post")
    assert page.status_code == 200 and f'action="{BACK}"' in page.text and 'name="code"' in page.text
    assert "form-action https://service.example;" in page.headers["content-security-policy"]
    assert page.headers["cache-control"] == "no-store"


async def test_requests_may_be_posted(site: Site, citizen: Citizen, make_service: Make) -> None:
    journey = Journey(site, await make_service("basic"), citizen)
    async with site.browser(citizen) as browser:
        posted = await browser.post("/oidc/authorize", data=journey.request(), headers={"sec-fetch-site": "cross-site"})
        assert posted.status_code == 303 and posted.headers["location"].startswith("/oidc/continue?flow=")
        assert "code" in sent_back(await browser.get(posted.headers["location"]))
        assert (await browser.get("/oidc/continue?flow=nonsense")).status_code == 400
        assert (await browser.get("/oidc/continue")).status_code == 400


async def test_applications_on_the_citizens_device_come_back_on_any_loopback_port(site: Site, citizen: Citizen, make_service: Make) -> None:
    app = await make_service("public", redirect_uris=("http://127.0.0.1/back",))
    journey = Journey(site, app, citizen)
    good = await journey.authorize(journey.request(redirect_uri="http://127.0.0.1:51234/back"))
    assert good.headers["location"].startswith("http://127.0.0.1:51234/back?code=")
    for bad in ("http://127.0.0.1:51234/other", "http://localhost:51234/back", "http://127.0.0.1.evil.example:1/back", "http://u@127.0.0.1:5/back", "https://127.0.0.1:5/back", "http://127.0.0.1:99999/back"):
        assert (await journey.authorize(journey.request(redirect_uri=bad))).status_code == 400, bad
    assert sent_back_error(await journey.authorize(journey.request(redirect_uri="http://127.0.0.1:5/back", code_challenge=None, code_challenge_method=None))) == "invalid_request"


def sent_back_error(answer: Any) -> str:
    return parse_qs(urlsplit(answer.headers["location"]).query)["error"][0]


async def test_subjects_differ_between_sectors(site: Site, citizen: Citizen, make_service: Make) -> None:
    services = [await make_service("basic", sector="a"), await make_service("basic", sector="a"), await make_service("basic", sector="b"), await make_service("basic", subject_type="public")]
    subs = []
    for service in services:
        journey = Journey(site, service, citizen)
        subs.append((await journey.userinfo((await journey.signed_in())["access_token"])).json()["sub"])
    assert subs[0] == subs[1] and len(set(subs)) == 3


async def test_userinfo_signed(site: Site, citizen: Citizen, make_service: Make) -> None:
    from dancu.oidc.jose import split

    journey = Journey(site, await make_service("basic", userinfo_signed=True), citizen)
    shown = await journey.userinfo((await journey.signed_in())["access_token"])
    assert shown.headers["content-type"].startswith("application/jwt")
    site.app.state.oidc.keys.verify(split(shown.text))
    assert split(shown.text).claims["aud"] == journey.service.id


@pytest.mark.parametrize(("header", "status", "error"), [
    ({}, 401, "invalid_token"), ({"Authorization": "Bearer x.y.z"}, 401, "invalid_token"), ({"Authorization": "Basic eDp5"}, 401, "invalid_token"),
    ({"Authorization": "Bearer " + "x" * 20000}, 401, "invalid_token"), ({"Authorization": "Bearer"}, 400, "invalid_request"),
])  # fmt: skip
async def test_userinfo_without_a_good_token(site: Site, header: dict[str, str], status: int, error: str) -> None:
    async with site.http() as http:
        answer = await http.get("/oidc/userinfo", headers=header)
    assert (answer.status_code, error_of(answer)) == (status, error) and "www-authenticate" in answer.headers


async def test_a_program_own_token_reads_nobody(site: Site, make_service: Make) -> None:
    service = await make_service("basic")
    journey = Journey(site, service, None)
    token = (await journey.ask({"grant_type": "client_credentials", **journey.credentials()})).json()["access_token"]
    answer = await journey.userinfo(token)
    assert answer.status_code == 403 and error_of(answer) == "insufficient_scope"


async def test_browsers_of_other_origins_may_call_what_needs_no_cookie(site: Site) -> None:
    async with site.http(headers={"Origin": "https://app.example"}) as http:
        for path in ("/oidc/token", "/oidc/userinfo", "/oidc/jwks", "/.well-known/openid-configuration"):
            ahead = await http.options(path, headers={"Access-Control-Request-Method": "POST"})
            assert ahead.status_code == 204 and "DPoP" in ahead.headers["access-control-allow-headers"]
        keys = await http.get("/oidc/jwks")
        assert keys.headers["access-control-allow-origin"] == "*" and "max-age" in keys.headers["cache-control"]
        refused = await http.post("/oidc/token", data={"grant_type": "x"})
        assert refused.headers["access-control-allow-origin"] == "*" and refused.headers["cache-control"] == "no-store"
        page = await http.get("/oidc/authorize")
        assert "access-control-allow-origin" not in page.headers


async def test_a_client_without_agreement_learns_who_and_nothing_more(site: Site, citizen: Citizen, make_service: Make) -> None:
    service = await make_service("basic", auth_method=AuthMethod.SECRET_POST)
    site.sharing.agreements.clear()
    journey = Journey(site, service, citizen, scope="openid profile phone")
    token = await journey.signed_in()
    assert set((await journey.userinfo(token["access_token"])).json()) == {"sub"}


async def test_a_hint_of_somebody_else_is_not_this_citizen(site: Site, registry: Any, citizen: Citizen, make_service: Make) -> None:
    service = await make_service("basic")
    mine = Journey(site, service, citizen)
    hint = (await mine.signed_in())["id_token"]
    assert "code" in sent_back(await mine.authorize(id_token_hint=hint, prompt="none"))
    other = Journey(site, service, await make_citizen(registry))
    assert sent_back(await other.authorize(id_token_hint=hint, prompt="none"))["error"] == "login_required"
    assert "prompt=login" in (await other.authorize(id_token_hint=hint)).headers["location"]
    demand = json.dumps({"id_token": {"sub": {"value": "somebody"}}})
    assert sent_back(await other.authorize(claims=demand, prompt="none"))["error"] == "login_required"
    foreign = Journey(site, await make_service("basic"), citizen)
    for wrong in (hint, "a.b.c", (await mine.signed_in())["access_token"]):
        assert sent_back(await foreign.authorize(id_token_hint=wrong))["error"] == "invalid_request"


async def test_nobody_passes_through_a_client_on_trial_unwarned(site: Site, citizen: Citizen, make_service: Make) -> None:
    from dancu.oidc.models import ClientState

    journey = Journey(site, await make_service("basic", state=ClientState.TEST), citizen)
    page = await journey.authorize()
    assert page.status_code == 200 and "đang chạy thử" in page.text
    assert sent_back(await journey.authorize(prompt="none"))["error"] == "consent_required"
    async with site.browser(citizen) as browser:
        page = await browser.get("/oidc/authorize", params=journey.request())
        assert "code" in sent_back(await browser.post("/oidc/consent", data={**hidden(page.text), "answer": "yes"}))


async def test_the_language_the_service_speaks(site: Site, make_service: Make) -> None:
    journey = Journey(site, await make_service("basic"), None)
    assert "lang=en" in (await journey.authorize(ui_locales="fr en-GB vi")).headers["location"]
    assert "lang=" not in (await journey.authorize(ui_locales="fr vi en")).headers["location"]
