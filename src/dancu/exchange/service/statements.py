"""Statements the platform signs for others to keep: verification receipts and confirmations.

Compact JWS, ES256, so that a paper's QR code carries one and any phone or laptop checks it without us. The keys lie under
$DATA/keys/statements; statements are read for years, so no key is ever dropped, and the newest signs.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
import secrets
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from dancu.kit import keys as files
from dancu.kit.db import data_dir

ISSUER: Final = "dancu"
CONFIRMATION, VERIFICATION = "dancu-confirmation+jwt", "dancu-verification+jwt"
#: Longest statement read, in characters: a QR code holds less.
MOST: Final = 4096
_JWS: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+", re.ASCII)
_NAME: Final = re.compile(r"statement-(\d{1,6})\.pem", re.ASCII)
#: Crockford's alphabet: nobody reads 0 for O or 1 for I over the phone.
_LETTERS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_ECDSA: Final = ec.ECDSA(hashes.SHA256())


def new_id() -> str:
    """A statement's number: 16 letters, 80 bits, that say nothing."""
    return "".join(secrets.choice(_LETTERS) for _ in range(16))


class Forged(ValueError):
    """The signature does not fit, or no key of ours made it."""


class Unreadable(ValueError):
    """Not a statement at all."""


class StatementKeys:
    """Signs statements and tells the public keys."""

    def __init__(self, directory: Path) -> None:
        numbers = sorted(int(f[1]) for path in directory.glob("statement-*.pem") if (f := _NAME.fullmatch(path.name))) or [1]
        self._directory = directory
        self._keys = [_load(files.secret(directory, f"statement-{n}.pem", _new)) for n in numbers]
        self._public = {kid: key.public_key() for kid, key in self._keys}

    def sign(self, typ: str, claims: Mapping[str, Any]) -> str:
        kid, key = self._keys[-1]
        signed = f"{_b64({'alg': 'ES256', 'kid': kid, 'typ': typ})}.{_b64(claims)}"
        r, s = decode_dss_signature(key.sign(signed.encode(), _ECDSA))
        return f"{signed}.{_b64u(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"

    def verify(self, text: str, typ: str) -> dict[str, Any]:
        """The claims of a statement we signed. Raises Unreadable, Forged."""
        if len(text) > MOST or not _JWS.fullmatch(text):
            raise Unreadable
        head, body, signature = text.split(".")
        try:
            header, raw = json.loads(_unb64u(head)), _unb64u(signature)
        except (ValueError, RecursionError) as error:
            raise Unreadable from error
        if not isinstance(header, dict) or header.get("typ") != typ:
            raise Unreadable
        key = self._public.get(str(header.get("kid")))
        if key is None or header.get("alg") != "ES256" or len(raw) != 64:
            raise Forged
        der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
        try:
            key.verify(der, f"{head}.{body}".encode(), _ECDSA)
        except InvalidSignature as error:
            raise Forged from error
        claims: dict[str, Any] = json.loads(_unb64u(body))  # ours: nobody else's text gets here
        return claims

    def jwks(self) -> dict[str, Any]:
        """The public keys with which anybody checks statements."""
        return {"keys": [{**_jwk(key), "kid": kid, "use": "sig", "alg": "ES256"} for kid, key in self._public.items()]}

    def rotated(self) -> StatementKeys:
        """With one more key, which signs from now on; other processes see it at their next start."""
        files.secret(self._directory, f"statement-{len(self._keys) + 1}.pem", _new)
        return StatementKeys(self._directory)


def keys() -> StatementKeys:
    """The keys of the process's data folder, read once."""
    return _opened(directory())


def directory() -> Path:
    return data_dir() / "keys" / "statements"


@lru_cache(maxsize=4)
def _opened(directory: Path) -> StatementKeys:
    return StatementKeys(directory)


def _new() -> bytes:
    return ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _load(pem: bytes) -> tuple[str, ec.EllipticCurvePrivateKey]:
    key = serialization.load_pem_private_key(pem, None)
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != "secp256r1":
        raise ValueError("not a P-256 private key")
    members = json.dumps(_jwk(key.public_key()), sort_keys=True, separators=(",", ":"))
    # Eleven letters tell our few keys apart; a whole thumbprint would make the QR code coarser for nothing.
    return _b64u(hashlib.sha256(members.encode()).digest())[:11], key


def _jwk(key: ec.EllipticCurvePublicKey) -> dict[str, str]:
    numbers = key.public_numbers()
    return {"crv": "P-256", "kty": "EC", "x": _b64u(numbers.x.to_bytes(32, "big")), "y": _b64u(numbers.y.to_bytes(32, "big"))}


def _b64(value: Mapping[str, Any]) -> str:
    return _b64u(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())


def _b64u(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _unb64u(text: str) -> bytes:
    """Raises ValueError also for a second spelling of the same bytes: one statement has one text."""
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError("not base64url") from error
    if _b64u(data) != text:
        raise ValueError("not canonical base64url")
    return data
