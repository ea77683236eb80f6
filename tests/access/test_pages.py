"""The pages as a browser meets them: every page fetched is a valid one."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pyotp
import pytest
import pytest_asyncio

from dancu.access import pages
from dancu.access.service import sessions
from dancu.access.store import personas
from dancu.kernel.actor import Actor, ActorKind
from dancu.kit.db import make_pool
from dancu.kit.handles import handle
from dancu.kit.web import Surface, WebSettings, create_app

from ..kit.html import check_page, form_values
from ..kit.web import UNLIMITED

SURFACES = tuple(Surface(c, c, p, c) for c, p in (("citizen", "/"), ("desk", "/desk"), ("watch", "/watch")))


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def application(demo_db, tmp_path_factory) -> AsyncIterator[object]:
    pool = make_pool(demo_db.dsn("app"), max_size=4)
    await pool.open()
    settings = WebSettings(secret=b"s" * 32, demo=True, ip_rate=UNLIMITED, session_rate=UNLIMITED)
    state = {
        "sessions": sessions,
        "pool": pool,
        "surfaces": SURFACES,
        "menu": pages.MENU,
        "keys": tmp_path_factory.mktemp("k") / "keys",
    }
    yield create_app(routers=[pages.router], settings=settings, state=state)
    await pool.close()


class Browser:
    """Keeps cookies and checks every page; posts the form of the last page with some fields filled in."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client, self.page, self.url = client, "", ""

    async def get(self, url: str, status: int = 200) -> str:
        return self._seen(await self.client.get(url), status)

    async def post(self, action: str, status: int = 303, **fields: str) -> str:
        data = {**form_values(self.page, action), **fields}
        return self._seen(await self.client.post(action, data=data), status)

    def _seen(self, answer: httpx.Response, status: int) -> str:
        assert answer.status_code == status, (answer.status_code, answer.headers.get("location"), answer.text[:2000])
        self.url = answer.headers.get("location", "")
        if status != 303:
            check_page(answer.text)
            self.page = answer.text
        return self.page

    async def enter(self, persona: str) -> str:
        await self.get("/personas")
        await self.post("/personas", persona=persona)
        return self.url


@pytest.fixture
def browse(application):
    @asynccontextmanager
    async def open_browser(language: str = "vi"):
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(application),
            base_url="http://localhost",
            headers={"accept-language": language},
        ) as client:
            yield Browser(client)

    return open_browser


