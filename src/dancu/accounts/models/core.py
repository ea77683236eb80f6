"""Accounts as other rooms see them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple

# Assurance of a sign-in, the four levels of decree 69/2024: one factor; two different factors; two or more with a
# biometric; biometric, possession and knowledge. As `acr` values; NIST SP 800-63B: AAL1, AAL2, AAL2 with biometric, AAL3.
ACR: Final = {level: f"urn:vn:eid:acr:{level}" for level in (1, 2, 3, 4)}


class AccountState(StrEnum):
    """`APPROVED`: not told yet. `NOTIFIED`: the activation code is out. `ACTIVE`: in use. `LOCKED`: nothing works until
    the ground ends. `CLOSED`: for good (death)."""

    APPROVED = "approved"
    NOTIFIED = "notified"
    ACTIVE = "active"
    LOCKED = "locked"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Account:
    """One person's account. `level` is what was approved; contacts are not here (they are encrypted)."""

    person_key: int
    level: int
    state: AccountState
    lock_version: int
    language: str
    channel: str
    office: str
    unit_id: int | None
    assisted: bool
    guardian_key: int | None
    approved_at: datetime
    notified_at: datetime | None
    activate_by: datetime | None
    activated_at: datetime | None
    used_at: datetime | None
    last_used_at: datetime | None
    contact_changed_at: datetime | None
    closed_reason: str = ""

    @property
    def usable(self) -> bool:
        return self.state is AccountState.ACTIVE


@dataclass(frozen=True, slots=True)
class Contacts:
    """Where the account's holder is reached; empty where nothing is known. Never logged, never in an event."""

    phone: str = ""
    email: str = ""
    phone_verified: bool = False
    email_verified: bool = False


class SignIn(NamedTuple):
    """What a citizen's session proved. `sid` names the session to relying parties; `session_id` is the hash under which
    the access room keeps it. It travels in codes as the list of its values (`oidc/service/packing.py`)."""

    person_key: int
    session_id: str
    sid: str
    level: int
    acr: int
    amr: tuple[str, ...]
    at: datetime
    lock_version: int
    assisted: bool = False


@dataclass(frozen=True, slots=True)
class Happening:
    """One line of the account's history; `kind` names the sentence, `note` holds what it needs (no personal data)."""

    happening_id: int
    kind: str
    at: datetime
    note: dict[str, Any]
    disowned_at: datetime | None
