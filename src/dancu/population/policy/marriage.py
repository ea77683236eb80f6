"""Marriage and its end."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any

from dancu.kernel.dates.partial import Answer
from dancu.kernel.errors import Conflict, Invalid
from dancu.kit.i18n import N_
from dancu.population import events
from dancu.population.models import (
    KinFact,
    KinRelation,
    MaritalFact,
    MaritalStatus,
    PersonView,
    Sex,
    Told,
    Valid,
)
from dancu.population.policy import rules
from dancu.population.policy.kinship import portrait
from dancu.population.policy.work import Work


def marry(work: Work, one: int, other: int, on: date, common: Collection[tuple[int, int]]) -> None:
    """Two living, unmarried persons of age marry. `common`: for every ancestor they share, the generations
    from each (0: is the ancestor); within three generations marriage is forbidden (52/2014/QH13 art. 5)."""
    if one == other:
        raise Invalid("marriage.oneself", N_("Không thể kết hôn với chính mình."))
    rules.happened(on, work.today)
    for key in (one, other):
        view = work.view(key, on)
        rules.living(view)
        rules.after_birth(view, on)
        _unmarried(view, on)
        _of_age(work, view, on)
        _nothing_later(view, on)
    _sexes(work.view(one), work.view(other))
    if any((a <= 2 and b <= 2) or 0 in (a, b) for a, b in common):
        raise Conflict(
            "marriage.kin",
            N_("Hai người có họ trong phạm vi ba đời hoặc cùng dòng máu trực hệ: không được kết hôn."),
        )
    for key, spouse in ((one, other), (other, one)):
        married = MaritalFact(source=work.source, valid=Valid(on), status=MaritalStatus.MARRIED)
        work.put(key, married)
        work.put(key, portrait(work, KinRelation.SPOUSE, spouse, Valid(on)))
        work.events.append(events.PersonMarried(key, spouse))
    work.tell(Told.CITIZEN, Told.SUBSCRIBERS)


def end_marriage(work: Work, key: int, on: date, *, annulled: bool = False) -> None:
    """Divorced from `on`; annulled: the law treats the marriage as if it had not been, so the status before
    it holds on all its days."""
    view = work.view(key, on)
    rules.living(view)
    rules.happened(on, work.today)
    marriage = view.marital_status
    if marriage is None or marriage.status != MaritalStatus.MARRIED:
        raise Conflict("marriage.none", N_("Người này không có quan hệ hôn nhân vào ngày đó."))
    kin = view.spouse
    spouse = kin.relative_key if kin else None
    how = "annulment" if annulled else "divorce"
    both = [k for k in (key, spouse) if k is not None and k in work.persons]
    starts: list[date | None] = []
    for person in both:
        current = work.view(person, on)
        partner = current.spouse
        status = current.marital_status
        _nothing_later(current, on)
        start = (status.valid.start if status else None) if annulled else on
        days = Valid(start)
        after = _status_before(work, person, start) if annulled else MaritalStatus.DIVORCED
        work.put(person, MaritalFact(source=work.source, valid=days, status=after))
        work.erase(person, KinFact, days, lambda k: k.relation == KinRelation.SPOUSE)
        work.events.append(events.MarriageEnded(person, partner.relative_key if partner else None, how))
        starts.append(start)
    if annulled:
        # What was no marriage stands on neither record, also where a merge cut one of the two into pieces.
        days = Valid(None if None in starts else min(s for s in starts if s is not None))
        for person in both:
            work.erase(person, KinFact, days, lambda k: k.relation == KinRelation.SPOUSE and k.relative_key in both)
    work.tell(Told.CITIZEN, Told.SUBSCRIBERS)


def _status_before(work: Work, key: int, start: date | None) -> MaritalStatus:
    if start is None:
        return MaritalStatus.UNKNOWN
    before = work.view(key, start - rules.ONE_DAY).marital_status
    return before.status if before else MaritalStatus.SINGLE


def _nothing_later(view: PersonView, on: date) -> None:
    """An act out of its order would wipe out the status recorded for later days."""
    if any(m.valid.start is not None and m.valid.start > on for m in view.marital):
        raise Conflict(
            "marriage.later_status",
            N_("Đã có tình trạng hôn nhân ghi sau ngày này. Hãy cải chính các thông tin đó trước."),
        )


def _unmarried(view: PersonView, on: date) -> None:
    married = [m for m in view.marital if m.status == MaritalStatus.MARRIED and m.valid.overlaps(Valid(on))]
    spouses = [k for k in view.kin if k.relation == KinRelation.SPOUSE and k.valid.overlaps(Valid(on))]
    if married or spouses:
        raise Conflict(
            "marriage.married",
            N_("Một trong hai người đang có vợ hoặc chồng vào ngày đó. Không thể đăng ký kết hôn."),
        )


def _of_age(work: Work, view: PersonView, on: date) -> None:
    birth = view.births[-1] if view.births else None
    born = rules.birth_date(birth)
    rule = next((r for r in rules.MARRIAGE_AGES if birth and r.sex == birth.sex and r.valid.holds(on)), None)
    if rule is None:
        return
    answer = born.aged(rule.years, on) if born else Answer.UNKNOWN
    if answer == Answer.NO:
        least: dict[str, Any] = {r.sex.value: r.years for r in rules.MARRIAGE_AGES if r.valid.holds(on)}
        raise Invalid("marriage.age", N_("Chưa đủ tuổi kết hôn: nam từ đủ {male}, nữ từ đủ {female} tuổi."), **least)
    if answer == Answer.UNKNOWN:
        work.notice(view.person_key, "marriage.age_unknown")


def _sexes(one: PersonView, other: PersonView) -> None:
    sexes = {v.births[-1].sex for v in (one, other) if v.births}
    if len(sexes) == 1 and Sex.UNDETERMINED not in sexes:
        raise Invalid(
            "marriage.same_sex",
            N_("Pháp luật hiện hành chưa cho đăng ký kết hôn giữa hai người cùng giới tính."),
        )
