"""Everything known about a person who is not in the registry yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dancu.population.models.facts import (
    BirthFact,
    CardFact,
    ContactFact,
    Fact,
    KinFact,
    LifeFact,
    MaritalFact,
    MemberFact,
    NameFact,
    NumberFact,
    OtherFact,
    ResidenceFact,
    TraitFact,
)


@dataclass(frozen=True, slots=True)
class Noticed:
    """A finding to be kept for the work on quality. Params name fields and kinds, never values of a
    citizen."""

    code: str
    params: tuple[tuple[str, Any], ...] = ()
    source_ref: str = ""  # file and row, book and page


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonDraft:
    """`person_key`: a key reserved beforehand (bulk work whose drafts name each other), else None.

    Keys inside (`household_key`, `relative_key`) are real: whoever makes drafts of a whole family reserves
    its keys first. `missing` is worked out by `models.missing_groups` when left None.
    """

    birth: BirthFact
    names: tuple[NameFact, ...] = ()
    person_key: int | None = None
    traits: tuple[TraitFact, ...] = ()
    numbers: tuple[NumberFact, ...] = ()
    residences: tuple[ResidenceFact, ...] = ()
    memberships: tuple[MemberFact, ...] = ()
    kin: tuple[KinFact, ...] = ()
    marital: tuple[MaritalFact, ...] = ()
    cards: tuple[CardFact, ...] = ()
    contacts: tuple[ContactFact, ...] = ()
    life: tuple[LifeFact, ...] = ()
    other: tuple[OtherFact, ...] = ()
    findings: tuple[Noticed, ...] = ()
    missing: tuple[str, ...] | None = None

    def facts(self) -> tuple[Fact, ...]:
        """All facts, in the order of the tables."""
        return (
            *self.names, self.birth, *self.traits, *self.numbers, *self.residences, *self.memberships,
            *self.kin, *self.marital, *self.cards, *self.contacts, *self.life, *self.other,
        )  # fmt: skip
