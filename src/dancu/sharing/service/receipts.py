"""What the platform signs: the receipt of a consent, and the terms of an agreement with both acts behind it."""

from __future__ import annotations

import json
from typing import Any

from dancu.kit.ring import ring
from dancu.sharing.catalogue import ordered, ordered_fields
from dancu.sharing.keys import receipt_keys
from dancu.sharing.models import Act, Agreement, DataAgreement, KeptConsent

ISSUER = "dancu"
RECEIPT_TYPE, AGREEMENT_TYPE, DATA_AGREEMENT_TYPE = "consent-receipt+jwt", "sharing-agreement+jwt", "data-agreement+jwt"


def receipt(key: int, kept: KeptConsent, version: int | None) -> str:
    """The receipt of a consent. `sub` is the citizen to this platform alone: a receipt that is passed on tells nobody who
    they are, and the platform recognises whose it is. `ends`: groups that end before `exp`."""
    ends = {one: int(kept.ends[one].timestamp()) for one in ordered(kept.ends)}
    return receipt_keys().sign(
        RECEIPT_TYPE,
        {
            "iss": ISSUER, "jti": kept.consent_id, "sub": ring().mac("consent", str(key).encode()).hex(),
            "iat": int(kept.given_at.timestamp()), "exp": int(kept.until.timestamp()),
            "client": {"no": kept.client_no, "name": kept.client_name, "org_code": kept.org_code, "org_name": kept.org_name},
            "claims": ordered(kept.claims), "purpose": kept.purpose, "legal_basis": kept.legal_basis, "agreement_version": version,
            **({"ends": ends} if ends else {}),
        },
    )  # fmt: skip


def file_receipt(claims: dict[str, Any]) -> str:
    """The receipt of a file an agency laid down: which it was, and what came of its rows."""
    return receipt_keys().sign("file-receipt+jwt", {"iss": ISSUER, **claims})


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


def data_terms(agreement: DataAgreement) -> dict[str, Any]:
    """What both sides sign, as plain JSON values. Where every purpose reaches all fields there is no `purpose_fields`."""
    lines = {code: ordered_fields(line) for code, line in sorted(agreement.purpose_fields.items())}
    return {
        "org_code": agreement.org_code, "service": agreement.service, "version": agreement.version,
        "fields": ordered_fields(agreement.fields), "purposes": dict(sorted(agreement.purposes.items())),
        "consent_needed": agreement.consent_needed, "quota_day": agreement.quota_day, "hours": list(agreement.hours),
        "valid_from": agreement.valid[0].isoformat(), "valid_to": agreement.valid[1].isoformat(),
        **({"purpose_fields": lines} if lines else {}),
    }  # fmt: skip


def canonical_terms(agreement: DataAgreement) -> bytes:
    """The bytes a partner signs: JSON by RFC 8785 (members sorted, no white space, UTF-8; there are no fractions in it)."""
    return json.dumps(data_terms(agreement), ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def seal_data(agreement: DataAgreement, agreed: Act) -> str:
    """The terms, the partner's signature where there is one, and who stands behind both."""
    return receipt_keys().sign(
        DATA_AGREEMENT_TYPE,
        {
            "iss": ISSUER, "jti": f"{agreement.org_code}.{agreement.service}.{agreement.version}", "iat": int(agreed.at.timestamp()),
            "terms": data_terms(agreement), "partner_seal": agreement.partner_seal,
            "proposed": _act(agreement.proposed), "agreed": _act(agreed),
        },
    )  # fmt: skip


def _act(act: Act) -> dict[str, Any]:
    return {"by": act.by, "org_code": act.org_code, "at": act.at.isoformat(), "entry": act.entry_id}


def receipt_jwks() -> dict[str, Any]:
    """The public keys with which anybody checks receipts and sealed agreements."""
    return receipt_keys().jwks()
