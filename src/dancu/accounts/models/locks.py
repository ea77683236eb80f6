"""Locks of accounts: why one stands and who began and ended it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class Ground(StrEnum):
    """Why an account is locked (decree 69/2024/NĐ-CP, art. 17, and what protects it besides)."""

    OWN_REQUEST = "own_request"
    POLICE_REQUEST = "police_request"
    DEATH = "death"
    CARD_REVOKED = "card_revoked"
    RECORD_MERGED = "record_merged"
    BREACH = "breach"
    SUSPICION = "suspicion"


class LockState(StrEnum):
    """`REQUESTED`: waits for its decision, locks nothing yet. `STANDING`: locks the account."""

    REQUESTED = "requested"
    REFUSED = "refused"
    STANDING = "standing"
    LIFTED = "lifted"


@dataclass(frozen=True, slots=True)
class Lock:
    """One lock of one account. `due_on`: the day by which a request is decided."""

    person_key: int
    lock_id: int
    ground: Ground
    state: LockState
    asked_by: int | None
    asked_org: str
    asked_at: datetime
    due_on: date | None
    reason: str
    decided_by: int | None
    decided_at: datetime | None
    decision: str
    lifted_by: int | None
    lifted_at: datetime | None
    lifted_reason: str = ""

    @property
    def standing(self) -> bool:
        return self.state is LockState.STANDING


@dataclass(frozen=True, slots=True)
class WaitingLock:
    """A line of the desk's list: no name, the account opens with a look of its own."""

    person_key: int
    lock_id: int
    asked_by: int | None
    asked_org: str
    asked_at: datetime
    due_on: date
    escalated_at: datetime | None = None

    def overdue(self, today: date) -> bool:
        return today > self.due_on
