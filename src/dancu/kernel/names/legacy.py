"""Legacy Vietnamese encodings: detecting, decoding, and undoing UTF-8 that was read as Windows-1252.

TCVN3 (.VnTime fonts) and VNI text arrives as ordinary Latin-1 characters. Conversion tables: `viparse` (MIT),
with the four VNI letters its corpus did not contain added from the VNI-Windows layout. The detector is our
own, because frequency statistics need paragraphs and a name has three words: here a decoding is believed only
when it turns strings that are *not* Vietnamese syllables into strings that are.

Decide per file where there is a file (`detect_encoding` over a column, `decode` each cell): "Vò" alone is a
possible Unicode word, and in a TCVN3 file it is Vũ.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import islice
from typing import Final, Literal

from ..text import VIETNAMESE, compose
from .signatures import bears_tcvn3, bears_vni
from .syllables import is_syllable

Encoding = Literal["unicode", "tcvn3", "vni"]
LEGACY: Final[tuple[Encoding, ...]] = ("tcvn3", "vni")

#: Vietnamese letters beyond Latin-1: no legacy font text ever contains one, so one proves Unicode. The mirror
#: set holds marks that decomposed (NFD, windows-1258) text carries.
_BEYOND_LATIN1: Final = frozenset(c for c in VIETNAMESE if c > "\xff")
_COMBINING: Final = frozenset("\u0300\u0301\u0302\u0303\u0306\u0309\u031b\u0323")
#: Latin-1 characters that are no letters of anybody's name; inside a word they are TCVN3.
FONT_SYMBOLS: Final = frozenset("¡¢£¤¥¦§¨©ª«¬\xad®µ¸¶·¹»¾¼½×÷−∙")
_WORD: Final = re.compile(r"[A-Za-z¡-¾À-ÿ\xad−∙]+")
#: "NguyÔn", "HuÖ": a toned capital after a small letter; nobody's spelling, and every TCVN3 file has it.
_CAPITAL_INSIDE: Final = re.compile("[a-zß-ÿ][À-ÖØ-Þ]")
_SAMPLE: Final = 20_000

#: Surnames (decoded, lower case) that make a single weak clue believable: the frequent ones of the country.
_SURNAME_LIST = """
    nguyễn trần lê phạm hoàng huỳnh phan vũ võ đặng bùi đỗ hồ ngô dương lý đào đoàn vương trịnh trương lâm
    phùng mai tô hà tạ đinh châu lương tống hứa cao tăng thái lưu quách triệu thạch tôn từ kiều la lò lường
    lục mạc nông phí quàng sầm tòng vi vàng vừ giàng lầu mùa sùng thào bế chu đàm đồng đậu giáp hàn khổng
    khuất khương kim lã lạc lại lều liêu lộc lữ mã mạnh ngụy nghiêm nhâm nhan ninh ông phó quản tào thân thẩm
    thi tiêu tiết tưởng ưng uông văn viên xa âu ân bành bạch bồ ca cam cấn chử cù cung cồ doãn đường điền điểu
    hạ hầu hồng hùng trà trang
