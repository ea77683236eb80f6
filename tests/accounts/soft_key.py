"""A security key made of software: answers a page's WebAuthn options as a browser with an authenticator does."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import struct
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import cbor2
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

ORIGIN, HOST = "http://localhost", "localhost"
UP, UV, BE, BS, AT = 1, 4, 8, 16, 64


def b64(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


class Maker:
    """Whoever makes keys of a model: `root`, and the certificate of a batch of keys that it signed."""

    def __init__(self, name: str = "Maker") -> None:
        root_key, self.key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        self.root = self._certificate(name, root_key, name, root_key, ca=True)
        self.certificate = self._certificate("Batch", self.key, name, root_key, ca=False)

    @staticmethod
    def _certificate(name: str, key: Any, issuer: str, by: Any, *, ca: bool) -> x509.Certificate:
        parts, now = ((x509.NameOID.COUNTRY_NAME, "VN"), (x509.NameOID.ORGANIZATION_NAME, "Maker"), (x509.NameOID.ORGANIZATIONAL_UNIT_NAME, "Authenticator Attestation")), datetime.now(UTC)
        subject, signer = (x509.Name([x509.NameAttribute(*part) for part in (*parts, (x509.NameOID.COMMON_NAME, one))]) for one in (name, issuer))
        made = x509.CertificateBuilder().subject_name(subject).issuer_name(signer).public_key(key.public_key()).serial_number(x509.random_serial_number())
        made = made.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=365))
        return made.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True).sign(by, hashes.SHA256())

    @property
    def pem(self) -> bytes:
        return self.root.public_bytes(Encoding.PEM)


class SoftKey:
    """`synced`: a passkey that is copied to other devices. `model`: stated, with the certificate of `maker`, else by its own key alone."""

    def __init__(
        self, *, synced: bool = False, origin: str = ORIGIN, host: str = HOST, verifies: bool = True, model: UUID | None = None,
        maker: Maker | None = None,
    ) -> None:  # fmt: skip
        self.model, self.maker = model, maker
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.id = secrets.token_bytes(32)
        self.synced, self.origin, self.host, self.verifies, self.count, self.handle = synced, origin, host, verifies, 0, ""

    def create(self, options: str) -> str:
        client = self._client("webauthn.create", json.loads(options)["challenge"])
        self.handle = json.loads(options)["user"]["id"]
        numbers = self.key.public_key().public_numbers()
        cose = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")})
        data = self._data(AT) + (self.model.bytes if self.model else b"\0" * 16) + struct.pack(">H", len(self.id)) + self.id + cose
        fmt, statement = self._statement(data + hashlib.sha256(client).digest()) if self.model else ("none", {})
        attestation = cbor2.dumps({"fmt": fmt, "attStmt": statement, "authData": data})
        return self._answer({"clientDataJSON": b64(client), "attestationObject": b64(attestation)})

    def _statement(self, signed: bytes) -> tuple[str, dict[str, Any]]:
        """Of the format "packed" (WebAuthn §8.2)."""
        key = self.maker.key if self.maker else self.key
        made = {"alg": -7, "sig": key.sign(signed, ec.ECDSA(hashes.SHA256()))}
        return "packed", {**made, "x5c": [self.maker.certificate.public_bytes(Encoding.DER)]} if self.maker else made

    def get(self, options: str) -> str:
        client = self._client("webauthn.get", json.loads(options)["challenge"])
        self.count += 1
        data = self._data(0)
        signature = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        return self._answer({"clientDataJSON": b64(client), "authenticatorData": b64(data), "signature": b64(signature), "userHandle": self.handle})

    def _client(self, kind: str, challenge: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}).encode()

    def _data(self, flags: int) -> bytes:
        flags |= UP | (UV if self.verifies else 0) | (BE | BS if self.synced else 0)
        return hashlib.sha256(self.host.encode()).digest() + bytes([flags]) + struct.pack(">I", self.count)

    def _answer(self, response: dict[str, Any]) -> str:
        return json.dumps(
            {"id": b64(self.id), "rawId": b64(self.id), "type": "public-key", "response": response, "clientExtensionResults": {}}
        )
