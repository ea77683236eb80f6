"""Rows of persons: keys, locks, and what is derived from the facts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from dancu.kit.db import Conn
from dancu.population.models import Noticed


async def draw_keys(conn: Conn, persons: int, households: int = 0) -> tuple[list[int], list[int]]:
    """Keys nobody has: for persons and households about to be written."""
    row = await (
        await conn.execute(
            "SELECT ARRAY(SELECT nextval('population.person_key_seq') FROM generate_series(1, %s::int)),"
            " ARRAY(SELECT nextval('population.household_key_seq') FROM generate_series(1, %s::int))",
            (persons, households),
        )
    ).fetchone()
    return (row[0], row[1]) if row else ([], [])


async def lock(
    conn: Conn, persons: Sequence[int], households: Sequence[int]
) -> tuple[datetime, datetime | None]:
    """Lock the person rows in key order, then the present versions of the households in key order: every verb
    does it so, hence two verbs wait for each other but never in a circle. Returns the database's clock once
    all locks are held, and the latest recorded time found."""
    cursor = await conn.execute(
        "SELECT last_recorded FROM population.person WHERE person_key = ANY (%s::bigint[])"
        " ORDER BY person_key FOR UPDATE",
        (list(persons),),
    )
    found = [row[0] for row in await cursor.fetchall()]
    if households:
        cursor = await conn.execute(
            "SELECT lower(recorded) FROM population.household WHERE household_key = ANY (%s::bigint[])"
            " AND upper_inf(recorded) ORDER BY household_key, fact_id FOR UPDATE",
            (list(households),),
        )
        found.extend(row[0] for row in await cursor.fetchall())
    row = await (await conn.execute("SELECT clock_timestamp()")).fetchone()
    if row is None:
        raise RuntimeError("no clock")
    return row[0], max(found, default=None)


async def last_of_households(conn: Conn, households: Sequence[int]) -> datetime | None:
    """When anything was last recorded of these households, closed versions too."""
    row = await (
        await conn.execute(
            "SELECT max(greatest(lower(recorded), upper(recorded))) FROM population.household"
            " WHERE household_key = ANY (%s::bigint[])",
            (list(households),),
        )
    ).fetchone()
    return row[0] if row else None


async def others_stay(conn: Conn, household: int, but: Sequence[int]) -> tuple[bool, date | None]:
    """Whether anybody but these belongs to an opened household without an end, seen by the officer or not; and the first
    day on which none of them does any more (None: nobody else ever did)."""
    row = await (
        await conn.execute(
            "SELECT open, until FROM population.others_stay(%s::bigint, %s::bigint[])", (household, list(but))
        )
    ).fetchone()
    return (True, None) if row is None else (bool(row[0]), row[1])


@dataclass(frozen=True, slots=True)
class Derived:
    """What a person's row and search row say, worked out from the facts valid now."""

    areas: tuple[int, ...]
    missing: tuple[str, ...]
    search: SearchRow | None


@dataclass(frozen=True, slots=True)
class SearchRow:
    name_ascii: str
    name_folded: str
    sort_key: str
    year: int | None
    month: int | None
    day: int | None
    terms: tuple[str, ...]


async def insert_person(conn: Conn, key: int, tick: datetime) -> None:
    await conn.execute(
        "INSERT INTO population.person (person_key, last_recorded) VALUES (%s::bigint, %s)", (key, tick)
    )