"""
_SURNAMES: Final = frozenset(_SURNAME_LIST.split())


@dataclass(slots=True)
class _Count:
    """What one decoding would do to the words seen: `better` were no syllables and become some, `strong` of
    these cannot be anything else, `worse` were syllables (or foreign words) and would become nonsense."""

    better: int = 0
    strong: int = 0
    worse: int = 0
    surnames: int = 0


def detect_encoding(texts: Iterable[str]) -> Encoding:
    """The encoding of one column or file, from at most the first 20,000 non-ASCII cells.

    Answers "unicode" unless the evidence for a legacy encoding is clear. A column in which both occur is
    "unicode": its rows are then judged one by one by `normal_form`.
    """
    unicode_cells = 0
    cells: list[str] = []
    for text in islice((t for t in texts if t and not t.isascii()), _SAMPLE):
        if _is_unicode(text) or undo_mojibake(text) is not None:
            unicode_cells += 1
        else:
            cells.append(text)
    if not cells:
        return "unicode"
    counts = {encoding: _count(cells, encoding) for encoding in LEGACY}
    best = max(LEGACY, key=lambda e: (counts[e].better - counts[e].worse, counts[e].surnames))
    other = counts["vni" if best == "tcvn3" else "tcvn3"]
    count = counts[best]
    clear = count.better - count.worse > other.better - other.worse or count.surnames != other.surnames
    if unicode_cells * 20 > len(cells):
        return "unicode"
    return best if clear and _believable(count) else _by_signs(cells)


def _by_signs(cells: list[str]) -> Encoding:
    """The encoding of names that are no Vietnamese syllables."""
    if bears_tcvn3(cells, lambda word: _convert(word, "tcvn3")):
        return "tcvn3"
    return "vni" if bears_vni(cells, lambda word: _convert(word, "vni")) else "unicode"


def _believable(count: _Count) -> bool:
    # Foreign names and other languages have ü and ñ too; then the other words become nonsense.
    if count.worse > (count.better if count.strong >= 2 else count.better / 3):
        return False
    return count.strong > 0 or count.better >= 2 or (count.better > 0 and count.surnames > 0)


def _is_unicode(text: str) -> bool:
    return not (_BEYOND_LATIN1.isdisjoint(text) and _COMBINING.isdisjoint(text))


def _count(cells: Iterable[str], encoding: Encoding) -> _Count:
    count = _Count()
    for cell in cells:
        for position, word in enumerate(_WORD.findall(cell)):
            _judge(count, word, encoding, position)
    return count


def _judge(count: _Count, word: str, encoding: Encoding, position: int) -> None:
    decoded, verdict = _verdict(word, encoding)
    count.surnames += position == 0 and decoded in _SURNAMES
    if verdict == "worse":
        count.worse += 1
    elif verdict in ("better", "strong"):
        count.better += 1
        count.strong += verdict == "strong"


@lru_cache(maxsize=65536)
def _verdict(word: str, encoding: Encoding) -> tuple[str, Literal["same", "better", "strong", "worse"]]:
    """The word decoded, in lower case, and whether that made it better."""
    decoded = _convert(word, encoding).lower()
    if word.isascii():
        # Abbreviations (TP, P, H) say nothing; a long ASCII word that is no syllable says "not Vietnamese".
        plausible = len(word) <= 2 or word.isupper() or is_syllable(word.lower())
        return decoded, "same" if plausible else "worse"
    symbols = not FONT_SYMBOLS.isdisjoint(word)
    if decoded == word.lower():
        return decoded, "worse" if symbols else "same"
    if symbols and FONT_SYMBOLS.issuperset(word):  # a bullet, a footnote sign
        return decoded, "same"
    good_after = is_syllable(decoded, strict=True)
    if not symbols and looks_unicode(word):
        return decoded, "same" if good_after else "worse"
    if not good_after:
        return decoded, "same" if is_syllable(word.lower()) else "worse"
    digraph = encoding == "vni" and len(decoded) < len(word)
    return decoded, "strong" if symbols or digraph or _CAPITAL_INSIDE.search(word) else "better"


def looks_unicode(word: str) -> bool:
    """A word that needs no repair: a well-spelt syllable in an ordinary case pattern, or ASCII."""
    if word.isascii():
        return True
    ordinary_case = word.islower() or word.isupper() or word[1:].islower() or len(word) == 1
    return ordinary_case and is_syllable(word.lower(), strict=True)


def decode(text: str, encoding: Encoding) -> str:
    """`text` in Unicode NFC. A cell that already holds letters no legacy font has is returned as it is, so a
    Unicode row in a TCVN3 file survives."""
    if encoding == "unicode" or text.isascii() or _is_unicode(text):
        return compose(text)
    return _convert(text, encoding)


def _convert(text: str, encoding: Encoding) -> str:
    if encoding == "tcvn3":
        return compose(text.translate(_tcvn3()))
    pattern, table = _vni()
    return compose(pattern.sub(lambda match: table[match.group()], text))


@cache
def _tcvn3() -> dict[int, str]:
    from viparse.normalize.tcvn3 import TCVN3

    table = {ord(source): target for source, target in TCVN3.pairs}
    # A PDF's text layer shows the font's slot for ư as a minus sign and that for ã as a bullet operator.
    return {**table, 0x2212: "ư", 0x2219: "ã"}


@cache
def _vni() -> tuple[re.Pattern[str], dict[str, str]]:
    from viparse.normalize.vni import VNI

    layout = {"aú": "ẳ", "AÚ": "Ẳ", "î": "ỵ", "Î": "Ỵ"}
    lower = {**layout, **dict(VNI.pairs)}
    # A capital with a small mark ("Aên", typed with the shift key let go) is as common as the table's own
    # forms.
    mixed = {s[0].upper() + s[1]: t.upper() for s, t in lower.items() if len(s) == 2 and s.islower()}
    table = {**mixed, **lower}
    return re.compile("|".join(sorted(table, key=len, reverse=True))), table


# --- UTF-8 read as Windows-1252 or Latin-1 ------------------------------------------------------------------

_C1: Final = {chr(b): b for b in range(0x80, 0x100)} | {
    bytes((b,)).decode("cp1252"): b for b in range(0x80, 0xA0) if b not in (0x81, 0x8D, 0x8F, 0x90, 0x9D)
}
#: The first byte of a letter in UTF-8 and its second, both as Windows-1252 shows them.
_SECOND = re.escape("".join(char for char, byte in _C1.items() if byte < 0xC0))
_LEAD: Final = re.compile(f"[\u00c2-\u00f4](?:[{_SECOND}]|(?= |$))")
#: "Ã" + U+00A0 is à; the no-break space is often gone or turned into a space by the time the text arrives.
_LOST_NBSP: Final = re.compile("(?<=[ÃÂ])(?= |$)")
#: "Â" alone may be a letter of the name ("H'HEN NIEÂ" in VNI): it is believed lost only beside other such pairs.
_LOST_AFTER_A: Final = re.compile("(?<=Ã)(?= |$)")
#: Windows-1258, as Vietnamese machines have it, shows Ă where Windows-1252 shows Ã; no word has a symbol behind Ă.
_LEAD_1258: Final = re.compile(f"Ă(?=[{_SECOND}])")
_PAIR: Final = re.compile(f"[\u00c2-\u00f4][{_SECOND}]")


def undo_mojibake(text: str) -> str | None:
    """The text that was meant by "Nguyá»…n", or None if this is not UTF-8 read as Windows-1252 or Latin-1.

    No Vietnamese text can be taken for it by mistake: every continuation byte of UTF-8 (80–BF) is a symbol or
    a control character in Windows-1252, never a Vietnamese letter.
    """
    text = _LEAD_1258.sub("Ã", text)
    if not _LEAD.search(text):
        return None
    lost = _LOST_NBSP if _PAIR.search(text) else _LOST_AFTER_A
    for candidate in (text, lost.sub("\u00a0", text)):
        raw = bytearray()
        for char in candidate:
            byte = ord(char) if char < "\x80" else _C1.get(char)
            if byte is None:
                return None
            raw.append(byte)
        try:
            return compose(raw.decode("utf-8"))
        except UnicodeDecodeError:
            continue
    return None


def single_encoded(text: str) -> str:
    """The text meant, or the text itself; twice, since some exports were misread on the way out and again on the way
    in."""
    for _ in range(2):
        meant = undo_mojibake(text)
        if meant is None or meant == text:
            break
        text = meant
    return text


def double_encoded(texts: Iterable[str]) -> bool:
    """Is this UTF-8 that was read as Windows-1252 and written as UTF-8? Judged by most of the cells that are not ASCII."""
    cells = list(islice((t for t in texts if t and not t.isascii()), _SAMPLE))
    return 2 * sum(undo_mojibake(cell) is not None for cell in cells) > len(cells)
