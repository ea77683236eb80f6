"""Cases."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class CaseState(StrEnum):
    WAITING = "waiting"
    ACCEPTED = "accepted"  # the desk agrees and is carrying it out
    DONE = "done"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class TimeLimit:
    """Days the law gives: working days to answer, calendar days to carry out."""

    answer_working_days: int
    done_days: int
    legal_basis: str


@dataclass(frozen=True, slots=True)
class Case:
    """One fact said to be wrong. `answer_due`: the day by which the desk answers."""

    person_key: int
    case_id: int
    data_group: str
    field: str
    statement: str
    opened_at: datetime
    answer_due: date
    done_due: date
    legal_basis: str
    state: CaseState
    answered_at: datetime | None
    answered_org: str | None
    answer: str | None
    answer_basis: str | None

    def overdue(self, today: date) -> bool:
        return (self.state == CaseState.WAITING and today > self.answer_due) or (
            self.state == CaseState.ACCEPTED and today > self.done_due
        )


@dataclass(frozen=True, slots=True)
class Waiting:
    """A line of the desk's list: no name, the record opens with a look of its own."""

    person_key: int
    case_id: int
    data_group: str
    field: str
    opened_at: datetime
    answer_due: date
    done_due: date
    state: CaseState

    def overdue(self, today: date) -> bool:
        return today > (self.answer_due if self.state == CaseState.WAITING else self.done_due)
