"""What the platform signs: the receipt of a consent, and the terms of an agreement with both acts behind it."""

from __future__ import annotations

from typing import Any

from dancu.kit.ring import ring
from dancu.sharing.catalogue import ordered
from dancu.sharing.keys import receipt_keys
from dancu.sharing.models import Act, Agreement, KeptConsent

ISSUER = "dancu"
RECEIPT_TYPE, AGREEMENT_TYPE = "consent-receipt+jwt", "sharing-agreement+jwt"


def receipt(key: int, kept: KeptConsent, version: int | None) -> str:
    """The receipt of a consent. `sub` is the citizen to this platform alone: a receipt that is passed on tells nobody who
    they are, and the platform recognises whose it is."""
    return receipt_keys().sign(
        RECEIPT_TYPE,
        {
            "iss": ISSUER, "jti": kept.consent_id, "sub": ring().mac("consent", str(key).encode()).hex(),
            "iat": int(kept.given_at.timestamp()), "exp": int(kept.until.timestamp()),
            "client": {"no": kept.client_no, "name": kept.client_name, "org_code": kept.org_code, "org_name": kept.org_name},
            "claims": ordered(kept.claims), "purpose": kept.purpose, "legal_basis": kept.legal_basis, "agreement_version": version,
        },
    )  # fmt: skip


def seal(agreement: Agreement, agreed: Act) -> str:
    """The terms and who stands behind them, with the evidence entries of both acts."""
    return receipt_keys().sign(
        AGREEMENT_TYPE,
        {
            "iss": ISSUER, "jti": f"{agreement.client_no}.{agreement.version}", "iat": int(agreed.at.timestamp()),
            "client": {"no": agreement.client_no, "name": agreement.client_name, "org_code": agreement.org_code},
            "claims": ordered(agreement.claims), "purposes": agreement.purposes, "consent_needed": agreement.consent_needed,
            "level_min": agreement.level_min, "valid_from": agreement.valid_from.isoformat(),
            "valid_to": agreement.valid_to.isoformat() if agreement.valid_to else None,
            "proposed": _act(agreement.proposed), "agreed": _act(agreed),
        },
    )  # fmt: skip


def _act(act: Act) -> dict[str, Any]:
    return {"by": act.by, "org_code": act.org_code, "at": act.at.isoformat(), "entry": act.entry_id}


def receipt_jwks() -> dict[str, Any]:
    """The public keys with which anybody checks receipts and sealed agreements."""
    return receipt_keys().jwks()
