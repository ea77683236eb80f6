"""What spans persons: races, nightly checks, areas when units change."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import date

import psycopg
import pytest
import pytest_asyncio

from dancu.kernel.dates import PartialDate
from dancu.kernel.errors import Conflict, DancuError, NotAllowed
from dancu.population import service
from dancu.population.models import HouseholdRelation as R
from dancu.population.models import KinRelation, ResidenceKind, Sex
from dancu.population.service import checks
from dancu.population.service import numbers as number_verbs
from dancu.population.service.areas import recompute_everyone
from dancu.population.store import facts

from .conftest import ELSEWHERE, HERE, NOW_HERE, draft, place


@pytest_asyncio.fixture
async def committed(registry, office_on) -> AsyncIterator:
    """Acts in transactions of their own, each on its own connection, committed."""

    async def act(verb, *args, **kwargs):
        async with await psycopg.AsyncConnection.connect(registry.dsn("app")) as conn:
            return await office_on(conn)(verb, *args, **kwargs)

    yield act


async def open_view(registry, key):
    async with await psycopg.AsyncConnection.connect(registry.dsn("worker")) as conn:
        return (await facts.load_view(conn, [key]))[key]


async def register(committed, *args, **kwargs):
    return (await committed(service.register, draft(*args, **kwargs))).person_key


async def outcomes(*acts):
    return await asyncio.gather(*acts, return_exceptions=True)


async def test_two_marriages_of_one_person_at_once(committed, registry):
    for _ in range(3):
        he = await register(committed, "Nguyễn Văn An", sex=Sex.MALE)
        wives = [await register(committed, f"Lê Thị {n}") for n in ("Bé", "Tư", "Năm")]
        got = await outcomes(*(committed(service.marry, he, spouse_key=w, on=date(2026, 3, 8)) for w in wives))
        refused = [e for e in got if isinstance(e, Exception)]
        assert len(refused) == 2
        assert {getattr(e, "code", repr(e)) for e in refused} == {"marriage.married"}
        assert (await open_view(registry, he)).spouse.relative_key in wives


async def test_marriages_that_meet_do_not_deadlock(committed):
    a, c = [await register(committed, f"Nguyễn {n}", sex=Sex.MALE) for n in ("A", "C")]
    b, d = [await register(committed, f"Lê {n}") for n in ("B", "D")]
    on = date(2026, 3, 8)
    got = await outcomes(
        committed(service.marry, a, spouse_key=b, on=on),
        committed(service.marry, b, spouse_key=c, on=on),
        committed(service.marry, c, spouse_key=d, on=on),
        committed(service.marry, d, spouse_key=a, on=on),
    )
    assert all(not isinstance(e, Exception) or isinstance(e, Conflict) for e in got), got
    assert 1 <= sum(not isinstance(e, Exception) for e in got) <= 2


async def test_concurrent_moves_leave_one_residence(committed, registry):
    key = await register(committed)
    days = [date(2026, 2, d) for d in range(1, 7)]
    got = await outcomes(
        *(
            committed(service.move, key, kind=ResidenceKind.PERMANENT, place=place(address=f"Số {d.day}"), since=d)
            for d in days
        )
    )
    assert not [e for e in got if isinstance(e, Exception)]
    view = await open_view(registry, key)
    assert len([r for r in view.residences if r.valid.holds(date(2026, 2, 6))]) == 1
    ticks = [e.tick for e in got]
    assert len(set(ticks)) == len(ticks)


async def test_heads_at_once(committed, registry):
    head = await register(committed, "Nguyễn Văn An", sex=Sex.MALE)
    one, two = [await register(committed, f"Nguyễn {n}") for n in ("Một", "Hai")]
    await committed(
        service.create_household, head, place=place(), since=date(2026, 1, 1), members={one: R.CHILD, two: R.CHILD}
    )
    got = await outcomes(*(committed(service.change_head, k, since=date(2026, 2, 1)) for k in (one, two)))
    assert not [e for e in got if isinstance(e, Exception) and not isinstance(e, DancuError)], got
    head_now = (await open_view(registry, one)).household.head_key
    assert head_now in (one, two)
    assert (await open_view(registry, head_now)).membership.relation == R.HEAD


async def test_nobody_becomes_their_own_ancestor_at_once(committed, registry, worker):
    """A circle of four, each link by an office of its own at the same time: no two of them write one row in the same
    role, so row locks alone let all four in."""
    for _ in range(3):
        ring = [await register(committed, f"Nguyễn {n}", sex=Sex.MALE) for n in ("A", "B", "C", "D")]
        pairs = list(zip(ring, [*ring[1:], ring[0]], strict=True))
        got = await outcomes(
            *(committed(service.set_parent, child, relation=KinRelation.FATHER, parent=up) for child, up in pairs)
        )
        refused = [e for e in got if isinstance(e, Exception)]
        assert [getattr(e, "code", repr(e)) for e in refused] == ["kin.cycle"]
    assert [f for f in await checks.findings(worker) if f.code == "kin.cycle"] == []


async def test_a_merge_undone_while_somebody_names_a_parent(committed, registry, worker):
    """Each alone is right; together they close a circle through persons of whom neither act locks a common row."""
    for _ in range(3):
        a, b, child, father, other, above, below = [
            await register(committed, f"Nguyễn {n}", sex=Sex.MALE) for n in ("A", "B", "Con", "Cha", "Khác", "Ông", "Cháu")
        ]
        for one, parent in ((a, father), (b, other), (child, a), (father, above), (below, child)):
            await committed(service.set_parent, one, relation=KinRelation.FATHER, parent=parent)
        await committed(service.merge, a, kept_key=b)
        got = await outcomes(
            committed(service.undo_merge, a),
            committed(service.set_parent, above, relation=KinRelation.FATHER, parent=below),
        )
        refused = [e for e in got if isinstance(e, Exception)]
        assert len(refused) == 1
        assert getattr(refused[0], "code", repr(refused[0])) in ("change.changed_since", "kin.cycle")
    assert [f for f in await checks.findings(worker) if f.code == "kin.cycle"] == []


async def test_the_last_two_leave_at_once(committed, registry, worker):
    """Neither of them thinks that the other one stays."""
    for _ in range(3):
        one, two, head = [await register(committed, f"Nguyễn {n}") for n in ("Một", "Hai", "Ba")]
        there = await committed(
            service.create_household, head, place=place(), since=date(2026, 1, 1), members={one: R.SPOUSE, two: R.CHILD}
        )
        await committed(service.leave_household, head, on=date(2026, 1, 20))
        got = await outcomes(*(committed(service.leave_household, k, on=date(2026, 2, 1)) for k in (one, two)))
        assert not [e for e in got if isinstance(e, Exception)], got
        assert sum("population.household.closed" in e.events for e in got) == 1
        days = [v.valid for v in (await open_view(registry, one)).households if v.household_key == there.household_key]
        assert [d for d in days if d.holds(date(2026, 1, 31))]
        assert not [d for d in days if d.holds(date(2026, 2, 1))]
    assert [f for f in await checks.findings(worker) if f.code == "household.empty"] == []


async def test_eight_connections_share_a_small_space(committed, monkeypatch):
    monkeypatch.setattr(number_verbs, "serials", 40)
    keys = [await register(committed, year=1993) for _ in range(44)]
    queue = list(keys)
    given, full = [], 0

    async def clerk():
        nonlocal full
        while queue:
            try:
                given.append((await committed(service.allocate_number, queue.pop(), place_code="002")).number)
            except Conflict as error:
                full += error.code == "person.number.cell_full"

    await asyncio.gather(*(clerk() for _ in range(8)))
    assert len(given) == len(set(given)) == 40
    assert full == 4


async def test_an_act_reaches_parties_elsewhere_and_no_further(committed, registry, police):
    # Registered here, moved away: the ward may no longer act on the person alone.
    away = await register(committed, "Nguyễn Văn Xa", sex=Sex.MALE)
    await committed(service.move, away, kind=ResidenceKind.PERMANENT, place=place(ELSEWHERE), since=date(2026, 1, 1))
    with pytest.raises(NotAllowed) as refused:
        await committed(service.correct_name, away, full_name="Nguyễn Văn Gần")
    assert refused.value.code == "person.outside_area"
    # Married to somebody of the ward: the ward's clerk may register it, and the death later.
    her = await register(committed, "Lê Thị Bé")
    await committed(service.marry, her, spouse_key=away, on=date(2026, 3, 8))
    assert (await open_view(registry, away)).spouse.relative_key == her
    await committed(service.die, her, on=PartialDate(2026, 4, 1))
    assert (await open_view(registry, away)).marital_status.status == "widowed"
    # Coming back is registered by the ward they come to.
    await committed(service.move, away, kind=ResidenceKind.PERMANENT, place=place(), since=date(2026, 5, 1))
    assert NOW_HERE in (await open_view(registry, away)).areas
    assert police


async def test_nightly_checks_find_what_was_broken_behind_the_verbs(committed, registry, admin, worker):
    one, two = await register(committed, "Nguyễn A", sex=Sex.MALE), await register(committed, "Lê B")
    three = await register(committed, number="049190888001")
    await committed(service.marry, one, spouse_key=two, on=date(2026, 3, 8))
    await committed(service.create_household, one, place=place(), since=date(2026, 1, 1), members={two: R.SPOUSE})
    assert (await checks.findings(worker)) == []
    for statement in (
        f"UPDATE population.kinship SET recorded = tstzrange(lower(recorded), now()) WHERE person_key = {two}",
        f"UPDATE population.directory SET person_key = {two} WHERE number = '049190888001'",
        f"UPDATE population.household SET head_key = {three} WHERE head_key = {one}",
        f"UPDATE population.person SET merged_into = {one + 999_999} WHERE person_key = {three}",
        "INSERT INTO population.kinship (person_key, relation, relative_key, recorded, source_kind, entry_id)"
        f" VALUES ({one}, 'father', {two}, tstzrange(now(), NULL), 'x', 1),"
        f" ({two}, 'father', {one}, tstzrange(now(), NULL), 'x', 1)",
    ):
        await admin.execute(statement)
    codes = {f.code for f in await checks.findings(admin)}
    assert codes == {
        "kin.not_mirrored", "number.not_listed", "number.leads_nowhere", "household.head_not_member",
        "merge.orphan", "kin.cycle",
    }  # fmt: skip
    first = await checks.nightly(admin)
    assert not first.ok
    assert first.new == sum(first.counts.values())
    assert (await checks.nightly(admin)).new == 0


async def test_areas_follow_the_units(committed, registry, admin, worker):
    key = await register(committed, "Trần Thị Cũ", unit=HERE, since=date(2023, 1, 1))
    await admin.execute("UPDATE population.person SET areas = '{1}' WHERE person_key = %s", (key,))
    await admin.commit()
    first = await service.recompute_areas(worker, batch=2)
    assert (first.looked, first.more) == (2, True)
    await worker.commit()
    await worker.set_autocommit(True)
    assert first.changed + await recompute_everyone(worker) == 1
    assert await recompute_everyone(worker) == 0
    assert NOW_HERE in (await open_view(registry, key)).areas
    # As of a day before the reform the same person belongs to the ward of that time.
    step = await service.recompute_areas(worker, date(2025, 6, 1), after=key - 1, batch=1)
    assert step.changed == 1
    cursor = await worker.execute("SELECT areas, terms FROM population.person_search WHERE person_key = %s", (key,))
    areas, terms = await cursor.fetchone()
    assert HERE in areas
    assert f"u{HERE}:tran" in terms
    assert KinRelation
