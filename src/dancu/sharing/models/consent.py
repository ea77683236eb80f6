"""Consents of citizens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple


class Consent(NamedTuple):
    """A citizen's consent that stands: the claim groups, until when, and the signed receipt (JWS)."""

    consent_id: str
    claims: frozenset[str]
    given_at: datetime
    until: datetime
    receipt: str


@dataclass(frozen=True, slots=True)
class KeptConsent:
    """A consent as its giver reads it, ended ones too. `ended_by`: "withdrawn", "replaced" or "" while it was not ended. `ends`: groups
    that end before `until`, agreed to earlier for a shorter time. `client_name_en`: "" where the service has no English name."""

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
    ends: Mapping[str, datetime] = field(default_factory=dict)
    client_name_en: str = ""

    def stands(self, now: datetime) -> bool:
        return self.ended_at is None and now < self.until

    def lasting(self, now: datetime) -> frozenset[str]:
        """The groups that may go out now."""
        return frozenset(one for one in self.claims if now < self.ends.get(one, self.until)) if self.stands(now) else frozenset()

    def ends_apart(self, now: datetime) -> dict[str, datetime]:
        """Each group that may go out now with its own end, where they do not all end on one day; else nothing."""
        each = {group: self.ends.get(group, self.until) for group in self.lasting(now)}
        return each if any((self.until - at).days for at in each.values()) else {}