async def test_from_set_up_code_to_signed_in(browse):
    async with browse() as admin, browse() as anna:
        assert await admin.enter("admin") == "/watch/staff"
        await admin.get("/watch/staff")
        await admin.get("/watch/staff/new")
        page = await admin.post(
            "/watch/staff/new", 200, name="Nguyễn Thị An", login="an.nt", org_code="DEMO.CA.TX", os_user=""
        )
        code = re.search(r"<code>((?:[A-Z0-9]{4}-){3}[A-Z0-9]{4})</code>", page)[1]
        staff_url = re.search(r'action="(/watch/staff/\d+)/assign"', page)[1]
        assert code not in await admin.get(staff_url), "shown once"
        await admin.post(f"{staff_url}/assign", role="ward_police", units="20353", as_of_day="1", as_of_month="4",
                         as_of_year="2023")  # fmt: skip
        assert "Phường Trường Xuân" in await admin.get(staff_url)

        await anna.get("/sign-in/set-up")
        await anna.post("/sign-in/set-up", 422, login="an.nt", code=code, password="ngắn", again="ngắn")
        await anna.post("/sign-in/set-up", 422, login="an.nt", code=code, password="x" * 20, again="y" * 20)
        words = "mùa thu lá vàng rơi"
        await anna.post("/sign-in/set-up", login="an.nt", code=code, password=words, again=words)
        assert anna.url.startswith("/sign-in/second-factor")
        page = await anna.get(anna.url)
        secret = re.search(r"<code>([A-Z2-7 ]{32,})</code>", page)[1].replace(" ", "")
        page = await anna.post("/sign-in/second-factor", 422, code="000000")
        assert secret in page.replace(" ", ""), "the same QR code is shown again"
        await anna.get("/watch/staff", 403)
        await anna.get("/sign-in/second-factor")
        secret = re.search(r"<code>([A-Z2-7 ]{32,})</code>", anna.page)[1].replace(" ", "")
        await anna.post("/sign-in/second-factor", code=pyotp.TOTP(secret).at(_now(), counter_offset=-1))
        page = await anna.get("/desk/account")
        assert "person.write.move" in page
        await anna.post("/sign-out")
        await anna.get("/desk/account", 303)
        assert anna.url == "/sign-in?next=/desk/account"
        await anna.get("/sign-in?next=/desk/account")
        page = await anna.post("/sign-in", 422, login="an.nt", password="sai mật khẩu rồi", code="123456")
        assert "sign_in.refused" in page
        assert "sai mật khẩu" not in page
        await anna.post("/sign-in", login="an.nt", password=words, code=pyotp.TOTP(secret).at(_now()))
        assert anna.url == "/desk/account"
        await anna.get(anna.url)
        await anna.post("/desk/account/second-factor", 422, factor_password=words, factor_code="000000")
        await anna.post(
            "/desk/account/second-factor", factor_password=words, factor_code=pyotp.TOTP(secret).at(_now(), counter_offset=1)
        )
        assert anna.url.startswith("/sign-in/second-factor")
        page = await anna.get(anna.url)
        secret = re.search(r"<code>([A-Z2-7 ]{32,})</code>", page)[1].replace(" ", "")
        await anna.post("/sign-in/second-factor", code=pyotp.TOTP(secret).at(_now()))
        assert anna.url == "/desk/account?done=factor"
        await anna.get(anna.url)
        await admin.get(staff_url)
        await admin.post(f"{staff_url}/second-factor")
        await admin.get(f"{staff_url}?done=factor")
        await anna.get("/desk/account", 303)


async def test_an_organisation_by_its_page(browse):
    async with browse() as admin:
        await admin.enter("admin")
        await admin.get("/watch/organisations/DEMO.TX")
        await admin.post("/watch/organisations/DEMO.TX", 422, name="", parent="", since_day="1", since_month="1", since_year="1")
        await admin.get("/watch/organisations/DEMO.CA.TX")
        await admin.post("/watch/organisations/DEMO.CA.TX/close", 422)
        await admin.get("/watch/organisations/DEMO.TX")
        await admin.post("/watch/organisations/DEMO.TX", name="Ủy ban nhân dân phường mang tên mới", name_en="", parent="")
        page = await admin.get("/watch/organisations/DEMO.TX?done=changed")
        assert "phường mang tên mới" in page
        await admin.get("/watch/organisations/NOWHERE", 404)


def _now():
    from datetime import UTC, datetime

    return datetime.now(UTC)


async def test_next_never_leads_elsewhere(browse):
    async with browse() as someone:
        for next_url in ("https://evil.example/", "//evil.example", "/\\evil.example"):
            page = await someone.get(f"/sign-in?next={next_url}")
            assert "evil.example" not in form_values(page, "/sign-in")["next"]


@pytest.mark.parametrize("language", ["vi", "en"])
async def test_every_page_for_those_who_may(browse, language):
    async with browse(language) as someone:
        for url in ("/sign-in", "/sign-in/set-up", "/personas"):
            await someone.get(url)
        await someone.enter("admin")
        for url in ("/watch/staff", "/watch/staff/new", "/watch/staff/1", "/watch/organisations", "/watch/organisations/DEMO.TX", "/watch/account"):
            await someone.get(url)
        await someone.enter("auditor")
        await someone.get("/watch/emergency")


