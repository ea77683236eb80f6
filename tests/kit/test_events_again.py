"""A subscriber goes on hearing news, however often it has asked."""
from __future__ import annotations

import psycopg

from dancu.kit import events


async def test_news_is_heard_for_as_long_as_somebody_listens(database):
    heard = []

    async def handle(conn, event):
        heard.append(event.payload["n"])

    async with (
        await psycopg.AsyncConnection.connect(database.dsn("app"), autocommit=True) as app,
        await psycopg.AsyncConnection.connect(database.dsn("worker"), autocommit=True) as worker,
    ):
        # Asked before there is any: a cursor that ran ahead would miss what comes.
        assert not await events.consume(worker, "test.again", handle, topics=frozenset({"wanted"}))
        for n in range(20):
            async with app.transaction():
                await events.emit(app, "wanted", None, {"n": n})
                await events.emit(app, "other", None, {"n": -n})
            await events.dispatch_once(worker)
            while await events.consume(worker, "test.again", handle, topics=frozenset({"wanted", "never"})):
                pass
        rows = "SELECT h.ctid, h.xmax, s.ctid, s.xmax FROM kit.event_head h, kit.subscription s WHERE s.name = 'test.again'"
        before = await (await worker.execute(rows)).fetchone()
        assert await events.dispatch_once(worker) == await events.consume(worker, "test.again", handle, topics=frozenset({"wanted"})) == 0
        assert await (await worker.execute(rows)).fetchone() == before, "a look at nothing writes nothing"
    assert heard == list(range(20))
