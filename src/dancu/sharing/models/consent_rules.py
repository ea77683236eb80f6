"""Where the law lets nobody have a citizen's data without the citizen's consent, as data with legal basis and validity.

Certainty: that processing rests on consent unless a law provides otherwise, and what makes it a consent, is secondary (Law 91/2025 art. 9,
Decree 13/2023 art. 11: press and law portals). Which data are sensitive, and that performing the citizen's own contract or an authority's
task by law needs none, is from memory (Decree 13/2023 art. 2 and 17, Law 91/2025 art. 19). The official gazette has been read for none of
them: a lawyer must check before anybody is refused on their strength in earnest. What falls away gets its `valid_to` here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from dancu.kit.i18n import N_


@dataclass(frozen=True, slots=True)
class ConsentRule:
    """`basis`: the law that asks for consent. `fields`: of which data; None: of all. `kinds`: of which kinds of organisation
    (access.organisation); None: of all. `unless`: purpose -> laws which themselves order or allow the sharing (an article of one counts),
    or by which it serves the citizen's own contract. `valid_to`: the first day it no longer holds."""

    code: str
    title: str
    basis: str
    valid_from: date
    valid_to: date | None
    fields: frozenset[str] | None = None
    kinds: frozenset[str] | None = None
    unless: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def holds(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)

    def asks(self, org_kind: str, purpose: str, legal_basis: str, day: date) -> bool:
        """Does it ask an organisation of this kind, for this purpose on this basis, on this day?"""
        carried = any(legal_basis == law or legal_basis.startswith(law + " ") for law in self.unless.get(purpose, ()))
        return self.holds(day) and not carried and (self.kinds is None or org_kind in self.kinds)


_DECREE, _LAW = "13/2023/NĐ-CP Điều 11", "91/2025/QH15 Điều 9"
_FROM, _SINCE = date(2023, 7, 1), date(2026, 1, 1)
# Religion and ethnic origin are sensitive; health data and biometrics are in no data agreement: their own doors ask for consent each time
# (credentials.medical, the role of biometrics).
_SENSITIVE: Final = frozenset({"religion", "ethnicity"})
_BY_LAW: Final = {"civil_status": ("60/2014/QH13",)}  # the register of births itself states the ethnic group
_NOT_THE_STATE: Final = frozenset({"enterprise"})
_CARRIED: Final = {
    "utility_contract": ("61/2024/QH15",),  # the citizen's own contract
    "public_service": ("118/2025/NĐ-CP", "104/2022/NĐ-CP"),  # who receives dossiers for an authority
}
_SENSITIVE_TITLE = N_("Dữ liệu cá nhân nhạy cảm")
_ENTERPRISE_TITLE = N_("Tổ chức không phải cơ quan nhà nước")

CONSENT_RULES: Final = (
    ConsentRule("sensitive", _SENSITIVE_TITLE, _DECREE, _FROM, _SINCE, _SENSITIVE, None, _BY_LAW),
    ConsentRule("sensitive", _SENSITIVE_TITLE, _LAW, _SINCE, None, _SENSITIVE, None, _BY_LAW),
    ConsentRule("not_the_state", _ENTERPRISE_TITLE, _DECREE, _FROM, _SINCE, None, _NOT_THE_STATE, _CARRIED),
    ConsentRule("not_the_state", _ENTERPRISE_TITLE, _LAW, _SINCE, None, None, _NOT_THE_STATE, _CARRIED),
)


def asked_by_law(org_kind: str, purpose: str, legal_basis: str, fields: Iterable[str], day: date) -> tuple[frozenset[str], ConsentRule | None]:
    """(those of the fields that may not go out without the citizen's consent, the first rule that says so; None where none does)."""
    wanted, found, first = frozenset(fields), frozenset[str](), None
    for rule in CONSENT_RULES:
        if rule.asks(org_kind, purpose, legal_basis, day):
            hit = wanted if rule.fields is None else wanted & rule.fields
            if hit and first is None:
                first = rule
            found |= hit
    return found, first


def consent_rules(day: date) -> list[ConsentRule]:
    """Those that hold on the day."""
    return [rule for rule in CONSENT_RULES if rule.holds(day)]
