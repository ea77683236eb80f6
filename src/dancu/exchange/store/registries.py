"""Rows of generic registries."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from psycopg.errors import InvalidRegularExpression, QueryCanceled, UniqueViolation

from dancu.exchange.models.registry import Record, Registry, Use
from dancu.kit.db import Conn

_REGISTRY = "registry_no, name, version, code, group_name, org_code, definition, changed_at"
_RECORD = "record_no::text, record_id, content"


async def find(conn: Conn, name: str, version: str) -> Registry | None:
    row = await (
        await conn.execute(
            f"SELECT {_REGISTRY} FROM exchange.registry WHERE name = %s AND version = %s AND closed_at IS NULL", (name, version)
        )
    ).fetchone()
    return Registry(*row) if row else None


async def by_no(conn: Conn, registry_no: int) -> Registry | None:
    row = await (
        await conn.execute(f"SELECT {_REGISTRY} FROM exchange.registry WHERE registry_no = %s::bigint AND closed_at IS NULL", (registry_no,))
    ).fetchone()
    return Registry(*row) if row else None


async def every(conn: Conn) -> list[Registry]:
    cursor = await conn.execute(f"SELECT {_REGISTRY} FROM exchange.registry WHERE closed_at IS NULL ORDER BY registry_no LIMIT 500")
    return [Registry(*row) for row in await cursor.fetchall()]


async def put(
    conn: Conn, name: str, version: str, code: str, group: str, org_code: str, definition: Mapping[str, Any]
) -> Registry:
    """Create, or change the schema of the one of this name and version."""
    statement = (
        "INSERT INTO exchange.registry AS r (name, version, code, group_name, org_code, definition) VALUES (%s, %s, %s, %s, %s, %s::jsonb)"
        " ON CONFLICT (name, version) WHERE closed_at IS NULL DO UPDATE SET definition = excluded.definition, code = excluded.code,"
        f" group_name = excluded.group_name, changed_at = now() WHERE r.org_code = excluded.org_code RETURNING {_REGISTRY}"
    )
    values = (name, version, code, group, org_code, json.dumps(definition))
    try:
        async with conn.transaction():
            row = await (await conn.execute(statement, values)).fetchone()
    except UniqueViolation:  # the sequence came to a number that `put_numbered` gave
        row = await (await conn.execute(statement, values)).fetchone()
    if row is None:
        raise LookupError(name)
    return Registry(*row)


async def put_numbered(
    conn: Conn, number: int, name: str, version: str, org_code: str, definition: Mapping[str, Any]
) -> Registry | None:
    """None where the number or the name is given already."""
    row = await (
        await conn.execute(
            "INSERT INTO exchange.registry (registry_no, name, version, code, group_name, org_code, definition) OVERRIDING SYSTEM VALUE"
            f" VALUES (%s::bigint, %s, %s, %s, '', %s, %s::jsonb) ON CONFLICT DO NOTHING RETURNING {_REGISTRY}",
            (number, name, version, name, org_code, json.dumps(definition)),
        )
    ).fetchone()
    return Registry(*row) if row else None


async def reopen(conn: Conn, name: str, version: str, org_code: str) -> bool:
    """Take back the end of an organisation's first registry of this name and version. False where there is none, or another is open."""
    cursor = await conn.execute(
        "UPDATE exchange.registry AS r SET closed_at = NULL, changed_at = now() WHERE r.registry_no = (SELECT min(o.registry_no) FROM exchange.registry AS o"
        " WHERE o.name = %(name)s AND o.version = %(version)s AND o.org_code = %(org)s AND o.closed_at IS NOT NULL) AND NOT EXISTS"
        " (SELECT 1 FROM exchange.registry AS o WHERE o.name = %(name)s AND o.version = %(version)s AND o.closed_at IS NULL)",
        {"name": name, "version": version, "org": org_code},
    )
    return cursor.rowcount > 0


async def close(conn: Conn, registry_no: int) -> None:
    await conn.execute("UPDATE exchange.registry SET closed_at = now() WHERE registry_no = %s::bigint", (registry_no,))


async def holding(conn: Conn, registry_no: int, wanted: Mapping[str, Any], most: int, *, lock: bool = False) -> list[Record]:
    """Records whose content has these members with these values; oldest first."""
    cursor = await conn.execute(
        f"SELECT {_RECORD} FROM exchange.registry_record WHERE registry_no = %s::bigint AND content @> %s::jsonb"
        f" ORDER BY record_no LIMIT %s{' FOR UPDATE' if lock else ''}",
        (registry_no, json.dumps(wanted), most),
    )
    return [Record(*row) for row in await cursor.fetchall()]


async def named(conn: Conn, registry_no: int, name: str) -> Record | None:
    """By its `id` or by its own number."""
    row = await (
        await conn.execute(
            f"SELECT {_RECORD} FROM exchange.registry_record WHERE registry_no = %s::bigint AND (record_id = %s OR record_no::text = lower(%s))"
            " ORDER BY record_id <> %s LIMIT 1",
            (registry_no, name, name, name),
        )
    ).fetchone()
    return Record(*row) if row else None


