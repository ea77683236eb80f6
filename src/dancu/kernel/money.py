"""Amounts in Vietnamese dong: whole numbers, never floats. The dong has no subunit in use."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from unicodedata import normalize

from .errors import Invalid

_UNIT: Final = re.compile(r"(?:vnđ|vnd|đồng|dong|₫|đ|d)\.?$")
_GROUPED: Final = re.compile(r"\d{1,3}(?:([., ])\d{3})(?:\1\d{3})*")


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """`dong`: the amount in VND, any sign (refunds are negative)."""

    dong: int

    @classmethod
    def parse(cls, text: str) -> Money:
        """Read "1.250.000 đ", "1,250,000 VND", "1250000", "-50.000₫".

        Separators must stand at thousands: "1.25" is refused rather than taken for 125 dong. Raises
        Invalid("money.format").
        """
        plain = " ".join(normalize("NFKC", text).casefold().split())
        plain = _UNIT.sub("", plain).rstrip()
        sign = -1 if plain[:1] in ("-", "−") else 1
        digits = plain[1:].lstrip() if sign < 0 else plain
        if _GROUPED.fullmatch(digits):
            digits = re.sub(r"[., ]", "", digits)
        if not (digits.isdecimal() and len(digits) <= 18):
            raise Invalid("money.format", "Số tiền chưa đúng: ghi số đồng nguyên, ví dụ 1.250.000 đ")
        return cls(sign * int(digits))

    def __add__(self, other: Money) -> Money:
        return Money(self.dong + other.dong)

    def __sub__(self, other: Money) -> Money:
        return Money(self.dong - other.dong)

    def __neg__(self) -> Money:
        return Money(-self.dong)

    def __mul__(self, times: int) -> Money:
        return Money(self.dong * times)

    def __bool__(self) -> bool:
        return self.dong != 0

    def __str__(self) -> str:
        """1.250.000 ₫, with a no-break space before the sign."""
        return f"{self.dong:,}".replace(",", ".") + "\u00a0₫"
