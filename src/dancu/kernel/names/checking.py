"""What a person should look at in a name that was read. None of this refuses a name."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from ..findings import Finding
from ..text import VIETNAMESE
from .form import NameForm, normal_form
from .legacy import FONT_SYMBOLS

MOST_WORDS: Final = 7

TOO_MANY_WORDS: Final = Finding.of("person.name.words", "Họ tên có hơn {most} chữ", most=MOST_WORDS)
DIGITS: Final = Finding("person.name.digits", "Họ tên có chữ số")
LETTERS_LOST: Final = Finding("person.name.encoding", "Họ tên có chữ bị lỗi phông hoặc mất dấu")
ODD_CHARACTERS: Final = Finding("person.name.characters", "Họ tên có ký tự lạ")
TITLE: Final = Finding(
    "person.name.title", "Có vẻ có danh xưng, học hàm hoặc học vị đứng trước họ tên: bỏ đi nếu không phải là tên"
)

#: Forms of address. Ông is a surname as well, Anh and Thầy are names: so they are asked about, never dropped, and only
#: where a frequent surname follows.
_ADDRESS: Final = frozenset((
    "ông", "bà", "anh", "chị", "cô", "chú", "bác", "cụ", "thầy", "em", "cháu", "bé", "đồng-chí", "đ/c", "ông/bà", "đ/c:",
    "ông:", "bà:", "ong", "mr", "mrs", "ms", "dr",
))  # fmt: skip
_SURNAMES: Final = frozenset((
    "nguyễn", "trần", "lê", "phạm", "hoàng", "huỳnh", "phan", "vũ", "võ", "đặng", "bùi", "đỗ", "hồ", "ngô", "dương", "lý",
    "đinh", "đoàn", "trịnh", "trương", "mai", "đào", "lương", "cao", "lưu", "hà", "lâm", "phùng", "quách", "tôn", "thái",
    "châu", "tạ", "kiều", "triệu", "tăng", "lục", "mạc", "vương", "giáp", "nguyen", "tran", "pham", "hoang", "huynh",
))  # fmt: skip
#: GS.TS, PGS. TS., ThS, BSCKII, NSƯT: one rank or more, each ended by a stop, a stroke or a space.
_RANK: Final = re.compile(
    r"(?:(?:GS|PGS|TSKH|TS|T\.S|ThS|Th\.S|Bs|BS|CN|KS|LS|DS|KTS|ĐD|CK\s?(?:II?|[12])|BSCK\s?(?:II?|[12])|NSND|NSƯT|NGND|NGƯT)[./\s]+)+(?=\w)"
)

_ORDINARY: Final = re.compile(f"[A-Za-z{''.join(sorted(VIETNAMESE))} '.-]+")
#: "Nguy?n", "Nguy�n": what a conversion that could not represent the letter leaves.
_LOST: Final = re.compile(r"\ufffd|(?<=\w)\?|\?(?=\w)")


def name_findings(form: NameForm) -> tuple[Finding, ...]:
    """Findings about a name in normal form; () for an ordinary one."""
    name = form.normal
    if name.count(" ") < MOST_WORDS and _ORDINARY.fullmatch(name):
        return ()
    findings = []
    if len(name.split()) > MOST_WORDS:
        findings.append(TOO_MANY_WORDS)
    if any(c.isdigit() for c in name):
        findings.append(DIGITS)
    if _LOST.search(name) or not FONT_SYMBOLS.isdisjoint(name):
        findings.append(LETTERS_LOST)
    elif any(not (c.isalnum() or c in " '-.") for c in name):
        findings.append(ODD_CHARACTERS)
    return tuple(findings)


def title_finding(form: NameForm) -> Finding | None:
    """TITLE where a form of address or a rank seems to stand before the name."""
    if _RANK.match(form.keys.written):
        return TITLE
    words = form.keys.tone_folded.replace(".", " ").replace("đồng chí ", "đồng-chí ").split()
    return TITLE if len(words) > 2 and words[0] in _ADDRESS and words[1] in _SURNAMES else None


def findings_of(form: NameForm) -> tuple[Finding, ...]:
    """Everything a person should look at in a name."""
    title = title_finding(form)
    return name_findings(form) if title is None else (*name_findings(form), title)


def explain(text: str, say: Callable[[Finding], str] = Finding.text) -> dict[str, Any]:
    """The normal form as plain data: {normal, repairs, keys: {written, tone_folded, ascii, sort}}, and where a person
    should look at the name, findings: [{code, message}]. `say` puts a finding into words."""
    form = normal_form(text)
    findings = findings_of(form)
    told = {"findings": [{"code": one.code, "message": say(one)} for one in findings]} if findings else {}
    return {"normal": form.normal, "repairs": list(form.repairs), "keys": form.keys._asdict(), **told}
