"""Verbs of the quality room: cases, from report or news to answer."""

from dancu.quality.service.cases import (
    answer,
    case_of,
    cases_of,
    figures,
    may_answer,
    open_case,
    sent,
    waiting,
    withdraw,
)
from dancu.quality.service.opening import open_for
from dancu.quality.service.reported import reported
from dancu.quality.service.wording import about, found, term

__all__ = [
    "about",
    "answer",
    "case_of",
    "cases_of",
    "figures",
    "found",
    "may_answer",
    "open_case",
    "open_for",
    "reported",
    "sent",
    "term",
    "waiting",
    "withdraw",
]
