"""Numbers that name people: the personal ID number, the old CMND, telephone numbers."""

from .cmnd import NumberKind, classify, explain_number, parse_cmnd
from .digits import not_digits, plain_digits
from .personal_id import SERIALS_PER_CELL, PersonalId, Sex, century_sex
from .phone import normalize_phone, show_phone
from .provinces import PROVINCES, place_code_for, place_name

__all__ = [
    "PROVINCES",
    "SERIALS_PER_CELL",
    "NumberKind",
    "PersonalId",
    "Sex",
    "century_sex",
    "classify",
    "explain_number",
    "normalize_phone",
    "not_digits",
    "parse_cmnd",
    "place_code_for",
    "place_name",
    "plain_digits",
    "show_phone",
]
