"""Which class lives in which table, column by column. The one place where facts become rows and rows
facts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from dancu.population.models import (
    BirthFact,
    CardFact,
    CardKind,
    CardState,
    ContactFact,
    ContactKind,
    Fact,
    HouseholdFact,
    HouseholdRelation,
    KinFact,
    KinRelation,
    LifeFact,
    LifeStatus,
    MaritalFact,
    MaritalStatus,
    MemberFact,
    NameFact,
    NameKind,
    NumberFact,
    NumberKind,
    NumberState,
    OtherFact,
    ResidenceFact,
    ResidenceKind,
    Sex,
    Source,
    Stored,
    TraitFact,
    Valid,
)


@dataclass(frozen=True, slots=True)
class Table:
    """A fact table of schema population. `columns` are the value columns in the order of `fields` of `fact`.

    `act`: its rows repeat person.alive_until, so that a CHECK can refuse what begins after death.
    """

    name: str
    fact: type[Fact]
    columns: tuple[str, ...]
    fields: tuple[str, ...]
    kinds: Mapping[str, type[StrEnum]]
    key: str = "person_key"
    act: bool = False

    @property
    def qualified(self) -> str:
        return f"population.{self.name}"


_PARTIAL = {"year", "month", "day"}


def _table(
    name: str,
    fact: type[Fact],
    fields: str,
    *,
    prefix: str = "",
    kinds: Mapping[str, type[StrEnum]] | None = None,
    act: bool = False,
    key: str = "person_key",
) -> Table:
    names = tuple(fields.split())
    columns = tuple(prefix + n if n in _PARTIAL else n for n in names)
    return Table(name, fact, columns, names, kinds or {}, key, act)


TABLES: tuple[Table, ...] = (
    _table("person_name", NameFact, "kind full_name", kinds={"kind": NameKind}),
    _table(
        "person_birth",
        BirthFact,
        "year month day sex birth_unit birth_place registration_unit registration_place"
        " origin_unit origin_place origins",
        prefix="birth_",
        kinds={"sex": Sex},
    ),
    _table("person_trait", TraitFact, "ethnicity religion nationality blood_group origins"),
    _table(
        "person_number",
        NumberFact,
        "kind number state reason",
        kinds={"kind": NumberKind, "state": NumberState},
    ),
    _table(
        "residence",
        ResidenceFact,
        "kind unit_id hamlet_id address file_number reason",
        kinds={"kind": ResidenceKind},
        act=True,
    ),
    _table(
        "household_member",
        MemberFact,
        "household_key relation",
        kinds={"relation": HouseholdRelation},
        act=True,
    ),
    _table(
        "kinship",
        KinFact,
        "relation relative_key relative_name relative_number relative_birth relative_nationality",
        kinds={"relation": KinRelation},
    ),
    _table("marital", MaritalFact, "status", kinds={"status": MaritalStatus}, act=True),
    _table(
        "card",
        CardFact,
        "kind number issued_on issued_by expires_on state",
        kinds={"kind": CardKind, "state": CardState},
        act=True,
    ),
    _table("contact", ContactFact, "kind value", kinds={"kind": ContactKind}),
    _table(
        "life", LifeFact, "status year month day place cause", prefix="event_", kinds={"status": LifeStatus}
    ),
    _table("other_data", OtherFact, "name value"),
)
HOUSEHOLD = _table(
    "household",
    HouseholdFact,
    "household_key head_key unit_id hamlet_id address file_number",
    key="household_key",
)
TABLE_OF: dict[type[Fact], Table] = {t.fact: t for t in (*TABLES, HOUSEHOLD)}
ACTS: tuple[Table, ...] = tuple(t for t in TABLES if t.act)

#: Columns every fact table has beside its own, as `read` expects them before the value columns.
RECORD = (
    "{t}.fact_id, {t}.{key}, lower({t}.valid), upper({t}.valid), lower({t}.recorded), upper({t}.recorded),"
    " {t}.source_kind, {t}.source_ref, {t}.source_date, {t}.entry_id, {t}.closed_by"
)


def selected(table: Table, alias: str = "f") -> str:
    """The select list that `read` understands."""
    values = ", ".join(f"{alias}.{c}" for c in table.columns)
    return f"{RECORD.format(t=alias, key=table.key)}, {values}"


def _day(value: Any) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) else value


def _moment(value: Any) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) else value


_DATES = {"issued_on", "expires_on"}


def read(table: Table, row: Sequence[Any]) -> Any:
    """A row of `selected(table)`, as JSON or as the driver's values, as the table's fact with its record."""
    fact_id, key, start, end, known_from, known_until, kind, ref, on, entry_id, closed_by = row[:11]
    since = _moment(known_from)
    if since is None:
        raise ValueError("a fact without recorded time")
    values: dict[str, Any] = dict(zip(table.fields, row[11:], strict=True))
    for field, enum in table.kinds.items():
        values[field] = enum(values[field])
    for field in _DATES & values.keys():
        values[field] = _day(values[field])
    if values.get("origins"):
        values["origins"] = {
            column: Source(s[0], s[1], _day(s[2])) for column, s in values["origins"].items()
        }
    return table.fact(
        source=Source(kind, ref, _day(on)),
        valid=Valid(_day(start), _day(end)),
        stored=Stored(fact_id, key, since, _moment(known_until), entry_id, closed_by),
        **values,
    )


def values_of(fact: Fact) -> dict[str, Any]:
    """The value columns of a fact as the database and the facts commitment take them: enums are their words,
    `origins` is plain data."""
    table = TABLE_OF[type(fact)]
    values: dict[str, Any] = {}
    for column, field in zip(table.columns, table.fields, strict=True):
        value = getattr(fact, field)
        if isinstance(value, StrEnum):
            value = value.value
        elif field == "origins" and value is not None:
            value = {
                c: [s.kind, s.ref, s.date.isoformat() if s.date else None] for c, s in sorted(value.items())
            }
        values[column] = value
    return values


def as_parameter(value: Any) -> Any:
    """A value of `values_of` as a query parameter."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else value
