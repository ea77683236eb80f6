"""Getting back in, and other contacts: what was begun, by whom, and what it still needs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Needs(StrEnum):
    """What completes a recovery besides its link: a code sent to the account's phone, or a second officer."""

    CODE = "code"
    SECOND = "second"


@dataclass(frozen=True, slots=True)
class Recovery:
    """Somebody's way back in; `identity` names what was checked (`card`, `face`, `seen`, `answers`)."""

    person_key: int
    recovery_id: int
    way: str
    state: str
    identity: tuple[str, ...]
    needs: Needs
    started_by: int
    started_org: str
    started_at: datetime
    expires_at: datetime
    second_by: int | None
    second_at: datetime | None
    code_ok_at: datetime | None
    done_at: datetime | None

    @property
    def proved(self) -> bool:
        """May the passcode be chosen now?"""
        return self.state == "open" and (self.code_ok_at if self.needs is Needs.CODE else self.second_at) is not None


@dataclass(frozen=True, slots=True)
class Started:
    """What an officer gets to hand on: a link, never a secret of the account. `sent_to`: the end of the phone to which a
    code goes once the link is opened, "" where a second officer completes it."""

    recovery_id: int
    link: str
    needs: Needs
    sent_to: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class ContactChange:
    """Another phone or e-mail that waits or was applied; the value is encrypted and not here."""

    person_key: int
    change_id: int
    kind: str
    identity: tuple[str, ...]
    state: str
    asked_by: int | None
    asked_org: str
    asked_at: datetime
    expires_at: datetime
    decided_by: int | None
    decided_at: datetime | None
    reason: str


@dataclass(frozen=True, slots=True)
class ForSecond:
    """A line of what waits for a second officer; `kind` "contact" or "recovery", or "lapsed": a change of contact for
    which none came in time."""

    person_key: int
    kind: str
    item_id: int
    asked_by: int
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class Call:
    """An identity check by telephone, as the agent sees it: enough, or not. `unused`: once enough, nobody has activated the account
    yet, so that it needs a code and no way back."""

    enough: bool
    person_key: int = 0
    call_id: int = 0
    unused: bool = False
