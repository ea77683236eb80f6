"""Dates of the field: partial dates and their three-valued comparison, reading of any notation, dates in
words."""

from .parsing import ParsedDate, parse_date
from .partial import Answer, PartialDate
from .words import cross_check_words, parse_words, to_words

__all__ = [
    "Answer",
    "ParsedDate",
    "PartialDate",
    "cross_check_words",
    "parse_date",
    "parse_words",
    "to_words",
]
