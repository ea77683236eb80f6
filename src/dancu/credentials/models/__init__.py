"""Integrated documents and the screens on which they are shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any


class Standing(StrEnum):
    """What became of the wish. `NOT_CONNECTED`: there is no source to ask yet."""

    ASKED = "asked"
    INTEGRATED = "integrated"
    CONTRADICTS = "contradicts"
    NOT_FOUND = "not_found"
    UNREACHABLE = "unreachable"
    NOT_CONNECTED = "not_connected"
    REMOVED = "removed"


class State(StrEnum):
    """Of the document itself, live from its source."""

    VALID = "valid"
    EXPIRED = "expired"
    SUSPENDED = "suspended"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Document:
    """`record`: the ministry's record in our words (empty until integrated). `differs`: identity fields in which the source
    contradicts the registry. `as_of`: the day of the source's data; `checked_at`: when it last said so, `tried_at`: when it was last
    asked, in vain or not."""

    person_key: int
    document_id: str
    kind: str
    standing: Standing
    state: State | None
    differs: tuple[str, ...]
    as_of: date | None
    asked_at: datetime
    checked_at: datetime | None
    tried_at: datetime | None
    record: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""
    number_hash: bytes = b""

    def now(self, today: date, until: str) -> State | None:
        """The state on a day: a document ends by its own date, whenever its source was last asked."""
        ends = str(self.record.get(until, "")) if until else ""
        if self.state is State.VALID and len(ends) == 10 and ends < today.isoformat():
            return State.EXPIRED
        return self.state


@dataclass(frozen=True, slots=True)
class Screen:
    """A document being shown. `code`: what the QR picture carries, signed; `digits`: what is typed where nothing scans."""

    document: Document
    code: str
    digits: str
    expires_at: datetime


class Verdict(StrEnum):
    """What a check of a shown code said."""

    OK = "ok"
    EXPIRED = "expired"
    USED = "used"
    UNKNOWN = "unknown"
    FORGED = "forged"
    NO_RIGHT = "no_right"
