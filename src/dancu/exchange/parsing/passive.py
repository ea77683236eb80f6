"""Passive authentication of a chip (ICAO 9303 part 11): EF.SOD lists the hashes of the data groups and is signed by a
document signer whose certificate leads to a country's authority (CSCA).

The national CSCA certificates are not public; trust anchors are files of the installation ($DATA/keys/csca/*.pem or *.der).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

_HASHES: Final[dict[str, hashes.HashAlgorithm]] = {
    "sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512(), "sha224": hashes.SHA224(),
}  # fmt: skip
#: Object identifiers of the hash algorithms, as encoded.
_OIDS: Final = {bytes.fromhex(f"6086480165030402{n:02x}"): name for n, name in ((1, "sha256"), (2, "sha384"), (3, "sha512"), (4, "sha224"))}
_LDS: Final = "2.23.136.1.1.1"


class Forged(ValueError):
    """A hash or the signature does not fit, or the file is no EF.SOD."""


def anchors(folder: Path) -> list[x509.Certificate]:
    """The authorities this installation trusts; none where there is no folder."""
    found = []
    for path in sorted(folder.glob("*")) if folder.is_dir() else []:
        data = path.read_bytes()
        found.extend(x509.load_pem_x509_certificates(data) if b"-----BEGIN" in data else [x509.load_der_x509_certificate(data)])
    return found


def check(sod: bytes, groups: Mapping[int, bytes], trusted: Sequence[x509.Certificate], now: datetime | None = None) -> bool:
    """True where the chain leads to a trusted authority, False where it leads elsewhere. Raises Forged."""
    try:
        return _check(sod, groups, trusted, now or datetime.now(UTC))
    except Forged:
        raise
    except Exception as error:  # two libraries take hostile bytes apart here, each with exceptions of its own
        raise Forged("not a valid EF.SOD") from error


def _check(sod: bytes, groups: Mapping[int, bytes], trusted: Sequence[x509.Certificate], now: datetime) -> bool:
    from asn1crypto import cms

    content = cms.ContentInfo.load(_inside(sod), strict=True)
    if content["content_type"].native != "signed_data":
        raise Forged("not signed data")
    signed = content["content"]
    if signed["encap_content_info"]["content_type"].dotted != _LDS:
        raise Forged("not an LDS security object")
    lds = bytes(signed["encap_content_info"]["content"].contents)
    _hashes_fit(lds, groups)
    (signer,) = signed["signer_infos"]
    certificates = [x509.load_der_x509_certificate(one.chosen.dump()) for one in signed["certificates"]]
    document_signer = _signer_of(signer, certificates)
    _signature_fits(signer, lds, document_signer)
    return any(_issued(document_signer, anchor, now) for anchor in trusted)


def _inside(sod: bytes) -> bytes:
    """EF.SOD is wrapped in tag 0x77."""
    from asn1crypto import parser

    if sod[:1] != b"\x77":
        raise Forged("not an EF.SOD")
    return bytes(parser.parse(sod, strict=True)[4])


def _children(value: bytes) -> list[bytes]:
    """The contents of the elements in a DER value, in order."""
    from asn1crypto import parser

    found = []
    while value:
        size = parser.peek(value)
        found.append(bytes(parser.parse(value[:size], strict=True)[4]))
        value = value[size:]
    return found


def _hashes_fit(lds: bytes, groups: Mapping[int, bytes]) -> None:
    """LDSSecurityObject: version, hash algorithm, (number of a data group, its hash)…"""
    _, algorithm, listed, *_ = _children(_children(lds)[0])
    name = _OIDS[_children(algorithm)[0]]
    told = {int.from_bytes(number, "big"): digest for number, digest in (_children(one)[:2] for one in _children(listed))}
    for number, data in groups.items():
        if not hmac.compare_digest(told.get(number, b""), hashlib.new(name, data).digest()):
            raise Forged("a data group was changed")


def _signer_of(signer: Any, certificates: Sequence[x509.Certificate]) -> x509.Certificate:
    sid = signer["sid"]
    for one in certificates:
        if sid.name == "issuer_and_serial_number":
            if one.serial_number == sid.chosen["serial_number"].native and one.issuer.public_bytes() == sid.chosen["issuer"].dump():
                return one
        elif one.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest == sid.chosen.native:
            return one
    raise Forged("the signer's certificate is missing")


def _signature_fits(signer: Any, lds: bytes, certificate: x509.Certificate) -> None:
    digest = _HASHES[signer["digest_algorithm"]["algorithm"].native]
    attributes = signer["signed_attrs"]
    told = {one["type"].native: one["values"][0].native for one in attributes}
    if not hmac.compare_digest(told["message_digest"], hashlib.new(digest.name, lds).digest()):
        raise Forged("the list of hashes was changed")
    data, signature = attributes.untag().dump(force=True), signer["signature"].native
    key, kind = certificate.public_key(), signer["signature_algorithm"]
    algorithm = _HASHES.get(_hash_of(kind, digest.name), digest)
    if isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(signature, data, ec.ECDSA(algorithm))
    elif isinstance(key, rsa.RSAPublicKey) and kind.signature_algo == "rsassa_pss":
        salt = kind["parameters"]["salt_length"].native
        key.verify(signature, data, padding.PSS(padding.MGF1(algorithm), salt), algorithm)
    elif isinstance(key, rsa.RSAPublicKey):
        key.verify(signature, data, padding.PKCS1v15(), algorithm)
    else:
        raise Forged("a kind of key that documents are not signed with")


def _hash_of(kind: Any, default: str) -> str:
    try:
        return str(kind.hash_algo)
    except ValueError:  # "rsaEncryption" alone: the digest's algorithm
        return default


def _issued(certificate: x509.Certificate, anchor: x509.Certificate, now: datetime) -> bool:
    if certificate.issuer != anchor.subject or not anchor.not_valid_before_utc <= now:
        return False
    try:
        certificate.verify_directly_issued_by(anchor)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return certificate.not_valid_before_utc <= now
