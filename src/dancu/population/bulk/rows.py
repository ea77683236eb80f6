"""How each fact becomes a row of COPY text and a line of evidence. Pure.

Columns stand in the order in which evidence commits to them (by name, bytewise), so that the list of
values made for COPY is the list that is hashed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter, itemgetter
from typing import Any, Final

import orjson

from dancu.population import models as m
from dancu.population.store import tables

#: Filled in for every fact by the builder, in this order, the key last; the rest are the fact's own attributes.
_COMMON: Final = ("entry_id", "fact_id", "recorded", "source_date", "source_kind", "source_ref", "valid")


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the values of a fact go in its row. `columns`: those evidence commits to, in its order; `values` reads
    the fact's own ones; `ordered` puts them, followed by the values of `_COMMON` and the key, into columns."""

    name: str
    columns: tuple[str, ...]
    values: Callable[[Any], tuple[Any, ...]]
    ordered: Callable[[tuple[Any, ...]], tuple[Any, ...]]
    recorded: int  # place of the column that COPY and evidence write differently
    origins: int | None
    act: bool  # repeats alive_until, which is not committed
    prefix: bytes

    @property
    def copied(self) -> tuple[str, ...]:
        """The columns of the COPY."""
        return (*self.columns, "alive_until") if self.act else self.columns


def _layout(table: tables.Table) -> Layout:
    own = [(c, f) for c, f in zip(table.columns, table.fields, strict=True) if c != table.key]
    given = (*(column for column, _ in own), *_COMMON, table.key)
    columns = tuple(sorted(given))
    return Layout(
        name=table.qualified,
        columns=columns,
        values=_reader(*(field for _, field in own)),
        ordered=itemgetter(*(given.index(column) for column in columns)),
        recorded=columns.index("recorded"),
        origins=columns.index("origins") if "origins" in columns else None,
        act=table.act,
        prefix=f"|{table.qualified}|".encode(),
    )


def _reader(first: str, *rest: str) -> Callable[[Any], tuple[Any, ...]]:
    if rest:
        return attrgetter(first, *rest)
    one = attrgetter(first)
    return lambda fact: (one(fact),)  # attrgetter of one name gives no tuple


LAYOUTS: Final[dict[type[m.Fact], Layout]] = {fact: _layout(t) for fact, t in tables.TABLE_OF.items()}


def escaped(text: str) -> str:
    """Text as a field of COPY's text format."""
    if "\\" in text or not text.isprintable():
        text = text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
    return text


@lru_cache(maxsize=16384)
def cell(value: Any) -> str:
    """One value in COPY's text format."""
    return "\\N" if value is None else escaped(str(value))


def cells(values: Iterable[Any]) -> list[str]:
    """Values in COPY's text format. Numbers differ from row to row and are not worth remembering."""
    return [str(value) if value.__class__ is int else cell(value) for value in values]


@lru_cache(maxsize=8192)
def period(valid: m.Valid) -> str:
    """Valid time as evidence writes it and as PostgreSQL reads it: [2020-01-01,) or [,)."""
    return f"[{valid.start or ''},{valid.end or ''})"


def origins(value: Mapping[str, m.Source] | None) -> dict[str, list[Any]] | None:
    """The jsonb column `origins`: {column: [source_kind, source_ref, source_date]}."""
    if value is None:
        return None
    return {
        column: [source.kind, source.ref, source.date.isoformat() if source.date else None]
        for column, source in value.items()
    }


def canonical(value: Any) -> bytes:
    """Canonical JSON: sorted keys, no spaces, text as it is."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def ints(values: tuple[int, ...]) -> str:
    """An integer array literal."""
    return "{" + ",".join(map(str, values)) + "}"


def codes(values: tuple[str, ...]) -> str:
    """A text array literal of words that need no quoting."""
    return "{" + ",".join(values) + "}"