async def listed(
    conn: Conn, registry_no: int, wanted: Sequence[tuple[str, str, bool]], *, order: str, descending: bool, most: int, skip: int
) -> tuple[int, list[Record]]:
    """(how many there are, this page). `wanted`: (member or "" for any, value, is it a regular expression). Raises ValueError for
    an expression that is none, or that takes too long."""
    clauses: list[str] = ["registry_no = %s::bigint"]
    values: list[Any] = [registry_no]
    for member, value, pattern in wanted:
        test = "~ %s" if pattern else "= %s"
        if member:
            clauses.append(f"content ->> %s {test}")
            values += [member, value]
        else:
            clauses.append(f"EXISTS (SELECT 1 FROM jsonb_each_text(content) AS m(k, v) WHERE m.v {test})")
            values.append(value)
    where = " AND ".join(clauses)
    try:
        row = await (await conn.execute(f"SELECT count(*) FROM exchange.registry_record WHERE {where}", values)).fetchone()
    except (InvalidRegularExpression, QueryCanceled) as error:
        raise ValueError("expression") from error
    cursor = await conn.execute(
        f"SELECT {_RECORD} FROM exchange.registry_record WHERE {where} ORDER BY content ->> %s {'DESC' if descending else 'ASC'}, record_no"
        " LIMIT %s OFFSET %s",
        [*values, order, most, skip],
    )
    return int(row[0]) if row else 0, [Record(*found) for found in await cursor.fetchall()]


async def insert(conn: Conn, registry_no: int, record: Record, entry_id: int) -> bool:
    """False where the id is taken."""
    cursor = await conn.execute(
        "INSERT INTO exchange.registry_record (registry_no, record_no, record_id, content, entry_id)"
        " VALUES (%s::bigint, %s::uuid, %s, %s::jsonb, %s::bigint) ON CONFLICT DO NOTHING",
        (registry_no, record.record_no, record.record_id, json.dumps(record.content), entry_id),
    )
    return cursor.rowcount > 0


async def replace(conn: Conn, registry_no: int, record: Record, entry_id: int) -> None:
    """Raises UniqueViolation of psycopg where the new id is another record's."""
    await conn.execute(
        "UPDATE exchange.registry_record SET record_id = %s, content = %s::jsonb, entry_id = %s::bigint, changed_at = now()"
        " WHERE registry_no = %s::bigint AND record_no = %s::uuid",
        (record.record_id, json.dumps(record.content), entry_id, registry_no, record.record_no),
    )


async def remember_change(conn: Conn, registry_no: int, change: bytes) -> None:
    """For a day."""
    await conn.execute(
        "WITH old AS (DELETE FROM exchange.registry_change WHERE registry_no = %(no)s::bigint AND made_at < now() - interval '1 day' AND change <> %(it)s)"
        " INSERT INTO exchange.registry_change (registry_no, change) VALUES (%(no)s::bigint, %(it)s)"
        " ON CONFLICT (registry_no, change) DO UPDATE SET made_at = now()",
        {"no": registry_no, "it": change},
    )


async def change_made(conn: Conn, registry_no: int, change: bytes) -> bool:
    row = await (
        await conn.execute(
            "SELECT made_at > now() - interval '1 day' FROM exchange.registry_change WHERE registry_no = %s::bigint AND change = %s", (registry_no, change)
        )
    ).fetchone()
    return bool(row and row[0])


async def id_taken(conn: Conn, registry_no: int, record_id: str, but: str) -> bool:
    row = await (
        await conn.execute(
            "SELECT EXISTS (SELECT 1 FROM exchange.registry_record WHERE registry_no = %s::bigint AND record_id = %s AND record_no <> %s::uuid)",
            (registry_no, record_id, but),
        )
    ).fetchone()
    return bool(row and row[0])


async def delete(conn: Conn, registry_no: int, record_id: str) -> bool:
    cursor = await conn.execute(
        "DELETE FROM exchange.registry_record WHERE registry_no = %s::bigint AND record_id = %s", (registry_no, record_id)
    )
    return cursor.rowcount > 0


async def used(conn: Conn, registry_no: int, record_ids: Sequence[str], entry_id: int, reader: str) -> None:
    await conn.execute(
        "INSERT INTO exchange.registry_use (registry_no, record_id, entry_id, reader) SELECT %s::bigint, r, %s::bigint, %s"
        " FROM unnest(%s::text[]) AS r ON CONFLICT DO NOTHING",
        (registry_no, entry_id, reader, list(dict.fromkeys(record_ids))),
    )


async def uses(conn: Conn, registry_no: int, record_id: str, most: int) -> list[Use]:
    cursor = await conn.execute(
        "SELECT entry_id, at, reader FROM exchange.registry_use WHERE registry_no = %s::bigint AND record_id = %s ORDER BY at DESC LIMIT %s",
        (registry_no, record_id, most),
    )
    return [Use(*row) for row in await cursor.fetchall()]


async def bounded(conn: Conn) -> None:
    """A statement of somebody else's making may take two seconds, not more."""
    await conn.execute("SELECT set_config('statement_timeout', '2000', true)")