async def update_person(
    conn: Conn, key: int, tick: datetime, derived: Derived, alive_until: date | None, merged_into: int | None
) -> None:
    await conn.execute(
        "UPDATE population.person SET areas = %s::int[], missing = %s::text[], last_recorded = %s,"
        " alive_until = coalesce(%s::date, 'infinity'), merged_into = %s::bigint WHERE person_key = %s::bigint",
        (list(derived.areas), list(derived.missing), tick, alive_until, merged_into, key),
    )
    row = derived.search
    if row is None:
        # No name now (a merged record): the row stays, and no term leads to it.
        await conn.execute(
            "UPDATE population.person_search SET terms = '{}' WHERE person_key = %s::bigint", (key,)
        )
        return
    await conn.execute(
        "INSERT INTO population.person_search (person_key, areas, name_ascii, name_folded, sort_key, birth_year,"
        " birth_month, birth_day, terms) VALUES (%s::bigint, %s::int[], %s, %s, %s, %s, %s, %s, %s::text[])"
        " ON CONFLICT (person_key) DO UPDATE SET areas = excluded.areas, name_ascii = excluded.name_ascii,"
        " name_folded = excluded.name_folded, sort_key = excluded.sort_key, birth_year = excluded.birth_year,"
        " birth_month = excluded.birth_month, birth_day = excluded.birth_day, terms = excluded.terms",
        (
            key, list(derived.areas), row.name_ascii, row.name_folded, row.sort_key, row.year, row.month, row.day,
            list(row.terms),
        ),
    )  # fmt: skip


async def insert_finding(conn: Conn, key: int, finding: Noticed) -> None:
    await conn.execute(
        "INSERT INTO population.finding (person_key, code, params, source_ref)"
        " VALUES (%s::bigint, %s, %s::jsonb, %s)",
        (key, finding.code, json.dumps(dict(finding.params), ensure_ascii=False), finding.source_ref),
    )


async def settle_finding(conn: Conn, key: int, finding_id: int, staff_id: int) -> bool:
    """False where there is no such open finding."""
    done = await conn.execute(
        "UPDATE population.finding SET settled_at = clock_timestamp(), settled_by = %s::bigint"
        " WHERE person_key = %s::bigint AND finding_id = %s::bigint AND settled_at IS NULL",
        (staff_id, key, finding_id),
    )
    return done.rowcount == 1


async def settle_findings_of(conn: Conn, key: int, code: str, staff_id: int) -> None:
    """The open findings of one kind are answered by what was just done."""
    await conn.execute(
        "UPDATE population.finding SET settled_at = clock_timestamp(), settled_by = %s::bigint"
        " WHERE person_key = %s::bigint AND code = %s AND settled_at IS NULL",
        (staff_id, key, code),
    )


async def update_recorded(conn: Conn, key: int, tick: datetime, missing: Sequence[str]) -> None:
    """Only when something was recorded, and what is still missing (role worker)."""
    await conn.execute(
        "UPDATE population.person SET missing = %s::text[], last_recorded = %s WHERE person_key = %s::bigint",
        (list(missing), tick, key),
    )


async def lock_kinship(conn: Conn) -> None:
    """One at a time may say who descends from whom, until the transaction ends. Ancestors are asked after this and
    hold until the commit: a circle of descent closed by several at once has no two links in one row to lock. Taken
    before any row, so that nobody waits for it holding what its holder needs."""
    await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended('dancu.population.kinship', 0))")


async def in_turn(conn: Conn, what: Sequence[str]) -> None:
    """One at a time writes what these words name, until the transaction ends. Taken before any row and in order, so that
    who waits here holds nothing that its holder needs."""
    await conn.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended('dancu.population.desk/' || w, 0)) FROM unnest(%s::text[]) AS w", (sorted(what),)
    )


async def ancestors(conn: Conn, persons: Sequence[int], generations: int) -> list[tuple[int, int, int]]:
    """(person, ancestor, generations between), each person its own ancestor at 0."""
    cursor = await conn.execute(
        "SELECT person_key, ancestor, distance FROM population.ancestors_of(%s::bigint[], %s::int)",
        (list(persons), generations),
    )
    return await cursor.fetchall()


async def named_by(conn: Conn, persons: Sequence[int]) -> list[int]:
    """Keys of the records whose kin facts name one of these."""
    row = await (await conn.execute("SELECT population.named_by(%s::bigint[])", (list(persons),))).fetchone()
    return list(row[0]) if row else []
