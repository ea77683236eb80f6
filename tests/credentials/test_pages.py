"""Pages of papers and documents as a citizen and an officer get them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest_asyncio

from dancu.access.service import sessions
from dancu.credentials.pages import router as documents_router
from dancu.exchange.pages import router as exchange_router
from dancu.kernel.actor import ActorKind
from dancu.kit.db import make_pool
from dancu.kit.limits import Rate
from dancu.kit.web import Surface, WebSettings, create_app
from dancu.kit.web.session import COOKIE
from tests.credentials.conftest import Citizen
from tests.exchange.ministries import Ministries
from tests.kit.html import check_page


@pytest_asyncio.fixture(loop_scope="session")
async def browse(registry: Any, here: Ministries, tmp_path: Path) -> AsyncIterator[Any]:
    pool = make_pool(registry.dsn("app"), min_size=1, max_size=4)
    surfaces = (Surface("citizen", "Cổng công dân", "/", "citizen", sign_in="/eid/sign-in"), Surface("desk", "Bàn làm việc", "/desk", "desk"))
    settings = WebSettings(secret=b"s" * 32, ip_rate=Rate(0, 0), session_rate=Rate(0, 0))
    async with here.lines() as lines:
        state = {"sessions": sessions, "pool": pool, "surfaces": surfaces, "menu": (), "lines": lines, "issuer": "", "keys": tmp_path, "demo": False}
        app = create_app(routers=[documents_router, exchange_router], settings=settings, state=state)
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
