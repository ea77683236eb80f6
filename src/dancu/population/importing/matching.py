"""Who is the person of a row? Deterministic: a number names one person; without a number a name and a birth date are
no identity, and only the parents' names beside them make one. What stays open goes to a person.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from dancu.kernel.dates import PartialDate
from dancu.kernel.names import ascii_key
from dancu.kit.db import Conn
from dancu.population import models as m
from dancu.population.importing import store
from dancu.population.importing.bloom import Bloom
from dancu.population.importing.diff import same_name
from dancu.population.importing.row import Row


@dataclass(slots=True)
class Known:
    """What the registry knows about the rows of one chunk."""

    seen: set[str] = field(default_factory=set)
    waiting: set[str] = field(default_factory=set)  # rows that wait for a person already
    numbers: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    records: dict[str, list[int]] = field(default_factory=dict)
    names: dict[int, list[int]] = field(default_factory=dict)
    households: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Candidates:
    """Whom a row may be about. `sure`: named by a number of the row (or its record in the source); `maybe`: the same
    name and year of birth."""

    sure: tuple[int, ...] = ()
    maybe: tuple[int, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.sure or self.maybe)


async def look_up(conn: Conn, rows: list[Row], unnumbered: Bloom) -> Known:
    """Ask the registry about all rows of a chunk at once."""
    known = Known()
    readable = [row for row in rows if row.problem is None]
    if not readable:
        return known
    fingerprints = [row.fingerprint for row in readable]
    known.seen = await store.seen(conn, fingerprints)
    known.waiting = await store.under_review(conn, fingerprints)
    numbers = {n for row in readable for n in numbers_of(row)}
    if numbers:
        known.numbers = await store.by_numbers(conn, list(numbers))
        await _stand_in(conn, known.numbers)
    records = [row.record_key for row in readable if row.record_key is not None]
    if records:
        known.records = await store.by_records(conn, records)
        await _stand_in(conn, known.records)
    asked = [
        (i, name, row.get("birth").year)
        for i, row in enumerate(rows)
        if row.problem is None
        and row.get("birth") is not None
        and row.fingerprint not in known.seen
        and not _numbered(row, known)
        and (
            row.get("personal_id") is None or (unnumbered.used and (name_key(row), row.get("birth").year) in unnumbered)
        )
        and (name := name_key(row))
    ]
    if asked:
        known.names = await store.by_names(conn, asked)
        await _stand_in(conn, known.names)
    files = {number for row in readable if (number := household_number(row))}
    if files:
        known.households = await store.households(conn, list(files))
    return known


async def _stand_in(conn: Conn, found: dict[Any, list[int]]) -> None:
    """Records merged away are answered for by the record that stands for them."""
    keys = {key for keys in found.values() for key in keys}
    instead = await store.stand_ins(conn, list(keys)) if keys else {}
    if instead:
        for name, some in found.items():
            found[name] = list(dict.fromkeys(instead.get(key, key) for key in some))


def name_key(row: Row) -> str:
    return ascii_key(row.get("name"))


def household_number(row: Row) -> str:
    """The household's number in its register; "" where the row names none."""
    return row.get("file_number") or row.get("household") or ""


def numbers_of(row: Row) -> list[str]:
    """Every number by which the row names a person: its own and its kin's."""
    fields = ("personal_id", "cmnd", "father_number", "mother_number", "spouse_number")
    return [number for name in fields if (number := row.get(name))]


def _numbered(row: Row, known: Known) -> bool:
    own = (("personal_id", row.get("personal_id")), ("cmnd", row.get("cmnd")))
    return any(key in known.numbers for key in own)


def candidates(index: int, row: Row, known: Known) -> Candidates:
    """Whom the row at `index` of its chunk may be about."""
    by_id = known.numbers.get(("personal_id", row.get("personal_id") or ""), [])
    by_cmnd = known.numbers.get(("cmnd", row.get("cmnd") or ""), [])
    by_record = known.records.get(row.record_key or "", [])
    sure = tuple(dict.fromkeys([*by_id, *by_cmnd])) or tuple(by_record)
    maybe = tuple(key for key in known.names.get(index, ()) if key not in sure)
    return Candidates(sure, maybe)


