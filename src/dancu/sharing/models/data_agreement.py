"""Agreements of data services: what one organisation may ask of the platform, for what purpose, how much, until when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from dancu.kernel.clock import VIETNAM
from dancu.sharing.models.agreement import Act, AgreementState
from dancu.sharing.models.consent_rules import asked_by_law
from dancu.sharing.models.services import SERVICES

ALL_DAY = (0, 24)


@dataclass(frozen=True, slots=True)
class DataTerms:
    """What is agreed. `service`: code of catalogue.SERVICES. `fields`: codes of catalogue.FIELDS. `purposes`: purpose code ->
    legal basis. `consent_needed`: each call needs the citizen's consent too. `quota_day`: calls (rows, where a call brings
    many) a day. `hours`: [from, to) of the day, local time. `valid`: [first day, first day it no longer holds). `purpose_fields`: purpose
    -> those of `fields` that it reaches; a purpose not named there reaches all of them."""

    org_code: str
    service: str
    fields: frozenset[str]
    purposes: dict[str, str]
    valid: tuple[date, date]
    consent_needed: bool = False
    quota_day: int = 100_000
    hours: tuple[int, int] = ALL_DAY
    purpose_fields: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def fields_for(self, purpose: str) -> frozenset[str]:
        """The fields this purpose reaches."""
        return self.purpose_fields.get(purpose, self.fields)

    def beside(self, known: DataTerms) -> DataTerms:
        """These terms with the lines of `known` for other purposes kept as they are: each purpose then reaches its own fields. Consent
        that was asked for is asked for still; quota, hours and validity are these terms'."""
        kept = {code: basis for code, basis in known.purposes.items() if code not in self.purposes}
        lines = {code: known.fields_for(code) for code in kept} | {code: self.fields_for(code) for code in self.purposes}
        fields = frozenset[str]().union(*lines.values())
        return replace(
            self, fields=fields, purposes=kept | self.purposes, consent_needed=self.consent_needed or bool(kept and known.consent_needed),
            purpose_fields={code: line for code, line in lines.items() if line != fields},
        )  # fmt: skip

    def as_narrow_as(self, known: DataTerms) -> DataTerms:
        """These terms, each purpose that `known` narrowed reaching no more than there, of the fields asked for now; all of them where
        nothing of its line is among them."""
        lines = {code: known.purpose_fields[code] & self.fields for code in self.purposes if code in known.purpose_fields}
        return replace(self, purpose_fields={code: line for code, line in lines.items() if line and line != self.fields})


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
    purpose_fields: Mapping[str, frozenset[str]] = field(default_factory=dict)
    org_kind: str = ""

    @property
    def terms(self) -> DataTerms:
        return DataTerms(
            self.org_code, self.service, self.fields, self.purposes, self.valid, self.consent_needed, self.quota_day, self.hours,
            self.purpose_fields,
        )  # fmt: skip

    def fields_for(self, purpose: str) -> frozenset[str]:
        """The fields this purpose reaches."""
        return self.purpose_fields.get(purpose, self.fields)

    def lines(self) -> list[tuple[frozenset[str], dict[str, str]]]:
        """The purposes (code -> legal basis) by the fields they reach, widest first: what people read."""
        found: dict[frozenset[str], dict[str, str]] = {}
        for code, basis in self.purposes.items():
            found.setdefault(self.fields_for(code), {})[code] = basis
        return sorted(found.items(), key=lambda line: -len(line[0]))

    def needing_consent(self, purpose: str, fields: Iterable[str], day: date) -> frozenset[str]:
        """Those of the fields that go out for this purpose by the citizen's consent alone: all where the agreement says so, and
        whatever the law of the day asks for, also where the agreement is older than the law."""
        wanted = frozenset(fields)
        return wanted if self.consent_needed else asked_by_law(self.org_kind, purpose, self.purposes.get(purpose, ""), wanted, day)[0]

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
        agreement.none, agreement.expired, agreement.purpose, agreement.legal_basis, agreement.field, agreement.hours, agreement.consent
        (the law of the day asks for the citizen's consent, and no call of this service is held against one).

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
        wanted = frozenset(fields)
        if not self.fields_for(purpose).issuperset(wanted):
            return "agreement.field"
        if not self.hours[0] <= local.hour < self.hours[1]:
            return "agreement.hours"
        return "agreement.consent" if self.bars(purpose, wanted, local.date()) else None

    def bars(self, purpose: str, fields: Iterable[str], day: date) -> bool:
        """Does the law of the day ask for the citizen's consent where no use of this service is held against one? Without fields
        named yet "life" stands for any, so that a rule about all data is seen before anything is spent."""
        return not SERVICES[self.service].asks and bool(self.needing_consent(purpose, tuple(fields) or ("life",), day))
