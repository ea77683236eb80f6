"""Where two records of one person contradict each other, fact by fact, and which source is the better one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from dancu.population.models import (
    BirthFact,
    CardFact,
    ContactFact,
    Fact,
    NameFact,
    OtherFact,
    PersonView,
    ResidenceFact,
    Sex,
    Source,
    SourceKind,
    TraitFact,
    Valid,
)
from dancu.population.policy.work import slot

Side = Literal["absorbed", "kept"]

_CIVIL: Final = (
    SourceKind.JUDGEMENT, SourceKind.DECISION, SourceKind.BIRTH_REGISTER, SourceKind.ID_CARD, SourceKind.REGISTRY,
    SourceKind.MARRIAGE_REGISTER, SourceKind.RESIDENCE_REGISTER, SourceKind.DECLARATION, SourceKind.KIN,
)  # fmt: skip
#: Sources of a kind of fact, the better first: what an authority decided, the register that is kept for it, what was
#: checked against papers, what somebody declared. A source not named here comes after all that are.
SOURCE_ORDER: Final[Mapping[type[Fact], tuple[str, ...]]] = {
    NameFact: _CIVIL,
    BirthFact: _CIVIL,
    TraitFact: _CIVIL,
    ResidenceFact: (
        SourceKind.JUDGEMENT, SourceKind.DECISION, SourceKind.RESIDENCE_REGISTER, SourceKind.REGISTRY,
        SourceKind.ID_CARD, SourceKind.BIRTH_REGISTER, SourceKind.MARRIAGE_REGISTER, SourceKind.DECLARATION, SourceKind.KIN,
    ),
    CardFact: (
        SourceKind.ID_CARD, SourceKind.REGISTRY, SourceKind.DECISION, SourceKind.JUDGEMENT,
        SourceKind.RESIDENCE_REGISTER, SourceKind.BIRTH_REGISTER, SourceKind.MARRIAGE_REGISTER, SourceKind.DECLARATION, SourceKind.KIN,
    ),
    ContactFact: (SourceKind.DECLARATION, SourceKind.ID_CARD, SourceKind.REGISTRY, SourceKind.RESIDENCE_REGISTER),
    OtherFact: _CIVIL,
}  # fmt: skip

#: Facts chosen column by column: the parts that are one answer, and their columns.
PARTS: Final[Mapping[type[Fact], Mapping[str, tuple[str, ...]]]] = {
    BirthFact: {
        "date": ("year", "month", "day"), "sex": ("sex",), "birth_place": ("birth_unit", "birth_place"),
        "registration": ("registration_unit", "registration_place"), "origin": ("origin_unit", "origin_place"),
    },
    TraitFact: {c: (c,) for c in ("ethnicity", "religion", "nationality", "blood_group")},
}  # fmt: skip
#: Facts chosen whole. Household, marriage and kin hang on other people's records and have verbs of their own; numbers
#: follow the one that is in force.
WHOLE: Final = (NameFact, ResidenceFact, CardFact, ContactFact, OtherFact)
_UNKNOWN: Final = (None, "", Sex.UNDETERMINED)


@dataclass(frozen=True, slots=True)
class Difference:
    """One contradiction: `code` names it in a choice. `part`: of a birth or of traits; "" for the whole fact. `absorbed`
    and `kept` are what each record says (the first of several), `sources` theirs in that order."""

    code: str
    part: str
    absorbed: Fact
    kept: Fact
    sources: tuple[Source, Source]
    better: Side


def differences(one: PersonView, two: PersonView) -> tuple[Difference, ...]:
    """All contradictions between the record to be absorbed (`one`) and the one to be kept. What only one of them knows
    contradicts nothing."""
    found: list[Difference] = []
    for fact in one.facts():
        others = [o for o in two.facts() if type(o) is type(fact) and slot(o) == slot(fact) and o.valid.overlaps(fact.valid)]
        if not others:
            continue
        if type(fact) in PARTS:
            for part, columns in PARTS[type(fact)].items():
                other = next((o for o in others if _contradicts(fact, o, columns)), None)
                if other is not None:
                    sources = (source_of(fact, columns[0]), source_of(other, columns[0]))
                    found.append(_difference(fact, other, part, sources))
        elif isinstance(fact, WHOLE):
            other = next((o for o in others if replace(o, source=fact.source, valid=fact.valid) != fact), None)
            if other is not None:
                found.append(_difference(fact, other, "", (fact.source, other.source)))
    return tuple(found)


def _difference(fact: Fact, other: Fact, part: str, sources: tuple[Source, Source]) -> Difference:
    return Difference(code_of(fact, part), part, fact, other, sources, better(type(fact), *sources))


def code_of(fact: Fact, part: str = "") -> str:
    """How a choice names a fact of the absorbed record, or one part of it: "birth-17-date"."""
    name = type(fact).__name__.removesuffix("Fact").lower()
    return "-".join(p for p in (name, str(fact.stored.fact_id) if fact.stored else "new", part) if p)


def better(kind: type[Fact], absorbed: Source, kept: Source) -> Side:
    """Whose source comes first in SOURCE_ORDER; of two alike the later one; of two of a day the kept record's."""
    order = SOURCE_ORDER[kind]
    ranks = [order.index(s.kind) if s.kind in order else len(order) for s in (absorbed, kept)]
    if ranks[0] != ranks[1]:
        return "absorbed" if ranks[0] < ranks[1] else "kept"
    if absorbed.date is not None and (kept.date is None or absorbed.date > kept.date):
        return "absorbed"
    return "kept"


def source_of(fact: Fact, column: str) -> Source:
    """Where one column of a fact comes from."""
    origins: Mapping[str, Source] = getattr(fact, "origins", None) or {}
    return origins.get(column, fact.source)


def says(fact: Fact, columns: tuple[str, ...]) -> bool:
    """Does the fact know this part?"""
    return any(getattr(fact, c) not in _UNKNOWN for c in columns)


def _values(fact: Fact, columns: tuple[str, ...]) -> list[Any]:
    return [getattr(fact, c) for c in columns]


def _contradicts(fact: Fact, other: Fact, columns: tuple[str, ...]) -> bool:
    return says(fact, columns) and says(other, columns) and _values(fact, columns) != _values(other, columns)


def combined(kept: Any, absorbed: Any, taken: frozenset[str]) -> Any:
    """`kept` with the parts that are taken from `absorbed`, and those it did not know; each column keeps its source."""
    after = kept
    origins = dict(kept.origins or {})
    for part, columns in PARTS[type(kept)].items():
        if not says(absorbed, columns) or _values(absorbed, columns) == _values(kept, columns):
            continue
        if says(kept, columns) and code_of(absorbed, part) not in taken:
            continue
        after = replace(after, **{c: getattr(absorbed, c) for c in columns})
        origins |= {c: source_of(absorbed, c) for c in columns}
    return replace(after, origins={c: s for c, s in origins.items() if s != kept.source} or None)


def common(one: Valid, two: Valid) -> Valid:
    """The days of two overlapping spans that are in both."""
    starts = [d for d in (one.start, two.start) if d is not None]
    ends = [d for d in (one.end, two.end) if d is not None]
    return Valid(max(starts, default=None), min(ends, default=None))
