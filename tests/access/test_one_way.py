"""What ended stays ended, whatever a process with the application's own database role tries."""

from __future__ import annotations

from dataclasses import replace

import psycopg
import pytest

from dancu.access import service
from dancu.kernel.actor import ActorKind
from dancu.kernel.errors import NotAllowed, NotFound

REASON = "Cháu bé đi lạc ở chợ, cần tìm cha mẹ ngay"
WHY = service.choose_purpose("break_glass")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE access.session SET revoked_at = NULL",
        "UPDATE access.session SET last_seen = now()",
        "UPDATE access.session SET last_seen = now() + interval '1 year'",
        "DELETE FROM access.session",
        "INSERT INTO access.session (token_hash, actor_kind, actor_id, channel, expires_at, last_seen)"
        " VALUES (sha256('x'), 'staff', 1, 'web', now() + interval '1 hour', now() + interval '1 year')",
        "SELECT count(*) FROM access.break_glass",
        "SELECT reason FROM access.break_glass",
        "INSERT INTO access.break_glass (person_key, staff_id, org_code, purpose, legal_basis, reason)"
        " VALUES (1, 1, 'DEMO', 'x', 'x', 'không ai được báo về lần mở này')",
        "UPDATE access.break_glass SET finding = 'justified'",
        "SELECT count(*) FROM access.notice",
        "INSERT INTO access.notice (to_staff, kind, capacity, glass_id) VALUES (1, 'glass_broken', 'auditor', 1)",
        "UPDATE access.shown SET persons = 0",
        "DELETE FROM access.shown",
        "SELECT access.count_shown(1, -1000)",
        "UPDATE access.reading_limit SET own_hour = 1000000",
        "UPDATE monitoring.threshold SET value = 1000000",
        "SELECT population.known(1)",
    ],
)
async def test_the_application_may_not(app, statement):
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        await app.execute(statement)


async def test_no_session_is_longer_than_a_day(app):
    with pytest.raises(psycopg.errors.CheckViolation):
        await app.execute(
            "INSERT INTO access.session (token_hash, actor_kind, actor_id, channel, expires_at)"
            " VALUES (sha256('x'), 'staff', 1, 'web', now() + interval '1 year')"
        )


async def test_an_ended_session_is_not_woken_by_use(database, demo_db):
    async with await psycopg.AsyncConnection.connect(database.dsn("admin")) as conn:
        token = await service.issue_session(conn, ActorKind.STAFF, 1, "DEMO")
        session = service.sessions.hash_of(token)
        for ending in (
            "last_seen = now() - interval '31 minutes'",
            "last_seen = now() - interval '5 minutes', revoked_at = now()",
            "last_seen = now() - interval '5 minutes', expires_at = now()",
        ):
            async with conn.transaction(force_rollback=True):
                await conn.execute(f"UPDATE access.session SET {ending} WHERE token_hash = %s", (session,))
                await conn.execute("SELECT access.touch_session(%s::bytea)", (session,))
                cursor = await conn.execute(
                    "SELECT last_seen < now() - interval '1 minute' FROM access.session WHERE token_hash = %s", (session,)
                )
                assert await cursor.fetchone() == (True,), ending
        await conn.rollback()


async def test_ending_is_for_the_own_session_only(app):
    token = await service.issue_session(app, ActorKind.STAFF, 1, "DEMO")
    session = service.sessions.hash_of(token)

    async def revoke(kind: str, actor: int) -> bool:
        cursor = await app.execute("SELECT access.revoke_session(%s::bytea, %s, %s::bigint)", (session, kind, actor))
        return (await cursor.fetchone())[0]

    assert not await revoke("staff", 2)
    assert not await revoke("citizen", 1)
    assert await revoke("staff", 1)
    assert not await revoke("staff", 1), "once is for good"


async def test_an_opening_needs_the_right_and_somebody_to_tell(app, as_persona):
    """Below the service: what a page of ours might forget, the database does not."""
    police, clerk = await as_persona("ward_police"), await as_persona("civil_status_clerk")
    leader = await as_persona("province_leader")
    query = "SELECT access.open_glass(%s, %s::bytea, 1, 'DEMO', 'break_glass', %s, '', %s, %s::bigint[], '{auditor}')"

    async def opened(actor, told):  # type: ignore[no-untyped-def]
        async with app.transaction():
            cursor = await app.execute(
                query, (actor.actor_id, bytes.fromhex(actor.session_id), WHY.legal_basis, REASON, told)
            )
            return (await cursor.fetchone())[0]

    for actor, told in ((clerk, [leader.actor_id]), (police, []), (police, [police.actor_id])):
        with pytest.raises(psycopg.Error) as refused:
            await opened(actor, told)
        assert refused.value.sqlstate == "DA003"
    assert await opened(police, [leader.actor_id]) > 0


async def test_the_list_is_for_who_may_review_and_is_recorded_by_the_database(app, as_persona):
    police, leader = await as_persona("ward_police"), await as_persona("province_leader")
    await service.break_glass(app, police, 5, REASON, WHY)
    forged = replace(police, permissions=frozenset({"break_glass.review"}))
    with pytest.raises(NotAllowed):
        await service.openings(app, forged)
    assert [g.person_key for g in await service.openings(app, leader)] == [5]


@pytest.mark.parametrize("key", [0, -1, 2**63])
async def test_an_impossible_key_opens_nothing(app, as_persona, key):
    with pytest.raises(NotFound):
        await service.break_glass(app, await as_persona("ward_police"), key, REASON, WHY)


async def test_a_key_that_names_nobody_is_opened_for_nobody(app, as_persona):
    police, leader = await as_persona("ward_police"), await as_persona("province_leader")
    with pytest.raises(NotFound) as refused:
        await service.break_glass(app, police, 10**12, REASON, WHY)
    assert refused.value.evidence is not None, "that somebody tried is kept"
    assert await service.open_reviews(app, leader) == 0
