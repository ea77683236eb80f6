"""Cases."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


def report_name(org_code: str, name: str) -> str:
    """As it is kept beside the case: nobody asks by the name that another organisation gave."""
    return f"{org_code}/{name}"


class CaseKind(StrEnum):
    """`CORRECTION`: a citizen's own report. The others are opened by an event (quality.events)."""

    CORRECTION = "correction"
    DISAGREEMENT = "disagreement"  # a card or declaration and the registry, found at a counter
    DOCUMENT = "document"  # an integrated document and its source
    CONNECTOR = "connector"  # a datum of a ministry's own database
    PAPER = "paper"  # a paper was demanded that the law no longer asks for
    QUESTION = "question"  # a citizen asks about a look at their data
    OBJECTION = "objection"  # a citizen objects to one


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
class Opening:
    """What an event says a case is about (the words are explained in quality.events)."""

    kind: CaseKind
    group: str
    field: str
    desk_org: str = ""
    unit: int | None = None
    reporter_org: str = ""
    source: str = ""
    ref: str = ""
    details: Mapping[str, str] = dataclasses.field(default_factory=dict)
    report: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """One thing said to be wrong. `answer_due`: the day by which the desk answers; `desk_org` None: the desk of the area;
    `details`: field -> word of comparison; `times`: how often the same was found while it waited."""

    person_key: int
    case_id: int
    kind: CaseKind
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
    desk_org: str | None
    reporter_org: str
    source: str
    details: Mapping[str, str]
    times: int

    def overdue(self, today: date) -> bool:
        return (self.state == CaseState.WAITING and today > self.answer_due) or (
            self.state == CaseState.ACCEPTED and today > self.done_due
        )


@dataclass(frozen=True, slots=True)
class Waiting:
    """A line of a desk's list: no name, the record opens with a look of its own."""

    person_key: int
    case_id: int
    kind: CaseKind
    data_group: str
    field: str
    opened_at: datetime
    answer_due: date
    done_due: date
    state: CaseState
    desk_org: str | None
    reporter_org: str
    source: str
    times: int

    def overdue(self, today: date) -> bool:
        if self.state not in (CaseState.WAITING, CaseState.ACCEPTED):
            return False
        return today > (self.answer_due if self.state == CaseState.WAITING else self.done_due)
