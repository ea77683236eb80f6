"""Signatures: JWS for tokens, RFC 9421 for messages, as this exchange uses them."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from dancu_client.errors import NotGenuine

PrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
PublicKey = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey
COVERED = ("@method", "@target-uri", "content-digest", "content-type", "authorization")
_ECDSA = ec.ECDSA(hashes.SHA256())


def b64u(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64u(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def sign_raw(key: PrivateKey, data: bytes) -> bytes:
    """64 bytes: r and s, or an Ed25519 signature."""
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(data)
    r, s = decode_dss_signature(key.sign(data, _ECDSA))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def verify_raw(key: PublicKey, data: bytes, signature: bytes) -> None:
    """Raises NotGenuine."""
    try:
        if len(signature) != 64:
            raise InvalidSignature
        if isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(signature, data)
        else:
            r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
            key.verify(encode_dss_signature(r, s), data, _ECDSA)
    except InvalidSignature as error:
        raise NotGenuine("the signature is wrong") from error


def jwk_of(key: PublicKey) -> dict[str, str]:
    if isinstance(key, ed25519.Ed25519PublicKey):
        raw = key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        return {"crv": "Ed25519", "kty": "OKP", "x": b64u(raw)}
    numbers = key.public_numbers()
    return {"crv": "P-256", "kty": "EC", "x": b64u(numbers.x.to_bytes(32, "big")), "y": b64u(numbers.y.to_bytes(32, "big"))}


def key_of(jwk: Mapping[str, Any]) -> PublicKey:
    if jwk.get("kty") == "OKP":
        return ed25519.Ed25519PublicKey.from_public_bytes(unb64u(str(jwk["x"])))
    x, y = (int.from_bytes(unb64u(str(jwk[name])), "big") for name in ("x", "y"))
    return ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()


def jws(key: PrivateKey, claims: Mapping[str, Any], header: Mapping[str, Any]) -> str:
    alg = "Ed25519" if isinstance(key, ed25519.Ed25519PrivateKey) else "ES256"
    signed = ".".join(b64u(json.dumps(part, separators=(",", ":")).encode()) for part in ({"alg": alg, **header}, claims))
    return f"{signed}.{b64u(sign_raw(key, signed.encode()))}"


def content_digest(body: bytes) -> str:
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


def message_id() -> str:
    """A new one: 24 letters nobody has used."""
    return secrets.token_urlsafe(18)


def sign_request(
    key: PrivateKey, keyid: str, method: str, url: str, headers: Mapping[str, str], nonce: str, now: float | None = None
) -> dict[str, str]:
    """Signature-Input and Signature over COVERED. `headers` (lower case) hold content-digest, content-type, authorization."""
    alg = "ed25519" if isinstance(key, ed25519.Ed25519PrivateKey) else "ecdsa-p256-sha256"
    created = int(time.time() if now is None else now)
    names = " ".join(f'"{name}"' for name in COVERED)
    params = f'({names});created={created};keyid="{keyid}";nonce="{nonce}";alg="{alg}"'
    values = {"@method": method, "@target-uri": url, **headers}
    base = "\n".join([*(f'"{name}": {values[name]}' for name in COVERED), f'"@signature-params": {params}'])
    signature = base64.b64encode(sign_raw(key, base.encode())).decode()
    return {"signature-input": f"sig1={params}", "signature": f"sig1=:{signature}:"}


def check_signed(
    keys: Mapping[str, PublicKey], values: Mapping[str, str], headers: Mapping[str, str], must: set[str], body: bytes, now: float | None = None
) -> None:
    """A message of the platform: digest, signature by one of its keys over `must` at least, made within a minute. `values`: the
    components by name as they stand in the base. Raises NotGenuine."""
    label, _, params = headers.get("signature-input", "").partition("=")
    mark, _, encoded = headers.get("signature", "").partition("=")
    if not params.startswith("(") or label != mark:
        raise NotGenuine("the message is not signed")
    inside, _, rest = params[1:].partition(")")
    names = inside.split(" ")
    said = dict(part.partition("=")[::2] for part in rest.split(";") if part)
    key = keys.get(said.get("keyid", "").strip('"'))
    if key is None:
        raise NotGenuine("signed by a key that is not the platform's")
    if not must <= set(names) or len(names) != len(set(names)) or not set(names) <= values.keys():
        raise NotGenuine("the signature does not cover what it must")
    base = "\n".join([*(f"{name}: {values[name]}" for name in names), f'"@signature-params": {params}'])
    try:
        verify_raw(key, base.encode(), base64.b64decode(encoded.strip(":"), validate=True))
        created = int(said.get("created", "0"))
    except ValueError as error:
        raise NotGenuine("the signature cannot be read") from error
    if abs((time.time() if now is None else now) - created) > 300:
        raise NotGenuine("signed at another time: check this machine's clock")
    if headers.get("content-digest") != content_digest(body):
        raise NotGenuine("the content is not what was signed")
