"""A chip reader to try the interface with: makes the line that a reader's program would type, signed by an authority of its
own. It labels itself a simulator; no card of the state is imitated.

The chain is CSCA -> document signer -> EF.SOD, as ICAO 9303 part 11 has it, so that passive authentication is tried whole.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from dancu.exchange.parsing import chip
from dancu.kit import keys as files

READER: Final = "simulator 0"


class Authority:
    """A test CSCA with one document signer."""

    def __init__(self, pem: bytes | None = None) -> None:
        self._root = _key(pem) if pem else ec.generate_private_key(ec.SECP256R1())
        self._signer = ec.generate_private_key(ec.SECP256R1())
        self.certificate = _certificate("Dancu simulator CSCA", "Dancu simulator CSCA", self._root.public_key(), self._root, ca=True)
        self.signer_certificate = _certificate(
            "Dancu simulator document signer", "Dancu simulator CSCA", self._signer.public_key(), self._root, ca=False
        )

    def sod(self, groups: dict[int, bytes]) -> bytes:
        """EF.SOD over these data groups."""
        from asn1crypto import algos, cms, core
        from asn1crypto import x509 as asn1_x509

        told = core.SequenceOf([_pair(n, hashlib.sha256(data).digest()) for n, data in groups.items()], spec=core.Sequence)
        algorithm = algos.DigestAlgorithm({"algorithm": "sha256"})
        lds = b"".join((core.Integer(0).dump(), algorithm.dump(), told.dump()))
        lds_der = b"\x30" + _length(len(lds)) + lds
        certificate = asn1_x509.Certificate.load(self.signer_certificate.public_bytes(serialization.Encoding.DER))
        attributes = cms.CMSAttributes([
            cms.CMSAttribute({"type": "content_type", "values": ["2.23.136.1.1.1"]}),
            cms.CMSAttribute({"type": "message_digest", "values": [hashlib.sha256(lds_der).digest()]}),
        ])
        signature = self._signer.sign(attributes.dump(), ec.ECDSA(hashes.SHA256()))
        signer = cms.SignerInfo({
            "version": "v1",
            "sid": cms.SignerIdentifier("issuer_and_serial_number", cms.IssuerAndSerialNumber({
                "issuer": certificate.issuer, "serial_number": certificate.serial_number})),
            "digest_algorithm": algorithm, "signed_attrs": attributes,
            "signature_algorithm": algos.SignedDigestAlgorithm({"algorithm": "sha256_ecdsa"}), "signature": signature,
        })  # fmt: skip
        signed = cms.SignedData({
            "version": "v3", "digest_algorithms": [algorithm],
            "encap_content_info": {"content_type": "2.23.136.1.1.1", "content": core.ParsableOctetString(lds_der)},
            "certificates": [certificate], "signer_infos": [signer],
        })  # fmt: skip
        content = cms.ContentInfo({"content_type": "signed_data", "content": signed}).dump()
        return b"\x77" + _length(len(content)) + bytes(content)

    def line(self, values: dict[int, str]) -> str:
        """What the reader's program types for a card with these items of DG13."""
        dg13 = chip.write_dg13(values)
        return chip.write_line(dg13, self.sod({13: dg13}), READER)

    def root_pem(self) -> bytes:
        return self._root.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )


def of_demo(keys: Path) -> Authority:
    """The demonstration's authority; its certificate is put where trust anchors lie, by a name that says what it is."""
    made = Authority()
    authority = Authority(files.secret(keys / "csca-simulator", "root.pem", made.root_pem))
    folder = keys / "csca"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    anchor = folder / "simulator.pem"
    if not anchor.exists():
        anchor.write_bytes(authority.certificate.public_bytes(serialization.Encoding.PEM))
    return authority


def _pair(number: int, digest: bytes) -> Any:
    from asn1crypto import core

    body = core.Integer(number).dump() + core.OctetString(digest).dump()
    return core.Sequence.load(b"\x30" + _length(len(body)) + body)


def _length(size: int) -> bytes:
    if size < 0x80:
        return bytes([size])
    body = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([0x80 | len(body)]) + body


def _key(pem: bytes) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(pem, None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return key


def _certificate(
    subject: str, issuer: str, public: ec.EllipticCurvePublicKey, key: ec.EllipticCurvePrivateKey, *, ca: bool
) -> x509.Certificate:
    def name(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"), x509.NameAttribute(NameOID.COMMON_NAME, text)])

    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder().subject_name(name(subject)).issuer_name(name(issuer)).public_key(public)
        .serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=3652))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=0 if ca else None), critical=True).sign(key, hashes.SHA256())
    )  # fmt: skip
