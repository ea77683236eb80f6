"""Proving residence without the household book: the seven ways, how an attempt ends, and what stands in the file."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final


class Way(StrEnum):
    """How residence is proved at a counter. `LOOKUP`: the system itself; `ACCOUNT`: the citizen's level-2 account; `QR`,
    `CHIP`: readers; `CARD`: what is printed on the card; `NOTICE`: the notice of personal number; `CONFIRMATION`: a signed
    residence confirmation."""

    LOOKUP = "lookup"
    ACCOUNT = "account"
    QR = "qr"
    CHIP = "chip"
    CARD = "card"
    NOTICE = "notice"
    CONFIRMATION = "confirmation"


#: The order of decree 104/2022 art. 14: the system first, the citizen's own account, readers, other means; paper last. From
#: the first day on which each order holds; the last entry is the one in force.
ORDERS: Final[tuple[tuple[date, tuple[Way, ...]], ...]] = (
    (date(2023, 1, 1), (Way.LOOKUP, Way.ACCOUNT, Way.QR, Way.CHIP, Way.CARD, Way.NOTICE, Way.CONFIRMATION)),
)


def order_on(day: date) -> tuple[Way, ...]:
    """The ways in the order the law of that day gives."""
    return next((ways for since, ways in reversed(ORDERS) if since <= day), ORDERS[0][1])


class Outcome(StrEnum):
    """How an attempt ended. All but `PROVED` and `WAITING` lead on to the next way."""

    PROVED = "proved"
    WAITING = "waiting"  # for the citizen's answer on the phone
    DISAGREES = "disagrees"  # what was shown or said is not what the registry says
    REPLACED = "replaced"  # another card is in force, or none
    EXPIRED = "expired"
    REVOKED = "revoked"
    CHANGED = "changed"  # the registry has said something else since the confirmation
    UNREADABLE = "unreadable"
    FORGED = "forged"  # the signature does not fit
    NOT_FOUND = "not_found"
    DEAD = "dead"
    NO_RESIDENCE = "no_residence"  # the registry knows no residence
    NO_ACCOUNT = "no_account"
    DENIED = "denied"  # the citizen said no
    TOO_LATE = "too_late"  # the code or the request ran out


#: Attempts that say something is wrong with the registry or with a card, and become a case.
FILED: Final = frozenset({Outcome.DISAGREES, Outcome.REPLACED})

#: Outcomes of typed ways behind which a slip of the hand is likelier than a wrong registry: shown to be looked at once more.
SLIPS: Final[Mapping[Way, frozenset[Outcome]]] = {
    Way.LOOKUP: FILED | {Outcome.NOT_FOUND}, Way.CARD: FILED | {Outcome.NOT_FOUND}, Way.NOTICE: FILED | {Outcome.NOT_FOUND},
    Way.ACCOUNT: frozenset({Outcome.NOT_FOUND, Outcome.TOO_LATE}),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """What a counter typed or read. Dates as typed; `text`: what a QR reader gave; `chip`: what a chip reader's program gave;
    `token`: an approval that waits; `code`: what the citizen's phone shows."""

    procedure: str
    case_ref: str
    way: Way
    device: str = ""
    number: str = ""
    name: str = ""
    birth: str = ""
    issued_on: str = ""
    text: str = ""
    chip: str = ""
    code: str = ""
    token: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """How one way ended. `fields`: word of comparison per field; `read`: what a reader told, to go on with; `ref`: what
    proved, once per dossier; `how`: remarks for the file ("degraded", "chip_unchecked", …). `why`: the error's message of an
    unreadable text, with its code."""

    outcome: Outcome
    person_key: int = 0
    fields: Mapping[str, str] = dataclasses.field(default_factory=dict)
    facts: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    read: Mapping[str, str] = dataclasses.field(default_factory=dict)
    ref: str = ""
    token: str = ""
    how: tuple[str, ...] = ()
    why: tuple[str, str] = ("", "")


@dataclass(frozen=True, slots=True)
class Verification:
    """The receipt that stands in the file instead of a photocopy. `statement`: the signed text."""

    person_key: int
    verification_id: str
    at: datetime
    org_code: str
    officer: str
    procedure: str
    case_ref: str
    way: Way
    device: str
    purpose: str
    legal_basis: str
    replaces: str
    statement: str
    entry_id: int


@dataclass(frozen=True, slots=True)
class Kept:
    """A receipt as its office finds it again: whose it is stands only behind the link."""

    person_key: int
    verification_id: str
    at: datetime
    officer: str
    procedure: str
    case_ref: str
    way: Way
    device: str


@dataclass(frozen=True, slots=True)
class Proved:
    """What came of one attempt at a counter: `next_way` to offer where it failed, `disagreement`: the name under which one was filed, "" where none was. `doubted`:
    what was typed may be a slip of the hand; nothing was counted or filed yet."""

    found: Found
    verification: Verification | None = None
    next_way: Way | None = None
    disagreement: str = ""
    doubted: bool = False

    @property
    def filed(self) -> bool:
        return bool(self.disagreement)

    @property
    def outcome(self) -> Outcome:
        return self.found.outcome
