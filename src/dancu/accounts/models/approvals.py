"""Approvals: a client asks, the citizen answers on the phone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ApprovalState(StrEnum):
    PENDING = "pending"
    APPROVED = "approved"
    DENIED = "denied"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Approval:
    """What the citizen is asked. `text` is the binding message: the asker shows the same words. `client_name_en`: "" where the asker has
    no English name."""

    approval_id: str
    client_name: str
    org_name: str
    kind: str
    text: str
    purpose: str
    state: ApprovalState
    asked_at: datetime
    expires_at: datetime
    decided_at: datetime | None
    client_name_en: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an approval brings about, as the asking room reads it. `details`: what exactly is to be done, (kind, [(member, value)]);
    `groups`: what the asker would see, as texts of the catalogue; `offline`: also later, when the citizen is not there; `acr`: the level the session must have proved."""

    details: tuple[tuple[str, list[tuple[str, str]]], ...] = ()
    groups: tuple[str, ...] = ()
    offline: bool = False
    acr: int = 1


@dataclass(frozen=True, slots=True)
class Answer:
    """How an approval stands, for the room that asked. `acr`, `amr`, `sid`, `auth_time`, `lock_version`: what the citizen's
    session proved when they approved; None or empty before."""

    person_key: int
    client_no: int
    state: ApprovalState
    purpose: str
    acr: int | None
    amr: tuple[str, ...]
    sid: str
    auth_time: datetime | None
    lock_version: int | None
    expires_at: datetime
