"""Recording: rows are opened, and the recorded time of rows is ended. Nothing else about a fact ever
changes."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import orjson

from dancu.kernel.errors import Conflict
from dancu.kit.db import Conn
from dancu.kit.i18n import N_
from dancu.population.models import Fact
from dancu.population.store.tables import ACTS, TABLE_OF, Table, as_parameter, values_of


@dataclass(frozen=True, slots=True)
class Row:
    """A fact about to be recorded. `key` is the person's or the household's; `alive_until` counts for
    acts."""

    key: int
    fact_id: int
    fact: Fact
    entry_id: int
    tick: datetime
    alive_until: date | None = None


#: Columns an entry commits to beside the table's own values (audit.fact_source says the same; a test
#: compares).
COMMITTED = (
    "fact_id", "valid", "recorded", "source_kind", "source_ref", "source_date", "entry_id",
)  # fmt: skip


def committed_columns(table: Table) -> list[str]:
    return sorted({table.key, *COMMITTED, *table.columns})


def committed_values(row: Row) -> list[Any]:
    """The values of `committed_columns`, as the facts commitment takes them."""
    table = TABLE_OF[type(row.fact)]
    fact = row.fact
    valid = fact.valid
    start = valid.start.isoformat() if valid.start else ""
    end = valid.end.isoformat() if valid.end else ""
    values: dict[str, Any] = {
        **values_of(fact),
        table.key: row.key,
        "fact_id": row.fact_id,
        "valid": f"[{start},{end})",
        "recorded": _instant(row.tick),
        "source_kind": fact.source.kind,
        "source_ref": fact.source.ref,
        "source_date": fact.source.date,
        "entry_id": row.entry_id,
    }
    return [values[c] for c in committed_columns(table)]


def opened_line(row: Row) -> bytes:
    """The line of a row written, of the digest by which the evidence entry commits to it (see audit)."""
    table = TABLE_OF[type(row.fact)].qualified
    values = orjson.dumps(committed_values(row), option=orjson.OPT_SORT_KEYS)
    return b"+|%b|%d|%d|%b" % (table.encode(), row.key, row.fact_id, values)


def closed_line(kind: type[Fact], key: int, fact_id: int, tick: datetime) -> bytes:
    """The line of a row whose recorded time was ended."""
    return b"-|%b|%d|%d|%b" % (TABLE_OF[kind].qualified.encode(), key, fact_id, _instant(tick).encode())


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


async def take_fact_ids(conn: Conn, count: int) -> list[int]:
    if not count:
        return []
    cursor = await conn.execute(
        "SELECT nextval('population.fact_id_seq') FROM generate_series(1, %s::int)", (count,)
    )
    return [row[0] for row in await cursor.fetchall()]


def _insert(table: Table) -> str:
    values = [c for c in table.columns if c != table.key]
    casts = {"origins": "%s::jsonb"}
    columns = [
        table.key,
        "fact_id",
        "valid",
        "recorded",
        "source_kind",
        "source_ref",
        "source_date",
        "entry_id",
    ]
    marks = [
        "%s::bigint", "%s::bigint", "daterange(%s::date, %s::date)", "tstzrange(%s::timestamptz, NULL)", "%s", "%s",
        "%s::date", "%s::bigint",
    ]  # fmt: skip
    columns.extend(values)
    marks.extend(casts.get(c, "%s") for c in values)
    if table.act:
        columns.append("alive_until")
        marks.append("coalesce(%s::date, 'infinity')")
    return f"INSERT INTO {table.qualified} ({', '.join(columns)}) VALUES ({', '.join(marks)})"


def _parameters(table: Table, row: Row) -> tuple[Any, ...]:
    fact = row.fact
    values = values_of(fact)
    given = [as_parameter(values[c]) for c in table.columns if c != table.key]
    head = (
        row.key, row.fact_id, fact.valid.start, fact.valid.end, row.tick, fact.source.kind, fact.source.ref,
        fact.source.date, row.entry_id,
    )  # fmt: skip
    return (*head, *given, row.alive_until) if table.act else (*head, *given)


async def open_rows(conn: Conn, rows: Iterable[Row]) -> None:
    by_table: dict[type[Fact], list[Row]] = defaultdict(list)
    for row in rows:
        by_table[type(row.fact)].append(row)
    for kind, some in by_table.items():
        table = TABLE_OF[kind]
        await conn.cursor().executemany(_insert(table), [_parameters(table, r) for r in some])


async def close_rows(
    conn: Conn, kind: type[Fact], key: int, fact_ids: Sequence[int], tick: datetime, entry_id: int
) -> None:
    """End the recorded time of rows that are current. Conflict where one is not: somebody was faster."""
    table = TABLE_OF[kind]
    done = await conn.execute(
        f"UPDATE {table.qualified} SET recorded = tstzrange(lower(recorded), %s::timestamptz), closed_by = %s::bigint"
        f" WHERE {table.key} = %s::bigint AND fact_id = ANY (%s::bigint[]) AND upper_inf(recorded)",
        (tick, entry_id, key, list(fact_ids)),
    )
    if done.rowcount != len(fact_ids):
        raise Conflict(
            "fact.changed", N_("Thông tin này vừa được người khác thay đổi. Hãy mở lại hồ sơ rồi làm tiếp.")
        )


async def set_alive_until(conn: Conn, key: int, alive_until: date | None) -> None:
    """On the person and on every row of an act, past ones too: their foreign keys name it."""
    for name in ("person", *(t.name for t in ACTS)):
        await conn.execute(
            f"UPDATE population.{name} SET alive_until = coalesce(%s::date, 'infinity')"
            " WHERE person_key = %s::bigint",
            (alive_until, key),
        )


async def note_merge(
    conn: Conn, absorbed: int, kept: int, tick: datetime, entry_id: int, undo: dict[str, Any]
) -> None:
    await conn.execute(
        "INSERT INTO population.merge (person_key, kept_key, merged_at, entry_id, undo)"
        " VALUES (%s::bigint, %s::bigint, %s, %s::bigint, %s::jsonb)",
        (absorbed, kept, tick, entry_id, json.dumps(undo, ensure_ascii=False)),
    )


async def open_merge(conn: Conn, absorbed: int) -> tuple[int, datetime, dict[str, Any]] | None:
    """(kept_key, merged_at, undo) of the merge that still stands, None where there is none."""
    cursor = await conn.execute(
        "SELECT kept_key, merged_at, undo FROM population.merge WHERE person_key = %s::bigint AND undone_at IS NULL"
        " ORDER BY merged_at DESC LIMIT 1",
        (absorbed,),
    )
    return await cursor.fetchone()


async def note_undone(conn: Conn, absorbed: int, merged_at: datetime, tick: datetime, entry_id: int) -> None:
    await conn.execute(
        "UPDATE population.merge SET undone_at = %s, undone_entry_id = %s::bigint"
        " WHERE person_key = %s::bigint AND merged_at = %s",
        (tick, entry_id, absorbed, merged_at),
    )
