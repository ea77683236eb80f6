"""What an account gives its holder, today."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Paper:
    """A paper that can stay at home: `text` and `basis` are msgid and law. `until`: of its validity where it has one.
    `level`: that the account needs for it. `number`: of one of several of a kind; `url`: where it is shown from."""

    code: str
    text: str
    instead: str
    basis: str
    until: date | None = None
    level: int = 0
    number: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Service:
    """Something the account opens at `level`; `url` where it is on this site."""

    code: str
    text: str
    level: int
    url: str = ""


@dataclass(frozen=True, slots=True)
class Gives:
    """`trips` and `forms`: how often the account made one unnecessary so far; counted from the evidence log."""

    level: int
    papers: tuple[Paper, ...]
    papers_later: tuple[Paper, ...]
    open: tuple[Service, ...]
    later: tuple[Service, ...]
    forms: int
    trips: int
