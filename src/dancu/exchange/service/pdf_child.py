"""The child process that draws and signs one PDF file: JSON on stdin, the file on stdout (see `pdf`)."""

from __future__ import annotations

import io
import json
import re
import sys
from importlib.resources import files
from typing import Any, Final

_MARGIN, _WIDTH, _QR_SIDE = 20.0, 170.0, 62.0
_RED: Final = (140, 20, 30)


def draw(what: dict[str, Any]) -> bytes:
    """One A4 page: title, what is stated, the QR code with the signed text, how to check it."""
    from fpdf import FPDF

    fonts = files("ttf_opensans") / "ttf"
    pdf = FPDF(format="A4")
    pdf.set_margins(_MARGIN, _MARGIN)
    pdf.set_auto_page_break(True, margin=_MARGIN)
    for style, name in (("", "Regular"), ("B", "Bold"), ("I", "Italic")):
        pdf.add_font("OpenSans", style, str(fonts / f"OpenSans-{name}.ttf"))
    pdf.set_title(f"{what['title']} / {what['title_en']}")
    pdf.set_lang("vi-VN")
    pdf.add_page()
    if what["demo"]:
        pdf.set_font("OpenSans", "B", 10)
        pdf.multi_cell(_WIDTH, 6, "BẢN TRÌNH DIỄN – không có giá trị / DEMONSTRATION – of no value", align="C", new_x="LMARGIN", new_y="NEXT")
    pdf.set_font("OpenSans", "", 9)
    pdf.multi_cell(_WIDTH, 5, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM\nĐộc lập – Tự do – Hạnh phúc", align="C", new_x="LMARGIN", new_y="NEXT")
    pdf.ln(6)
    pdf.set_text_color(*_RED)
    pdf.set_font("OpenSans", "B", 16)
    pdf.multi_cell(_WIDTH, 8, what["title"], align="C", new_x="LMARGIN", new_y="NEXT")
    pdf.set_text_color(0)
    pdf.set_font("OpenSans", "I", 10)
    pdf.multi_cell(_WIDTH, 6, what["title_en"], align="C", new_x="LMARGIN", new_y="NEXT")
    pdf.ln(4)
    for vi, en, value in what["lines"]:
        pdf.set_font("OpenSans", "", 8)
        pdf.set_text_color(90)
        pdf.multi_cell(_WIDTH, 4.4, f"{vi} / {en}", new_x="LMARGIN", new_y="NEXT")
        pdf.set_text_color(0)
        pdf.set_font("OpenSans", "B", 11)
        pdf.multi_cell(_WIDTH, 6, value, new_x="LMARGIN", new_y="NEXT")
        pdf.ln(0.8)
    _code(pdf, what)
    return bytes(pdf.output())


def _code(pdf: Any, what: dict[str, Any]) -> None:
    import segno

    if pdf.get_y() + _QR_SIDE + 8 > pdf.h - _MARGIN:
        pdf.add_page()
    top = pdf.get_y() + 4
    code = segno.make_qr(what["qr"], error="l", boost_error=False)
    picture = io.BytesIO()
    code.save(picture, kind="png", scale=6, border=4)
    pdf.image(picture, x=_MARGIN, y=top, w=_QR_SIDE, h=_QR_SIDE, alt_text="QR")
    pdf.set_xy(_MARGIN + _QR_SIDE + 6, top + 4)
    pdf.set_font("OpenSans", "", 9)
    told = (
        f"Cấp lúc {what['issued']} theo {what['law']}, từ cơ sở dữ liệu quốc gia về dân cư.\n\n"
        f"Quét mã để kiểm tra: {what['site']}\nMã chứa chữ ký điện tử; kiểm tra được cả khi không có mạng.\n"
        "Tệp PDF này có chữ ký số; bản in kiểm tra bằng mã QR.\n\n"
        "Issued from the national population database. Scan the code to check it, online or offline."
    )
    pdf.multi_cell(_WIDTH - _QR_SIDE - 6, 5, told, align="L")


def sign(pdf: bytes, signer_pem: str, reason: str) -> bytes:
    """PAdES B-B with the key and certificates of the PEM text."""
    from pyhanko.keys import load_certs_from_pemder_data, load_private_key_from_pemder_data
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign import fields, signers
    from pyhanko_certvalidator.registry import SimpleCertificateStore

    blocks = re.findall(r"-----BEGIN ([A-Z ]+)-----.+?-----END \1-----", signer_pem, re.DOTALL)
    whole = re.findall(r"(-----BEGIN [A-Z ]+-----.+?-----END [A-Z ]+-----)", signer_pem, re.DOTALL)
    key_pem = next(text for kind, text in zip(blocks, whole, strict=True) if "PRIVATE KEY" in kind)
    chain_pem = "\n".join(text for kind, text in zip(blocks, whole, strict=True) if kind == "CERTIFICATE")
    chain = list(load_certs_from_pemder_data(chain_pem.encode()))
    registry = SimpleCertificateStore()  # type: ignore[no-untyped-call]
    registry.register_multiple(chain)
    signer = signers.SimpleSigner(
        signing_cert=chain[0], signing_key=load_private_key_from_pemder_data(key_pem.encode(), passphrase=None), cert_registry=registry
    )
    meta = signers.PdfSignatureMetadata(
        field_name="Dancu", reason=reason, md_algorithm="sha256", certify=True, subfilter=fields.SigSeedSubFilter.PADES,
        docmdp_permissions=fields.MDPPerm.NO_CHANGES,
    )
    out = io.BytesIO()
    signers.sign_pdf(IncrementalPdfFileWriter(io.BytesIO(pdf)), meta, signer=signer, output=out)
    return out.getvalue()


def main() -> None:
    what = json.loads(sys.stdin.buffer.read())
    sys.stdout.buffer.write(sign(draw(what), what["signer"], what["title_en"]))


if __name__ == "__main__":
    main()
