"""Building one planned chunk: rows of COPY text, evidence, counters. Runs in a thread."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from dancu.population import events
from dancu.population import models as m
from dancu.population.bulk.build import DIRECTORY, FINDING, Builder, Chunk
from dancu.population.bulk.rows import canonical, cell, escaped
from dancu.population.importing import assemble, store
from dancu.population.importing.households import Head
from dancu.population.importing.outcome import Tally
from dancu.population.importing.plan import Change, Plan
from dancu.population.importing.row import Row

COMPARED: Final = (
    "birth_name", "personal_id", "birth_date", "sex", "old_number", "kin", "permanent_residence",
)  # fmt: skip


@dataclass(slots=True)
class Ready:
    """A chunk built and waiting for its transaction. `entry_of`: the entry by which an existing person changes."""

    chunk: Chunk = field(default_factory=Chunk)
    tally: Tally = field(default_factory=Tally)
    rows: list[tuple[str, int, str | None]] = field(default_factory=list)
    reviews: list[store.Review] = field(default_factory=list)
    refused: list[Row] = field(default_factory=list)
    entry_of: dict[int, int] = field(default_factory=dict)
    head_entries: list[int] = field(default_factory=list)  # one for each household that got a head
    findings: list[tuple[int, m.Noticed]] = field(default_factory=list)


def assemble_chunk(
    builder: Builder, header: list[str], plan: Plan, versions: list[m.HouseholdFact], heads: list[Head],
    waiting: set[str], open_findings: dict[int, set[str]], facts: Iterator[int], entries: Iterator[int], tick: datetime,
) -> Ready:  # fmt: skip
    """`waiting`: fingerprints of rows that are under review already; `open_findings`: codes by person."""
    ready = Ready()
    tally = ready.tally
    drafts = [replace(d, findings=(*assemble.noticed(row), *d.findings)) for row, d in plan.new]
    for draft in drafts:
        tally.findings.update(f.code for f in draft.findings)
    ready.chunk = chunk = builder.build(drafts, versions, iter(()), facts, entries, tick)
    tally.rows["inserted"] += len(plan.new)
    ready.rows.extend((row.fingerprint, draft.person_key or 0, row.record_key) for row, draft in plan.new)
    _changes(builder, ready, plan.changes, heads, facts, entries, tick)
    changed = {change.view.person_key for change in plan.changes}
    for key in sorted(plan.compared - changed):
        builder.read(chunk, key, next(entries), COMPARED)
    for row, key in plan.same:
        tally.count("unchanged")
        ready.rows.append((row.fingerprint, key, row.record_key))
        ready.findings.extend((key, noticed) for noticed in assemble.noticed(row))
    for _ in plan.seen:
        tally.count("unchanged", ("import.duplicate_row",))
    for row in plan.refused:
        tally.count("rejected", (row.problem[0],) if row.problem else ())
    ready.refused = plan.refused
    _reviews(builder, ready, header, plan, waiting)
    _findings(ready, open_findings)
    return ready


def _changes(
    builder: Builder, ready: Ready, changes: list[Change], heads: list[Head], facts: Iterator[int],
    entries: Iterator[int], tick: datetime,
) -> None:  # fmt: skip
    for change in changes:
        key, found, row = change.view.person_key, change.found, change.row
        entry = ready.entry_of[key] = next(entries)
        until = change.view.alive_until.isoformat() if change.view.alive_until else "infinity"
        builder.change(ready.chunk, key, found.opens, found.closes, facts, entry, tick, until, news_of_change(key, found.opens))
        for number in found.numbers:
            ready.chunk.blocks[DIRECTORY].append(f"{cell(number.number)}\t{number.kind}\t{key}\t{number.state}\n")
        if row is not None:
            ready.tally.count("updated")
            ready.rows.append((row.fingerprint, key, row.record_key))
            ready.findings.extend((key, noticed) for noticed in assemble.noticed(row))
    for head in heads:
        # The head's own entry may have been written already; the household's version gets one of its own.
        entry = next(entries)
        ready.head_entries.append(entry)
        event = events.HeadChanged(head.person_key, head.version.household_key, head.person_key)
        builder.change(
            ready.chunk, head.person_key, [head.version], [head.known], facts, entry, tick, "infinity", event
        )


def news_of_change(key: int, opens: Iterable[m.Fact]) -> events.PersonEvent:
    """The news of a change, by what weighs most in it."""
    kinds = {type(fact) for fact in opens}
    for fact in opens:
        if isinstance(fact, m.ResidenceFact) and fact.valid.end is None:
            return events.PersonMoved(key, fact.kind.value)
    if kinds == {m.ContactFact}:
        return events.ContactChanged(key, next(f.kind.value for f in opens if isinstance(f, m.ContactFact)))
    if kinds == {m.KinFact}:
        kin = next(f for f in opens if isinstance(f, m.KinFact))
        return events.KinChanged(key, kin.relation.value, kin.relative_key)
    return events.PersonCorrected(key)


def _reviews(builder: Builder, ready: Ready, header: list[str], plan: Plan, waiting: set[str]) -> None:
    for row, reasons, whom in plan.reviews:
        ready.tally.count("needs_review", sorted({code for code, _ in reasons}))
        if row.fingerprint in waiting:
            continue
        cells = {title: text for title, text in zip(header, row.cells, strict=False) if text}
        areas = sorted({area for unit in units_of(row) for area in builder.areas(unit)})
        ready.reviews.append(store.Review(row.line, row.fingerprint, cells, reasons, whom, tuple(areas)))
        if len(whom) == 1:
            for code, group in reasons:
                params = (("group", group),) if group else ()
                ready.findings.append((whom[0], m.Noticed(code, params, f"{row.source.ref}; dòng {row.line}")))


#: Places of a row by which a desk is found for it, the first that says a unit: where the person lives, else where the birth
#: was registered. Where somebody was born or comes from is no office's business.
_OF_A_DESK: Final = (("residence", "temporary"), ("registration_place",))


def units_of(row: Row) -> list[int]:
    """Units whose desk has to do with the row."""
    for names in _OF_A_DESK:
        if found := [unit for name in names if (unit := row.place(name).unit_id) is not None]:
            return found
    return []


def _findings(ready: Ready, known: dict[int, set[str]]) -> None:
    """Findings about persons the registry knew; one that is open already is not repeated."""
    for key, noticed in ready.findings:
        if noticed.code in known.setdefault(key, set()):
            continue
        known[key].add(noticed.code)
        ready.tally.findings[noticed.code] += 1
        params = escaped(canonical(dict(noticed.params)).decode())
        ready.chunk.blocks[FINDING].append(f"{key}\t{noticed.code}\t{params}\t{cell(noticed.source_ref)}\n")
