"""Carrying a work out: one instant of recorded time, the rows, one evidence entry per person with the digest
of what it wrote, the derived rows, the news."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from dancu.audit import service as audit
from dancu.kernel.actor import ActorKind
from dancu.kernel.clock import monotonic_after
from dancu.kernel.errors import Conflict
from dancu.kit.events import emit
from dancu.kit.i18n import N_
from dancu.kit.jobs import defer
from dancu.population.models import Done, Fact
from dancu.population.policy.groups import groups_of
from dancu.population.policy.work import Change, Work
from dancu.population.service.derive import derived
from dancu.population.store import numbers, persons, write
from dancu.population.store.sentences import in_words

if TYPE_CHECKING:
    from dancu.population.service.act import Act


async def apply(act: Act, work: Work) -> Done:
    """Record the work. Raises Conflict `change.nothing` where it changes nothing, and the sentence of the
    constraint the database refused with."""
    changes = work.changes()
    subjects = _subjects(work, changes)
    if not subjects and act.settled is None:
        raise Conflict("change.nothing", N_("Không có gì thay đổi so với hồ sơ hiện tại."))
    subjects = subjects or [work.principal]
    with in_words():
        return await _record(act, work, changes, subjects)


def _subjects(work: Work, changes: list[Change]) -> list[int]:
    """Persons whose record the work changes, the principal first."""
    touched = {c.subject for c in changes} | {d.person_key for d in work.directory}
    touched |= {d.was_of for d in work.directory if d.was_of is not None}
    for key, person in work.persons.items():
        before = person.before
        if before is None or before.alive_until != person.alive_until or before.merged_into != person.merged_into:
            touched.add(key)
    return sorted(touched, key=lambda k: (k != work.principal, k))


async def _tick(act: Act, work: Work, subjects: list[int]) -> datetime:
    """The work's one instant: after every instant the registry has used for these persons and households."""
    known = [k for k in subjects if work.persons[k].before is not None]
    now, last = await persons.lock(act.conn, known, sorted(work.households))
    of_households = await persons.last_of_households(act.conn, sorted(work.households))
    return monotonic_after(now, max((t for t in (last, of_households) if t is not None), default=None))


async def _record(act: Act, work: Work, changes: list[Change], subjects: list[int]) -> Done:
    conn = act.conn
    tick = await _tick(act, work, subjects)
    entries = dict(zip(subjects, await audit.reserve(conn, len(subjects)), strict=True))
    opens = [c for c in changes if c.opens]
    closes = [c for c in changes if not c.opens]
    ids = await write.take_fact_ids(conn, len(opens))
    rows = [
        (c, write.Row(c.key, i, c.fact, entries[c.subject], tick, work.persons[c.subject].alive_until))
        for c, i in zip(opens, ids, strict=True)
    ]
    await _evidence(act, work, entries, tick, rows, closes)
    for key in subjects:
        if work.persons[key].before is None:
            await persons.insert_person(conn, key, tick)
    by_row: dict[tuple[type[Fact], int, int], list[int]] = defaultdict(list)
    for change in closes:
        if change.fact.stored is not None:
            by_row[type(change.fact), change.key, entries[change.subject]].append(change.fact.stored.fact_id)
    for (kind, key, entry), fact_ids in by_row.items():
        await write.close_rows(conn, kind, key, fact_ids, tick, entry)
    for key in subjects:
        before = work.persons[key].before
        if work.persons[key].alive_until != (before.alive_until if before else None):
            await write.set_alive_until(conn, key, work.persons[key].alive_until)
    await write.open_rows(conn, [row for _, row in rows])
    await _directory(act, work)
    for key in subjects:
        view = work.view(key)
        row = derived(view, act.today)
        if act.actor.kind == ActorKind.SYSTEM:
            # The worker's role may add a number and say so; where a person belongs and is found is not its to change.
            await persons.update_recorded(conn, key, tick, row.missing)
        else:
            await persons.update_person(conn, key, tick, row, view.alive_until, view.merged_into)
    for key, code in work.settles:
        await persons.settle_findings_of(conn, key, code, act.actor.actor_id)
    for key, finding in work.findings:
        await persons.insert_finding(conn, key, finding)
    for task, arguments in work.jobs:
        await defer(conn, task, arguments)
    await _merge(act, tick, entries)
    if act.settled is not None and not await persons.settle_finding(conn, *act.settled, act.actor.actor_id):
        raise Conflict("finding.settled", N_("Việc này đã được giải quyết rồi."))
    for event in work.events:
        await emit(conn, event.topic, event.person_key, event.payload())
    return Done(
        person_key=work.principal,
        entry_id=entries.get(work.principal, next(iter(entries.values()))),
        tick=tick,
        events=tuple(e.topic for e in work.events),
        entries=entries,
        warnings=tuple(f.code for _, f in work.findings),
        household_key=work.household_key,
        number=work.number,
    )


async def _evidence(
    act: Act,
    work: Work,
    entries: dict[int, int],
    tick: datetime,
    rows: list[tuple[Change, write.Row]],
    closes: list[Change],
) -> None:
    """One entry per person, with the groups it touched and the digest of the rows it wrote and closed."""
    note: dict[str, Any] = {
        "verb": act.verb,
        "document": {"kind": act.document.kind, "number": act.document.number},
    }
    if act.reason:
        note["reason"] = act.reason
    for key, entry in entries.items():
        lines: list[bytes] = []
        groups: set[str] = set()
        for change, row in rows:
            if change.subject == key:
                lines.append(write.opened_line(row))
                groups.update(groups_of(row.fact))
        for change in closes:
            if change.subject == key and change.fact.stored is not None:
                lines.append(write.closed_line(type(change.fact), change.key, change.fact.stored.fact_id, tick))
                groups.update(groups_of(change.fact))
        await audit.record(
            act.conn,
            act.actor,
            act.purpose,
            action="write",
            subjects=[key],
            fields=sorted(groups),
            note=note,
            facts=audit.facts_digest(lines) if lines else None,
            entry_ids=[entry],
        )


async def _directory(act: Act, work: Work) -> None:
    for c in work.directory:
        if c.new:
            await numbers.add(act.conn, c.number, c.kind, c.person_key, c.state)
        elif c.was_of is None or c.own is None:
            await numbers.set_state(act.conn, c.number, c.kind, c.person_key, c.state)
        else:
            await numbers.lead_to(act.conn, c.number, c.kind, c.was_of, c.person_key, c.state, c.own)


async def _merge(act: Act, tick: datetime, entries: dict[int, int]) -> None:
    note = act.merge
    if note is None:
        return
    entry = entries[note.absorbed]
    if note.undo is not None:
        await write.note_merge(act.conn, note.absorbed, note.kept, tick, entry, note.undo)
    elif note.undone is not None:
        await write.note_undone(act.conn, note.absorbed, note.undone, tick, entry)
