"""A change in the making: the facts as they would stand, edited in memory, and the difference to what is
recorded.

A rule edits facts ("this residence from that day on"); nothing is written here. `Work.closes` and
`Work.opens` say what the store has to do: end the recorded time of some rows, record others. History is never
rewritten: a correction closes what was said and opens what is said now.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any, TypeVar

from dancu.population.events import PersonEvent
from dancu.population.models import (
    BirthFact,
    CardFact,
    CardState,
    ContactFact,
    Fact,
    HouseholdFact,
    KinFact,
    KinRelation,
    LifeFact,
    MaritalFact,
    MemberFact,
    NameFact,
    Noticed,
    NumberFact,
    OtherFact,
    PersonView,
    ResidenceFact,
    Source,
    Told,
    TraitFact,
    Valid,
)

F = TypeVar("F", bound=Fact)
Where = Callable[[Any], bool]

_FIELD: dict[type[Fact], str] = {
    NameFact: "names", BirthFact: "births", TraitFact: "traits", NumberFact: "numbers",
    ResidenceFact: "residences", MemberFact: "memberships", KinFact: "kin", MaritalFact: "marital",
    CardFact: "cards", ContactFact: "contacts", LifeFact: "life", OtherFact: "other",
}  # fmt: skip
_NEVER = datetime(1, 1, 1, tzinfo=UTC)
_ONE_RELATIVE = (KinRelation.FATHER, KinRelation.MOTHER, KinRelation.SPOUSE)


def slot(fact: Fact) -> tuple[Any, ...]:
    """Facts of one slot exclude each other in time (the EXCLUDE constraints say the same)."""
    match fact:
        case NameFact():
            # A person may have several other names at once in life, but the register keeps one.
            return (fact.kind,)
        case NumberFact():
            return (fact.kind, fact.number)
        case ResidenceFact() | ContactFact():
            return (fact.kind,)
        case KinFact() if fact.relation in _ONE_RELATIVE:
            return (fact.relation,)
        case KinFact():
            return (fact.relation, fact.relative_key, fact.relative_number, fact.relative_name)
        case CardFact():
            return ("active",) if fact.state == CardState.ACTIVE else (fact.kind, fact.number)
        case OtherFact():
            return (fact.name,)
        case HouseholdFact():
            return (fact.household_key,)
        case _:
            return ()


@dataclass(frozen=True, slots=True)
class DirectoryChange:
    """A number enters the directory (`new`) or changes its state or the person it names."""

    number: str
    kind: str
    person_key: int
    state: str
    new: bool = True
    was_of: int | None = None  # the person it named before, for a change of person
    own: int | None = None  # whose row takes the state where the number leads to both persons anyway


@dataclass(slots=True)
class Person:
    """One person's part in a change."""

    before: PersonView | None  # None: a new person
    facts: dict[type[Fact], list[Fact]]
    alive_until: date | None
    merged_into: int | None


@dataclass(slots=True)
class Household:
    """One household's versions. `subject`: the person whose evidence entry commits to them."""

    before: tuple[HouseholdFact, ...]
    versions: list[HouseholdFact]
    subject: int


