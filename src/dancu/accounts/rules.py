"""What the decrees say of accounts, as data with validity: who may have one, within how many working days an application is
answered, how long a code of activation holds. Level 2 has more of it (rules_level2).

Sources: Decree 59/2022 (20/10/2022 – 30/6/2024) and Decree 69/2024 (from 1/7/2024), both secondary. Decree 320/2026, which
amends the second from 28/9/2026, has not been seen: what it changes is to be added as one more entry.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from dancu.kernel.errors import Unavailable
from dancu.kit.i18n import N_


@dataclass(frozen=True, slots=True)
class Rule:
    """One decree's rules while it held. `own_age`: from this age a person applies alone; younger ones through a parent or
    guardian; `youngest`: below it level 1 only, on demand. Days are working days, but for `closed_after_death_days`, which are
    days of the calendar: neither decree was seen to name a term, so a month is kept in which a wrong entry can be mended.
    `lock_days`: within how many the police's request for a lock is decided. `lock_request_shown`: whether the holder sees such a
    request while it is being decided. Neither decree was seen to say; not, since who is warned could sign in and spend what the
    request would save. Every decision is told, a refusal too. Its written reason is owed to who asked and speaks of their case, maybe
    of other people: the holder hears that a request was refused, when, and which office got the answer and can be asked, not the
    reason itself, which would give the case away through another door."""

    code: str
    valid_from: date
    valid_to: date | None
    basis: str
    own_age: int
    youngest: int
    level_1_days: int
    organisation_days: int
    organisation_days_unknown: int
    activation_days: int
    card_needed: bool
    closed_after_death_days: int = 30
    lock_days: int = 2
    lock_request_shown: bool = False

    def holds(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


RULES: Final = (
    Rule("59/2022", date(2022, 10, 20), date(2024, 6, 30), "59/2022/NĐ-CP", 14, 0, 1, 1, 1, 7, card_needed=False),
    Rule("69/2024", date(2024, 7, 1), None, "69/2024/NĐ-CP", 14, 6, 1, 3, 15, 7, card_needed=True),
)

# On which day after the notice the holder is reminded, and how long after the deadline the next waves follow.
REMINDER_DAYS: Final = (1, 3, 6)
WAVE_DAYS: Final = (14, 30, 60)


def rule_on(day: date) -> Rule:
    """The rule in force on `day`. Raises Unavailable before the first decree."""
    for rule in RULES:
        if rule.holds(day):
            return rule
    raise Unavailable("account.no_rule", N_("Chưa có quy định về tài khoản định danh cho ngày này. Hãy báo người quản trị."))
