"""What happened after the day the province was drawn: old people died, so that the figures of last year are not empty.

Everybody past sixty has a day of death of their own, drawn from their place in the province and never from today:
whoever opens the demonstration later finds the same deaths and a few more.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from hashlib import blake2b

from dancu.demo.records import DemoHousehold, DemoPerson, Marital, Relation

#: Chance to die within a year: at seventy, and how many years double it (Gompertz; close to Vietnam's life tables).
_FROM, _AT_70, _DOUBLES = 60, 0.03, 8.0
#: A head of household stays alive (somebody would have to take the household over), and only those die who leave
#: nobody behind that the loader would have to ask about.
_MAY = frozenset({Relation.FATHER, Relation.MOTHER, Relation.WIFE, Relation.HUSBAND})


def passed(households: Iterator[DemoHousehold], start: date, today: date, spared: int) -> Iterator[DemoHousehold]:
    """The same households with those dead who died in [start, today), their widows and widowers with them. The first `spared` persons stay as they are."""
    for household in households:
        died = {p.index: day for p in household.members if p.index >= spared and (day := _day(p, start, today))}
        if not died:
            yield household
            continue
        members = tuple(_after(p, died) for p in household.members)
        yield replace(household, members=members)


def _day(person: DemoPerson, start: date, today: date) -> date | None:
    if person.died_on or person.flaw or person.relation not in _MAY:
        return None
    age = start.year - person.birth_year
    year = start
    while year < today and age < 130:
        drawn = int.from_bytes(blake2b(f"{person.index}/{age}".encode(), digest_size=8).digest()) / 2**64
        chance = min(_AT_70 * 2 ** ((age - 70) / _DOUBLES), 0.6) if age >= _FROM else 0.0
        if drawn < chance:
            day = year + timedelta(days=int(365 * drawn / chance))
            return day if day < today else None
        year, age = date(year.year + 1, year.month, year.day), age + 1
    return None


def _after(person: DemoPerson, died: dict[int, date]) -> DemoPerson:
    if (day := died.get(person.index)) is not None:
        return replace(person, died_on=day, stay=None, absence=None, phone=None, email=None)
    if person.spouse in died and person.marital == Marital.MARRIED and person.died_on is None:
        return replace(person, marital=Marital.WIDOWED)
    return person
