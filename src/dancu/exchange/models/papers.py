"""What ministries hold about somebody, as this room keeps and shows it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from dancu.exchange.models.connectors import Connector, Content, Outcome
from dancu.population.models import PersonView


@dataclass(frozen=True, slots=True)
class Paper:
    """A ministry's last answer. `content` None: it knows nobody by this number. `how`: "api" or "drop" (a file)."""

    code: str
    content: Content | None
    as_of: date | None
    how: str
    fetched_at: datetime
    entry_id: int | None

    def fresh(self, connector: Connector, now: datetime) -> bool:
        """Need it not be asked again yet?"""
        return now - self.fetched_at < timedelta(hours=connector.freshness.keep_hours)

    def old(self, connector: Connector, today: date) -> bool:
        """Are the ministry's own data older than they should be?"""
        return self.as_of is not None and (today - self.as_of).days > connector.freshness.old_days


@dataclass(frozen=True, slots=True)
class Asking:
    """Leave to ask a ministry about somebody: recorded as `entry_id`. `number`: by which it knows the person; `view`: what the
    registry says of them, to compare with."""

    person_key: int
    code: str
    number: str
    entry_id: int
    kept: Paper | None
    view: PersonView


@dataclass(frozen=True, slots=True)
class Shown:
    """A paper on a page. `outcome`: what came of asking just now, None where it was not asked; a failure with a kept paper shows
    the paper with its age. `differs`: identity field -> word of comparison with the registry."""

    connector: Connector
    paper: Paper | None
    outcome: Outcome | None = None
    differs: tuple[str, ...] = ()
    due: bool = False


class DisputeState(StrEnum):
    SENT = "sent"  # no case of it yet
    WAITING = "waiting"
    ACCEPTED = "accepted"
    DONE = "done"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Dispute:
    """Somebody says that what a ministry holds is wrong. `field`: "part.field" or "identity.birth". `desk`: the organisation that
    answers, "" for the police of the person's area; `due`: the day by which it does, once its case is open."""

    person_key: int
    dispute_id: int
    connector: str
    field: str
    statement: str
    desk: str
    opened_at: datetime
    state: DisputeState
    case_id: int | None = None
    due: date | None = None

    @property
    def open(self) -> bool:
        return self.state in (DisputeState.SENT, DisputeState.WAITING, DisputeState.ACCEPTED)
