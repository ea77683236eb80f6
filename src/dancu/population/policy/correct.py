"""Corrections (what the registry said was wrong) and lawful changes from a day on (it was right until
then)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from enum import StrEnum
from typing import Any

from dancu.kernel.errors import Conflict, Invalid
from dancu.kernel.names import normal_form
from dancu.kit.i18n import N_
from dancu.population import events
from dancu.population.models import (
    BirthFact,
    ContactFact,
    Fact,
    KinFact,
    LifeFact,
    MemberFact,
    NameFact,
    NameKind,
    NumberFact,
    NumberKind,
    NumberState,
    Told,
    TraitFact,
    Valid,
)
from dancu.population.policy import rules
from dancu.population.policy.groups import groups_between, groups_of
from dancu.population.policy.papers import contact_value
from dancu.population.policy.work import DirectoryChange, Work


class Reason(StrEnum):
    """Why something was wrong. A code, never a text: it is kept with the evidence, which names nobody."""

    TYPING = "typing"  # mistyped at the desk
    DIGITISING = "digitising"  # misread when paper was put into the machine
    PAPER = "paper"  # the paper itself was wrong and has been mended
    DECLARED = "declared"  # was declared wrongly
    CONVERSION = "conversion"  # lost or changed between two systems
    OTHER = "other"


def reason_of(code: str) -> str:
    """The code, if it is one ("" is none given)."""
    if code and code not in Reason._value2member_map_:
        raise Invalid("correct.reason", N_("Hãy chọn lý do cải chính."), field="reason")
    return code


#: These have verbs of their own, because more than one record hangs on them.
_NOT_HERE: tuple[type[Fact], ...] = (MemberFact, LifeFact)


def correct_name(work: Work, key: int, full_name: str, kind: NameKind = NameKind.BIRTH) -> None:
    """The name was written wrongly: the same days, the right name."""
    rules.standing(work.view(key))
    name = normal_form(full_name).normal
    facts = work.facts(key, NameFact, lambda f: f.kind == kind)
    if facts:
        for fact in [f for f in facts if f.full_name != name]:
            work.close(key, fact)
            work.open(key, replace(fact, full_name=name, source=work.source))
    else:
        work.open(key, NameFact(source=work.source, kind=kind, full_name=name))
    _corrected(work, key, {groups_of(f)[0] for f in work.facts(key, NameFact, lambda f: f.kind == kind)})


def change_name(work: Work, key: int, full_name: str, since: date, kind: NameKind = NameKind.BIRTH) -> None:
    """The person lawfully bears another name from `since` on."""
    view = work.view(key)
    rules.alive_on(view, since)
    rules.after_birth(view, since)
    rules.happened(since, work.today)
    fact = NameFact(source=work.source, valid=Valid(since), kind=kind, full_name=normal_form(full_name).normal)
    work.follow(key, fact)
    _changed(work, key, set(groups_of(fact)))


def correct_birth(work: Work, key: int, values: Mapping[str, Any]) -> None:
    """Mend columns of the birth (date, sex, places); the others keep their own source."""
    rules.standing(work.view(key))
    unknown = set(values) - set(BirthFact.__dataclass_fields__)
    if unknown or not values:
        raise Invalid("person.birth.fields", N_("Hãy chọn mục cần cải chính."))
    before = (work.facts(key, BirthFact) or [BirthFact(source=work.source)])[0]
    after = _mended(before, values, work)
    born = rules.birth_date(after)
    if born is not None:
        rules.happened(born.earliest(), work.today, "birth")
        alive_until = work.persons[key].alive_until
        if alive_until is not None and alive_until < born.earliest():
            raise Invalid("person.birth.after_death", N_("Ngày sinh không thể sau ngày mất."))
    work.close(key, before)
    work.open(key, after)
    _corrected(work, key, set(groups_between(before, after)))


def correct_traits(work: Work, key: int, values: Mapping[str, Any]) -> None:
    """Mend ethnicity, religion, nationality or blood group on all days known."""
    rules.standing(work.view(key))
    facts = work.facts(key, TraitFact) or [TraitFact(source=work.source)]
    groups: set[str] = set()
    for before in facts:
        after = _mended(before, values, work)
        work.close(key, before)
        work.open(key, after)
        groups.update(groups_between(before, after))
    _corrected(work, key, groups)


def change_traits(work: Work, key: int, values: Mapping[str, Any], since: date) -> None:
    """Another nationality, ethnicity, religion from `since` on."""
    view = work.view(key, since)
    rules.alive_on(view, since)
    rules.happened(since, work.today)
    before = view.trait or TraitFact(source=work.source)
    after = replace(_mended(before, values, work), valid=Valid(since))
    work.follow(key, after)
    _changed(work, key, set(groups_between(before, after)))


def correct_facts(
    work: Work, key: int, replacements: Mapping[int, Fact | None], additions: Sequence[Fact] = ()
) -> None:
    """Any other fact: say it otherwise (same id, new fact), take it back (None), or add what was left out.

    Allowed after death: that is what corrections are for. An id that is no longer current means somebody was
    faster.
    """
    rules.standing(work.view(key))
    groups: set[str] = set()
    for fact_id, new in replacements.items():
        old = next((f for f in work.view(key).facts() if f.stored and f.stored.fact_id == fact_id), None)
        if old is None:
            raise Conflict(
                "fact.changed",
                N_("Thông tin này vừa được người khác thay đổi. Hãy mở lại hồ sơ rồi làm tiếp."),
            )
        if new is not None and type(new) is not type(old):
            raise Invalid("fact.kind", N_("Một thông tin chỉ có thể thay bằng thông tin cùng loại."))
        if not _same_link(old, new):
            _correctable(old)
        work.close(key, old)
        groups.update(groups_between(old, new) if new is not None else groups_of(old))
        if new is not None:
            if not _same_link(old, new):
                _correctable(new)
            if isinstance(new, ContactFact):
                new = replace(new, value=contact_value(new.kind, new.value))
            work.open(key, replace(new, source=work.source))
        _lead_on(work, key, old, new)
    for fact in additions:
        _correctable(fact)
        _lead_on(work, key, None, fact)
        work.open(key, replace(fact, source=work.source))
        groups.update(groups_of(fact))
    _corrected(work, key, groups)


def _same_link(old: Fact, new: Fact | None) -> bool:
    """Only what was declared of a relative is mended; who it is, and on which days, stays as both records say."""
    return (
        isinstance(old, KinFact)
        and isinstance(new, KinFact)
        and (old.relation, old.relative_key, old.valid) == (new.relation, new.relative_key, new.valid)
    )


def _correctable(fact: Fact) -> None:
    own_verb = isinstance(fact, _NOT_HERE) or (
        (isinstance(fact, NumberFact) and fact.kind == NumberKind.PERSONAL_ID)
        or (isinstance(fact, KinFact) and fact.relative_key is not None)
    )
    if own_verb:
        raise Invalid(
            "fact.own_verb", N_("Thông tin này có thủ tục riêng: số định danh, hộ, người thân có hồ sơ, khai tử.")
        )


def _lead_on(work: Work, key: int, old: Fact | None, new: Fact | None) -> None:
    """An old number that was written wrongly still leads to the person, as replaced; the right one leads
    there too."""
    if isinstance(new, NumberFact) and not (isinstance(old, NumberFact) and old.number == new.number):
        work.directory.append(DirectoryChange(new.number, new.kind, key, new.state))
    if isinstance(old, NumberFact) and not (isinstance(new, NumberFact) and old.number == new.number):
        work.directory.append(DirectoryChange(old.number, old.kind, key, NumberState.REPLACED, new=False))


def _mended(before: Any, values: Mapping[str, Any], work: Work) -> Any:
    """The fact with `values` put in. Columns that stay keep naming the source they came from."""
    after = replace(before, stored=None, **values)
    if before.stored is None:
        return after
    origins = dict(before.origins or {})
    for column in [c for c, value in values.items() if getattr(before, c) != value]:
        origins[column] = work.source
    # A column whose source is the row's own needs no line of its own.
    return replace(after, origins={c: s for c, s in origins.items() if s != before.source} or None)


def _corrected(work: Work, key: int, groups: set[str]) -> None:
    work.events.append(events.PersonCorrected(key, tuple(sorted(groups))))
    work.tell(Told.CITIZEN, Told.SUBSCRIBERS)


def _changed(work: Work, key: int, groups: set[str]) -> None:
    work.events.append(events.PersonChanged(key, tuple(sorted(groups))))
    work.tell(Told.CITIZEN, Told.SUBSCRIBERS)
