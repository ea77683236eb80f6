"""Consents of citizens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Consent:
    """A citizen's consent that stands: the claim groups, until when, and the signed receipt (JWS)."""

    consent_id: str
    claims: frozenset[str]
    given_at: datetime
    until: datetime
    receipt: str


@dataclass(frozen=True, slots=True)
class KeptConsent:
    """A consent as its giver reads it, ended ones too. `ended_by`: "withdrawn", "replaced" or "" while it was not ended."""

    consent_id: str
    client_no: int
    client_name: str
    org_code: str
    org_name: str
    claims: frozenset[str]
    purpose: str
    legal_basis: str
    given_at: datetime
    until: datetime
    receipt: str
    ended_at: datetime | None
    ended_by: str

    def stands(self, now: datetime) -> bool:
        return self.ended_at is None and now < self.until