@dataclass(slots=True)
class Work:
    """`principal` is the person the change is about; others are touched by it. `today` is the registry's
    day."""

    principal: int
    source: Source
    today: date
    persons: dict[int, Person] = field(default_factory=dict)
    households: dict[int, Household] = field(default_factory=dict)
    directory: list[DirectoryChange] = field(default_factory=list)
    events: list[PersonEvent] = field(default_factory=list)
    told: set[Told] = field(default_factory=set)
    findings: list[tuple[int, Noticed]] = field(default_factory=list)
    household_key: int | None = None
    number: str | None = None
    settles: list[tuple[int, str]] = field(default_factory=list)  # (person, code): findings the work answers
    jobs: list[tuple[str, dict[str, Any]]] = field(default_factory=list)  # (task, arguments): asked for with the work

    # -- people ---------------------------------------------------------------------------------------------
    def enter(self, view: PersonView) -> None:
        """Bring an opened person in; a second time does nothing."""
        if view.person_key in self.persons:
            return
        facts: dict[type[Fact], list[Fact]] = {c: list(getattr(view, n)) for c, n in _FIELD.items()}
        self.persons[view.person_key] = Person(view, facts, view.alive_until, view.merged_into)
        for version in view.households:
            self.enter_household(version.household_key, view.households, view.person_key)

    def enter_household(self, key: int, versions: Iterable[HouseholdFact], subject: int) -> None:
        if key not in self.households:
            known = tuple(v for v in versions if v.household_key == key)
            self.households[key] = Household(known, list(known), subject)

    def create(self, key: int) -> None:
        """A person who is not in the registry yet."""
        self.persons[key] = Person(None, {c: [] for c in _FIELD}, None, None)

    def view(self, key: int, as_of: date | None = None) -> PersonView:
        """The person as the change would leave it. A new person has no `last_recorded`; it is not read
        here."""
        person = self.persons[key]
        parts: dict[str, Any] = {n: tuple(sorted(person.facts[c], key=_start)) for c, n in _FIELD.items()}
        parts["households"] = tuple(v for h in self.households.values() for v in h.versions)
        return PersonView(
            person_key=key,
            as_of=as_of or self.today,
            known_at=None,
            areas=person.before.areas if person.before else (),
            alive_until=person.alive_until,
            merged_into=person.merged_into,
            last_recorded=person.before.last_recorded if person.before else _NEVER,
            missing=person.before.missing if person.before else (),
            **parts,
        )

    # -- facts ----------------------------------------------------------------------------------------------
    def facts(self, key: int, kind: type[F], where: Where | None = None) -> list[F]:
        found: list[Any] = self.persons[key].facts[kind]
        return [f for f in found if where is None or where(f)]

    def open(self, key: int, fact: Fact) -> None:
        self.persons[key].facts[type(fact)].append(replace(fact, stored=None))

    def close(self, key: int, fact: Fact) -> None:
        facts = self.persons[key].facts[type(fact)]
        facts[:] = [f for f in facts if f is not fact]

    def put(self, key: int, fact: Fact) -> None:
        """From now on the registry says `fact` on its days; what the same slot said on these days is closed,
        and recorded again for the days around."""
        self.erase(key, type(fact), fact.valid, lambda other: slot(other) == slot(fact))
        self.open(key, fact)

    def erase(self, key: int, kind: type[Fact], valid: Valid, where: Where | None = None) -> list[Fact]:
        """The registry says nothing any more of these days. Returns the facts that were touched."""
        touched = [f for f in self.persons[key].facts[kind] if f.valid.overlaps(valid) and (not where or where(f))]
        for fact in touched:
            self.close(key, fact)
            for rest in fact.valid.minus(valid):
                self.open(key, replace(fact, valid=rest))
        return touched

    def end(self, key: int, kind: type[Fact], day: date, where: Where | None = None) -> list[Fact]:
        """Facts of this kind hold no longer from `day` on."""
        return self.erase(key, kind, Valid(day), where)

    def follow(self, key: int, fact: F) -> F | None:
        """From the first day of `fact` its slot says `fact`. What held on that day ends there; what begins
        later was recorded for a reason and stays, so the new fact holds until then. Returns what held."""
        start = fact.valid.start
        if start is None:
            raise ValueError("a fact that follows another has a first day")
        same: list[F] = [f for f in self.facts(key, type(fact)) if slot(f) == slot(fact)]
        held = next((f for f in same if f.valid.holds(start)), None)
        later = [f.valid.start for f in same if f.valid.start is not None and f.valid.start > start]
        ends = [*later, *([fact.valid.end] if fact.valid.end is not None else [])]
        if held is not None:
            self.close(key, held)
            rest = held.valid.until(start)
            if rest is not None:
                self.open(key, replace(held, valid=rest))
        self.open(key, replace(fact, valid=Valid(start, min(ends, default=None))))
        return held

    def put_household(self, fact: HouseholdFact, subject: int) -> None:
        household = self.households.get(fact.household_key)
        if household is None:
            household = self.households[fact.household_key] = Household((), [], subject)
        versions: list[HouseholdFact] = []
        for version in household.versions:
            if version.valid.overlaps(fact.valid):
                versions.extend(replace(version, valid=r, stored=None) for r in version.valid.minus(fact.valid))
            else:
                versions.append(version)
        household.versions = [*versions, replace(fact, stored=None)]

    def say_household_again(self, fact: HouseholdFact) -> None:
        self.households[fact.household_key].versions.append(replace(fact, stored=None))

    # -- what is to be recorded -----------------------------------------------------------------------------
    def changes(self) -> list[Change]:
        """What each subject's evidence entry will commit to. A row closed and opened again unchanged is
        left."""
        found: list[Change] = []
        for key, person in self.persons.items():
            before = person.before.facts() if person.before else ()
            after = [f for facts in person.facts.values() for f in facts]
            found.extend(_difference(key, key, before, after))
        for key, household in self.households.items():
            found.extend(_difference(household.subject, key, household.before, household.versions))
        return found

    def tell(self, *who: Told) -> None:
        self.told.update(who)

    def notice(self, key: int, code: str, **params: Any) -> None:
        """Keep a finding with the person for the work on quality."""
        self.findings.append((key, Noticed(code, tuple(sorted(params.items())), self.source.ref)))


@dataclass(frozen=True, slots=True)
class Change:
    """Close (`fact.stored` is set) or open a row of `key` (person or household), on `subject`'s evidence
    entry."""

    subject: int
    key: int
    fact: Fact
    opens: bool


def _difference(subject: int, key: int, before: Iterable[Fact], after: Iterable[Fact]) -> list[Change]:
    kept = {f.stored.fact_id for f in after if f.stored}
    closed = [f for f in before if f.stored and f.stored.fact_id not in kept]
    opened = [f for f in after if f.stored is None]
    for fact in list(opened):
        same = next((c for c in closed if c == fact), None)
        if same is not None:
            closed.remove(same)
            opened.remove(fact)
    return [
        *(Change(subject, key, f, False) for f in closed),
        *(Change(subject, key, f, True) for f in sorted(opened, key=_start)),
    ]


def _start(fact: Fact) -> date:
    return fact.valid.start or date.min
