"""A record in words for rooms that show who somebody is: values as people read them, in the language of the request."""

from __future__ import annotations

from dataclasses import dataclass

from dancu.population import wording
from dancu.population.models import PersonView, ResidenceFact
from dancu.population.wording import labels


@dataclass(frozen=True, slots=True)
class Summary:
    """Who somebody is, as text; empty where the registry says nothing."""

    person_key: int
    name: str
    number: str
    birth: str
    sex: str
    nationality: str
    permanent: str
    current: str
    dead: bool


def summary(view: PersonView) -> Summary:
    """The head of an opened record."""
    birth, trait = view.birth, view.trait
    return Summary(
        view.person_key,
        view.name.full_name if view.name else "",
        view.personal_id.number if view.personal_id else "",
        wording.day(birth.year, birth.month, birth.day) if birth else "",
        wording.word(labels.SEX, birth.sex) if birth else "",
        wording.country(trait.nationality) if trait else "",
        _place(view.permanent),
        _place(view.current_place),
        view.death is not None,
    )


def value(view: PersonView, group: str, field: str) -> str:
    """One field of an opened record as people read it; empty where the registry says nothing."""
    for fact in view.holding((*view.facts(), *view.households)):
        for line in wording.lines(fact, view.as_of):
            if (line.group, line.field) == (group, field) and line.value:
                return line.value
    return ""


def _place(fact: ResidenceFact | None) -> str:
    return wording.place(fact.unit_id, fact.address, fact.hamlet_id) if fact else ""
