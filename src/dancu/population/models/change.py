"""What a verb would do (preview) and what it did (done)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from dancu.population.models.facts import Fact


@dataclass(frozen=True, slots=True)
class FactChange:
    """One line of a preview. `group` is a code of the 26 data groups, `field` a column in it; `before` and
    `after` are whole facts, None where there was or will be nothing. The page words them."""

    person_key: int | None  # None: a household's own version
    group: str
    field: str
    before: Fact | None
    after: Fact | None


class Told(StrEnum):
    """Who learns of a change, by the events the verb emits."""

    CITIZEN = "citizen"
    RELATIVES = "relatives"
    HOUSEHOLD_HEAD = "household_head"
    OLD_COMMUNE = "old_commune"
    NEW_COMMUNE = "new_commune"
    SUBSCRIBERS = "subscribers"  # agencies with a right to news of this kind


@dataclass(frozen=True, slots=True)
class Preview:
    """What would be written and who would be told. `warnings` become findings kept with the person."""

    changes: tuple[FactChange, ...]
    told: tuple[Told, ...]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Done:
    """What a verb did. `entry_id`: the evidence entry of `person_key`; `entries` has one per person
    touched."""

    person_key: int
    entry_id: int
    tick: datetime
    events: tuple[str, ...] = ()
    entries: dict[int, int] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    household_key: int | None = None
    number: str | None = None
