"""The old identity card's number (CMND): nine digits without structure. Twelve-digit CMND of 2012-2016 are
personal numbers already."""

from __future__ import annotations

from typing import Literal

from ..errors import Invalid
from .digits import not_digits, plain_digits
from .personal_id import LENGTH, PersonalId

NumberKind = Literal["personal_id", "cmnd", "unknown"]


def parse_cmnd(text: str) -> str:
    """The nine digits. Raises Invalid: "person.cmnd.digits", "person.cmnd.length"."""
    digits = plain_digits(text)
    if digits is None:
        raise not_digits(text, Invalid("person.cmnd.digits", "Số CMND chỉ gồm chữ số"))
    if len(digits) != 9:
        raise Invalid("person.cmnd.length", "Số CMND phải có 9 chữ số")
    return digits


def classify(text: str) -> NumberKind:
    """Which kind of number this looks like, by length alone; "unknown" may still be a number with a digit
    lost."""
    digits = plain_digits(text)
    return {LENGTH: "personal_id", 9: "cmnd"}.get(len(digits or ""), "unknown")  # type: ignore[return-value]


def explain_number(text: str) -> dict[str, object]:
    """What a number says, as plain data; always has `kind` and `value`. Raises Invalid: "person.number.digits",
    "person.number.length" (neither 12 digits nor 9)."""
    match classify(text):
        case "cmnd":
            value = parse_cmnd(text)
            return {"kind": "cmnd", "value": value, "grouped": " ".join(value[i : i + 3] for i in range(0, 9, 3))}
        case "unknown" if plain_digits(text) is not None:
            raise Invalid(
                "person.number.length", "Số định danh có 12 chữ số, số CMND có 9 chữ số. Hãy kiểm tra lại."
            )
    return PersonalId.parse(text).explain()
