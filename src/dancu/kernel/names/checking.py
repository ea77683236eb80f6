"""What a person should look at in a name that was read. None of this refuses a name."""

from __future__ import annotations

import re
from typing import Final

from ..findings import Finding
from .form import NameForm
from .legacy import FONT_SYMBOLS

MOST_WORDS: Final = 7

TOO_MANY_WORDS: Final = Finding.of("person.name.words", "Họ tên có hơn {most} chữ", most=MOST_WORDS)
DIGITS: Final = Finding("person.name.digits", "Họ tên có chữ số")
LETTERS_LOST: Final = Finding("person.name.encoding", "Họ tên có chữ bị lỗi phông hoặc mất dấu")
ODD_CHARACTERS: Final = Finding("person.name.characters", "Họ tên có ký tự lạ")

#: "Nguy?n", "Nguy�n": what a conversion that could not represent the letter leaves.
_LOST: Final = re.compile(r"\ufffd|(?<=\w)\?|\?(?=\w)")


def name_findings(form: NameForm) -> tuple[Finding, ...]:
    """Findings about a name in normal form; () for an ordinary one."""
    name = form.normal
    if name.isascii() and name.replace(" ", "").isalpha() and name.count(" ") < MOST_WORDS:
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
