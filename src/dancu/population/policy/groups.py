"""Which of the 26 data groups a fact, or a change of a fact, belongs to."""

from __future__ import annotations

from dancu.population.models import HOMES, Fact


def groups_of(fact: Fact) -> tuple[str, ...]:
    """Groups a fact says something about (columns that are empty say nothing), in the order of the law."""
    return tuple(
        group.value
        for group, home in HOMES.items()
        if home.fact is type(fact) and _kind_fits(fact, home.kinds) and any(_says(fact, f) for f in home.fields)
    )


def groups_between(before: Fact, after: Fact) -> tuple[str, ...]:
    """Groups whose columns differ; all groups of the new fact where only its days differ."""
    differ = tuple(
        group.value
        for group, home in HOMES.items()
        if home.fact is type(after)
        and _kind_fits(after, home.kinds)
        and any(getattr(before, f) != getattr(after, f) for f in home.fields)
    )
    return differ or (groups_of(after) if before.valid != after.valid else ())


def _kind_fits(fact: Fact, kinds: tuple[str, ...]) -> bool:
    return not kinds or getattr(fact, "kind", None) in kinds


def _says(fact: Fact, field: str) -> bool:
    value = getattr(fact, field)
    return value is not None and value != "" and value != "undetermined"
