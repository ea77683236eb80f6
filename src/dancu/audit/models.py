"""What the evidence log speaks of. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

KEPT_PER_KIND = 20


class Action(StrEnum):
    READ = "read"
    SEARCH = "search"
    WRITE = "write"
    DENIED = "denied"
    ERASE = "erase"
    EXPORT = "export"
    SIGN_IN = "sign_in"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Access:
    """One access to one person's data. `seq` is the citizen's own counter: 1, 2, 3 … without gaps (0 for an entry
    that concerns nobody). An erased access keeps place, time, organisation and action; the rest is None and
    `erased_by` names the erasure's entry."""

    seq: int
    idx: int
    entry_id: int
    at: datetime
    action: str
    actor_kind: str | None
    actor_id: int | None
    org_code: str
    purpose: str | None
    legal_basis: str | None
    fields: tuple[str, ...]
    case_ref: str | None
    note: dict[str, Any] | None = None
    erased_by: int | None = None


@dataclass(frozen=True, slots=True)
class FoundEntry:
    """A row of the auditor's search: an access and whom it concerned (None: nobody in particular)."""

    subject: int | None
    access: Access


@dataclass(frozen=True, slots=True)
class Query:
    """What an auditor asks for. Times are required and bound the search."""

    since: datetime
    until: datetime
    org_code: str | None = None
    actor_id: int | None = None
    subject: int | None = None
    action: str | None = None
    purpose: str | None = None
    limit: int = 50
    before_idx: int | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """Something the verification found wrong. `code` is stable; `where` says which row (index, entry id, tile or
    size: numbers only); `message` is a Vietnamese sentence and its own gettext id."""

    code: str
    message: str
    where: dict[str, Any] = field(default_factory=dict)

    def text(self) -> str:
        return self.message.format(**self.where)


@dataclass(slots=True)
class Report:
    """Result of a verification: sound exactly when there are no findings. `findings` holds the first ones of each
    kind, `counts` all of them."""

    size: int = 0
    root: bytes = b""
    entries: int = 0
    pending: int = 0
    oldest_pending_seconds: float = 0.0
    checkpoints: int = 0
    erased: int = 0
    facts: int | None = None
    findings: list[Finding] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)


    @property
    def ok(self) -> bool:
        return not self.counts

    def add(self, code: str, message: str, **where: Any) -> None:
        self.counts[code] = self.counts.get(code, 0) + 1
        if self.counts[code] <= KEPT_PER_KIND:
            self.findings.append(Finding(code, message, where))

    def as_json(self) -> dict[str, Any]:
        return {
            "ok": self.ok,
            "size": self.size,
            "root": self.root.hex(),
            "entries": self.entries,
            "pending": self.pending,
            "oldest_pending_seconds": round(self.oldest_pending_seconds, 3),
            "checkpoints": self.checkpoints,
            "erased": self.erased,
            "facts": self.facts,
            "counts": self.counts,
            "findings": [{"code": f.code, "message": f.text(), **f.where} for f in self.findings],
        }
