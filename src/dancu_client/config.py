"""What a partner's program must know, read from a TOML file.

    base_url = "https://dancu.example.vn"
    client_id = "…"
    key = "program.key.pem"             # EC P-256 or Ed25519, never leaves this machine
    certificate = "program.cert.pem"    # issued by the platform
    bound = "dpop"                      # or "mtls": then key and certificate are shown at TLS too
    issuer = "https://dancu.example.vn" # only where base_url is another address of the platform's, for calls with certificates
    ca = "ca.pem"                       # only where the platform's TLS certificate is not publicly trusted
    log = "calls.ndjson"                # this side's log of calls
    vkey = "dancu…+1234abcd+A…"         # public key of the evidence log, as published
    webhook = "https://me.example/hook" # where events are taken, for `dancu connect doctor`
"""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from dancu_client.errors import ConfigError

_NAMES = {"base_url", "client_id", "key", "certificate", "bound", "ca", "log", "vkey", "webhook", "timeout", "attempts", "issuer"}


@dataclass(frozen=True)
class Config:
    """See the module. Paths are relative to the file's folder."""

    base_url: str
    client_id: str
    key: Path
    certificate: Path
    bound: str = "dpop"
    ca: Path | None = None
    log: Path | None = None
    vkey: str = ""
    webhook: str = ""
    issuer: str = ""
    timeout: float = 10.0
    attempts: int = 3

    @classmethod
    def load(cls, file: str | Path) -> Config:
        """Raises ConfigError."""
        path = Path(file)
        try:
            given = tomllib.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise ConfigError("{path}: there is no such file", path=path) from error
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise ConfigError("{path}: {error}", path=path, error=error) from error
        if unknown := given.keys() - _NAMES:
            raise ConfigError("{path}: unknown: {names}", path=path, names=", ".join(sorted(unknown)))
        if missing := {"base_url", "client_id", "key", "certificate"} - given.keys():
            raise ConfigError("{path}: missing: {names}", path=path, names=", ".join(sorted(missing)))
        values: dict[str, Any] = dict(given)
        for name, value in values.items():
            if not isinstance(value, (int, float) if name in ("timeout", "attempts") else str):
                raise ConfigError("{path}: {name} is of the wrong kind", path=path, name=name)
        for name in ("key", "certificate", "ca", "log"):
            if name in values:
                values[name] = path.parent / str(values[name])
        return cls(**values)

    def __post_init__(self) -> None:
        if not self.base_url.startswith(("https://", "http://")):
            raise ConfigError("base_url must begin with https://")
        if self.bound not in ("dpop", "mtls"):
            raise ConfigError('bound is "dpop" or "mtls"')
        try:
            parts = urlsplit(self.base_url)
            named = bool(parts.hostname) and parts.port != 0
        except ValueError:
            named = False
        if not named:
            raise ConfigError("base_url names no host and port that can be reached")
        if not self.timeout > 0 or self.attempts < 1:
            raise ConfigError("timeout is more than 0 seconds, attempts at least 1")
        object.__setattr__(self, "base_url", self.base_url.rstrip("/"))

    @property
    def audience(self) -> str:
        """The platform by its own name."""
        return self.issuer.rstrip("/") or self.base_url

    def here(self, url: str) -> str:
        """An address of the platform's as it is reached from here; "" for somebody else's."""
        for known in (self.base_url, self.audience):
            if url.startswith(known + "/"):
                return self.base_url + url.removeprefix(known)
        return ""

    @cached_property
    def private_key(self) -> ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey:
        try:
            key = serialization.load_pem_private_key(self.key.read_bytes(), None)
        except (OSError, ValueError, TypeError) as error:
            raise ConfigError("key {key}: {error}", key=self.key, error=error) from error
        if (isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name == "secp256r1") or isinstance(key, ed25519.Ed25519PrivateKey):
            return key
        raise ConfigError("key {key}: only EC P-256 and Ed25519", key=self.key)

    @cached_property
    def x509(self) -> x509.Certificate:
        try:
            return x509.load_pem_x509_certificate(self.certificate.read_bytes())
        except (OSError, ValueError) as error:
            raise ConfigError("certificate {certificate}: {error}", certificate=self.certificate, error=error) from error

    @cached_property
    def thumbprint(self) -> str:
        """SHA-256 of the certificate, hex: what calls name the key by."""
        return hashlib.sha256(self.x509.public_bytes(serialization.Encoding.DER)).hexdigest()

    def tls(self) -> dict[str, Any]:
        """Arguments for httpx. Raises ConfigError."""
        import ssl

        try:
            context = ssl.create_default_context(cafile=str(self.ca) if self.ca else None)
        except OSError as error:  # ssl.SSLError is one
            raise ConfigError("ca {ca}: {error}", ca=self.ca, error=error) from error
        if self.bound == "mtls":
            try:
                context.load_cert_chain(self.certificate, self.key)
            except OSError as error:
                raise ConfigError(
                    "key {key} and certificate {certificate} for TLS: {error}", key=self.key, certificate=self.certificate, error=error
                ) from error
        return {"verify": context}
