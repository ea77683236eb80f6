"""What a row says beyond, or against, what the registry holds of the same person. Pure.

Three things can come of a fact of the file: nothing (known already, or known better), a change (the registry knew
nothing there, or the same source says something later), a conflict (the two cannot both be right, and neither is
plainly newer): that is for a person to decide, and nothing of the row is written.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, TypeVar

from dancu.kernel.dates import PartialDate
from dancu.kernel.names import ascii_key, tone_fold
from dancu.kernel.text import fold_ascii
from dancu.population import models as m

F = TypeVar("F", bound=m.Fact)


@dataclass(slots=True)
class Difference:
    """`closes` are stored facts whose recorded time ends, `opens` are new ones; `numbers` go into the directory;
    `conflicts` are (code, data group)."""

    opens: list[m.Fact] = field(default_factory=list)
    closes: list[m.Fact] = field(default_factory=list)
    numbers: list[m.NumberFact] = field(default_factory=list)
    conflicts: list[tuple[str, str]] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)

    @property
    def nothing(self) -> bool:
        return not (self.opens or self.closes or self.numbers)


def difference(view: m.PersonView, draft: m.PersonDraft, today: date) -> Difference:
    """Compare. `view` is of today and known now; `today` is the day from which a later word of the same source holds
    where it names no day itself."""
    found = Difference()
    _numbers(found, view, draft)
    _names(found, view, draft)
    _birth(found, view, draft)
    _trait(found, view, draft)
    _residences(found, view, draft, today)
    _membership(found, view, draft, today)
    _kin(found, view, draft)
    _marital(found, view, draft, today)
    _contacts(found, view, draft, today)
    return found


def _numbers(found: Difference, view: m.PersonView, draft: m.PersonDraft) -> None:
    for fact in draft.numbers:
        same_kind = [n for n in view.numbers if n.kind == fact.kind]
        if any(n.number == fact.number for n in same_kind):
            continue
        if fact.kind == m.NumberKind.PERSONAL_ID and view.personal_id is not None:
            found.conflicts.append(("match.other_number", "personal_id"))
        elif fact.kind != m.NumberKind.PERSONAL_ID and same_kind:
            found.notes.append(("import.second_old_number", "old_number"))
        else:
            found.opens.append(fact)
            found.numbers.append(fact)


def same_name(a: str, b: str) -> bool:
    """One name, but for the place of a tone mark, capitals, or marks that one of the two lacks altogether."""
    if tone_fold(a).casefold() == tone_fold(b).casefold():
        return True
    plain_a, plain_b = ascii_key(a), ascii_key(b)
    return plain_a == plain_b and (a.isascii() or b.isascii())


def _names(found: Difference, view: m.PersonView, draft: m.PersonDraft) -> None:
    for fact in draft.names:
        known = view.name if fact.kind == m.NameKind.BIRTH else next(iter(view.other_names), None)
        if known is None:
            found.opens.append(fact)
        elif not same_name(known.full_name, fact.full_name):
            group = "birth_name" if fact.kind == m.NameKind.BIRTH else "other_name"
            found.conflicts.append(("import.conflict", group))


_BIRTH_TEXT = (
    ("birth_unit", "birth_place"),
    ("registration_unit", "registration_place"),
    ("origin_unit", "origin_place"),
)
_GROUP = {"birth_unit": "birth_place", "registration_unit": "birth_registration", "origin_unit": "origin"}


def _birth(found: Difference, view: m.PersonView, draft: m.PersonDraft) -> None:
    says = draft.birth
    known = view.birth
    if known is None:
        found.opens.append(says)
        return
    fill: dict[str, Any] = {}
    ours, theirs = _date(known), _date(says)
    if theirs is not None:
        if ours is None:
            fill |= {"year": says.year, "month": says.month, "day": says.day}
        elif not ours.agrees(theirs):
            found.conflicts.append(("import.conflict", "birth_date"))
        elif len(str(theirs)) > len(str(ours)):
            fill |= {"month": says.month, "day": says.day}
    if says.sex != m.Sex.UNDETERMINED:
        if known.sex == m.Sex.UNDETERMINED:
            fill["sex"] = says.sex
        elif known.sex != says.sex:
            found.conflicts.append(("import.conflict", "sex"))
    for unit, text in _BIRTH_TEXT:
        _place(found, fill, known, says, unit, text)
    if fill:
        found.closes.append(known)
        found.opens.append(_filled(known, fill, says.source))


def _place(
    found: Difference, fill: dict[str, Any], known: m.BirthFact, says: m.BirthFact, unit: str, text: str
) -> None:
    has_unit, new_unit = getattr(known, unit), getattr(says, unit)
    has_text, new_text = getattr(known, text), getattr(says, text)
    if not new_unit and not new_text:
        return
    if not has_unit and not has_text:
        fill |= {unit: new_unit, text: new_text}
    elif has_unit is None and new_unit is not None and fold_ascii(has_text) == fold_ascii(new_text):
        fill[unit] = new_unit
    elif has_unit is not None and new_unit is not None and has_unit != new_unit:
        found.notes.append(("import.place_differs", _GROUP[unit]))


def _date(fact: m.BirthFact) -> PartialDate | None:
    return None if fact.year is None else PartialDate(fact.year, fact.month, fact.day)


def _filled(known: Any, fill: dict[str, Any], source: m.Source) -> Any:
    """The known fact with columns taken from the file, each with the file as its source."""
    columns = {f"birth_{name}" if name in ("year", "month", "day") else name: source for name in fill}
    return replace(known, **fill, origins={**(known.origins or {}), **columns}, stored=None)


_TRAITS = ("ethnicity", "religion", "nationality", "blood_group")


def _trait(found: Difference, view: m.PersonView, draft: m.PersonDraft) -> None:
    says = next(iter(draft.traits), None)
    known = view.trait
    if says is None:
        return
    if known is None:
        if not view.traits:
            found.opens.append(says)
        return
    fill = {}
    for name in _TRAITS:
        has, new = getattr(known, name), getattr(says, name)
        if new and not has:
            fill[name] = new
        elif new and fold_ascii(has) != fold_ascii(new) and not (name == "blood_group" and has[: len(new)] == new):
            found.conflicts.append(("import.conflict", name))
    if fill:
        found.closes.append(known)
        found.opens.append(_filled(known, fill, says.source))


def _residences(found: Difference, view: m.PersonView, draft: m.PersonDraft, today: date) -> None:
    for says in draft.residences:
        known = view.residence(says.kind)
        if known is None:
            rivals = [r for r in view.residences if r.kind == says.kind and r.valid.overlaps(says.valid)]
            if rivals:
                found.conflicts.append(("import.conflict", "permanent_residence"))
            elif view.alive_until is None:
                found.opens.append(says)
            continue
        if _same_place(known, says):
            if known.hamlet_id is None and says.hamlet_id is not None and says.unit_id is not None:
                # What was written there as text the commune has a name for now.
                found.closes.append(known)
                found.opens.append(
                    replace(known, hamlet_id=says.hamlet_id, address=says.address, source=says.source, stored=None)
                )
            continue
        start = says.valid.start
        if start is not None and (known.valid.start is None or start > known.valid.start) and start <= today:
            _supersede(found, known, says, start)
        elif known.unit_id is not None and known.unit_id == says.unit_id and not _other_hamlet(known, says):
            # The same commune, and not another hamlet: one house is written in many ways, so this stays a finding, with
            # the book and line where the other text stands. Another hamlet is another home: that goes to a person.
            found.notes.append(("import.address_differs", "permanent_residence"))
        else:
            found.conflicts.append(("import.conflict", "permanent_residence"))


def _other_hamlet(known: m.ResidenceFact, says: m.ResidenceFact) -> bool:
    return None not in (known.hamlet_id, says.hamlet_id) and known.hamlet_id != says.hamlet_id


def _same_place(known: m.ResidenceFact, says: m.ResidenceFact) -> bool:
    if known.unit_id != says.unit_id or _other_hamlet(known, says):
        return False
    ours, theirs = fold_ascii(known.address), fold_ascii(says.address)
    return not theirs or ours == theirs or ours in theirs or theirs in ours


def _supersede(found: Difference, known: F, says: F, start: date) -> None:
    """End the known fact where the new one begins. Nothing of the known one is left: it is replaced as a whole."""
    found.closes.append(known)
    if (before := known.valid.until(start)) is not None:
        found.opens.append(replace(known, valid=before, stored=None))
        found.opens.append(replace(says, valid=m.Valid(start, says.valid.end)))
    else:
        found.opens.append(replace(says, valid=known.valid))


def _membership(found: Difference, view: m.PersonView, draft: m.PersonDraft, today: date) -> None:
    says = next(iter(draft.memberships), None)
    if says is None:
        return
    known = view.membership
    if known is None:
        if not any(f.valid.overlaps(says.valid) for f in view.memberships) and view.alive_until is None:
            found.opens.append(says)
    elif known.household_key != says.household_key:
        start = says.valid.start
        if start is not None and (known.valid.start is None or start > known.valid.start) and start <= today:
            _supersede(found, known, says, start)
        else:
            found.conflicts.append(("import.conflict", "household"))
    elif m.HouseholdRelation.UNKNOWN not in (says.relation, known.relation) and says.relation != known.relation:
        found.notes.append(("import.relation_differs", "household_relation"))


def _kin(found: Difference, view: m.PersonView, draft: m.PersonDraft) -> None:
    for says in draft.kin:
        known = next(iter(view.relatives(says.relation)), None)
        if known is None:
            if not any(k.relation == says.relation and k.valid.overlaps(says.valid) for k in view.kin):
                found.opens.append(says)
        elif says.relative_name and known.relative_name and not same_name(says.relative_name, known.relative_name):
            found.conflicts.append(("import.conflict", "kin"))
        elif says.relative_number and not known.relative_number:
            found.closes.append(known)
            link = {name: getattr(says, name) for name in ("relative_number", "relative_key")}
            if not known.relative_birth:
                link["relative_birth"] = says.relative_birth
            found.opens.append(replace(known, **link, source=says.source, stored=None))


def _marital(found: Difference, view: m.PersonView, draft: m.PersonDraft, today: date) -> None:
    for says in draft.marital:
        known = view.marital_status
        if known is None:
            if not view.marital and view.alive_until is None:
                found.opens.append(says)
        elif known.status == m.MaritalStatus.UNKNOWN and says.status != m.MaritalStatus.UNKNOWN:
            found.closes.append(known)
            found.opens.append(replace(says, valid=known.valid))
        elif m.MaritalStatus.UNKNOWN != says.status != known.status:
            # A contradiction in law between two sources, few and of consequence: a person decides it at the review desk,
            # where the row stands beside the record. As a finding it could not be acted on, for a finding keeps no value.
            found.conflicts.append(("import.conflict", "marital_status"))


def _contacts(found: Difference, view: m.PersonView, draft: m.PersonDraft, today: date) -> None:
    for says in draft.contacts:
        known = view.contact(says.kind)
        if known is None:
            if not any(c.kind == says.kind and c.valid.overlaps(says.valid) for c in view.contacts):
                found.opens.append(says)
        elif known.value != says.value:
            if known.source.kind == says.source.kind:
                _supersede(found, known, says, today)
            else:
                found.notes.append(("import.contact_differs", "contact"))


def after(view: m.PersonView, found: Difference) -> m.PersonView:
    """The person as the registry will know it once the difference is recorded."""
    closed = {f.stored.fact_id for f in found.closes if f.stored is not None}

    def merged(kind: type[F], facts: Iterable[F]) -> tuple[F, ...]:
        left = [f for f in facts if f.stored is None or f.stored.fact_id not in closed]
        left += [f for f in found.opens if isinstance(f, kind)]
        return tuple(sorted(left, key=lambda f: f.valid.start or date.min))

    return replace(
        view,
        names=merged(m.NameFact, view.names), births=merged(m.BirthFact, view.births),
        traits=merged(m.TraitFact, view.traits), numbers=merged(m.NumberFact, view.numbers),
        residences=merged(m.ResidenceFact, view.residences), memberships=merged(m.MemberFact, view.memberships),
        kin=merged(m.KinFact, view.kin), marital=merged(m.MaritalFact, view.marital),
        contacts=merged(m.ContactFact, view.contacts),
    )  # fmt: skip
