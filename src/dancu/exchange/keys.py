"""The built-in certificate authority of partners' programs, and what a certificate request must be.

The root (EC P-256) and its key lie under $DATA/keys/exchange. With `DANCU_EXCHANGE_CA_BUNDLE` (a PEM file of trusted roots and
intermediates) an outside authority signs instead: requests are handed on and its certificates uploaded and checked here.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dancu.exchange.models.partner import Certificate
from dancu.kernel.errors import FieldError, Invalid, Unavailable
from dancu.kit import keys as files
from dancu.kit.db import data_dir
from dancu.kit.i18n import N_

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519

    PublicKey = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey

VALIDITY = timedelta(days=365)
ROOT_VALIDITY = timedelta(days=3652)
CRL_VALIDITY = timedelta(days=1)
# Clocks differ: a certificate must work the moment it is issued.
_EARLIER = timedelta(minutes=5)
_MOST = 16 * 1024


def outside_bundle() -> Path | None:
    """The roots of an outside authority, where one is configured."""
    path = os.environ.get("DANCU_EXCHANGE_CA_BUNDLE", "")
    return Path(path) if path else None


@dataclass(frozen=True, slots=True)
class Requested:
    """A certificate request that passed. `spki`: its public key (DER); `jwk`: the same as a JWK."""

    pem: str
    spki: bytes
    jwk: dict[str, str]
    subject: str


def read_request(text: str | bytes) -> Requested:
    """Raises Invalid `exchange.csr…` with what to mend: readable PKCS #10, signed by its own key, P-256 or Ed25519, a subject,
    no wish to be an authority."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.serialization import Encoding

    raw = text.encode("utf-8", "replace") if isinstance(text, str) else text
    try:
        if len(raw) > _MOST:
            raise ValueError("too large")
        csr = x509.load_pem_x509_csr(raw) if b"-----BEGIN" in raw else x509.load_der_x509_csr(raw)
        public = csr.public_key()
        signed = csr.is_signature_valid
        subject = csr.subject.rfc4514_string()
        extensions = list(csr.extensions)
    except Exception as error:  # the parser raises many kinds for what is no request
        raise _wrong("exchange.csr", N_("Không đọc được yêu cầu cấp chứng thư (CSR). Hãy gửi tệp PEM do OpenSSL tạo ra.")) from error
    if not signed:
        raise _wrong("exchange.csr.signature", N_("Chữ ký của yêu cầu cấp chứng thư không đúng. Hãy tạo lại yêu cầu bằng khóa riêng của bạn."))
    if isinstance(csr.signature_hash_algorithm, (hashes.MD5, hashes.SHA1)):
        raise _wrong("exchange.csr.hash", N_("Yêu cầu dùng hàm băm đã yếu. Hãy dùng SHA-256."))
    jwk = jwk_of(public)
    if jwk is None:
        raise _wrong("exchange.csr.key", N_("Khóa phải là EC P-256 hoặc Ed25519, ví dụ: openssl ecparam -name prime256v1 -genkey -noout -out key.pem"))
    if not subject.strip() or not subject.isprintable():
        raise _wrong("exchange.csr.subject", N_("Yêu cầu cấp chứng thư cần tên chủ thể (CN)."))
    if any(isinstance(one.value, x509.BasicConstraints) and one.value.ca for one in extensions):
        raise _wrong("exchange.csr.authority", N_("Yêu cầu xin làm cơ quan cấp chứng thư: không được."))
    return Requested(csr.public_bytes(Encoding.PEM).decode(), spki_of(public), jwk, subject)


def jwk_of(public: Any) -> dict[str, str] | None:
    """The public key as a JWK; None for kinds that messages cannot be signed with here."""
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519

    if isinstance(public, ec.EllipticCurvePublicKey) and public.curve.name == "secp256r1":
        numbers = public.public_numbers()
        x, y = (_b64u(n.to_bytes(32, "big")) for n in (numbers.x, numbers.y))
        return {"kty": "EC", "crv": "P-256", "x": x, "y": y, "use": "sig", "alg": "ES256"}
    if isinstance(public, ed25519.Ed25519PublicKey):
        return {"kty": "OKP", "crv": "Ed25519", "x": _b64u(public.public_bytes_raw()), "use": "sig", "alg": "EdDSA"}
    return None


