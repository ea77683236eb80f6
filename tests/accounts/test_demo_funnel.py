"""The demonstration's funnel: of the right size and shape, marked as made up, and in nobody's way."""

from __future__ import annotations

import pytest

from dancu.access import service as access
from dancu.accounts.service import activate, core, funnel, upkeep
from dancu.accounts.service import demo as demo_accounts
from dancu.demo import eid_funnel, eid_waiting
from dancu.kernel.actor import Purpose
from dancu.kernel.clock import SYSTEM_CLOCK
from tests.accounts.registration import person

STATISTICS = Purpose("statistics", "89/2015/QH13")


@pytest.fixture
async def filled(registry, app, admin, office):  # type: ignore[no-untyped-def]
    """Forty people without a phone in the registry, for a province of four hundred."""
    people = {}
    for _ in range(50):
        key, number = await person(office, card=False)
        people[key] = number
    await app.commit()
    made = await eid_funnel.fill(admin, 400, spared=[next(iter(people.values()))])
    await admin.commit()
    return people, made


async def test_most_are_approved_and_few_activated_and_all_say_they_are_made_up(app, admin, filled):
    people, made = filled
    assert 0 < made <= 44
    rows = await (await admin.execute("SELECT state, made_up, phone, unit_id FROM accounts.account WHERE person_key = ANY (%s)", (list(people),))).fetchall()
    assert len(rows) > 0.8 * made
    assert all(row[1] and row[2] is None and row[3] for row in rows)
    assert sum(row[0] == "active" for row in rows) < len(rows) / 2
    kept = await (await admin.execute("SELECT count(*) FROM accounts.account WHERE person_key = %s", (next(iter(people)),))).fetchone()
    assert kept == (0,), "who is spared has none"
    token, _ = await access.enter_as(app, "province_leader", demo=True)
    leader = await access.sessions.resolve(app, token)
    counted = await funnel.funnel(app, leader, STATISTICS)
    assert counted.total.applied >= 0


async def test_nobody_is_sent_a_message_for_them(registry, admin, filled):
    import psycopg

    async with await psycopg.AsyncConnection.connect(registry.dsn("worker")) as worker:
        assert await activate.remind(worker) == 0
        assert await activate.wave(worker) == 0
        assert await activate.note_undelivered(worker) == 0


async def test_who_wants_to_try_one_gets_it_at_the_level_asked_for(app, admin, filled):
    people, _ = filled
    row = await (await admin.execute("SELECT person_key FROM accounts.account WHERE made_up AND level = 2 AND person_key = ANY (%s) LIMIT 1", (list(people),))).fetchone()
    made = await demo_accounts.account(app, people[row[0]], level=1, passcode="482915")
    assert (made.level, made.state) == (1, "active")
    assert made.phone
    assert (await core.existing(app, row[0])).channel == "demo"


async def test_one_that_nobody_looked_at_in_time_waits_at_the_ward_and_is_passed_up(registry, app, admin, office):
    """The first person's is late and passed up by the job itself, the second's is not late yet; both say they are made up."""
    import psycopg

    people = [(await person(office))[0] for _ in range(2)]
    await app.commit()
    unit = (await (await admin.execute("SELECT unit_id FROM population.residence WHERE person_key = %s", (people[0],))).fetchone())[0]
    made = await eid_waiting.fill(admin, unit)
    await admin.commit()
    assert made == 2
    async with await psycopg.AsyncConnection.connect(registry.dsn("worker")) as worker:
        await upkeep.escalate(worker, SYSTEM_CLOCK.today())
    rows = await (await admin.execute(
        "SELECT reasons, due_on < %s, escalated_at IS NOT NULL, portrait IS NOT NULL FROM accounts.application"
        " WHERE made_up AND state = 'waiting' ORDER BY due_on", (SYSTEM_CLOCK.today(),)
    )).fetchall()  # fmt: skip
    assert rows == [(["name_close", "subscriber_unknown"], True, True, True), (["subscriber_differs"], False, False, True)]
