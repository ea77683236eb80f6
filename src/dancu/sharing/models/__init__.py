"""Agreements of organisations and consents of citizens, as other rooms see them."""

from dancu.sharing.models.agreement import Act, Agreement, AgreementState, Terms
from dancu.sharing.models.consent import Consent, KeptConsent
from dancu.sharing.models.data_agreement import DataAgreement, DataTerms
from dancu.sharing.models.services import FIELDS, SERVICES, ordered_fields

__all__ = [
    "FIELDS",
    "SERVICES",
    "Act",
    "Agreement",
    "AgreementState",
    "Consent",
    "DataAgreement",
    "DataTerms",
    "KeptConsent",
    "Terms",
    "ordered_fields",
]
