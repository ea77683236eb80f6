"""Agreements of applications that citizens sign in to."""

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
