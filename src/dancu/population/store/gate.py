"""The gate's functions, called. They decide, record and open rows in the database (migrations/0006_gate.sql); what is
not opened here stays invisible to the application whatever it selects."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dancu.kernel.actor import Actor, Purpose
from dancu.kit.db import Conn


def _session(actor: Actor) -> bytes:
    return bytes.fromhex(actor.session_id) if actor.session_id else b""


async def look(
    conn: Conn, actor: Actor, purpose: Purpose, keys: Sequence[int], permission: str, fields: Sequence[str],
    note: dict[str, Any] | None = None,
) -> list[tuple[int, str, int]]:  # fmt: skip
    """(person_key, verdict, entry_id) for each key, in order."""
    cursor = await conn.execute(
        "SELECT person_key, verdict, entry_id FROM population.look(%s, %s::bigint, %s, %s::bytea, %s::bigint[],"
        " %s, %s, %s, %s, %s::text[], %s, %s, %s::jsonb)",
        (
            actor.kind, actor.actor_id, actor.org_code, _session(actor), list(keys), permission, purpose.code,
            purpose.legal_basis, purpose.case_ref or None, list(fields), actor.request_id, actor.channel,
            json.dumps(note) if note else None,
        ),
    )  # fmt: skip
    return await cursor.fetchall()


async def open_new(conn: Conn, keys: Sequence[int], households: Sequence[int] = ()) -> None:
    """Open keys that name nobody yet."""
    await conn.execute("SELECT population.open_new(%s::bigint[], %s::bigint[])", (list(keys), list(households)))


async def hold(conn: Conn, key: int) -> None:
    """No verb writes about an opened person until the transaction ends."""
    await conn.execute("SELECT population.hold(%s::bigint)", (key,))


async def keys_of(conn: Conn, numbers: Sequence[str]) -> list[tuple[str, str, str, int]]:
    """(number, kind, state, person_key) of every directory row of these numbers."""
    cursor = await conn.execute("SELECT number, kind, state, person_key FROM population.keys_of(%s::text[])", (list(numbers),))
    return await cursor.fetchall()


async def name_one(
    conn: Conn, actor: Actor, purpose: Purpose, *, digits: str | None = None, record: int | None = None, name_ascii: str = ""
) -> tuple[str, int | None]:
    """(verdict, key): whom a number (`digits`) or a record number typed into a form names. 'ok', 'unknown', 'several' or
    'no_session'; recorded by the database."""
    cursor = await conn.execute(
        "SELECT verdict, person_key FROM population.name_one(%s, %s::bigint, %s, %s::bytea, %s, %s::bigint, %s, %s, %s, %s,"
        " %s, %s)",
        (
            actor.kind, actor.actor_id, actor.org_code, _session(actor), digits, record, name_ascii, purpose.code,
            purpose.legal_basis, purpose.case_ref or None, actor.request_id, actor.channel,
        ),
    )  # fmt: skip
    row = await cursor.fetchone()
    return (row[0], row[1]) if row else ("unknown", None)


async def number_taken(conn: Conn, actor: Actor, purpose: Purpose, digits: str) -> bool:
    """Was this number ever given to anybody? Recorded by the database."""
    cursor = await conn.execute(
        "SELECT population.number_taken(%s, %s::bigint, %s, %s::bytea, %s, %s, %s, %s, %s, %s)",
        (
            actor.kind, actor.actor_id, actor.org_code, _session(actor), digits, purpose.code, purpose.legal_basis,
            purpose.case_ref or None, actor.request_id, actor.channel,
        ),
    )  # fmt: skip
    row = await cursor.fetchone()
    return bool(row and row[0])


async def members_of(conn: Conn, household_key: int) -> list[int]:
    """Keys of the present members of an opened household."""
    row = await (await conn.execute("SELECT population.members_of(%s::bigint)", (household_key,))).fetchone()
    return list(row[0]) if row else []


@dataclass(frozen=True, slots=True)
class Find:
    """One look-up by number, of one actor."""

    number: str
    actor: Actor
    purpose: Purpose


async def find_many(conn: Conn, finds: Sequence[Find]) -> list[tuple[str, int, dict[str, Any] | None]]:
    """(verdict, entry_id, summary or None) per element, in order: one statement for all of them."""
    cursor = await conn.execute(
        "SELECT verdict, entry_id, record FROM population.find_many(%s::text[], %s::text[], %s::bigint[], %s::text[],"
        " %s::bytea[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[])",
        (
            [f.number for f in finds], [str(f.actor.kind) for f in finds], [f.actor.actor_id for f in finds],
            [f.actor.org_code for f in finds], [_session(f.actor) for f in finds], [f.purpose.code for f in finds],
            [f.purpose.legal_basis for f in finds], [f.purpose.case_ref or None for f in finds],
            [f.actor.request_id for f in finds], [str(f.actor.channel) for f in finds],
        ),
    )  # fmt: skip
    return await cursor.fetchall()


@dataclass(frozen=True, slots=True)
class Wanted:
    """A search as the database needs it: groups of terms (one of each group must be there), the name's keys for
    ranking, and the filters."""

    groups: tuple[tuple[str, ...], ...]
    name_ascii: str
    name_folded: str
    given: str
    year: int | None
    month: int | None
    day: int | None
    areas: tuple[int, ...] | None
    most: int = 20


async def search(conn: Conn, actor: Actor, purpose: Purpose, wanted: Wanted) -> list[tuple[Any, ...]]:
    """Rows of population.search: the first column is the verdict of the row ('ok') or of the refusal."""
    cursor = await conn.execute(
        "SELECT verdict, person_key, full_name, birth_year, birth_month, birth_day, sex, personal_id, unit_id, address,"
        " alive, score FROM population.search(%s, %s::bigint, %s, %s::bytea, %s, %s, %s, %s, %s, %s::jsonb, %s, %s, %s,"
        " %s::int, %s::int, %s::int, %s::int[], %s::int)",
        (
            actor.kind, actor.actor_id, actor.org_code, _session(actor), purpose.code, purpose.legal_basis,
            purpose.case_ref or None, actor.request_id, actor.channel, json.dumps(wanted.groups), wanted.name_ascii,
            wanted.name_folded, wanted.given, wanted.year, wanted.month, wanted.day,
            list(wanted.areas) if wanted.areas is not None else None, wanted.most,
        ),
    )  # fmt: skip
    return await cursor.fetchall()


async def search_wait(conn: Conn, actor: Actor) -> tuple[int, str, int]:
    """(seconds until a search may show more, 'hour' or 'day', persons allowed in it); (0, '', …) when it may now."""
    cursor = await conn.execute("SELECT seconds, period, allowed FROM access.search_wait(%s::bigint)", (actor.actor_id,))
    row = await cursor.fetchone()
    return (row[0], row[1] or "", row[2]) if row else (0, "", 0)


async def export_page(
    conn: Conn, actor: Actor, purpose: Purpose, units: Sequence[int] | None, after: int, most: int, fields: Sequence[str],
    note: dict[str, Any],
) -> list[tuple[str, int, int]]:  # fmt: skip
    """(verdict, person_key, entry_id) of the next persons to export, or one row with the verdict of the refusal."""
    cursor = await conn.execute(
        "SELECT verdict, person_key, entry_id FROM population.export_page(%s, %s::bigint, %s, %s::bytea, %s::int[],"
        " %s::bigint, %s::int, %s, %s, %s, %s::text[], %s, %s, %s::jsonb)",
        (
            actor.kind, actor.actor_id, actor.org_code, _session(actor), list(units) if units is not None else None, after,
            most, purpose.code, purpose.legal_basis, purpose.case_ref or None, list(fields), actor.request_id,
            actor.channel, json.dumps(note),
        ),
    )  # fmt: skip
    return await cursor.fetchall()


async def named(
    conn: Conn, terms: Sequence[str], folded: str, plain: str, born: tuple[int, int | None, int | None], areas: Sequence[int] | None
) -> list[int]:
    """At most two keys."""
    cursor = await conn.execute(
        "SELECT population.named(%s::text[], %s, %s, %s::int, %s::int, %s::int, %s::int[])",
        (list(terms), folded, plain, *born, list(areas) if areas is not None else None),
    )
    row = await cursor.fetchone()
    return list(row[0]) if row else []
