"""Record numbers follow each other. An address of the desk opens a record only for whom a page showed the way to it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from time import process_time

import psycopg
import pytest
import pytest_asyncio
from fastapi.routing import iter_route_contexts

from dancu.access import pages as access_pages
from dancu.access import service as access
from dancu.app import ROUTERS
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kit import handles
from dancu.kit.db import make_pool
from dancu.kit.handles import handle, key_in
from dancu.kit.web import Surface, WebSettings, create_app, records
from dancu.monitoring import pages as monitoring_pages
from dancu.population import pages as population_pages
from tests.accounts.browsing import Browser, browsing
from tests.kit.web import UNLIMITED

NOBODY = 987_654_321


def test_every_address_of_the_desk_that_names_a_record_wants_the_way_to_it():
    """A citizen's own routes are about nobody else; `/account/organisations/…/mandates/{key}` ends a mandate of one's own organisation."""
    named = {}
    for router in ROUTERS:
        for context in iter_route_contexts(router.routes):
            if not context.path.startswith("/desk"):
                continue
            used = {one.call for one in context.route.dependant.dependencies}
            if "{key}" in context.path or "break-glass" in context.path:
                named[f"{context.path} {sorted(context.methods)}"] = records._in_path in used or records._in_query in used
            assert not re.search(r"\{(person|person_key|subject|household)", context.path), context.path
    assert len(named) > 80
    assert [path for path, wants in named.items() if not wants] == []


def test_a_mark_is_one_actors_for_one_record_and_a_days_work(police, clerk, monkeypatch):
    address = handle(police, 4711)
    assert key_in(police, address) == 4711
    assert key_in(replace(police, session_id="another"), address) == 4711, "bookmarks outlive a session"
    assert key_in(clerk, address) is None
    _, _, mark = address.partition("-")
    for text in ("4711", "4711-", f"4712-{mark}", f"04711-{mark}", f"+4711-{mark}", f"4711-{mark}0", f"4711-{mark[:-1]}", f"٤٧١١-{mark}", f"4711-{mark[:-1]}é", "", "-", "9" * 400):
        assert key_in(police, text) is None, text
    begun = SYSTEM_CLOCK.today()

    class Clock:
        day = begun + timedelta(days=1)

        def today(self):
            return self.day

    monkeypatch.setattr(handles, "SYSTEM_CLOCK", Clock())
    assert key_in(police, address) == 4711, "a shift passes midnight"
    Clock.day = begun + timedelta(days=2)
    assert key_in(police, address) is None


def test_it_costs_microseconds(police):
    begun = process_time()
    for key in range(2000):
        assert key_in(police, handle(police, key)) == key
    assert (process_time() - begun) / 2000 < 100e-6  # 15 µs on the machine it was written on; a slow one may take its time


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def desk(registry) -> AsyncIterator[object]:
    pool = make_pool(registry.dsn("app"), max_size=4)
    await pool.open()
    state = {
        "sessions": access.sessions, "pool": pool, "surfaces": (Surface("desk", "desk", "/desk", "desk"),), "menu": (), "demo": True,
        "unreached": population_pages.UNREACHED,
    }  # fmt: skip
    routers = [access_pages.router, population_pages.router, monitoring_pages.router]
    settings = WebSettings(secret=b"s" * 32, demo=True, ip_rate=UNLIMITED, session_rate=UNLIMITED)

    @asynccontextmanager
    async def enter(persona: str) -> AsyncIterator[Browser]:
        async with pool.connection() as conn:
            token, _ = await access.enter_as(conn, persona, demo=True)
            actor = await access.sessions.resolve(conn, token)
        async with browsing(create_app(routers=routers, settings=settings, state=state)) as browser:
            browser.client.cookies.set("dancu_session", token)
            browser.officer = actor
            yield browser

    yield enter
    await pool.close()


@pytest_asyncio.fixture
async def far(office, registry) -> tuple[int, str]:
    """Somebody who lives where none of the officers work."""
    number = "079190000471"
    async with await psycopg.AsyncConnection.connect(registry.dsn("admin")) as admin:
        found = await (await admin.execute("SELECT person_key FROM population.directory WHERE number = %s", (number,))).fetchone()
        if found is None:
            key = await office.person("Đặng Thị Xa", number=number)
            await office.conn.commit()
            await admin.execute("UPDATE population.person SET areas = '{26734}' WHERE person_key = %s", (key,))
        else:
            key = found[0]
    return key, number


def said(page: str) -> str:
    """A page without what differs from request to request."""
    return re.sub(r'nonce="[^"]*"|<code>\w+</code>|name="csrf_token" value="[^"]*"', "", page)


PARTS = ("", "/history", "/looks", "/print", "?as_of=2026-01-01", "?known_at=2026-01-01", "?relatives=now", "/do/move", "/do/correct-name")


@pytest.mark.parametrize("persona", ["one_stop_officer", "ward_police"])
async def test_counting_reads_nobody_and_does_not_tell_who_exists(desk, far, office, persona, registry):
    near = await office.person("Đặng Thị Gần")
    await office.conn.commit()
    async with desk(persona) as officer:
        pages = set()
        for key in (far[0], near, NOBODY):
            for part in PARTS:
                answer = await officer.client.get(f"/desk/persons/{key}{part}")
                if answer.status_code == 403:  # a part this officer has no permission for, whoever it is about
                    assert "permission.missing" in answer.text
                    continue
                assert answer.status_code == 404, part
                assert "record.address" in answer.text
                if not part:
                    pages.add(said(answer.text))
        assert len(pages) == 1
        tried = officer.officer.actor_id
    async with await psycopg.AsyncConnection.connect(registry.dsn("admin")) as admin:
        rows = await admin.execute(
            "SELECT DISTINCT action, subject, fields, note FROM audit.pending WHERE actor_id = %s AND 'record' = ANY (fields)", (tried,)
        )
        assert await rows.fetchall() == [("denied", None, ["record"], {"verdict": "unreached"})]


async def test_who_found_somebody_opens_them_and_nobody_else_by_that(desk, far):
    key, number = far
    async with desk("one_stop_officer") as counter, desk("one_stop_second") as other, desk("ward_police") as police:
        await counter.get("/desk")
        await counter.post("/desk", q=number)
        found = counter.url
        assert re.fullmatch(rf"/desk/persons/{key}-[0-9a-f]{{24}}", found)
        assert "Đặng Thị Xa" in await counter.get(found)
        for link in set(re.findall(r'href="(/desk/persons/[^"]+)"', counter.page)):
            await counter.get(link)
        await counter.get(f"{found}?as_of=2026-01-01")
        for someone in (other, police):
            assert "Đặng Thị Xa" not in await someone.get(found, 404)
        await counter.get("/desk")
        await counter.post("/desk", 200, q="Đặng Thị Xa", born="1990")
        assert f'href="{found}"' in counter.page
        # Without the permission for the whole country the number alone leads to the way in an emergency, as before.
        await police.get("/desk")
        await police.post("/desk", q=number)
        await police.get(police.url, 403)
        assert f"/desk/break-glass?person={handle(police.officer, key)}" in police.page
        await police.get(f"/desk/break-glass?person={key}", 404)
