"""Agreements of data services: what one organisation may ask of the platform, for what purpose, how much, until when."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from dancu.kernel.clock import VIETNAM
from dancu.sharing.models.agreement import Act, AgreementState

ALL_DAY = (0, 24)


@dataclass(frozen=True, slots=True)
class DataTerms:
    """What is agreed. `service`: code of catalogue.SERVICES. `fields`: codes of catalogue.FIELDS. `purposes`: purpose code ->
    legal basis. `consent_needed`: each call needs the citizen's consent too. `quota_day`: calls (rows, where a call brings
    many) a day. `hours`: [from, to) of the day, local time. `valid`: [first day, first day it no longer holds)."""

    org_code: str
    service: str
    fields: frozenset[str]
    purposes: dict[str, str]
    valid: tuple[date, date]
    consent_needed: bool = False
    quota_day: int = 100_000
    hours: tuple[int, int] = ALL_DAY


@dataclass(frozen=True, slots=True)
class DataAgreement:
    """One version. `sealed`: the terms and both acts, signed by the platform (JWS). `partner_seal`: the same terms signed by
    the partner's key (see service.partner_seal), "" where it has not signed. `due`: the working day by which a proposal is
    answered; `escalated_at`: when that day had passed. `refused_basis`: the law a refusal rests on."""

    org_code: str
    service: str
    version: int
    fields: frozenset[str]
    purposes: dict[str, str]
    consent_needed: bool
    quota_day: int
    hours: tuple[int, int]
    valid: tuple[date, date]
    state: AgreementState
    proposed: Act
    due: date | None = None
    agreed: Act | None = None
    closed: Act | None = None
    sealed: str = ""
    partner_seal: str = ""
    reason: str = ""
    refused_basis: str = ""
    escalated_at: datetime | None = None

    @property
    def terms(self) -> DataTerms:
        return DataTerms(
            self.org_code, self.service, self.fields, self.purposes, self.valid, self.consent_needed, self.quota_day, self.hours
        )

    @property
    def last_day(self) -> date:
        """The last day on which it holds."""
        return self.valid[1] - timedelta(days=1)

    def holds(self, day: date) -> bool:
        """Is it in force on this day?"""
        return self.state is AgreementState.IN_FORCE and self.valid[0] <= day < self.valid[1]

    def overdue(self, day: date) -> int:
        """Days since the answer was due; 0 while there is time, or where nothing waits."""
        waits = self.state is AgreementState.PROPOSED and self.due is not None
        return max(0, (day - self.due).days) if waits and self.due is not None else 0

    def permits(self, service: str, fields: Iterable[str], purpose: str, legal_basis: str, now: datetime) -> str | None:
        """None where a call of this service for these fields may be answered now; else the stable code of what forbids it:
        agreement.none, agreement.expired, agreement.purpose, agreement.legal_basis, agreement.field, agreement.hours.

        `legal_basis`: the agreed one, or an article of it ("278/2025/NĐ-CP Điều 5" where "278/2025/NĐ-CP" was agreed)."""
        local = now.astimezone(VIETNAM)
        if self.service != service or self.state is not AgreementState.IN_FORCE or local.date() < self.valid[0]:
            return "agreement.none"
        if local.date() >= self.valid[1]:
            return "agreement.expired"
        agreed = self.purposes.get(purpose)
        if agreed is None:
            return "agreement.purpose"
        if legal_basis != agreed and not legal_basis.startswith(agreed + " "):
            return "agreement.legal_basis"
        if not self.fields.issuperset(fields):
            return "agreement.field"
        if not self.hours[0] <= local.hour < self.hours[1]:
            return "agreement.hours"
        return None
