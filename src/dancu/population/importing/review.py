"""A row that waits for a person, read again as its import read it, and what of it an officer decided to take. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final

from dancu.population import models as m
from dancu.population.importing.diff import Difference, difference
from dancu.population.importing.profile import Profile, load_profile
from dancu.population.importing.row import Row
from dancu.population.importing.rows import RowReader


@dataclass(frozen=True, slots=True)
class Waiting:
    """A line of the desk's list: nothing the row says of people. `outcome`, `settled_*`: of decided rows."""

    run_id: int
    line: int
    file_name: str
    profile: str
    codes: tuple[str, ...]
    candidates: int
    created_at: datetime
    settled_at: datetime | None
    settled_name: str
    outcome: str | None


@dataclass(frozen=True, slots=True)
class Count:
    """How many rows of a run wait; `reason` None: all of them, else those that wait for this reason too."""

    run_id: int
    file_name: str
    profile: str
    started_at: datetime
    reason: str | None
    waiting: int


@dataclass(frozen=True, slots=True)
class Review:
    """A row in full. `cells`: as in the file, by column title; `typed`: as an officer corrected them; `reasons`:
    (code, field or data group); `header`: the file's columns, empty for rows of older imports."""

    run_id: int
    line: int
    file_name: str
    profile: str
    as_of: date | None
    header: tuple[str, ...]
    fingerprint: str
    cells: Mapping[str, str]
    typed: Mapping[str, str] | None
    reasons: tuple[tuple[str, str], ...]
    candidates: tuple[int, ...]
    created_at: datetime
    settled_at: datetime | None
    settled_by: int | None
    settled_name: str
    outcome: str | None
    person_key: int | None
    detail: str
    erased_at: datetime | None

    @property
    def now(self) -> Mapping[str, str]:
        """The cells as they stand: corrected where somebody corrected them."""
        return self.typed if self.typed is not None else self.cells

    @property
    def columns(self) -> tuple[str, ...]:
        """Titles of the file's columns, in its order."""
        return self.header or tuple(self.cells)


def read_again(review: Review, cells: Mapping[str, str], today: date) -> Row:
    """The row with these cells, read by its profile under the run's day."""
    titles = review.columns
    reader = RowReader(load_profile(review.profile), titles, "unicode", review.as_of, today)
    return reader.read(review.line, [cells.get(title, "") for title in titles])


def readable(review: Review) -> dict[str, str]:
    """The cells as people can read them: those of old fonts in Unicode. In the order of the file."""
    titles = review.columns
    reader = RowReader(load_profile(review.profile), titles, "unicode", None, date.max)
    return dict(zip(titles, reader.decoded([review.now.get(title, "") for title in titles]), strict=True))


def column_of(profile: Profile, titles: Collection[str], field: str) -> str | None:
    """The title of the column that a field is read from; None where the file has none."""
    at = profile.places(list(titles))
    return list(titles)[at[field]] if field in at else None


#: Data groups of which an officer may take the row's value over the registry's. A number or a household of another has
#: verbs of its own: more than this record hangs on them.
TAKEABLE: Final = frozenset(
    {
        "birth_name", "other_name", "birth_date", "sex", "ethnicity", "religion", "nationality", "blood_group",
        "permanent_residence", "marital_status", "kin",
    }
)  # fmt: skip


def agreed(view: m.PersonView, draft: m.PersonDraft, today: date, taken: Collection[str]) -> Difference:
    """The difference once an officer said the row is about this person: what adds to the record, and of what contradicts
    it the groups in `taken`, as corrections (the registry was wrong on the same days). The rest stays as it was."""
    found = difference(view, draft, today)
    wanted = TAKEABLE.intersection(taken)
    _take_names(found, view, draft, wanted)
    _take_columns(found, view.birth, draft.birth, _birth_values(draft.birth, wanted))
    if draft.traits:
        says = draft.traits[0]
        _take_columns(found, view.trait, says, {g: v for g in _TRAITS if g in wanted and (v := getattr(says, g))})
    if "permanent_residence" in wanted:
        for home in draft.residences:
            _take_fact(found, view.residence(home.kind), home)
    if "marital_status" in wanted:
        for status in draft.marital:
            _take_fact(found, view.marital_status, status)
    if "kin" in wanted:
        for kin in draft.kin:
            known = next(iter(view.relatives(kin.relation)), None)
            # A relative with a record of their own is changed by the verb of kinship, which asks about that record.
            if known is not None and known.relative_key is None:
                _take_fact(found, known, kin)
    return found


_TRAITS: Final = ("ethnicity", "religion", "nationality", "blood_group")


def _birth_values(says: m.BirthFact, wanted: Collection[str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if "birth_date" in wanted and says.year is not None:
        values |= {"year": says.year, "month": says.month, "day": says.day}
    if "sex" in wanted and says.sex != m.Sex.UNDETERMINED:
        values["sex"] = says.sex
    return values


def _take_names(found: Difference, view: m.PersonView, draft: m.PersonDraft, wanted: Collection[str]) -> None:
    for says in draft.names:
        birth = says.kind == m.NameKind.BIRTH
        known = view.name if birth else next(iter(view.other_names), None)
        if ("birth_name" if birth else "other_name") in wanted and known is not None:
            _take_fact(found, known, says)


def _take_fact(found: Difference, known: Any, says: Any) -> None:
    """On the days of the known fact, what the row says. Nothing to do where the difference closed it already."""
    if known is None or known in found.closes or replace(says, valid=known.valid, source=known.source) == known:
        return
    found.closes.append(known)
    found.opens.append(replace(says, valid=known.valid, stored=None))


def _take_columns(found: Difference, known: Any, says: Any, values: Mapping[str, Any]) -> None:
    """Columns of a fact that names the source of each. The difference may have filled others of the same fact."""
    values = {name: value for name, value in values.items() if known is not None and getattr(known, name) != value}
    if not values:
        return
    origins = {f"birth_{name}" if name in ("year", "month", "day") else name: says.source for name in values}
    filled = next((f for f in found.opens if type(f) is type(known) and known in found.closes), None)
    base: Any = filled or known
    after = replace(base, **values, origins={**(base.origins or {}), **origins}, stored=None)
    if filled is None:
        found.closes.append(known)
    else:
        found.opens.remove(filled)
    found.opens.append(after)
