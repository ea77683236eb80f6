"""Signed confirmations: what the platform states of a person for whoever was given the paper."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final


class ConfirmationKind(StrEnum):
    RESIDENCE = "residence"
    NUMBER = "number"
    CIVIL_STATUS = "civil_status"


#: How long each holds. Residence: one year by circular 55/2021 as amended by 66/2023 where the person has a residence; the
#: other two as long as the papers they stand for (from memory, to be checked).
HOLDS: Final[Mapping[ConfirmationKind, timedelta]] = {
    ConfirmationKind.RESIDENCE: timedelta(days=365),
    ConfirmationKind.NUMBER: timedelta(days=365),
    ConfirmationKind.CIVIL_STATUS: timedelta(days=183),
}
#: The law each rests on.
BASIS: Final[Mapping[ConfirmationKind, str]] = {
    ConfirmationKind.RESIDENCE: "68/2020/QH14", ConfirmationKind.NUMBER: "26/2023/QH15", ConfirmationKind.CIVIL_STATUS: "60/2014/QH13",
}  # fmt: skip


class ConfirmationState(StrEnum):
    """`CHANGED`: the registry has said something else since. `UNKNOWN`: signed, but not in our list (another installation's
    data, or removed)."""

    VALID = "valid"
    EXPIRED = "expired"
    REVOKED = "revoked"
    CHANGED = "changed"
    FORGED = "forged"
    UNREADABLE = "unreadable"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Confirmation:
    """`demanded_org` (of the list) or `demanded_name`: who asked the citizen for it, in `procedure`. `statement`: the signed
    text its QR code carries."""

    person_key: int
    confirmation_id: str
    kind: ConfirmationKind
    issued_at: datetime
    expires_at: datetime
    channel: str
    issued_org: str
    demanded_org: str
    demanded_name: str
    procedure: str
    legal_basis: str
    statement: str
    entry_id: int
    revoked_at: datetime | None
    revoked_why: str

    def state(self, now: datetime) -> ConfirmationState:
        """By the paper alone; whether the registry has changed since only `service.confirmations.check` knows."""
        if self.revoked_at is not None:
            return ConfirmationState.REVOKED
        return ConfirmationState.EXPIRED if self.expires_at <= now else ConfirmationState.VALID


@dataclass(frozen=True, slots=True)
class Checked:
    """What checking a confirmation gave. `claims`: what the signed text says, empty where the signature does not fit."""

    state: ConfirmationState
    claims: Mapping[str, Any]
    person_key: int = 0
