"""The outbox: numbered after commit, read by cursor, nothing skipped when commits overtake each other."""

import psycopg

from dancu.kit import events


async def test_a_late_commit_is_not_skipped(database, conn, worker):
    """Ids are taken before commit, so a smaller id may appear later: a reader of `id > last` would lose it."""
    slow = await psycopg.AsyncConnection.connect(database.dsn("app"))
    await events.emit(slow, "t.first", 1, {})
    await events.emit(conn, "t.second", 2, {})
    await conn.commit()
    assert await events.dispatch_once(worker) == 1
    await slow.commit()
    await slow.close()
    assert await events.dispatch_once(worker) == 1

    seen: list[tuple[int, str]] = []

    async def handle(_, event):
        seen.append((event.seq, event.topic))

    assert await events.consume(worker, "probe", handle, topics=frozenset({"t.first", "t.second"})) == 2
    assert [topic for _, topic in seen] == ["t.second", "t.first"]
    assert [seq for seq, _ in seen] == [seen[0][0], seen[0][0] + 1]
    assert await events.consume(worker, "probe", handle, topics=frozenset({"t.first"})) == 0


async def test_a_rolled_back_change_tells_nobody(conn, worker):
    await events.emit(conn, "t.undone", 1, {})
    await conn.rollback()
    assert await events.dispatch_once(worker) == 0
