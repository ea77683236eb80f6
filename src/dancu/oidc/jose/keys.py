"""Public keys from JWKs, and what they verify. A key serves the algorithms of its kind alone, whatever a header says."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, cast

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from dancu.oidc.jose.compact import Compact, JoseError, b64u, unb64u

Thumbprint = str
_CURVES: Mapping[str, tuple[str, ec.EllipticCurve, int, hashes.HashAlgorithm]] = {
    "P-256": ("ES256", ec.SECP256R1(), 32, hashes.SHA256()),
    "P-384": ("ES384", ec.SECP384R1(), 48, hashes.SHA384()),
}
_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_MIN_RSA_BITS, _MAX_RSA_BITS = 2048, 4096
_MOST_KEYS = 20
_PARTS, _ABSENT, _MOST_TEXT = ("kty", "crv", "x", "y", "n", "e"), ("",) * 6, 1000
_ECDSA = {alg: (size, ec.ECDSA(digest)) for alg, _, size, digest in _CURVES.values()}
_EDWARDS = frozenset({"EdDSA", "Ed25519"})


@dataclass(frozen=True, slots=True)
class PublicKey:
    """`algs`: what it can verify. `thumbprint`: RFC 7638, base64url."""

    kid: str
    thumbprint: Thumbprint
    algs: frozenset[str]
    key: ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | rsa.RSAPublicKey = field(repr=False)

    def verify(self, token: Compact, allowed: frozenset[str]) -> None:
        """Raises JoseError unless the signature is this key's, by an algorithm that is allowed and of the key's kind."""
        alg = token.alg
        if alg not in allowed or alg not in self.algs:
            raise JoseError("algorithm not accepted")
        try:
            self._verify(alg, token)
        except InvalidSignature as error:
            raise JoseError("signature does not match") from error

    def _verify(self, alg: str, token: Compact) -> None:
        verify: Any = self.key.verify  # of the kind that has this algorithm
        signed, signature = token.signed, token.signature
        if alg in _ECDSA:
            size, way = _ECDSA[alg]
            if len(signature) != 2 * size:
                raise JoseError("signature has the wrong length")
            r, s = int.from_bytes(signature[:size], "big"), int.from_bytes(signature[size:], "big")
            verify(encode_dss_signature(r, s), signed, way)
        elif alg in _EDWARDS:
            verify(signature, signed)
        elif alg == "PS256":
            verify(signature, signed, padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=32), hashes.SHA256())
        else:
            verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())


def public_key(jwk: Mapping[str, Any]) -> PublicKey:
    """The key of a public JWK. Raises JoseError for private or symmetric ones, weak ones and unknown kinds."""
    if not isinstance(jwk, Mapping) or _PRIVATE & jwk.keys():
        raise JoseError("only public keys")
    if jwk.get("use", "sig") != "sig":
        raise JoseError("not a signing key")
    parts = tuple(map(jwk.get, _PARTS, _ABSENT))
    if set(map(type, parts)) != {str} or len("".join(parts)) > _MOST_TEXT:
        raise JoseError("not a JWK")
    found = _parsed(*parts)
    kid, alg = jwk.get("kid", ""), jwk.get("alg")
    if alg is None and not kid:
        return found
    # Any JSON may stand here. One algorithm under its old name and its own (RFC 9864).
    alg = alg if alg is None else str(alg)
    named = _EDWARDS if alg in _EDWARDS else {alg}
    algs = found.algs if alg is None else found.algs & named
    if not algs:
        raise JoseError("alg does not fit the key")
    return PublicKey(kid if isinstance(kid, str) else "", found.thumbprint, algs, found.key)


@lru_cache(2048)
def _parsed(kty: str, crv: str, x: str, y: str, n: str, e: str) -> PublicKey:
    """Remembered: one client proves itself with one key again and again."""
    members: dict[str, str]
    key: ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | rsa.RSAPublicKey
    try:
        if kty == "EC" and crv in _CURVES:
            alg, curve, size, _ = _CURVES[crv]
            px, py = unb64u(x), unb64u(y)
            if (len(px), len(py)) != (size, size):
                raise JoseError("coordinate has the wrong length")
            numbers = ec.EllipticCurvePublicNumbers(int.from_bytes(px, "big"), int.from_bytes(py, "big"), curve)
            key, algs, members = numbers.public_key(), {alg}, {"crv": crv, "kty": kty, "x": x, "y": y}
        elif kty == "OKP" and crv == "Ed25519":
            key = ed25519.Ed25519PublicKey.from_public_bytes(unb64u(x))
            algs, members = {"EdDSA", "Ed25519"}, {"crv": crv, "kty": kty, "x": x}
        elif kty == "RSA":
            modulus, exponent = int.from_bytes(unb64u(n), "big"), int.from_bytes(unb64u(e), "big")
            if not _MIN_RSA_BITS <= modulus.bit_length() <= _MAX_RSA_BITS or exponent != 65537:
                raise JoseError("RSA key not accepted")
            key = rsa.RSAPublicNumbers(exponent, modulus).public_key()
            algs, members = {"PS256", "RS256"}, {"e": e, "kty": kty, "n": n}
        else:
            raise JoseError("kind of key not accepted")
    except JoseError:
        raise
    except Exception as error:  # the library's own: not on the curve, wrong length
        raise JoseError("not a usable key") from error
    thumbprint = b64u(hashlib.sha256(orjson.dumps(members)).digest())
    return PublicKey("", thumbprint, frozenset(algs), key)


def public_keys(jwks: Mapping[str, Any]) -> tuple[PublicKey, ...]:
    """The signing keys of a JWK Set; keys for other uses are passed over. Raises JoseError where one is unusable, or none is left."""
    keys = jwks.get("keys") if isinstance(jwks, Mapping) else None
    if not isinstance(keys, list) or not 0 < len(keys) <= _MOST_KEYS:
        raise JoseError("not a JWK Set")
    jwk_list = [cast("Mapping[str, Any]", jwk) for jwk in keys if isinstance(jwk, Mapping)]
    found = tuple(public_key(jwk) for jwk in jwk_list if jwk.get("use", "sig") == "sig")
    if not found:
        raise JoseError("no signing key")
    return found
