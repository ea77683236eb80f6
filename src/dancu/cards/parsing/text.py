"""Finding out what a reader typed: the card's QR text, its machine-readable zone, or a number alone."""

from __future__ import annotations

import re
from typing import Final

from dancu.cards.models import Reading, TextKind
from dancu.cards.parsing.mrz import looks_like_mrz, read_mrz
from dancu.cards.parsing.qr import looks_like_qr, read_qr
from dancu.kernel.errors import Invalid
from dancu.kernel.numbers import PersonalId, classify

#: Longest text taken, in characters. A card's QR code has some 200, with parents' names some 300.
LONGEST: Final = 2000
# Readers can be set to prefix the AIM code identifier of the symbology.
_AIM: Final = re.compile(r"^\][A-Za-z][0-9A-Za-z]")


def read_text(text: str) -> Reading:
    """What the text says. Raises Invalid ("card.text.…", "card.qr.…", "card.mrz.…", "person.number.…") with a sentence
    for the person at the reader."""
    if len(text) > LONGEST:
        raise Invalid("card.text.long", "Nội dung quét dài bất thường. Hãy quét lại, mỗi lần một thẻ.")
    text = text.encode("utf-8", "replace").decode("utf-8")  # lone surrogates are no text
    text = _AIM.sub("", text.strip("\ufeff\x00\x02\x03 \t\r\n"))
    if not text:
        raise Invalid("card.text.empty", "Chưa có nội dung. Hãy đưa thẻ vào đầu đọc hoặc gõ số định danh.")
    if looks_like_qr(text):
        return read_qr(text)
    if looks_like_mrz(text):
        return read_mrz(text)
    if classify(text) == "personal_id":
        return Reading(TextKind.NUMBER, PersonalId.parse(text).value)
    raise Invalid(
        "card.text.unknown",
        "Đây không phải mã QR hay dòng chữ máy đọc của thẻ căn cước. Hãy quét lại hoặc gõ số định danh 12 chữ số.",
    )
