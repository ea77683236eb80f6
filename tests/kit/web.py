"""A small application under the real edge, for the tests of the edge: sessions are a dictionary, routes are given."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from fastapi import APIRouter, FastAPI

from dancu.kernel.actor import Actor, ActorKind
from dancu.kit.limits import Rate
from dancu.kit.web import MenuItem, Surface, WebSettings, create_app

STAFF = Actor(ActorKind.STAFF, 7, "ward", name="Trần Thị Bích Ngọc", permissions=frozenset({"person.read"}))
CLERK = Actor(ActorKind.STAFF, 8, "ward", name="Lê Văn Tư", permissions=frozenset({"case.read"}))
CITIZEN = Actor(ActorKind.CITIZEN, 42, "", name="Nguyễn Văn An", permissions=frozenset({"citizen.self"}))
TOKENS = {"staff-token": STAFF, "clerk-token": CLERK, "citizen-token": CITIZEN}
UNLIMITED = Rate(0, 0)


class Sessions:
    async def resolve(self, conn: Any, token: str) -> Actor | None:
        return TOKENS.get(token)


class _NoTransaction:
    async def __aenter__(self) -> None: ...

    async def __aexit__(self, *failure: object) -> None: ...


class _NoConnection:
    class info:
        transaction_status = 0

    def transaction(self) -> _NoTransaction:
        return _NoTransaction()


class NoPool:
    """For tests of what happens around the database."""

    async def getconn(self) -> _NoConnection:
        return _NoConnection()

    async def putconn(self, conn: object) -> None: ...


def make_app(*routers: APIRouter, pool: Any = None, templates: Sequence[Path] = (), **settings: Any) -> FastAPI:
    given = {"secret": b"s" * 32, "ip_rate": UNLIMITED, "session_rate": UNLIMITED, "living_page": True, **settings}
    state = {
        "sessions": Sessions(),
        "pool": pool or NoPool(),
        "surfaces": (Surface("citizen", "Cổng công dân", "/", "citizen"), Surface("desk", "Bàn", "/desk", "desk")),
        "menu": (MenuItem("desk", "Tìm người", "/desk/search", ("person.read",)), MenuItem("desk", "Ai", "/desk")),
    }
    return create_app(routers=routers, settings=WebSettings(**given), state=state, template_folders=templates)


@asynccontextmanager
async def client(app: FastAPI, token: str = "", **headers: str) -> AsyncIterator[httpx.AsyncClient]:
    cookies = {"dancu_session": token} if token else {}
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://localhost", cookies=cookies, headers=headers
    ) as c:
        yield c


def living() -> FastAPI:
    """What the browser's tests run in a process of their own."""
    return make_app(demo=True)