@pytest.mark.parametrize(
    ("persona", "url"),
    [
        (persona, url)
        for persona in ("citizen", "ward_police", "auditor", "integrator", "province_leader")
        for url in ("/watch/staff", "/watch/staff/new", "/watch/staff/1", "/watch/organisations")
    ]
    + [(persona, "/desk/break-glass?person=1") for persona in ("citizen", "auditor", "admin", "one_stop_officer")]
    + [(persona, "/watch/emergency") for persona in ("citizen", "ward_police", "admin")],
)
async def test_closed_to_all_others(browse, persona, url):
    async with browse() as someone:
        await someone.enter(persona)
        await someone.get(url, 403)


async def test_emergency_from_form_to_review(browse, app):
    found = [await personas.one(app, code) for code in ("ward_police", "one_stop_officer")]
    person, anothers = [handle(Actor(ActorKind.STAFF, one.actor_id, ""), 5) for one in found]
    async with browse() as police, browse() as leader:
        await police.enter("ward_police")
        await police.get("/desk/break-glass?person=5", 404)
        await police.get(f"/desk/break-glass?person={anothers}", 404)
        await police.get(f"/desk/break-glass?person={person}&next=/desk/persons/{person}")
        assert "Phạm Hồng Sơn" in police.page, "says who will be told"
        action = f"/desk/break-glass?person={person}"
        page = await police.post(action, 422, reason="gấp")
        assert "glass.reason" in page
        await police.post(action, reason="Tai nạn giao thông, cần báo cho người nhà ngay")
        assert police.url == f"/desk/persons/{person}"
        await leader.enter("province_leader")
        english = await leader.get("/watch/emergency?lang=en")
        page = await leader.get("/watch/emergency?lang=vi")
        assert "Tai nạn giao thông" in page
        assert ("Công an" in page) and "Công an" not in english, "the organisation by its English name"
        action = re.search(r'action="(/watch/emergency/\d+)"', page)[1]
        assert "glass.comment" in await leader.post(action, 422, finding="justified", comment="")
        await leader.post(action, finding="justified", comment="Đúng quy định.")
        assert "Đúng quy định." in await leader.get("/watch/emergency")


async def test_own_sessions_on_the_page(browse):
    async with browse() as one, browse() as other:
        await one.enter("integrator")
        await other.enter("integrator")
        page = await one.get("/desk/account")
        assert len(re.findall(r'name="session"', page)) >= 1
        await one.post("/desk/account/sessions/end", session="")
        await other.get("/desk/account", 303)
        assert "/sign-in" in other.url


async def test_organisations_and_mistakes(browse):
    async with browse() as admin:
        await admin.enter("admin")
        await admin.get("/watch/organisations")
        action = "/watch/organisations"
        assert "organisation.code" in await admin.post(
            action, 422, org_code="có dấu", name="X", kind="police", parent="DEMO"
        )
        assert "field.required" in await admin.post(action, 422, org_code="", name="")
        await admin.post(action, org_code="DEMO.P1", name="Phòng Một", kind="police", parent="DEMO")
        assert "Phòng Một" in await admin.get(action)


async def test_forms_need_their_token(browse):
    async with browse() as someone:
        await someone.enter("admin")
        answer = await someone.client.post("/watch/staff/1/deactivate", data={})
        assert answer.status_code == 403
        assert "csrf" in answer.text


async def test_outside_a_demonstration_there_are_no_personas(browse, application):
    settings = application.state.settings
    from dataclasses import replace

    application.state.settings = replace(settings, demo=False)
    try:
        async with browse() as someone:
            await someone.get("/personas", 404)
            await someone.get("/sign-in")
            token = form_values(someone.page, "/sign-in")["csrf_token"]
            answer = await someone.client.post("/personas", data={"persona": "admin", "csrf_token": token})
            assert answer.headers["location"].startswith("/sign-in?")
            assert "dancu_session" not in answer.cookies
    finally:
        application.state.settings = settings
