"""Pages of papers and documents as a citizen and an officer get them."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest_asyncio

from dancu.access import service as access
from dancu.access.service import sessions
from dancu.credentials.pages import router as documents_router
from dancu.exchange.pages import router as exchange_router
from dancu.exchange.service import disputes
from dancu.kernel.actor import ActorKind
from dancu.kit import events
from dancu.kit.db import make_pool
from dancu.kit.limits import Rate
from dancu.kit.web import Surface, WebSettings, create_app
from dancu.kit.web.session import COOKIE
from dancu.quality import subscribers as cases
from dancu.quality.pages import router as cases_router
from tests.credentials.conftest import Citizen
from tests.exchange.ministries import HOA, Ministries
from tests.kit.html import check_page


@pytest_asyncio.fixture(loop_scope="session")
async def browse(registry: Any, here: Ministries, tmp_path: Path) -> AsyncIterator[Any]:
    pool = make_pool(registry.dsn("app"), min_size=1, max_size=4)
    surfaces = (Surface("citizen", "Cổng công dân", "/", "citizen", sign_in="/eid/sign-in"), Surface("desk", "Bàn làm việc", "/desk", "desk"))
    settings = WebSettings(secret=b"s" * 32, ip_rate=Rate(0, 0), session_rate=Rate(0, 0))
    async with here.lines() as lines:
        state = {"sessions": sessions, "pool": pool, "surfaces": surfaces, "menu": (), "lines": lines, "issuer": "", "keys": tmp_path, "demo": False}
        app = create_app(routers=[documents_router, exchange_router, cases_router], settings=settings, state=state)
        await pool.open()

        @asynccontextmanager
        async def browser(token: str) -> AsyncIterator[httpx.AsyncClient]:
            transport = httpx.ASGITransport(app=app)
            async with httpx.AsyncClient(transport=transport, base_url="http://localhost", cookies={COOKIE: token}, follow_redirects=True) as client:
                yield client

        try:
            yield browser
        finally:
            await pool.close()


async def test_a_citizens_pages(browse: Any, hoa: Citizen) -> None:
    async with hoa.transaction("app") as conn:
        token = await sessions.issue_session(conn, ActorKind.CITIZEN, hoa.key)
    async with browse(token) as client:
        for path in (
            "/account/papers", "/account/papers/social_insurance", "/account/papers/driving_licence", "/account/papers/medical_examination",
            "/account/papers", "/account/papers/land/wrong", "/account/wallet",
        ):  # fmt: skip
            answer = await client.get(path)
            assert answer.status_code == 200, path
            check_page(answer.text)
        part = await client.get("/account/papers/vehicles?part=1")
        assert part.status_code == 200 and "<html" not in part.text and "data-due" not in part.text
        assert (await client.get("/account/papers/nothing")).status_code == 404
        assert (await client.get("/desk/check-document")).status_code == 403
        assert "Ngày sinh" in (await client.get("/account/papers/driving_licence")).text


async def test_a_paper_its_issuer_takes_back_while_it_is_shown(browse: Any, here: Ministries, hoa: Citizen) -> None:
    """No dead end at a counter: the account says why, and keeps what the issuer answered."""
    async with hoa.transaction("app") as conn:
        token = await sessions.issue_session(conn, ActorKind.CITIZEN, hoa.key)
    async with browse(token) as client:
        page = await client.post("/account/wallet/health_insurance/integrate", data=_token((await client.get("/account/wallet")).text))
        address = re.findall(r'action="(/account/wallet/[^"]+/show)"', page.text)[0]
        assert "Hoặc đọc mã" in (await client.post(address, data=_token(page.text))).text
        async with hoa.transaction("admin") as conn:
            await conn.execute("UPDATE credentials.document SET checked_at = now() - interval '2 minutes'")
        here.faults("health_insurance", "contradicts")
        shown = await client.post(address, data=_token(page.text))
        here.faults("health_insurance")
        assert shown.url.path == "/account/wallet" and "ghi khác dữ liệu dân cư ở" in shown.text and address not in shown.text
        check_page(shown.text)


async def test_an_officers_next_step_where_a_ministry_contradicts_or_consent_lacks(browse: Any, here: Ministries, hoa: Citizen) -> None:
    """What stands in the way is seen, and sent to the desk that mends it, from the counter itself; health data say how they open."""
    async with hoa.transaction("app") as conn:
        counter, _ = await access.enter_as(conn, "one_stop_officer", demo=True)
        hospital, _ = await access.enter_as(conn, "health_desk", demo=True)
    async with browse(counter) as desk:
        find = await desk.get("/desk/papers")
        shelf = await desk.post("/desk/papers", data={**_token(find.text), "number": HOA, "purpose": "public_service"})
        here.faults("school_results", "down")
        licence = await desk.get(f"{shelf.url.path}/driving_licence?purpose=public_service")
        assert "/driving_licence/wrong" in licence.text
        down = await desk.get(f"{shelf.url.path}/school_results?purpose=public_service")
        assert "Đừng đòi bản giấy" in down.text and "của bạn" not in _main(down.text)
        here.faults("school_results")
        form = await desk.get(f"{shelf.url.path}/driving_licence/wrong?purpose=public_service")
        check_page(form.text)
        assert "ghi khác dữ liệu dân cư ở: ngày sinh" in form.text and "04/12/1990" in form.text
        empty = await desk.post(f"{shelf.url.path}/driving_licence/wrong", data={**_token(form.text), "purpose": "public_service", "statement": ""})
        assert empty.status_code == 422 and "dispute.statement" in empty.text
        sent = await desk.post(
            f"{shelf.url.path}/driving_licence/wrong", data={**_token(form.text), "purpose": "public_service", "statement": "Ghi ngược ngày và tháng."}
        )
        assert "Đã gửi đề nghị sửa" in sent.text and "Giấy phép lái xe: Ngày sinh" in sent.text and "/driving_licence/wrong" not in sent.text
        assert (await desk.get(f"{shelf.url.path}/land/wrong?purpose=public_service")).status_code == 404
        async with hoa.transaction("worker") as conn:
            await events.dispatch_once(conn)
            while await cases.consume(conn):
                pass
        mine = await desk.get("/desk/cases/sent")
        case = await desk.get(re.findall(r'href="(/desk/cases/[^"]+/\d+)"', mine.text)[0])
        # Its answer and day are seen; the ministry's own side opens for the ministry's desk alone, so no link leads there.
        assert "hạn trả lời" in case.text and "Ghi ngược ngày và tháng." in case.text and "data_subject_request" not in _main(case.text)
    async with hoa.transaction("worker") as conn:
        (found,) = [one for one in await disputes.of_person(conn, hoa.key) if one.statement == "Ghi ngược ngày và tháng."]
        assert (found.connector, found.field, found.desk) == ("driving_licence", "identity.birth", "DEMO.CSGT")
    async with browse(hospital) as desk:
        find = await desk.get("/desk/papers")
        shelf = await desk.post("/desk/papers", data={**_token(find.text), "number": HOA, "purpose": "health_insurance"})
        closed = await desk.get(f"{shelf.url.path}/medical_examination?purpose=health_insurance")
        assert closed.status_code == 403 and "Đồng ý cho xem 30 ngày" in closed.text and "Kết luận" not in closed.text


def _token(text: str) -> dict[str, str]:
    found = re.search(r'name="csrf_token" value="([^"]+)"', text)
    return {"csrf_token": found[1] if found else ""}


def _main(text: str) -> str:
    return text.partition("<main")[2].partition("</main>")[0]
