"""Within how many working days a request for data is answered, as data with validity.

Certainty: the duty to share and to answer in time is secondary (46/2022/TT-BCA, 278/2025/NĐ-CP); the number of days is from
memory and must be checked by a lawyer before it is enforced.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from dancu.kernel.errors import Unavailable
from dancu.kernel.workdays import add_working_days
from dancu.kit.i18n import N_


@dataclass(frozen=True, slots=True)
class AnswerRule:
    """`days`: working days after the day a request came. `valid_to`: the first day it no longer holds."""

    basis: str
    valid_from: date
    valid_to: date | None
    days: int

    def holds(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)


ANSWER_RULES: Final = (
    AnswerRule("46/2022/TT-BCA", date(2022, 12, 20), date(2025, 10, 22), 10),
    AnswerRule("278/2025/NĐ-CP", date(2025, 10, 22), None, 5),
)

# An agreement is renewed, not forgotten.
LONGEST_YEARS: Final = 5
MOST_A_DAY: Final = 200_000_000


def answer_rule(day: date) -> AnswerRule:
    """The rule for a request that comes on `day`. Raises Unavailable before the first one."""
    for rule in ANSWER_RULES:
        if rule.holds(day):
            return rule
    raise Unavailable("sharing.no_rule", N_("Chưa có quy định về thời hạn trả lời cho ngày này. Hãy báo người quản trị."))


def answer_by(day: date) -> date:
    """The day by which a request of `day` is answered."""
    return add_working_days(day, answer_rule(day).days)
