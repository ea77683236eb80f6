"""SQL that reads the fact rows of other rooms, as audit.fact_source names them: the one place where a room may look
into another's tables, and only to hash what it sees."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from dancu.kit.db import Conn

_FETCH = 2000

# PostgreSQL writes the canonical form of these itself, which is several times cheaper than a Python object a value.
_INSTANT = "to_char({0} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
_RANGE = "CASE WHEN isempty({0}) THEN 'empty' WHEN {0} IS NOT NULL THEN '[' || coalesce({1}, '') || ',' || coalesce({2}, '') || ')' END"
_AS_TEXT = {"date", "numeric", "uuid", "time"}


@dataclass(frozen=True, slots=True)
class Source:
    table: str
    key_column: str
    columns: tuple[tuple[str, str], ...]  # committed column, its type; by name, bytewise


async def unreadable(conn: Conn) -> list[str]:
    """Names in audit.fact_source of no table that has a key of a person or household and what every fact has."""
    cursor = await conn.execute(
        """
        SELECT s.table_name FROM audit.fact_source s
        WHERE 5 <> (SELECT count(*) FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
            JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname || '.' || c.relname = s.table_name AND NOT a.attisdropped
            AND (a.attname IN ('fact_id', 'entry_id', 'closed_by', 'recorded')
                OR (a.attname = s.key_column AND a.atttypid = 'bigint'::regtype)))
        ORDER BY s.table_name
        """
    )
    return [name async for (name,) in cursor]


async def sources(conn: Conn, without: list[str]) -> list[Source]:
    """All tables whose rows are facts, but for those named. A column the table does not have any more gets type ""."""
    cursor = await conn.execute(
        """
        SELECT s.table_name, s.key_column,
               array_agg(c.name ORDER BY c.name COLLATE "C"),
               array_agg(coalesce(format_type(a.atttypid, NULL), '') ORDER BY c.name COLLATE "C")
        FROM audit.fact_source s
        CROSS JOIN LATERAL unnest(s.columns) AS c (name)
        LEFT JOIN pg_attribute a ON a.attrelid = to_regclass(s.table_name) AND a.attname = c.name
             AND NOT a.attisdropped
        WHERE s.table_name <> ALL (%s)
        GROUP BY s.table_name, s.key_column ORDER BY s.table_name
        """,
        [without],
    )
    return [Source(row[0], row[1], tuple(zip(row[2], row[3], strict=True))) async for row in cursor]


def _expression(column: str, kind: str) -> Any:
    from psycopg import sql

    name = sql.Identifier(column)
    if column == "recorded":
        return sql.SQL(_INSTANT).format(sql.SQL("lower({})").format(name))
    if kind == "":
        return sql.SQL("NULL::text")
    if kind == "timestamp with time zone":
        return sql.SQL(_INSTANT).format(name)
    if kind in ("tstzrange",):
        bounds = [sql.SQL(_INSTANT).format(sql.SQL(f"{end}({{}})").format(name)) for end in ("lower", "upper")]
        return sql.SQL(_RANGE).format(name, *bounds)
    if kind.endswith("range"):
        return sql.SQL(_RANGE).format(name, *(sql.SQL(f"{end}({{}})::text").format(name) for end in ("lower", "upper")))
    if kind == "bytea":
        return sql.SQL("encode({}, 'hex')").format(name)
    if kind in _AS_TEXT:
        return sql.SQL("{}::text").format(name)
    return name


async def opened(conn: Conn, number: int, source: Source) -> AsyncIterator[list[Any]]:
    """(entry_id, key, fact_id, committed values…) by entry id, in blocks."""
    from psycopg import sql

    query = sql.SQL("SELECT entry_id, {}, fact_id, {} FROM {} ORDER BY entry_id").format(
        sql.Identifier(source.key_column),
        sql.SQL(", ").join(_expression(*column) for column in source.columns),
        sql.Identifier(*source.table.split(".")),
    )
    async with conn.cursor(name=f"audit_opened_{number}", binary=True) as cursor:
        await cursor.execute(query)
        while rows := await cursor.fetchmany(_FETCH):
            yield rows


async def closed(conn: Conn, number: int, source: Source) -> AsyncIterator[list[Any]]:
    """(closed_by, key, fact_id, upper(recorded)) by the entry that closed the row, in blocks."""
    from psycopg import sql

    query = sql.SQL(
        "SELECT closed_by, {}, fact_id, {} FROM {} WHERE closed_by IS NOT NULL ORDER BY closed_by"
    ).format(
        sql.Identifier(source.key_column),
        sql.SQL(_INSTANT).format(sql.SQL("upper(recorded)")),
        sql.Identifier(*source.table.split(".")),
    )
    async with conn.cursor(name=f"audit_closed_{number}", binary=True) as cursor:
        await cursor.execute(query)
        while rows := await cursor.fetchmany(_FETCH):
            yield rows


async def ended_by_nobody(conn: Conn, source: Source) -> AsyncIterator[list[Any]]:
    """(key, fact_id) of rows whose recorded time has an end and that name no entry for it, in blocks."""
    from psycopg import sql

    query = sql.SQL("SELECT {}, fact_id FROM {} WHERE closed_by IS NULL AND NOT upper_inf(recorded)").format(
        sql.Identifier(source.key_column), sql.Identifier(*source.table.split("."))
    )
    async with conn.cursor(name="audit_ended", binary=True) as cursor:
        await cursor.execute(query)
        while rows := await cursor.fetchmany(_FETCH):
            yield rows


async def uncommitted(conn: Conn) -> list[tuple[str, list[str]]]:
    """(table, columns) of every bitemporal table with columns that no entry commits to. Those that a verb changes
    later are not committed to: closed_by speaks for the end, alive_until repeats the person's."""
    cursor = await conn.execute(
        """
        SELECT t.relname, array_agg(a.attname::text ORDER BY a.attname)
        FROM (SELECT c.oid, c.oid::regclass::text AS relname FROM pg_class c
              WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND 4 = (
                  SELECT count(*) FROM pg_attribute f WHERE f.attrelid = c.oid AND NOT f.attisdropped
                  AND f.attname IN ('fact_id', 'entry_id', 'closed_by', 'recorded'))) AS t
        JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
        LEFT JOIN audit.fact_source s ON s.table_name = t.relname
        WHERE a.attname NOT IN ('closed_by', 'alive_until') AND a.attname <> ALL (coalesce(s.columns, '{}'))
        GROUP BY t.relname ORDER BY t.relname
        """
    )
    return await cursor.fetchall()
