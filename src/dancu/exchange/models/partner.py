"""Partners: organisations on their way to being connected, their programs, their certificates."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any


class PartnerState(StrEnum):
    """`APPLIED`: asked; its programs already work in the sandbox. `SECURITY_CHECK`: a reviewer reads its declaration.
    `SANDBOX`: secure enough, still trying. `LIVE`: its live programs are answered about real people. `SUSPENDED`: nothing
    works, until it is resumed. `REVOKED`: for good. `REFUSED`: may apply again."""

    APPLIED = "applied"
    SECURITY_CHECK = "security_check"
    SANDBOX = "sandbox"
    LIVE = "live"
    SUSPENDED = "suspended"
    REVOKED = "revoked"
    REFUSED = "refused"


class Environment(StrEnum):
    """`SANDBOX`: answered about invented people only."""

    SANDBOX = "sandbox"
    LIVE = "live"


# States in which a program of the sandbox is answered; those of LIVE only where the partner is live.
SANDBOX_OPEN = frozenset({PartnerState.APPLIED, PartnerState.SECURITY_CHECK, PartnerState.SANDBOX, PartnerState.LIVE})
# States in which it may still be answered yes or no.
JOINING = frozenset({PartnerState.APPLIED, PartnerState.SECURITY_CHECK, PartnerState.SANDBOX})


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom to call about what: `role` "business", "technical" or "security"."""

    role: str
    name: str
    phone: str
    email: str


@dataclass(frozen=True, slots=True)
class Application:
    """What an organisation declares. `level`: of its information system (85/2016/NĐ-CP, 1–5). `checklist`: code of the
    security checklist -> {"met": bool, "note": text}."""

    level: int
    contacts: tuple[Contact, ...]
    checklist: dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Partner:
    """`due`: the working day by which its request is answered, None where nothing waits for us. `question`: what the
    reviewer asked and it has not answered. `escalated_at`: when the day had passed without an answer."""

    org_code: str
    state: PartnerState
    level: int
    contacts: tuple[Contact, ...]
    checklist: dict[str, dict[str, Any]]
    applied_at: datetime
    due: date | None
    live_at: datetime | None
    changed_at: datetime
    reason: str = ""
    refused_basis: str = ""
    applied_by: int = 0
    question: str = ""
    escalated_at: datetime | None = None
    before: PartnerState | None = None

    def overdue(self, day: date) -> int:
        """Days since the answer was due; 0 while there is time or the partner must answer first."""
        waits = self.state in JOINING and self.due is not None and not self.question
        return max(0, (day - self.due).days) if waits and self.due is not None else 0


@dataclass(frozen=True, slots=True)
class System:
    """A program of a partner: the OIDC client `client_no`. `request`: its last certificate request (PEM), kept for an
    outside authority."""

    client_no: int
    org_code: str
    name: str
    environment: Environment
    created_at: datetime
    request: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Certificate:
    """`thumbprint`: SHA-256 of the certificate (DER); its hex is the key id of signed messages. `spki`: public key (DER)."""

    serial: str
    client_no: int
    thumbprint: bytes
    spki: bytes
    pem: str
    subject: str
    issuer: str
    not_before: datetime
    not_after: datetime
    revoked_at: datetime | None = None
    reason: str = ""

    def holds(self, now: datetime) -> bool:
        return self.revoked_at is None and self.not_before <= now < self.not_after


@dataclass(frozen=True, slots=True)
class Step:
    """One thing done about a partner, for both sides to read. `by_staff` 0: the platform itself."""

    at: datetime
    verb: str
    by_staff: int
    by_org: str
    reason: str
    legal_basis: str
    entry: int


@dataclass(frozen=True, slots=True)
class Added:
    """A partner's program as it was added: everything its engineer needs. `certificate_pem` "" where an outside authority
    signs the request. `existed`: it was added with this key before, nothing new was made."""

    org_code: str
    org_name: str
    client_no: int
    client_id: str
    environment: Environment
    certificate_pem: str
    thumbprint: str
    ca_pem: str
    endpoints: dict[str, str]
    existed: bool = False