#: A verdict about the person of a row: the key, None for somebody new, or reasons to ask a person.
Verdict = int | None | tuple[str, ...]


def decide(row: Row, draft: m.PersonDraft, found: Candidates, views: dict[int, m.PersonView]) -> Verdict:
    """Whose row is it? `views` holds every candidate that still exists."""
    sure = [views[key] for key in found.sure if key in views]
    if len(sure) > 1:
        return ("match.several_persons",)
    if len(sure) == 1:
        (view,) = sure
        by_number = any(n.number in _own_numbers(view) for n in draft.numbers)
        if by_number:
            return view.person_key if _plausible(view, draft) else ("match.number_of_another",)
        if _plausible(view, draft) and not _contradicts(view, draft):
            return view.person_key
        # The source gave one entry number to two births: then the number says nothing.
    likely = [views[key] for key in found.maybe if key in views]
    likely = [view for view in likely if not _contradicts(view, draft)]
    strong = [view for view in likely if _corroborated(view, draft)]
    if len(strong) == 1:
        return strong[0].person_key
    if strong or (likely and not draft.numbers):
        return ("match.same_name_and_birth",)
    if any(view.personal_id is None and _same_day(view, draft) for view in likely):
        return ("match.same_name_and_birth",)
    return None


def _own_numbers(view: m.PersonView) -> set[str]:
    return {n.number for n in view.numbers}


def _born(fact: m.BirthFact | None) -> PartialDate | None:
    return None if fact is None or fact.year is None else PartialDate(fact.year, fact.month, fact.day)


def _plausible(view: m.PersonView, draft: m.PersonDraft) -> bool:
    """May a number that both bear be one person's? The name or the birth must agree; a number typed into the wrong
    row agrees in neither."""
    name = view.name
    if name is None or same_name(name.full_name, draft.names[0].full_name):
        return True
    if ascii_key(name.full_name) == ascii_key(draft.names[0].full_name):
        return True
    ours, theirs = _born(view.birth), _born(draft.birth)
    return ours is not None and theirs is not None and ours.is_full and theirs.is_full and ours == theirs


def _contradicts(view: m.PersonView, draft: m.PersonDraft) -> bool:
    """Can it not be this person? Another personal number, sex, or day of birth, or parents of other names."""
    number = next((n.number for n in draft.numbers if n.kind == m.NumberKind.PERSONAL_ID), None)
    own = view.personal_id
    if number is not None and own is not None and own.number != number:
        return True
    birth = view.birth
    if birth is not None and m.Sex.UNDETERMINED not in (birth.sex, draft.birth.sex) and birth.sex != draft.birth.sex:
        return True
    ours, theirs = _born(birth), _born(draft.birth)
    if ours is not None and theirs is not None and not ours.agrees(theirs):
        return True
    return any(_parent(view, draft, relation) is False for relation in _PARENTS)


_PARENTS: Final = (m.KinRelation.FATHER, m.KinRelation.MOTHER)


def _parent(view: m.PersonView, draft: m.PersonDraft, relation: m.KinRelation) -> bool | None:
    """Do both name the same parent? None where one of them names none."""
    ours = next(iter(view.relatives(relation)), None)
    theirs = next((k for k in draft.kin if k.relation == relation), None)
    if ours is None or theirs is None or not ours.relative_name or not theirs.relative_name:
        return None
    return same_name(ours.relative_name, theirs.relative_name)


def _same_day(view: m.PersonView, draft: m.PersonDraft) -> bool:
    ours, theirs = _born(view.birth), _born(draft.birth)
    return ours is not None and theirs is not None and ours.is_full and ours == theirs


def _corroborated(view: m.PersonView, draft: m.PersonDraft) -> bool:
    """Name, day of birth, sex and both parents' names: nobody else in a country."""
    name, birth = view.name, view.birth
    return (
        name is not None
        and birth is not None
        and same_name(name.full_name, draft.names[0].full_name)
        and _same_day(view, draft)
        and birth.sex == draft.birth.sex
        and all(_parent(view, draft, relation) is True for relation in _PARENTS)
    )
