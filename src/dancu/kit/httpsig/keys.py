"""Keys of the two algorithms: raw signatures of fixed length, as RFC 9421 §3.3 has them."""

from __future__ import annotations

from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

ES256: Final = "ecdsa-p256-sha256"
ED25519: Final = "ed25519"
ALGS: Final = (ES256, ED25519)
_ECDSA = ec.ECDSA(hashes.SHA256())


class WrongSignature(ValueError):
    """The bytes were not signed by this key."""


class Verifier:
    """A public key: EC P-256 or Ed25519. `alg` follows from the key, never from a message."""

    __slots__ = ("_key", "alg")

    def __init__(self, key: object) -> None:
        if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name == "secp256r1":
            self.alg = ES256
        elif isinstance(key, ed25519.Ed25519PublicKey):
            self.alg = ED25519
        else:
            raise ValueError("only EC P-256 and Ed25519 keys")
        self._key: ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey = key

    @classmethod
    def from_spki(cls, der: bytes) -> Verifier:
        """Raises ValueError."""
        return cls(serialization.load_der_public_key(der))

    def verify(self, base: bytes, signature: bytes) -> None:
        """Raises WrongSignature."""
        if len(signature) != 64:
            raise WrongSignature
        try:
            if isinstance(self._key, ed25519.Ed25519PublicKey):
                self._key.verify(signature, base)
                return
            r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
            self._key.verify(encode_dss_signature(r, s), base, _ECDSA)
        except InvalidSignature as error:
            raise WrongSignature from error


class Signer:
    """A private key: EC P-256 or Ed25519."""

    __slots__ = ("_key", "alg", "verifier")

    def __init__(self, key: object) -> None:
        if not isinstance(key, (ec.EllipticCurvePrivateKey, ed25519.Ed25519PrivateKey)):
            raise ValueError("only EC P-256 and Ed25519 keys")
        self.verifier = Verifier(key.public_key())
        self.alg, self._key = self.verifier.alg, key

    @classmethod
    def from_pem(cls, pem: bytes) -> Signer:
        """Raises ValueError."""
        return cls(serialization.load_pem_private_key(pem, None))

    def sign(self, base: bytes) -> bytes:
        """64 bytes."""
        if isinstance(self._key, ed25519.Ed25519PrivateKey):
            return self._key.sign(base)
        r, s = decode_dss_signature(self._key.sign(base, _ECDSA))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")
