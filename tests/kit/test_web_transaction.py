"""One request, one transaction, committed before the answer leaves: on a real database."""

import psycopg
import pytest
import pytest_asyncio
from fastapi import APIRouter
from psycopg_pool import AsyncConnectionPool

from dancu.kernel.errors import Conflict, NotAllowed
from dancu.kit.web import DbConn, Request, Response, attempt, public

from .web import client, make_app

PROBE = "CREATE TABLE IF NOT EXISTS public.probe (n int PRIMARY KEY); GRANT ALL ON public.probe TO dancu_app"


async def _write(conn, n: int) -> None:
    await conn.execute("INSERT INTO public.probe VALUES (%s)", (n,))


def _router() -> APIRouter:
    router = APIRouter(dependencies=[public()])

    @router.get("/write/{n}")
    async def write(conn: DbConn, n: int) -> Response:
        await _write(conn, n)
        return Response("written")

    @router.get("/refuse/{n}")
    async def refuse(conn: DbConn, n: int) -> Response:
        await _write(conn, n)
        error = NotAllowed("probe.no", "Không được.")
        error.evidence = lambda other: _write(other, n + 1)
        raise error

    @router.get("/crash/{n}")
    async def crash(conn: DbConn, n: int) -> Response:
        await _write(conn, n)
        raise ZeroDivisionError

    @router.get("/swallow/{n}")
    async def swallow(conn: DbConn, n: int) -> Response:
        await _write(conn, n)
        try:
            await _write(conn, n)
        except psycopg.Error:
            return Response("all is well")
        raise AssertionError

    @router.get("/attempt/{n}")
    async def again(conn: DbConn, n: int) -> Response:
        await _write(conn, n)
        try:
            async with attempt(conn):
                await _write(conn, n + 1)
                error = Conflict("probe.taken", "Đã có.")
                error.evidence = lambda other: _write(other, n + 2)
                raise error
        except Conflict:
            return Response("the form again", 409)

    @router.get("/commit/{n}")
    async def commit(conn: DbConn, n: int) -> Response:
        await _write(conn, n)
        await conn.commit()
        return Response("committed")

    @router.get("/plain")
    async def plain(request: Request) -> Response:
        return Response(str(request.app.state.pool.get_stats().get("requests_num", 0)))

    return router


@pytest_asyncio.fixture
async def app(database, admin):
    await admin.execute(PROBE)
    await admin.commit()
    await admin.set_autocommit(True)
    async with AsyncConnectionPool(database.dsn("app"), min_size=1, max_size=2, open=False) as pool:
        yield make_app(_router(), pool=pool)


@pytest_asyncio.fixture
async def rows(admin):
    async def read() -> set[int]:
        return {n for (n,) in await (await admin.execute("SELECT n FROM public.probe")).fetchall()}

    return read


async def test_the_write_is_committed_when_the_answer_starts(app, rows):
    seen: list[set[int]] = []

    async def watched(scope, receive, send):
        async def sent(message):
            if message["type"] == "http.response.start":
                seen.append(await rows())
            await send(message)

        await app(scope, receive, sent)

    async with client(watched) as browser:
        assert (await browser.get("/write/100")).status_code == 200
    assert 100 in seen[0]


@pytest.mark.parametrize(("path", "status"), [("crash/200", 500), ("swallow/210", 500), ("commit/220", 500)])
async def test_a_failure_leaves_nothing(app, rows, path, status):
    async with client(app) as browser:
        answer = await browser.get(f"/{path}")
    assert answer.status_code == status
    assert "all is well" not in answer.text
    assert not {200, 210, 220} & await rows()


async def test_a_refusal_rolls_back_and_keeps_its_evidence(app, rows):
    async with client(app, accept="application/json") as browser:
        assert (await browser.get("/refuse/300")).json()["code"] == "probe.no"
    assert {300, 301} & await rows() == {301}


async def test_an_attempt_is_undone_alone_and_keeps_its_evidence(app, rows):
    async with client(app) as browser:
        assert (await browser.get("/attempt/400")).text == "the form again"
    assert {400, 401, 402} & await rows() == {400, 402}


async def test_a_page_without_need_takes_no_connection(app):
    async with client(app) as browser:
        assert (await browser.get("/plain")).text == "0"


async def test_without_database_the_page_says_so(app):
    app.state.pool = AsyncConnectionPool(
        "host=127.0.0.1 port=9 connect_timeout=1",
        min_size=0,
        max_size=1,
        open=False,
        timeout=0.2,
        reconnect_timeout=0.1,
    )
    await app.state.pool.open()
    async with client(app) as browser:
        answer = await browser.get("/write/500")
    await app.state.pool.close()
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
    assert "db.unavailable" in answer.text
