"""What every verb asks before it changes anything. Each refusal is a sentence that says what to do next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from dancu.kernel.dates.partial import PartialDate
from dancu.kernel.errors import Conflict, Invalid
from dancu.kit.i18n import N_
from dancu.population.models import BirthFact, LifeFact, PersonView, Sex, Valid

ONE_DAY = timedelta(days=1)


def standing(view: PersonView) -> None:
    """A record that was merged into another takes no more acts; the other one does."""
    if view.merged_into is not None:
        raise Conflict("person.merged", N_("Hồ sơ này đã được gộp. Hãy làm việc trên hồ sơ đang dùng."))


def alive_on(view: PersonView, day: date) -> None:
    """No act after death; what was wrong before it is mended by a correction."""
    standing(view)
    if view.alive_until is not None and day > view.alive_until:
        raise Conflict(
            "person.dead",
            N_("Người này đã được đăng ký khai tử. Sau ngày mất chỉ có thể cải chính thông tin cũ."),
        )


def living(view: PersonView) -> None:
    """For acts about the present: no death may be registered at all."""
    standing(view)
    if view.alive_until is not None:
        raise Conflict(
            "person.dead",
            N_("Người này đã được đăng ký khai tử. Sau ngày mất chỉ có thể cải chính thông tin cũ."),
        )


def happened(day: date, today: date, field: str = "since") -> None:
    """An event is registered when it has happened, not before."""
    if day > today:
        raise Invalid("person.date.future", N_("Ngày còn ở tương lai. Hãy ghi ngày đã xảy ra."), field=field)


def after_birth(view: PersonView, day: date) -> None:
    born = birth_date(view.births[-1] if view.births else None)
    if born is not None and day < born.earliest():
        raise Invalid("person.date.before_birth", N_("Ngày này trước ngày sinh. Hãy xem lại ngày."))


def period(start: date | None, end: date | None) -> Valid:
    try:
        return Valid(start, end)
    except ValueError:
        raise Invalid("person.period.empty", N_("Ngày kết thúc phải sau ngày bắt đầu.")) from None


def birth_date(birth: BirthFact | None) -> PartialDate | None:
    return birth.born if birth else None


def event_date(life: LifeFact) -> PartialDate | None:
    return None if life.year is None else PartialDate(life.year, life.month, life.day)


@dataclass(frozen=True, slots=True)
class MarriageAge:
    """Least age in completed years to marry, as data: `law` says where it stands."""

    sex: Sex
    years: int
    valid: Valid
    law: str


#: Law on Marriage and Family 52/2014/QH13, art. 8, in force since 1/1/2015. Older marriages were judged by
#: older laws, whose wording counted years otherwise; they are recorded without this test.
MARRIAGE_AGES = (
    MarriageAge(Sex.MALE, 20, Valid(date(2015, 1, 1)), "52/2014/QH13 Điều 8"),
    MarriageAge(Sex.FEMALE, 18, Valid(date(2015, 1, 1)), "52/2014/QH13 Điều 8"),
)

#: A parent younger than this at the birth is written down and looked at, not refused: registers are full of
#: wrong years.
PARENT_LEAST_YEARS = 12
