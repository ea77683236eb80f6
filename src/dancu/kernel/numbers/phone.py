"""Telephone numbers of Vietnam: 0 or +84 and nine digits."""

from __future__ import annotations

import re
from typing import Final

from ..errors import Invalid
from .digits import plain_digits

#: "+84 0912…" occurs too: the trunk zero written after the country code.
_SHAPE: Final = re.compile(r"(?:(?:\+|00)?840?|0)?([1-9]\d{8})")


def normalize_phone(text: str) -> str:
    """The number in E.164, "+84912345678". A leading zero lost in a spreadsheet is put back. Raises
    Invalid("person.phone.format")."""
    stripped = text.strip().replace("(", "").replace(")", "")
    plus = stripped[:1] in ("+", "＋")
    digits = plain_digits(stripped[1:] if plus else stripped)
    found = _SHAPE.fullmatch(f"+{digits}" if plus else digits or "")
    if not found:
        raise Invalid("person.phone.format", "Số điện thoại phải có dạng 0912 345 678 hoặc +84 912 345 678")
    return f"+84{found[1]}"


def show_phone(e164: str) -> str:
    """As people write it: 0912 345 678."""
    local = f"0{e164.removeprefix('+84')}"
    return f"{local[:4]} {local[4:7]} {local[7:]}"
