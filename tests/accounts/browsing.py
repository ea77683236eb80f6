"""A browser without a screen for the pages of accounts, and people who have an account to sign in to."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import psycopg

from dancu.access import pages as access_pages
from dancu.access.service import sessions
from dancu.accounts import pages as accounts_pages
from dancu.accounts.service import authenticators, core, locks
from dancu.demo import pages as demo_pages
from dancu.kernel.actor import SYSTEM
from dancu.kit.db import make_pool
from dancu.kit.web import Surface, WebSettings, create_app
from tests.kit.html import check_page, form_values
from tests.kit.web import UNLIMITED
from tests.population.conftest import draft

PASSCODE = "748205"
_numbers = iter(range(100_000))


@dataclass
class Citizen:
    """Somebody with an account in use, ready to sign in."""

    key: int
    number: str
    phone: str


async def citizen(conn: psycopg.AsyncConnection, office: Any, *, phone: str | None = None, passcode: str = PASSCODE) -> Citizen:
    """In the caller's transaction; the caller commits."""
    n = next(_numbers)
    number, phone = f"0491902{n:05d}", f"09060{n:05d}" if phone is None else phone
    key = await office.person("Lê Thị Sáu", number=number)
    await core.create(conn, SYSTEM, locks.eid_purpose(), key, level=1, phone=phone, phone_verified=bool(phone))
    await conn.execute("UPDATE accounts.account SET state = 'active', activated_at = now() WHERE person_key = %s", (key,))
    await authenticators.set_passcode(conn, SYSTEM, locks.eid_purpose(), key, passcode)
    return Citizen(key, number, phone)


class Browser:
    """Keeps cookies and checks every page; posts the form of the last page with some fields filled in."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client, self.page, self.url = client, "", ""

    async def get(self, url: str, status: int = 200) -> str:
        return self._seen(await self.client.get(url), status)

    async def post(self, action: str, status: int = 303, **fields: str) -> str:
        return self._seen(await self.client.post(action, data={**form_values(self.page, action), **fields}), status)

    def _seen(self, answer: httpx.Response, status: int) -> str:
        assert answer.status_code == status, (answer.status_code, answer.headers.get("location"), answer.text[-1500:])
        self.url = answer.headers.get("location", "")
        if status != 303 and "html" in answer.headers["content-type"]:
            check_page(answer.text)
            self.page = answer.text
        return self.page

    async def sign_in(self, who: Citizen, passcode: str = PASSCODE, status: int = 303, **wishes: str) -> str:
        await self.get(str(httpx.URL("/eid/sign-in", params=wishes)))
        await self.post("/eid/sign-in", 200, number=who.number)
        return await self.post("/eid/sign-in/passcode", status, passcode=passcode)

    async def texts(self, phone: str) -> list[str]:
        answer = await self.client.get("/demo/outbox.json", params={"to": phone})
        return [one["text"] for one in answer.json()]

    async def code(self, phone: str) -> str:
        """The code in the newest message to this phone."""
        found = re.search(r"\b\d{6}\b", (await self.texts(phone))[0])
        assert found
        return found[0]


@asynccontextmanager
async def application(database: Any, data: Any) -> AsyncIterator[Any]:
    """The pages of accounts, access and the demonstration on a database."""
    pool = make_pool(database.dsn("app"), max_size=4)
    await pool.open()
    settings = WebSettings(secret=b"s" * 32, demo=True, hotline="1900 1234", ip_rate=UNLIMITED, session_rate=UNLIMITED)
    surfaces = tuple(Surface(c, c, p, c) for c, p in (("citizen", "/"), ("desk", "/desk"), ("watch", "/watch")))
    state = {
        "sessions": sessions, "pool": pool, "surfaces": surfaces, "menu": (), "keys": data / "keys", "sms_secret": "s3cret",
        "demo": True, "page_mark": accounts_pages.PAGE_MARK,
    }  # fmt: skip
    routers = [access_pages.router, accounts_pages.router, demo_pages.router]
    try:
        yield create_app(routers=routers, settings=settings, state=state)
    finally:
        await pool.close()


@asynccontextmanager
async def browsing(application: Any, *, language: str = "vi", address: str = "10.2.3.4") -> AsyncIterator[Browser]:
    transport = httpx.ASGITransport(application, client=(address, 4711))
    headers = {"user-agent": "Mozilla/5.0 (Linux; Android 14) Chrome/141.0"}
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost", headers=headers) as client:
        client.cookies.set("lang", language)
        yield Browser(client)


__all__ = ["PASSCODE", "Browser", "Citizen", "application", "browsing", "citizen", "draft"]
