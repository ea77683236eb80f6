"""A partner's own signature over the terms it asked for, made with the key of its certificate.

Two forms are taken, so that any tool will do: a compact JWS (ES256, EdDSA) with the terms as payload or detached, and a plain
signature in base64 (`openssl dgst -sha256 -sign key.pem terms.json | base64`). Kept is a JSON text: form, certificate, value."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from dancu.kernel.errors import FieldError, Invalid
from dancu.kit.i18n import N_

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

_MOST = 20_000


def check(terms: bytes, text: str, keys: Mapping[str, bytes]) -> str:
    """What is to be kept. `keys`: thumbprint of a certificate (hex) -> its public key (DER). Raises Invalid
    `sharing.partner_seal` unless one of the keys signed exactly these terms."""
    compact = "".join(text.split())
    jws = compact.count(".") == 2
    if 0 < len(compact) <= _MOST:
        for thumbprint, spki in keys.items():
            if _jws(terms, compact, spki) if jws else _plain(terms, compact, spki):
                return json.dumps({"form": "jws" if jws else "signature", "certificate": thumbprint, "value": compact})
    message = N_("Chữ ký không khớp: hãy ký đúng tệp nội dung đã tải về, bằng khóa của một chứng thư còn hiệu lực.")
    raise Invalid("sharing.partner_seal", message, fields=(FieldError("seal", "sharing.partner_seal", message),))


def _jws(terms: bytes, compact: str, spki: bytes) -> bool:
    head, payload, signature = compact.split(".")
    try:
        header, raw = json.loads(_b64u(head)), _b64u(signature)
        if payload and _b64u(payload) != terms:
            return False
    except (ValueError, binascii.Error, RecursionError):
        return False
    if not isinstance(header, dict) or "crit" in header:
        return False
    signed = f"{head}.{payload or base64.urlsafe_b64encode(terms).rstrip(b'=').decode()}".encode()
    return _verified(spki, signed, raw, header.get("alg"))


def _plain(terms: bytes, text: str, spki: bytes) -> bool:
    try:
        raw = base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        return False
    return _verified(spki, terms, raw, None)


def _verified(spki: bytes, signed: bytes, raw: bytes, alg: object) -> bool:
    """`alg`: the JWS algorithm; None for a signature as OpenSSL makes it (DER for elliptic curves)."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    key: PublicKeyTypes = serialization.load_der_public_key(spki)
    try:
        if isinstance(key, ec.EllipticCurvePublicKey) and alg in (None, "ES256") and key.curve.name == "secp256r1":
            if alg is not None:
                if len(raw) != 64:
                    return False
                raw = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
            key.verify(raw, signed, ec.ECDSA(hashes.SHA256()))
            return True
        if isinstance(key, ed25519.Ed25519PublicKey) and alg in (None, "EdDSA", "Ed25519"):
            key.verify(raw, signed)
            return True
    except InvalidSignature:
        return False
    return False


def _b64u(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
