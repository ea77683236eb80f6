"""Only our own pages may change something with a person's session."""

import pytest
from fastapi import APIRouter

from dancu.kit.web import CurrentActor, Request, Response, allow, csrf_token, public

from .html import form_values
from .web import client, make_app


@pytest.fixture(scope="module")
def app():
    router = APIRouter()

    @router.get("/token", dependencies=[public()])
    async def token(request: Request) -> dict[str, str]:
        return {"token": csrf_token(request)}

    @router.post("/act", dependencies=[allow("person.read")])
    @router.post("/api/act", dependencies=[allow("person.read")])
    @router.post("/open", dependencies=[public()])
    async def act() -> Response:
        return Response("done")

    @router.post("/machine", dependencies=[public(machine=True)])
    async def machine(actor: CurrentActor) -> dict[str, str]:
        return {"kind": str(actor.kind)}

    return make_app(router)


async def _token(browser) -> str:
    return (await browser.get("/token")).json()["token"]


async def test_a_form_needs_the_token_of_its_session(app):
    async with client(app, "staff-token") as browser:
        assert (await browser.post("/act", data={"a": "b"})).status_code == 403
        assert (await browser.post("/act", data={"csrf_token": "made.up"})).status_code == 403
        assert (await browser.post("/act", data={"csrf_token": "ế.ế"})).status_code == 403
        assert (await browser.post("/act", data={"csrf_token": await _token(browser)})).status_code == 200
        multipart = {"csrf_token": (None, await _token(browser)), "file": ("a.txt", b"x")}
        assert (await browser.post("/act", files=multipart)).status_code == 200
    async with client(app, "clerk-token") as other:
        foreign = await _token(other)
    async with client(app, "staff-token") as browser:
        answer = await browser.post("/act", data={"csrf_token": foreign})
        assert (answer.status_code, "csrf.token" in answer.text) == (403, True)


async def test_before_sign_in_the_token_is_bound_to_the_browser(app):
    async with client(app) as browser:
        assert (await browser.post("/open", data={"a": "b"})).status_code == 403
        token = await _token(browser)
        assert (await browser.post("/open", data={"csrf_token": token})).status_code == 200
    async with client(app) as other:
        await _token(other)
        assert (await other.post("/open", data={"csrf_token": token})).status_code == 403


async def test_every_page_gets_another_token(app):
    async with client(app, "staff-token") as browser:
        assert await _token(browser) != await _token(browser)


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
async def test_another_site_is_refused_whatever_token_it_has(app, headers):
    async with client(app, "staff-token") as browser:
        token = await _token(browser)
        answer = await browser.post("/act", data={"csrf_token": token}, headers=headers)
        assert (answer.status_code, "csrf.origin" in answer.text) == (403, True)
        own = {"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"}
        assert (await browser.post("/act", data={"csrf_token": token}, headers=own)).status_code == 200


async def test_json_with_a_session_needs_the_header(app):
    async with client(app, "staff-token") as browser:
        answer = await browser.post("/api/act", json={})
        assert (answer.status_code, answer.json()["code"]) == (403, "csrf.token")
        answer = await browser.post("/api/act", json={}, headers={"X-CSRF-Token": await _token(browser)})
        assert answer.status_code == 200


async def test_machines_need_no_token_and_get_no_ones_rights(app):
    async with client(app, "staff-token") as caller:
        answer = await caller.post("/machine", data={"grant": "x"}, headers={"Sec-Fetch-Site": "cross-site"})
        assert answer.json() == {"kind": "anonymous"}


async def test_a_form_that_came_too_late_says_so_and_is_sent_on_with_one_press(app):
    own = {"Sec-Fetch-Site": "same-origin", "Accept": "text/html", "Referer": "http://localhost/form"}
    typed = {"csrf_token": "old.one", "name": 'Trần "Thị" Hoà', "passcode": "748205", "again": "748205"}
    async with client(app, "staff-token") as browser:
        late = await browser.post("/act?step=2", data=typed, headers=own)
        assert late.status_code == 403
        assert "<h1>Trang này đã mở quá lâu" in late.text
        assert "Bạn không được làm việc này" not in late.text
        assert 'href="/form"' in late.text
        kept = form_values(late.text, "/act?step=2")
        assert kept["name"] == typed["name"]
        assert "748205" not in late.text, "secrets are asked for again"
        assert (await browser.post("/act?step=2", data=kept, headers=own)).text == "done"


async def test_nothing_is_sent_on_that_the_browser_does_not_call_our_own(app):
    async with client(app, "staff-token") as browser:
        for headers in ({}, {"Sec-Fetch-Site": "none"}, {"Sec-Fetch-Site": "cross-site"}):
            late = await browser.post("/act", data={"csrf_token": "old.one", "name": "Hoà"}, headers={**headers, "Accept": "text/html"})
            assert late.status_code == 403
            assert "Hoà" not in late.text
            assert 'action="/act"' not in late.text
