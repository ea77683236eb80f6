"""The application's pool: whatever is left open is committed, or rolled back where it failed, and the connection is given back."""

import asyncio

import pytest
from psycopg.errors import DivisionByZero
from psycopg.pq import TransactionStatus

from dancu.kit.db import make_pool


async def _fails(pool, statement):
    async with pool.connection() as conn:
        await conn.execute("BEGIN")
        await conn.execute("INSERT INTO public.kept VALUES (2)")
        await conn.execute(statement)
        raise RuntimeError("mine")


def test_what_is_left_open_is_committed_and_what_failed_is_not(database):
    async def work() -> None:
        pool = make_pool(database.dsn("admin"), min_size=1, max_size=1)
        await pool.open(wait=True)
        try:
            async with pool.connection() as conn:
                await conn.execute("CREATE TABLE public.kept (n integer)")
                await conn.execute("BEGIN")
                await conn.execute("INSERT INTO public.kept VALUES (1)")
            with pytest.raises(DivisionByZero):
                await _fails(pool, "SELECT 1/0")
            with pytest.raises(RuntimeError, match="mine"):
                await _fails(pool, "SELECT 1")
            async with pool.connection() as conn:
                assert conn.info.transaction_status == TransactionStatus.IDLE
                assert await (await conn.execute("SELECT n FROM public.kept")).fetchall() == [(1,)]
                await conn.execute("DROP TABLE public.kept")
        finally:
            await pool.close()

    asyncio.run(work())


def test_the_one_given_back_last_is_lent_first_and_an_old_one_no_more(database):
    async def work() -> None:
        pool = make_pool(database.dsn("admin"), min_size=2, max_size=2)
        await pool.open(wait=True)
        one, other = await pool.getconn(), await pool.getconn()
        await pool.putconn(one)
        await pool.putconn(other)
        assert [await pool.getconn(), await pool.getconn()] == [other, one]
        waiting = asyncio.create_task(pool.getconn())
        await asyncio.sleep(0)
        await pool.putconn(other)
        assert await waiting is other
        one._expire_at = 0.0
        await pool.putconn(one)
        await pool.putconn(other)
        assert one.closed
        with pytest.raises(ValueError, match="doesn't come from any pool"):
            await pool.putconn(other)
        late = await pool.getconn()
        await pool.close()
        await pool.putconn(late)
        assert late.closed

    asyncio.run(work())
