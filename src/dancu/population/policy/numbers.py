"""Personal ID numbers: allocated once, cancelled or replaced for a reason, never given twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from dancu.kernel.errors import Conflict, Invalid
from dancu.kit.i18n import N_
from dancu.population import events
from dancu.population.models import (
    NumberFact,
    NumberKind,
    NumberState,
    PersonView,
    Sex,
    SourceKind,
    Told,
    Valid,
)
from dancu.population.policy import rules
from dancu.population.policy.work import DirectoryChange, Work


def cell(view: PersonView, place_code: str) -> str:
    """The first six digits of the person's number: place of birth registration (three digits, as given),
    century and sex, two digits of the year (Decree 137/2015 art. 13). Refused while year or sex is not
    known."""
    birth = view.births[-1] if view.births else None
    if birth is None or birth.year is None or birth.sex == Sex.UNDETERMINED:
        raise Invalid("person.number.cell", N_("Cần có năm sinh và giới tính để cấp số định danh."))
    if not (len(place_code) == 3 and place_code.isdecimal() and place_code.isascii()):
        raise Invalid("person.number.place", N_("Mã nơi đăng ký khai sinh phải có 3 chữ số."))
    if not 1900 <= birth.year <= 2399:
        raise Invalid("person.number.century", N_("Số định danh chỉ cấp cho năm sinh từ 1900 đến 2399."))
    digit = (birth.year // 100 - 19) * 2 + (birth.sex == Sex.FEMALE)
    return f"{place_code}{digit}{birth.year % 100:02}"


def may_allocate(view: PersonView) -> None:
    """One person, one active number."""
    rules.living(view)
    if any(n.kind == NumberKind.PERSONAL_ID and n.state == NumberState.ACTIVE for n in view.numbers):
        active = [n for n in view.numbers if n.kind == NumberKind.PERSONAL_ID and n.state == NumberState.ACTIVE]
        if any(n.valid.end is None for n in active):
            raise Conflict("person.number.has_one", N_("Người này đã có số định danh."))


def allocate(work: Work, key: int, number: str, since: date) -> None:
    """`number` was drawn from the space by the store, which alone knows what is free."""
    work.open(
        key,
        NumberFact(
            source=replace(work.source, kind=work.source.kind or SourceKind.REGISTRY),
            valid=Valid(since),
            kind=NumberKind.PERSONAL_ID,
            number=number,
        ),
    )
    work.number = number
    work.events.append(events.NumberAllocated(key))
    work.tell(Told.CITIZEN, Told.SUBSCRIBERS)


def cancel(work: Work, key: int, on: date, reason: str) -> str:
    """The number is no longer valid from `on` (issued wrongly, to nobody, twice). It names the person for
    ever, so that papers that carry it can be understood; nobody gets it again. Returns the number."""
    rules.standing(work.view(key))
    return _retire(work, key, on, reason, NumberState.CANCELLED)


def replace_number(work: Work, key: int, number: str, on: date, reason: str) -> None:
    """Cancel the number and give another (sex or year of birth corrected)."""
    rules.living(work.view(key))
    _retire(work, key, on, reason, NumberState.REPLACED)
    work.open(key, NumberFact(source=work.source, valid=Valid(on), kind=NumberKind.PERSONAL_ID, number=number))
    work.number = number
    work.events.append(events.NumberReplaced(key))
    work.tell(Told.CITIZEN, Told.SUBSCRIBERS)


def _retire(work: Work, key: int, on: date, reason: str, state: NumberState) -> str:
    if not reason.strip():
        raise Invalid("person.number.reason", N_("Hãy ghi lý do hủy số định danh."))
    rules.happened(on, work.today)
    active = next(
        (
            n
            for n in work.facts(key, NumberFact)
            if n.kind == NumberKind.PERSONAL_ID and n.state == NumberState.ACTIVE and n.valid.end is None
        ),
        None,
    )
    if active is None:
        raise Conflict("person.number.none", N_("Người này không có số định danh đang dùng."))
    if active.valid.start is not None and on < active.valid.start:
        raise Invalid("person.number.before_issue", N_("Ngày hủy không thể trước ngày cấp số."))
    work.put(key, replace(active, state=state, reason=reason, valid=Valid(on), source=work.source))
    work.directory.append(DirectoryChange(active.number, NumberKind.PERSONAL_ID, key, state, new=False))
    if state == NumberState.CANCELLED:
        work.events.append(events.NumberCancelled(key))
        work.tell(Told.CITIZEN, Told.SUBSCRIBERS)
    return active.number
