"""Sessions: unknown, ended, idle and foreign ones are nobody."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest

from dancu.access import service
from dancu.kernel.actor import ActorKind, Channel
from dancu.kernel.errors import NotAllowed, NotFound


async def test_a_session_is_found_by_its_token_only(app):
    token = await service.issue_session(app, ActorKind.STAFF, 1, "DEMO.CA.TX")
    actor = await service.sessions.resolve(app, token)
    assert (actor.kind, actor.actor_id, actor.org_code) == (ActorKind.STAFF, 1, "DEMO.CA.TX")
    assert actor.name
    for wrong in ("", token[:-1], token + "x", actor.session_id):
        assert await service.sessions.resolve(app, wrong) is None


async def test_a_citizens_session(app):
    token = await service.issue_session(app, ActorKind.CITIZEN, 99)
    actor = await service.sessions.resolve(app, token)
    assert (actor.kind, actor.actor_id, actor.permissions) == (ActorKind.CITIZEN, 99, {"citizen.self"})


@pytest.mark.parametrize(
    ("column", "value", "alive"),
    [
        ("last_seen", "now() - interval '29 minutes'", True),
        ("last_seen", "now() - interval '31 minutes'", False),
        ("expires_at", "now() - interval '1 second'", False),
        ("revoked_at", "now()", False),
    ],
)
async def test_it_ends(database, demo_db, column, value, alive):
    async with await psycopg.AsyncConnection.connect(database.dsn("admin")) as conn:
        token = await service.issue_session(conn, ActorKind.STAFF, 1)
        await conn.execute(
            f"UPDATE access.session SET {column} = {value} WHERE token_hash = %s", (service.sessions.hash_of(token),)
        )
        assert (await service.sessions.resolve(conn, token) is not None) is alive
        await conn.rollback()


async def test_ten_hours_at_most_half_an_hour_idle(app):
    assert timedelta(hours=10) == service.sessions.LIFE
    assert timedelta(minutes=30) == service.sessions.IDLE
    token = await service.issue_session(app, ActorKind.STAFF, 1)
    cursor = await app.execute(
        "SELECT expires_at - created_at, idle FROM access.session WHERE token_hash = %s",
        (service.sessions.hash_of(token),),
    )
    assert await cursor.fetchone() == (timedelta(hours=10), timedelta(minutes=30))


async def test_use_is_noted_once_a_minute_without_waiting(database, demo_db):
    """Two requests of one browser at once: the second goes on while the first holds the row."""
    connect = psycopg.AsyncConnection.connect
    async with await connect(database.dsn("admin")) as admin:
        token = await service.issue_session(admin, ActorKind.STAFF, 1)
        token_hash = service.sessions.hash_of(token)
        await admin.execute("UPDATE access.session SET last_seen = now() - interval '5 minutes'")
        await admin.commit()
    async with await connect(database.dsn("app")) as first, await connect(database.dsn("app")) as second:
        await second.execute("SET lock_timeout = '200ms'")
        assert await service.sessions.resolve(first, token)
        assert await service.sessions.resolve(second, token)
        await first.commit()
        query = "SELECT last_seen > now() - interval '1 minute' FROM access.session WHERE token_hash = %s"
        assert await (await first.execute(query, (token_hash,))).fetchone() == (True,)


async def test_own_sessions_can_be_ended_and_only_those(app):
    mine = [await service.issue_session(app, ActorKind.STAFF, 1, agent="Firefox") for _ in range(3)]
    theirs = await service.issue_session(app, ActorKind.STAFF, 2)
    me = await service.sessions.resolve(app, mine[0])
    listed = await service.my_sessions(app, me)
    assert {s.session_id for s in listed} >= {service.sessions.hash_of(t).hex() for t in mine}
    assert service.sessions.hash_of(theirs).hex() not in {s.session_id for s in listed}
    for foreign in (service.sessions.hash_of(theirs).hex(), "zz", "", "00" * 32):
        with pytest.raises(NotFound):
            await service.end_session_by_id(app, me, foreign)
    assert await service.sessions.resolve(app, theirs)
    await service.end_session_by_id(app, me, service.sessions.hash_of(mine[1]).hex())
    assert await service.sessions.resolve(app, mine[1]) is None
    await service.end_other_sessions(app, me)
    assert await service.sessions.resolve(app, mine[2]) is None
    assert await service.sessions.resolve(app, mine[0])
    await service.sign_out(app, me)
    assert await service.sessions.resolve(app, mine[0]) is None


async def test_the_operating_system_user_of_the_demonstration(app):
    actor = await service.actor_for_os_user(app, "tester")
    assert actor.channel is Channel.CLI
    assert actor.can("import.run")
    assert actor.can("person.write.move")
    cursor = await app.execute(
        "SELECT ok FROM access.right_of(%s::bigint, %s::bytea, 'import.run')",
        (actor.actor_id, bytes.fromhex(actor.session_id)),
    )
    assert await cursor.fetchone() == (True,)
    again = await service.actor_for_os_user(app, "tester")
    assert again.session_id == actor.session_id, "one session is reused by the next command"
    with pytest.raises(NotAllowed, match=r"os_user\.unmapped"):
        await service.actor_for_os_user(app, "nobody-here")


async def test_sweeping_keeps_what_may_still_be_needed(database, demo_db):
    async with await psycopg.AsyncConnection.connect(database.dsn("admin")) as admin:
        old, new = [await service.issue_session(admin, ActorKind.STAFF, 1) for _ in range(2)]
        await admin.execute(
            "UPDATE access.session SET expires_at = now() - interval '31 days' WHERE token_hash = %s",
            (service.sessions.hash_of(old),),
        )
        await admin.execute("INSERT INTO access.shown VALUES (1, now() - interval '3 days', 9), (1, now() - interval '23 hours', 4)")
        await admin.commit()
    async with await psycopg.AsyncConnection.connect(database.dsn("worker")) as worker:
        assert await service.sweep(worker) == 1
        assert await (await worker.execute("SELECT persons FROM access.shown")).fetchall() == [(4,)]
        await worker.commit()
    async with await psycopg.AsyncConnection.connect(database.dsn("app")) as conn:
        assert await service.sessions.resolve(conn, new)
