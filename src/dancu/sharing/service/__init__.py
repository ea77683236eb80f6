"""Verbs of sharing: agreements (organisation and registry), consents (citizen)."""

from dancu.sharing.catalogue import CONSENTS
from dancu.sharing.service.agreements import (
    agree,
    agreement,
    agreements_without_consent,
    end,
    propose,
    proposed,
    refuse,
    set_agreement,
    versions,
)
from dancu.sharing.service.consents import consent, consents_of, ends_of, give, receipt_of, withdraw
from dancu.sharing.service.receipts import receipt_jwks

__all__ = [
    "CONSENTS",
    "agree",
    "agreement",
    "agreements_without_consent",
    "consent",
    "consents_of",
    "end",
    "ends_of",
    "give",
    "propose",
    "proposed",
    "receipt_jwks",
    "receipt_of",
    "refuse",
    "set_agreement",
    "versions",
    "withdraw",
]
