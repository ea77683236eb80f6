"""Agreements of organisations and consents of citizens, as other rooms see them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class AgreementState(StrEnum):
    """`PROPOSED`: by the organisation, waiting for the registry. `IN_FORCE`: both agreed. `REPLACED`: by its next version."""

    PROPOSED = "proposed"
    IN_FORCE = "in_force"
    REFUSED = "refused"
    REPLACED = "replaced"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Act:
    """Who stood behind a step of an agreement: staff id (0: the platform's operator), organisation, time, and the
    evidence entry of the act."""

    by: int
    org_code: str
    at: datetime
    entry_id: int


@dataclass(frozen=True, slots=True)
class Terms:
    """What is agreed. `claims`: groups of catalogue.CLAIMS. `purposes`: purpose code -> legal basis. `consent_needed`
    False: the legal basis carries the release by itself. `level_min`: the account's level that is needed (1, 2).
    `valid_to`: the first day it no longer holds; None: until ended."""

    claims: frozenset[str]
    purposes: dict[str, str]
    consent_needed: bool = True
    level_min: int = 1
    valid_from: date | None = None
    valid_to: date | None = None


@dataclass(frozen=True, slots=True)
class Agreement:
    """One version of an application's agreement. `sealed`: terms and both acts, signed by the platform (JWS)."""

    client_no: int
    version: int
    org_code: str
    client_name: str
    client_name_en: str
    org_name: str
    claims: frozenset[str]
    purposes: dict[str, str]
    consent_needed: bool
    level_min: int
    valid_from: date
    valid_to: date | None
    state: AgreementState
    proposed: Act
    agreed: Act | None = None
    closed: Act | None = None
    sealed: str = ""
    reason: str = ""

    def holds(self, day: date) -> bool:
        """Is it in force on this day?"""
        in_time = self.valid_from <= day and (self.valid_to is None or day < self.valid_to)
        return self.state is AgreementState.IN_FORCE and in_time


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
