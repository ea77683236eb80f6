"""What the registry says of one person: as of a day, as it was known at a moment."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeVar

from dancu.kernel.dates import PartialDate
from dancu.population.models.facts import (
    BirthFact,
    CardFact,
    CardState,
    ContactFact,
    ContactKind,
    Fact,
    HouseholdFact,
    KinFact,
    KinRelation,
    LifeFact,
    LifeStatus,
    MaritalFact,
    MemberFact,
    NameFact,
    NameKind,
    NumberFact,
    NumberKind,
    NumberState,
    OtherFact,
    ResidenceFact,
    ResidenceKind,
    TraitFact,
)

F = TypeVar("F", bound=Fact)


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonView:
    """One person as known at `known_at` (None: now). The tuples hold every fact known then, whatever its
    valid time, ordered by valid time; the properties pick what holds on `as_of`.

    `households` are the versions of households this person belongs or belonged to, as far as they were
    opened. `alive_until` None: no death registered. `merged_into`: the record that stands for this one.
    """

    person_key: int
    as_of: date
    known_at: datetime | None
    areas: tuple[int, ...]
    alive_until: date | None
    merged_into: int | None
    last_recorded: datetime
    missing: tuple[str, ...]
    names: tuple[NameFact, ...] = ()
    births: tuple[BirthFact, ...] = ()
    traits: tuple[TraitFact, ...] = ()
    numbers: tuple[NumberFact, ...] = ()
    residences: tuple[ResidenceFact, ...] = ()
    memberships: tuple[MemberFact, ...] = ()
    households: tuple[HouseholdFact, ...] = ()
    kin: tuple[KinFact, ...] = ()
    marital: tuple[MaritalFact, ...] = ()
    cards: tuple[CardFact, ...] = ()
    contacts: tuple[ContactFact, ...] = ()
    life: tuple[LifeFact, ...] = ()
    other: tuple[OtherFact, ...] = ()

    def facts(self) -> tuple[Fact, ...]:
        """Every fact of the person itself (households apart), in the order of the tables."""
        return (
            *self.names, *self.births, *self.traits, *self.numbers, *self.residences, *self.memberships,
            *self.kin, *self.marital, *self.cards, *self.contacts, *self.life, *self.other,
        )  # fmt: skip

    def holding(self, facts: Iterable[F]) -> tuple[F, ...]:
        """Those of `facts` that hold on `as_of`."""
        return tuple(fact for fact in facts if fact.valid.holds(self.as_of))

    def _one(self, facts: Iterable[F]) -> F | None:
        return next((fact for fact in facts if fact.valid.holds(self.as_of)), None)

    @property
    def name(self) -> NameFact | None:
        return self._one(n for n in self.names if n.kind == NameKind.BIRTH)

    @property
    def other_names(self) -> tuple[NameFact, ...]:
        return self.holding(n for n in self.names if n.kind == NameKind.OTHER)

    @property
    def birth(self) -> BirthFact | None:
        return self._one(self.births)

    @property
    def born(self) -> PartialDate | None:
        """As much of the date of birth as is known; None where not even the year is."""
        return self.birth.born if self.birth else None

    @property
    def trait(self) -> TraitFact | None:
        return self._one(self.traits)

    @property
    def personal_id(self) -> NumberFact | None:
        return self._one(
            n for n in self.numbers if n.kind == NumberKind.PERSONAL_ID and n.state == NumberState.ACTIVE
        )

    @property
    def numbers_now(self) -> tuple[NumberFact, ...]:
        return self.holding(self.numbers)

    def residence(self, kind: ResidenceKind) -> ResidenceFact | None:
        return self._one(r for r in self.residences if r.kind == kind)

    @property
    def permanent(self) -> ResidenceFact | None:
        return self.residence(ResidenceKind.PERMANENT)

    @property
    def temporary(self) -> ResidenceFact | None:
        return self.residence(ResidenceKind.TEMPORARY)

    @property
    def absence(self) -> ResidenceFact | None:
        return self.residence(ResidenceKind.ABSENCE)

    @property
    def current_place(self) -> ResidenceFact | None:
        return self.residence(ResidenceKind.CURRENT)

    @property
    def membership(self) -> MemberFact | None:
        return self._one(self.memberships)

    @property
    def household(self) -> HouseholdFact | None:
        membership = self.membership
        if membership is None:
            return None
        return self._one(h for h in self.households if h.household_key == membership.household_key)

    def relatives(self, relation: KinRelation) -> tuple[KinFact, ...]:
        return self.holding(k for k in self.kin if k.relation == relation)

    @property
    def spouse(self) -> KinFact | None:
        return self._one(k for k in self.kin if k.relation == KinRelation.SPOUSE)

    @property
    def marital_status(self) -> MaritalFact | None:
        return self._one(self.marital)

    @property
    def card(self) -> CardFact | None:
        return self._one(c for c in self.cards if c.state == CardState.ACTIVE)

    def contact(self, kind: ContactKind) -> ContactFact | None:
        return self._one(c for c in self.contacts if c.kind == kind)

    @property
    def life_status(self) -> LifeFact | None:
        return self._one(self.life)

    @property
    def death(self) -> LifeFact | None:
        """The registered death, whatever `as_of`."""
        return next((fact for fact in self.life if fact.status == LifeStatus.DEAD), None)

    @property
    def others(self) -> tuple[OtherFact, ...]:
        return self.holding(self.other)
