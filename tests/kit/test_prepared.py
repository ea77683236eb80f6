"""Prepared statements of the hot path say what the driver's own way says, and leave the connection as it leaves it."""

import asyncio
import socket
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
import uvloop
from psycopg.pq import TransactionStatus

from dancu.kit.ear import Watch
from dancu.kit.prepared import Prepared

VALUES = (
    7, -3, 2.5, True, None, 'Nguyễn \\ "Văn" {An}', b"\x00\\x\xff", datetime(2026, 11, 22, 18, 5, 1, 7, tzinfo=UTC),
    timedelta(days=-2, seconds=61, microseconds=5), '{"a": [1]}', "{x,NULL}",
)  # fmt: skip
SQL = (
    "SELECT %s::bigint, %s::integer, %s::float8, %s::boolean, %s::text, %s::text, %s::bytea, %s::timestamptz, %s::interval, %s::jsonb,"
    " %s::text[]"
)
ECHO, MANY = Prepared(SQL), Prepared("SELECT repeat('x', 3000), n FROM generate_series(1, %s::integer) AS n")
SLEEP, DIVIDE = Prepared("SELECT pg_sleep(%s::float8)"), Prepared("SELECT 1 / %s::integer")


def alone(database, work):
    """`work` on both kinds of loop; the application's is uvloop's."""

    async def go() -> None:
        async with await psycopg.AsyncConnection.connect(database.dsn("app"), autocommit=True) as conn:
            await work(conn)
            assert conn.closed or conn.info.transaction_status == TransactionStatus.IDLE

    asyncio.run(go())
    uvloop.run(go())


def test_rows_are_those_of_the_driver(database):
    async def work(conn):
        for _ in range(3):
            assert await ECHO.row(conn, VALUES) == await (await conn.execute(SQL, VALUES)).fetchone()
        assert await MANY.rows(conn, [0]) == [] and await MANY.row(conn, [0]) is None
        found = await MANY.rows(conn, [400])
        assert [n for _, n in found] == list(range(1, 401)) and len(found[-1][0]) == 3000
        big = "ố" * 5_000_000  # more than a socket takes at once
        assert (await ECHO.row(conn, (*VALUES[:5], big, *VALUES[6:])))[5] == big

    alone(database, work)


def test_a_text_that_no_column_holds_is_refused_as_the_driver_does(database):
    """A text goes out as a C string: behind the zero character the rest of it was silently lost."""

    async def work(conn):
        for one in ("a\0b", '{"a\0"}'):
            with pytest.raises(psycopg.DataError):
                await ECHO.row(conn, (*VALUES[:5], one, *VALUES[6:]))

    alone(database, work)


def test_a_transaction_is_kept_to(database):
    async def work(conn):
        async with conn.transaction():
            await conn.execute("SET LOCAL statement_timeout = '17s'")
            assert await Prepared("SHOW statement_timeout").rows(conn, ()) == [("17s",)]
        with pytest.raises(RuntimeError):
            async with conn.transaction():
                raise RuntimeError
        await conn.execute("DEALLOCATE ALL")  # as the driver does after a rollback
        assert (await ECHO.row(conn, VALUES))[0] == 7

    alone(database, work)

    async def begun():
        async with await psycopg.AsyncConnection.connect(database.dsn("app")) as conn:
            assert (await ECHO.row(conn, VALUES))[0] == 7
            assert conn.info.transaction_status == TransactionStatus.INTRANS

    asyncio.run(begun())


def test_a_failure_is_the_drivers_and_harms_nothing(database):
    async def work(conn):
        assert await DIVIDE.row(conn, [1]) == (1,)
        for _ in range(2):
            with pytest.raises(psycopg.errors.DivisionByZero):
                await DIVIDE.row(conn, [0])
        with pytest.raises(psycopg.errors.SyntaxError):
            await Prepared("SELEC").rows(conn, ())
        with pytest.raises(TypeError):
            await DIVIDE.row(conn, [[1]])
        assert await DIVIDE.row(conn, [1]) == (1,)

    alone(database, work)


def test_who_leaves_ends_the_statement(database):
    async def work(conn):
        for seconds in (0.0, 60.0):
            asking = asyncio.create_task(SLEEP.row(conn, [seconds]))
            await asyncio.sleep(0)  # what it sends first is on its way: to be prepared, then to be run
            assert conn.info.transaction_status == TransactionStatus.ACTIVE
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking
            assert await DIVIDE.row(conn, [1]) == (1,)
            await SLEEP.row(conn, [0.0])

    alone(database, work)


def test_a_connection_that_is_gone_says_so(database):
    async def work(conn):
        assert await DIVIDE.row(conn, [1]) == (1,)
        with pytest.raises(psycopg.OperationalError):
            await Prepared("SELECT pg_terminate_backend(pg_backend_pid())").row(conn, ())
        with pytest.raises(psycopg.OperationalError):
            await DIVIDE.row(conn, [1])

    alone(database, work)


def test_the_driver_and_ours_take_turns_and_a_socket_has_one_watch(database):
    """Who is watched must be looked at anew where the driver waited in between, where the server spoke unasked, and where another
    connection has got the number of a socket that was closed: else its answer comes and nobody is told."""

    async def work(conn):
        for n in range(1, 4):
            assert await DIVIDE.row(conn, [1]) == (1,)
            assert await (await conn.execute("SELECT %s::integer", (n,))).fetchone() == (n,)
            async with conn.transaction():
                assert await DIVIDE.row(conn, [1]) == (1,)
            assert (await asyncio.wait_for(DIVIDE.row(conn, [1]), 5)) == (1,)
        async with await psycopg.AsyncConnection.connect(database.dsn("admin"), autocommit=True) as other:
            await conn.execute("LISTEN said")
            assert await DIVIDE.row(conn, [1]) == (1,)
            await other.execute("NOTIFY said")
            await other.execute("SELECT pg_sleep(0.02)")
            assert (await asyncio.wait_for(DIVIDE.row(conn, [1]), 5)) == (1,)
            await other.execute("SELECT pg_terminate_backend(%s)", (conn.info.backend_pid,))
        with pytest.raises(psycopg.OperationalError):
            await asyncio.wait_for(DIVIDE.row(conn, [1]), 5)
        number = []
        for _ in range(3):
            async with await psycopg.AsyncConnection.connect(database.dsn("app"), autocommit=True) as again:
                number.append(again.fileno())
                assert (await asyncio.wait_for(DIVIDE.row(again, [1]), 5)) == (1,)
        assert len(set(number)) < 3

    alone(database, work)


async def test_a_socket_that_speaks_unasked_is_left():
    """Looked at still, it would keep the loop busy until somebody asks."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        watch = Watch(ours.fileno())
        ear = watch._ear
        for _ in range(2):
            theirs.send(b"asked")
            await asyncio.wait_for(watch.answer(), 5)
            assert ours.recv(5) == b"asked"
            theirs.send(b"more")
            ear._heard()
            assert ours.fileno() not in ear._watches and not ear._selector.poll(0) and ours.recv(4) == b"more"