def jwk_of_spki(spki: bytes) -> dict[str, str]:
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    found = jwk_of(load_der_public_key(spki))
    assert found is not None  # only such keys were certified
    return found


def spki_of(public: Any) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return bytes(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


class Authority:
    """Issues certificates for programs of partners and says which were revoked."""

    def __init__(self, directory: Path) -> None:
        from cryptography import x509
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        key = load_pem_private_key(files.secret(directory, "ca-key.pem", _new_key), None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        self._key = key
        self.pem = files.secret(directory, "ca.pem", lambda: _new_root(key)).decode()
        self._root = x509.load_pem_x509_certificate(self.pem.encode())
        self.subject = self._root.subject.rfc4514_string()
        if spki_of(self._root.public_key()) != spki_of(key.public_key()):
            from dancu.kernel.errors import Unavailable

            raise Unavailable("exchange.ca.key", N_("Khóa và chứng thư gốc của cơ quan cấp chứng thư không khớp. Hãy phục hồi thư mục keys/exchange."))

    def issue(self, request: Requested, *, client_no: int, client_id: str, system: str, organisation: str, now: datetime) -> Certificate:
        """A certificate for one year. The subject is ours, whatever the request says: the program's name, its organisation,
        its client id."""
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.serialization import load_der_public_key
        from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

        public: PublicKey = load_der_public_key(request.spki)  # type: ignore[assignment]
        name = x509.Name([
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, _cut(organisation)), x509.NameAttribute(NameOID.COMMON_NAME, _cut(system)),
            x509.NameAttribute(NameOID.SERIAL_NUMBER, client_id),
        ])  # fmt: skip
        builder = (
            x509.CertificateBuilder().subject_name(name).issuer_name(self._root.subject).public_key(public)
            .serial_number(x509.random_serial_number()).not_valid_before(now - _EARLIER).not_valid_after(now + VALIDITY)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signing=True), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
            .add_extension(x509.SubjectAlternativeName([x509.UniformResourceIdentifier(f"urn:dancu:client:{client_id}")]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
        )  # fmt: skip
        return certificate_of(builder.sign(self._key, hashes.SHA256()), client_no)

    def crl(self, revoked: Iterable[Certificate], *, number: int, now: datetime) -> bytes:
        """The list of revoked certificates (DER)."""
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.serialization import Encoding

        builder = (
            x509.CertificateRevocationListBuilder().issuer_name(self._root.subject).last_update(now - _EARLIER).next_update(now + CRL_VALIDITY)
            .add_extension(x509.CRLNumber(number), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
        )  # fmt: skip
        for one in revoked:
            assert one.revoked_at is not None
            entry = x509.RevokedCertificateBuilder().serial_number(int(one.serial, 16)).revocation_date(one.revoked_at.astimezone(UTC))
            builder = builder.add_revoked_certificate(entry.build())
        return builder.sign(self._key, hashes.SHA256()).public_bytes(Encoding.DER)


def read_outside(text: str | bytes, request: Requested, client_no: int, now: datetime) -> Certificate:
    """A certificate an outside authority issued for this request. Raises Invalid `exchange.certificate…`: not for this key, not
    signed by a trusted authority, over, or not for clients."""
    from cryptography import x509
    from cryptography.x509.oid import ExtendedKeyUsageOID

    trusted = _trusted()
    raw = text.encode("utf-8", "replace") if isinstance(text, str) else text
    try:
        cert = x509.load_pem_x509_certificate(raw) if b"-----BEGIN" in raw else x509.load_der_x509_certificate(raw)
        made = certificate_of(cert, client_no)
        usages = [one.value for one in cert.extensions if isinstance(one.value, x509.ExtendedKeyUsage)]
    except Exception as error:
        raise _wrong("exchange.certificate", N_("Không đọc được chứng thư. Hãy gửi tệp PEM."), "certificate") from error
    if made.spki != request.spki:
        raise _wrong("exchange.certificate.key", N_("Chứng thư này không thuộc khóa trong yêu cầu đã gửi."), "certificate")
    if not made.not_before - _EARLIER <= now < made.not_after:
        raise _wrong("exchange.certificate.time", N_("Chứng thư chưa hoặc không còn hiệu lực."), "certificate")
    if not usages or ExtendedKeyUsageOID.CLIENT_AUTH not in usages[0]:
        raise _wrong("exchange.certificate.usage", N_("Chứng thư không dành cho máy khách (clientAuth)."), "certificate")
    if not any(_issued_by(cert, one) for one in trusted):
        raise _wrong("exchange.certificate.issuer", N_("Chứng thư không do cơ quan được tin cậy cấp."), "certificate")
    return made


def certificate_of(cert: x509.Certificate, client_no: int) -> Certificate:
    from cryptography.hazmat.primitives.serialization import Encoding

    return Certificate(
        serial=f"{cert.serial_number:x}", client_no=client_no, thumbprint=hashlib.sha256(cert.public_bytes(Encoding.DER)).digest(),
        spki=spki_of(cert.public_key()), pem=cert.public_bytes(Encoding.PEM).decode(), subject=cert.subject.rfc4514_string(),
        issuer=cert.issuer.rfc4514_string(), not_before=cert.not_valid_before_utc, not_after=cert.not_valid_after_utc,
    )  # fmt: skip


def authority() -> Authority:
    """The authority of the process's data folder, opened once."""
    return _opened(data_dir() / "keys" / "exchange")


def roots_pem() -> str:
    """What a partner or a proxy trusts: the outside authority's bundle, or our own root."""
    if outside_bundle() is None:
        return authority().pem
    from cryptography.hazmat.primitives.serialization import Encoding

    return "".join(one.public_bytes(Encoding.PEM).decode() for one in _trusted())


def _trusted() -> list[x509.Certificate]:
    """The certificates of the outside authority's bundle. Raises Unavailable `exchange.ca.bundle`: the operator's, not the partner's, to mend."""
    from cryptography import x509

    bundle = outside_bundle()
    assert bundle is not None
    try:
        return x509.load_pem_x509_certificates(bundle.read_bytes())
    except (OSError, ValueError) as error:
        message = N_("Không đọc được chứng thư gốc của cơ quan cấp bên ngoài ({path}). Người vận hành cần xem lại DANCU_EXCHANGE_CA_BUNDLE.")
        raise Unavailable("exchange.ca.bundle", message, path=str(bundle)) from error


@lru_cache(maxsize=4)
def _opened(directory: Path) -> Authority:
    return Authority(directory)


def _issued_by(cert: x509.Certificate, by: x509.Certificate) -> bool:
    try:
        cert.verify_directly_issued_by(by)
    except Exception:
        return False
    return True


def _usage(*, signing: bool) -> x509.KeyUsage:
    from cryptography import x509

    return x509.KeyUsage(
        digital_signature=signing, content_commitment=False, key_encipherment=False, data_encipherment=False, key_agreement=False,
        key_cert_sign=not signing, crl_sign=not signing, encipher_only=False, decipher_only=False,
    )  # fmt: skip


def _new_key() -> bytes:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def _new_root(key: ec.EllipticCurvePrivateKey) -> bytes:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.serialization import Encoding
    from cryptography.x509.oid import NameOID

    now = datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Dancu"), x509.NameAttribute(NameOID.COMMON_NAME, "Dancu Exchange Root")])
    builder = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(x509.random_serial_number())
        .not_valid_before(now - _EARLIER).not_valid_after(now + ROOT_VALIDITY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signing=False), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )  # fmt: skip
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


def _cut(text: str) -> str:
    """X.509 lets names be 64 characters long."""
    return text[:64]


def _b64u(raw: bytes) -> str:
    import base64

    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _wrong(code: str, message: str, field: str = "csr") -> Invalid:
    return Invalid(code, message, fields=(FieldError(field, code, message),))
