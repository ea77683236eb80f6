"""News of the population registry. A payload holds keys and kinds only, never a name, a number or an address:
who hears an event asks the gate for what it may see."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class PersonEvent:
    """Something happened to `person_key`. `topic` is the outbox topic."""

    topic: ClassVar[str]
    person_key: int

    def payload(self) -> dict[str, Any]:
        """Everything but the key itself, as plain data."""
        values = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "person_key"}
        return {k: list(v) if isinstance(v, tuple) else v for k, v in values.items()}


@dataclass(frozen=True, slots=True)
class PersonRegistered(PersonEvent):
    topic: ClassVar[str] = "population.person.registered"
    birth: bool = False  # a new-born, not somebody who lived before
    numbered: bool = False  # has a personal ID number already; if not, one is to be allocated


@dataclass(frozen=True, slots=True)
class PersonCorrected(PersonEvent):
    topic: ClassVar[str] = "population.person.corrected"
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PersonChanged(PersonEvent):
    """A lawful change from a day on (a new name, another nationality); the old value stays true before it."""

    topic: ClassVar[str] = "population.person.changed"
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PersonMoved(PersonEvent):
    topic: ClassVar[str] = "population.person.moved"
    kind: str = "permanent"
    ended: bool = False  # the stay or absence ended, nothing new began


@dataclass(frozen=True, slots=True)
class HouseholdCreated(PersonEvent):
    """`person_key` is the head."""

    topic: ClassVar[str] = "population.household.created"
    household_key: int = 0


@dataclass(frozen=True, slots=True)
class HouseholdJoined(PersonEvent):
    topic: ClassVar[str] = "population.household.joined"
    household_key: int = 0
    relation: str = ""


@dataclass(frozen=True, slots=True)
class HouseholdLeft(PersonEvent):
    topic: ClassVar[str] = "population.household.left"
    household_key: int = 0


@dataclass(frozen=True, slots=True)
class HouseholdClosed(PersonEvent):
    """Its last member left; `person_key` is one who did."""

    topic: ClassVar[str] = "population.household.closed"
    household_key: int = 0


@dataclass(frozen=True, slots=True)
class HeadChanged(PersonEvent):
    """`person_key` is the head that was; `head_key` the new one, None where the household needs one."""

    topic: ClassVar[str] = "population.household.head_changed"
    household_key: int = 0
    head_key: int | None = None


@dataclass(frozen=True, slots=True)
class PersonMarried(PersonEvent):
    topic: ClassVar[str] = "population.person.married"
    spouse_key: int = 0


@dataclass(frozen=True, slots=True)
class MarriageEnded(PersonEvent):
    topic: ClassVar[str] = "population.person.marriage_ended"
    spouse_key: int | None = None
    how: str = "divorce"  # divorce | annulment | death


@dataclass(frozen=True, slots=True)
class PersonDied(PersonEvent):
    topic: ClassVar[str] = "population.person.died"


@dataclass(frozen=True, slots=True)
class PersonMissing(PersonEvent):
    topic: ClassVar[str] = "population.person.missing"
    ended: bool = False  # was found, or the declaration was lifted


@dataclass(frozen=True, slots=True)
class DeathUndone(PersonEvent):
    topic: ClassVar[str] = "population.person.death_undone"


@dataclass(frozen=True, slots=True)
class NumberAllocated(PersonEvent):
    topic: ClassVar[str] = "population.number.allocated"


@dataclass(frozen=True, slots=True)
class NumberCancelled(PersonEvent):
    topic: ClassVar[str] = "population.number.cancelled"


@dataclass(frozen=True, slots=True)
class NumberReplaced(PersonEvent):
    topic: ClassVar[str] = "population.number.replaced"


@dataclass(frozen=True, slots=True)
class RecordsMerged(PersonEvent):
    """`person_key` was absorbed; `kept_key` stands for both."""

    topic: ClassVar[str] = "population.person.merged"
    kept_key: int = 0


@dataclass(frozen=True, slots=True)
class MergeUndone(PersonEvent):
    topic: ClassVar[str] = "population.person.merge_undone"
    kept_key: int = 0


@dataclass(frozen=True, slots=True)
class CardChanged(PersonEvent):
    topic: ClassVar[str] = "population.card.changed"
    state: str = "active"


@dataclass(frozen=True, slots=True)
class ContactChanged(PersonEvent):
    topic: ClassVar[str] = "population.contact.changed"
    kind: str = ""


@dataclass(frozen=True, slots=True)
class KinChanged(PersonEvent):
    topic: ClassVar[str] = "population.person.kin_changed"
    relation: str = ""
    relative_key: int | None = None


def topics() -> frozenset[str]:
    """Every topic this room sends."""
    return frozenset(event.topic for event in PersonEvent.__subclasses__())
