"""Who may have level 2 and how, which office serves, when one officer is not enough: decided on values alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from math import asin, cos, radians, sin, sqrt
from typing import Final

from dancu.accounts.models.level2 import CaptureKind, Means, Office, OfficeChoice, OfficeKind, Outcome, Span, Visit
from dancu.accounts.rules_level2 import Level2Rule
from dancu.kernel.clock import VIETNAM, vietnam_day
from dancu.kernel.dates import PartialDate
from dancu.kernel.errors import DancuError, Invalid, NotAllowed
from dancu.kernel.workdays import is_working_day
from dancu.kit.i18n import N_

_LOOK_AHEAD: Final = 60  # days
# A post or an ID office keeps the office days of the state; the others are where the work is, holidays or not.
_OFFICE_DAYS: Final = frozenset({OfficeKind.POST, OfficeKind.ID_OFFICE})


def age_on(born: PartialDate, day: date) -> int:
    """Full years for certain: a date of which only the year is known counts from its end."""
    month, of_month = born.month or 12, born.day or 31
    return day.year - born.year - ((day.month, day.day) < (month, of_month))


def refusal_of(
    rule: Level2Rule, day: date, *, alive: bool, born: PartialDate | None, has_number: bool, guardian: bool = False
) -> DancuError | None:
    """Why this person may not have level 2 on this day; None where nothing stands against it."""
    if not alive:
        return NotAllowed("level2.not_alive", N_("Cơ sở dữ liệu ghi người này đã mất. Không thể cấp định danh; xem lại hồ sơ."))
    if not has_number:
        return NotAllowed("level2.no_number", N_("Người này chưa có số định danh đang dùng. Hãy làm thủ tục cấp số trước."))
    if born is None:
        return NotAllowed("level2.no_birth", N_("Hồ sơ dân cư chưa có ngày sinh. Hãy bổ sung trước khi đăng ký."))
    age = age_on(born, day)
    if age < rule.youngest:
        return NotAllowed(
            "level2.too_young", N_("Mức 2 dành cho người từ {age} tuổi. Trẻ nhỏ hơn dùng mức 1 qua người đại diện."), age=rule.youngest
        )
    if age < rule.alone_from and not guardian:
        return NotAllowed(
            "level2.with_guardian", N_("Người chưa đủ {age} tuổi đăng ký cùng cha, mẹ hoặc người giám hộ."), age=rule.alone_from
        )
    return None


def phone_refusal(rule: Level2Rule, day: date, issued_on: date | None, expires_on: date | None, *, card: bool) -> DancuError | None:
    """Why a card cannot be used from the phone; None where it can."""
    if not card:
        return Invalid("level2.no_card", N_("Bạn chưa có thẻ căn cước đang dùng. Hãy đến một điểm dưới đây để làm thẻ và định danh cùng lúc."))
    if expires_on is not None and expires_on < day:
        return Invalid("level2.card_expired", N_("Thẻ căn cước đã hết hạn. Hãy đến một điểm dưới đây để đổi thẻ và định danh cùng lúc."))
    if rule.phone_since is None:
        return Invalid("level2.counter_only", N_("Quy định hiện hành chỉ cho đăng ký mức 2 tại quầy."))
    if not rule.by_phone(issued_on):
        return Invalid(
            "level2.card_before", N_("Thẻ cấp trước ngày {day} không đăng ký được từ điện thoại. Hãy đến một điểm dưới đây."),
            day=f"{rule.phone_since:%d/%m/%Y}",
        )  # fmt: skip
    return None


def shown_enough(means: Means, comparison: Mapping[str, str]) -> bool:
    """Does what was shown name the person the number names? A typed number opens nobody without name and birth date; a card
    must not contradict both."""
    name, birth = comparison.get("name", "unknown"), comparison.get("birth", "unknown")
    if means is Means.TYPED:
        return name in ("yes", "close") and birth in ("yes", "close")
    return not (name == "no" and birth == "no") and "yes" in (name, birth)


#: Words of a comparison that say the registry, or the card, is wrong. A close name is mostly the reader's, an expired card nobody's error.
DISAGREES: Final = frozenset({"no", "newer"})


def circumstances(visit: Visit, *, phone_mended: bool = False) -> frozenset[str]:
    """What about this visit a rule may want a second officer for. `phone_mended`: the account waits at another phone."""
    found = {"phone_mended"} if phone_mended else set()
    if visit.means is Means.TYPED:
        found.add("no_card_shown")
    if any(word not in ("yes", "unknown") for word in visit.comparison.values()):
        found.add("card_differs")
    portrait, finger = visit.capture(CaptureKind.PORTRAIT), visit.capture(CaptureKind.FINGERPRINT)
    if portrait is None or portrait.outcome is Outcome.NO_REFERENCE:
        found.add("no_reference")
    elif portrait.outcome is Outcome.DIFFERS:
        found.add("face_differs")
    if finger is None:
        found.add("no_fingerprint")
    if visit.channel == "doorstep":
        found.add("doorstep")
    return frozenset(found)


def opens(office: Office, now: datetime) -> tuple[date, Span] | None:
    """The next stretch in which the office is open, the present one included; None within two months."""
    local = now.astimezone(VIETNAM)
    for ahead in range(_LOOK_AHEAD):
        day = local.date() + timedelta(days=ahead)
        if not office.exists_on(day) or (office.days and day not in office.days):
            continue
        if office.kind in _OFFICE_DAYS and not office.days and not is_working_day(day) and day.weekday() < 5:
            continue
        for span in office.hours.get(day.isoweekday(), ()):
            if ahead or span[1] > local.time():
                return day, span
    return None


def nearest(
    offices: Iterable[Office], rule: Level2Rule, now: datetime, at: tuple[float, float] | None,
    places: Mapping[int, tuple[float, float]], *, most: int = 3,
) -> list[OfficeChoice]:  # fmt: skip
    """Offices that the rule allows, that can serve and that open, the nearest first; `at` and `places` (by unit) are
    latitude and longitude in degrees."""
    day = vietnam_day(now)
    found = []
    for office in offices:
        if office.kind not in rule.kinds or not office.exists_on(day) or not office.can_serve(rule.needs):
            continue
        there, when = places.get(office.unit_id), opens(office, now)
        if when is None:
            continue
        found.append(OfficeChoice(office, round(kilometres(at, there), 1) if at and there else None, when))
    # Somebody's own commune before any neighbour; then what opens first.
    found.sort(key=lambda c: (c.kilometres is None, c.kilometres or 0.0, c.opens, c.office.office_id))
    return found[:most]


def kilometres(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Great-circle distance of two points given in degrees."""
    (a, b), (c, d) = (tuple(map(radians, one)), tuple(map(radians, other)))
    h = sin((c - a) / 2) ** 2 + cos(a) * cos(c) * sin((d - b) / 2) ** 2
    return 12742.0 * asin(sqrt(h))

