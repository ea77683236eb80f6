"""What becomes of the rows of one chunk: decided here, written elsewhere. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final

from dancu.population import models as m
from dancu.population.importing import assemble
from dancu.population.importing.diff import Difference, difference
from dancu.population.importing.matching import (
    Candidates,
    Known,
    candidates,
    decide,
    name_key,
)
from dancu.population.importing.row import Row

_KIN_KIND: Final = {12: "personal_id", 9: "cmnd"}


@dataclass(slots=True)
class Change:
    """What an existing person gets from a row; `row` None: from the row of a relative."""

    row: Row | None
    view: m.PersonView
    found: Difference


@dataclass(slots=True)
class Plan:
    """`new`: rows of unknown persons, with a key once drawn; `changes`: of known ones; `same`: rows that say nothing
    new of a person compared with them; `seen`: rows that were imported before; `reviews`: row, reasons, candidates;
    `later`: rows about somebody who is in an earlier row of this very chunk."""

    new: list[tuple[Row, m.PersonDraft]] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    same: list[tuple[Row, int]] = field(default_factory=list)
    seen: list[Row] = field(default_factory=list)
    refused: list[Row] = field(default_factory=list)
    reviews: list[tuple[Row, tuple[tuple[str, str], ...], tuple[int, ...]]] = field(default_factory=list)
    open: list[tuple[Row, m.PersonDraft, Candidates]] = field(default_factory=list)
    later: list[Row] = field(default_factory=list)
    compared: set[int] = field(default_factory=set)

    @property
    def simple(self) -> bool:
        """Nothing but new persons, linked to nobody in the registry, and rows that touch nobody: can be made ready
        while the chunk before is being written."""
        return not (self.open or self.later or any(k.relative_key for _, d in self.new for k in d.kin))


def first_pass(rows: list[Row], known: Known) -> Plan:
    """Sort the rows: refused, seen before, doubtful, new; those with candidates stay open until the candidates have
    been read."""
    plan = Plan()
    taken: set[str] = set()
    names = _Names(rows)
    for index, row in enumerate(rows):
        if row.problem is not None:
            plan.refused.append(row)
            continue
        keys = identities(row)
        if not taken.isdisjoint(keys) or names.clash(row):
            plan.later.append(row)
            continue
        taken.update(keys)
        if row.fingerprint in known.seen:
            plan.seen.append(row)
            continue
        found = candidates(index, row, known)
        if row.doubts:
            plan.reviews.append((row, tuple(row.doubts), (*found.sure, *found.maybe)))
            plan.compared.update((*found.sure, *found.maybe))
            continue
        draft = linked(assemble.draft_of(row), known)
        if found:
            plan.open.append((row, draft, found))
        else:
            plan.new.append((row, draft))
    return plan


def identities(row: Row) -> list[str]:
    """Everything by which two rows are surely about one person, or claim to be."""
    found = [row.fingerprint, *(f"{n}:{v}" for n in ("personal_id", "cmnd") if (v := row.get(n)))]
    return found if row.record_key is None else [*found, row.record_key]


class _Names:
    """Rows of one chunk with the same name and year of birth, of which one has no number: the later one must be held
    against the earlier one."""

    def __init__(self, rows: list[Row]) -> None:
        self._needed = any(row.problem is None and row.get("personal_id") is None for row in rows)
        self._all: set[tuple[str, int]] = set()
        self._unnumbered: set[tuple[str, int]] = set()

    def clash(self, row: Row) -> bool:
        birth = row.get("birth")
        if not self._needed or birth is None:
            return False
        key = (name_key(row), birth.year)
        numbered = row.get("personal_id") is not None
        if key in (self._unnumbered if numbered else self._all):
            return True
        self._all.add(key)
        if not numbered:
            self._unnumbered.add(key)
        return False


def second_pass(plan: Plan, views: dict[int, m.PersonView], today: date) -> None:
    """Decide the open rows against their candidates, which are locked now."""
    for row, draft, found in plan.open:
        looked_at = [key for key in (*found.sure, *found.maybe) if key in views]
        plan.compared.update(looked_at)
        verdict = decide(row, draft, found, views)
        if verdict is None:
            plan.new.append((row, draft))
        elif isinstance(verdict, tuple):
            plan.reviews.append((row, tuple((code, "") for code in verdict), tuple(looked_at)))
        else:
            _compare(plan, row, draft, views[verdict], today)
    plan.open = []


def _compare(plan: Plan, row: Row, draft: m.PersonDraft, view: m.PersonView, today: date) -> None:
    found = difference(view, draft, today)
    if found.conflicts:
        plan.reviews.append((row, tuple(found.conflicts), (view.person_key,)))
        return
    for note in found.notes:
        row.note(*note)
    if found.nothing:
        plan.same.append((row, view.person_key))
    else:
        plan.changes.append(Change(row, view, found))


def linked(draft: m.PersonDraft, known: Known) -> m.PersonDraft:
    """The draft with the records of its kin, where a number leads to exactly one."""
    if not any(k.relative_number for k in draft.kin):
        return draft
    kin = []
    for fact in draft.kin:
        kind = _KIN_KIND.get(len(fact.relative_number), "")
        keys = known.numbers.get((kind, fact.relative_number), [])
        kin.append(replace(fact, relative_key=keys[0]) if len(keys) == 1 else fact)
    return replace(draft, kin=tuple(kin))
