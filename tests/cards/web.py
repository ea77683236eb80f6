"""The pages and the API of cards on a real database, and a program signed in as an officer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import psycopg

from dancu.access import service as access
from dancu.access.service import sessions
from dancu.cards import api, pages
from dancu.kit.db import make_pool
from dancu.kit.web import Surface, WebSettings, create_app
from tests.kit.web import UNLIMITED


@asynccontextmanager
async def served(registry: Any, role: str = "ward_police") -> AsyncIterator[httpx.AsyncClient]:
    """A client with the session of one of the demonstration's officers, as cookie and as bearer token."""
    async with await psycopg.AsyncConnection.connect(registry.dsn("app")) as conn:
        token, _ = await access.enter_as(conn, role, demo=True)
    pool = make_pool(registry.dsn("app"), max_size=3)
    await pool.open(wait=True)
    app = create_app(
        routers=(api.router, pages.router),
        settings=WebSettings(secret=b"s" * 32, ip_rate=UNLIMITED, session_rate=UNLIMITED, demo=True),
        state={"sessions": sessions, "pool": pool, "surfaces": (Surface("desk", "Bàn", "/desk", "desk"),), "menu": pages.MENU, "demo": True},
    )
    try:
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://localhost", cookies={"dancu_session": token},
            headers={"authorization": f"Bearer {token}"},
        ) as client:  # fmt: skip
            yield client
    finally:
        await pool.close()
