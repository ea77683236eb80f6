"""Client certificates, as a TLS proxy of ours hands them on (RFC 9440) and as tokens are bound to them (RFC 8705)."""

from __future__ import annotations

import base64
import binascii
import hashlib
from functools import lru_cache

from dancu.oidc.jose import JoseError, b64u, public_keys
from dancu.oidc.models import AuthMethod, Client
from dancu.oidc.service.errors import invalid_client

_MOST = 16 * 1024


def from_header(value: str) -> bytes | None:
    """The certificate of a `Client-Cert` header, `:base64:`; None where there is none or it cannot be one."""
    if not (2 < len(value) < _MOST and value.startswith(":") and value.endswith(":")):
        return None
    try:
        return base64.b64decode(value[1:-1], validate=True)
    except (binascii.Error, ValueError):
        return None


def thumbprint(certificate: bytes) -> str:
    """`x5t#S256`."""
    return b64u(hashlib.sha256(certificate).digest())


def check(client: Client, certificate: bytes) -> None:
    """Raises OAuthError invalid_client unless the certificate is the client's: by its subject where the proxy verified the
    chain (tls_client_auth), by its key among the client's registered ones (self_signed_tls_client_auth)."""
    try:
        subject, key = _read(certificate)
        if client.auth_method is AuthMethod.TLS:
            known = subject == client.tls_subject
        else:
            known = any(k.thumbprint == key for k in public_keys(client.jwks or {}))
    except (ValueError, JoseError) as error:
        raise invalid_client("the certificate cannot be read") from error
    if not known:
        raise invalid_client("the certificate is not registered for this client")


@lru_cache(1024)
def _read(certificate: bytes) -> tuple[str, str]:
    """(subject as RFC 4514 has it, thumbprint of the public key)."""
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    from dancu.oidc.jose import public_key

    cert = x509.load_der_x509_certificate(certificate)
    key = cert.public_key()
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name == "secp256r1":
        ec_numbers = key.public_numbers()
        x, y = (b64u(n.to_bytes(32, "big")) for n in (ec_numbers.x, ec_numbers.y))
        jwk = {"kty": "EC", "crv": "P-256", "x": x, "y": y}
    elif isinstance(key, rsa.RSAPublicKey):
        rsa_numbers = key.public_numbers()
        jwk = {"kty": "RSA", "n": b64u(rsa_numbers.n.to_bytes(-(-rsa_numbers.n.bit_length() // 8), "big")), "e": "AQAB"}
    else:
        raise ValueError("kind of key not accepted")
    return cert.subject.rfc4514_string(), public_key(jwk).thumbprint
