"""Confirmations as signed PDF files. Drawing and signing libraries cost 70 MB and a second to load: a child process does the
work and ends (`pdf_child`, kit.pdf).

The file's signature (PAdES B-B) is of a certificate under $DATA/keys/statements, made at first use; an authority's own is put
there in its place (`pdf-signer.pem`: private key, certificate, chain). One of before, without a root, is made anew once the file is taken away.
"""

from __future__ import annotations

from collections.abc import Hashable
from datetime import UTC, datetime, timedelta
from typing import Final

from dancu.exchange.models import procedures
from dancu.exchange.models.confirmation import Confirmation, ConfirmationKind
from dancu.exchange.service import statements
from dancu.kernel.clock import VIETNAM
from dancu.kit import keys as files
from dancu.kit import pdf

_CHILD: Final = "dancu.exchange.service.pdf_child"
#: The paper is in Vietnamese with English below: it is read by whoever is given it, in whatever country.
TITLES: Final = {
    ConfirmationKind.RESIDENCE: ("XÁC NHẬN THÔNG TIN VỀ CƯ TRÚ", "Confirmation of residence"),
    ConfirmationKind.NUMBER: ("XÁC NHẬN SỐ ĐỊNH DANH CÁ NHÂN", "Confirmation of personal identification number"),
    ConfirmationKind.CIVIL_STATUS: ("XÁC NHẬN TÌNH TRẠNG HÔN NHÂN", "Confirmation of marital status"),
}
_LINES: Final = (
    ("name", "Họ và tên", "Full name"), ("number", "Số định danh cá nhân", "Personal number"), ("old_number", "Số CMND cũ", "Old ID number"),
    ("birth", "Ngày sinh", "Date of birth"), ("sex", "Giới tính", "Sex"), ("permanent", "Nơi thường trú", "Permanent residence"),
    ("temporary", "Nơi tạm trú", "Temporary residence"), ("relation", "Quan hệ với chủ hộ", "Relation to head of household"),
    ("marital", "Tình trạng hôn nhân", "Marital status"),
)  # fmt: skip


async def confirmation(found: Confirmation, asked_by: str, site: str, *, of: Hashable, demo: bool = False) -> bytes:
    """The PDF file, for `of` (see kit.pdf); one of a demonstration says so. Raises Exceeded where too many wait, Unavailable where the child does not answer in time."""
    says = statements.keys().verify(found.statement, statements.CONFIRMATION)
    lines = [(vi, en, str(says[name])) for name, vi, en in _LINES if says.get(name)]
    lines += [
        ("Yêu cầu bởi", "Demanded by", asked_by), ("Để làm thủ tục", "For the procedure", procedures.PROCEDURES[found.procedure].name),
        ("Có giá trị đến", "Valid until", f"{found.expires_at.astimezone(VIETNAM):%d/%m/%Y}"), ("Số giấy", "Number", found.confirmation_id),
    ]  # fmt: skip
    title, title_en = TITLES[found.kind]
    return await pdf.made(_CHILD, {
        "title": title, "title_en": title_en, "lines": lines, "qr": f"{site}/check#{found.statement}", "site": f"{site}/check",
        "issued": f"{found.issued_at.astimezone(VIETNAM):%H:%M %d/%m/%Y}", "law": found.legal_basis, "signer": signer_pem(), "demo": demo,
    }, of=of)  # fmt: skip


def signer_pem() -> str:
    """Key and certificate that sign files, made at first use."""
    return files.secret(statements.directory(), "pdf-signer.pem", _new_signer).decode()


def certificates() -> str:
    """The certificate that signs files, with its chain (PEM): what a reader of one trusts to check it by themselves. Never the key."""
    import re

    return "\n".join(re.findall(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", signer_pem(), re.DOTALL)) + "\n"


def _new_signer() -> bytes:
    """A certificate to sign with under a root of its own, whose key is thrown away: readers take a root as trusted, few take a leaf."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root, name = (
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text), x509.NameAttribute(NameOID.COUNTRY_NAME, "VN")])
        for text in ("Dancu statements root", "Dancu statements")
    )
    now = datetime.now(UTC)

    def certificate(subject: x509.Name, public: ec.EllipticCurvePublicKey, *, ca: bool) -> bytes:
        usage = x509.KeyUsage(
            digital_signature=not ca, content_commitment=not ca, key_encipherment=False, data_encipherment=False, key_agreement=False,
            key_cert_sign=ca, crl_sign=ca, encipher_only=False, decipher_only=False,
        )  # fmt: skip
        made = (
            x509.CertificateBuilder().subject_name(subject).issuer_name(root).public_key(public).serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(minutes=5)).not_valid_after(now + timedelta(days=3652)).add_extension(usage, critical=True)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=0 if ca else None), critical=True).sign(root_key, hashes.SHA256())
        )  # fmt: skip
        return made.public_bytes(serialization.Encoding.PEM)

    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return private + certificate(name, key.public_key(), ca=False) + certificate(root, root_key.public_key(), ca=True)
