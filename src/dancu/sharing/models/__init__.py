"""Agreements of organisations and consents of citizens, as other rooms see them."""

from dancu.sharing.models.agreement import Act, Agreement, AgreementState, Terms
from dancu.sharing.models.consent import Consent, KeptConsent
from dancu.sharing.models.consent_rules import CONSENT_RULES, ConsentRule, asked_by_law, consent_rules
from dancu.sharing.models.data_agreement import ALL_DAY, DataAgreement, DataTerms
from dancu.sharing.models.services import FIELDS, GROUPS, SERVICES, ordered_fields

__all__ = [
    "ALL_DAY",
    "CONSENT_RULES",
    "FIELDS",
    "GROUPS",
    "SERVICES",
    "Act",
    "Agreement",
    "AgreementState",
    "Consent",
    "ConsentRule",
    "DataAgreement",
    "DataTerms",
    "KeptConsent",
    "Terms",
    "asked_by_law",
    "consent_rules",
    "ordered_fields",
]
