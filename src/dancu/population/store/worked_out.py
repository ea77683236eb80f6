"""What the registry keeps beside the facts so that it need not work it out each time, for whoever does work it out
again: the directory of numbers, the rows of persons, what search reads, merges. As role verify, everyone at once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from dancu.kit.db import Conn
from dancu.population.models import PersonView
from dancu.population.store.facts import view_of_parts
from dancu.population.store.tables import ACTS, TABLES

_FETCH = 1000
_PARTS = [t for t in TABLES if t.name in ("person_name", "person_birth", "residence", "life")]


@dataclass(frozen=True, slots=True)
class Searched:
    """A row of person_search as it stands."""

    areas: tuple[int, ...]
    name_ascii: str
    name_folded: str
    sort_key: str
    birth: tuple[int | None, int | None, int | None]
    terms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Kept:
    """A person: the facts known now, beside what is kept of them (None: no search row)."""

    view: PersonView
    searched: Searched | None


async def everyone(conn: Conn, today: date) -> AsyncIterator[list[Kept]]:
    """All persons by key, in blocks."""
    parts, read_parts = view_of_parts(_PARTS)
    query = (
        "SELECT p.person_key, p.areas, NULLIF(p.alive_until, 'infinity'), p.merged_into, p.last_recorded,"
        " s.areas, s.name_ascii, s.name_folded, s.sort_key, s.birth_year, s.birth_month, s.birth_day, s.terms,"
        f" {parts} FROM population.person p LEFT JOIN population.person_search s ON s.person_key = p.person_key"
        " ORDER BY p.person_key"
    )
    async with conn.cursor(name="population_everyone") as cursor:
        await cursor.execute(query)
        while rows := await cursor.fetchmany(_FETCH):
            yield [_kept(row, today, read_parts) for row in rows]


def _kept(row: Sequence[Any], today: date, read_parts: Any) -> Kept:
    key, areas, alive_until, merged_into, last_recorded, s_areas, ascii_, folded, sort, y, m, d, terms, *columns = row
    view = PersonView(
        person_key=key, as_of=today, known_at=None, areas=tuple(areas), alive_until=alive_until,
        merged_into=merged_into, last_recorded=last_recorded, missing=(), **read_parts(columns),
    )  # fmt: skip
    if terms is None:
        return Kept(view, None)
    return Kept(view, Searched(tuple(s_areas), ascii_, folded, sort, (y, m, d), tuple(terms)))


# A merged record leads to the one that stands for it, along the whole chain.
_STANDS = """
    WITH RECURSIVE chain (person_key, stands) AS (
        SELECT p.person_key, p.merged_into FROM population.person p WHERE p.merged_into IS NOT NULL
        UNION
        SELECT c.person_key, p.merged_into FROM chain c JOIN population.person p ON p.person_key = c.stands
        WHERE p.merged_into IS NOT NULL
    ), stands AS MATERIALIZED (
        SELECT c.person_key, min(c.stands) AS stands FROM chain c
        WHERE NOT EXISTS (SELECT FROM population.person p WHERE p.person_key = c.stands AND p.merged_into IS NOT NULL)
        GROUP BY c.person_key
    ), facts AS (
        SELECT n.number, n.kind, n.person_key, coalesce(s.stands, n.person_key) AS stands, upper_inf(n.recorded) AS now,
               upper_inf(n.recorded) AND upper_inf(n.valid) AS valid, n.state
        FROM population.person_number n LEFT JOIN stands s ON s.person_key = n.person_key
    ), listed AS (
        SELECT d.number, d.kind, d.person_key, coalesce(s.stands, d.person_key) AS stands, d.state
        FROM population.directory d LEFT JOIN stands s ON s.person_key = d.person_key
    )
"""

#: Code -> query giving person keys. Numbers are never given out: the key says whose they are.
DIRECTORY: dict[str, str] = {
    # A row that leads to somebody who never had the number: re-pointed, or added.
    "directory.leads_astray": f"""{_STANDS}
        SELECT DISTINCT l.person_key FROM listed l WHERE NOT EXISTS (
            SELECT FROM facts f WHERE f.number = l.number AND f.kind = l.kind AND f.stands = l.stands)
    """,
    # A number somebody has and that does not lead to them, or that was had and leads nowhere: removed, or re-pointed.
    "directory.missing": f"""{_STANDS}
        SELECT DISTINCT f.person_key FROM facts f WHERE CASE WHEN f.now THEN NOT EXISTS (
                SELECT FROM listed l WHERE l.number = f.number AND l.kind = f.kind AND l.stands = f.stands)
            ELSE NOT EXISTS (SELECT FROM population.directory d WHERE d.number = f.number AND d.kind = f.kind) END
    """,
    "directory.state": f"""{_STANDS}
        SELECT DISTINCT f.person_key FROM facts f JOIN listed l USING (number, kind, person_key)
        WHERE f.kind = 'personal_id' AND f.valid AND l.state <> f.state
    """,
}  # fmt: skip


async def directory(conn: Conn, code: str) -> AsyncIterator[int]:
    """Whom rows of the directory are wrong about."""
    async with conn.cursor(name="population_directory") as cursor:
        await cursor.execute(DIRECTORY[code])
        while rows := await cursor.fetchmany(_FETCH):
            for row in rows:
                yield row[0]


async def last_recorded(conn: Conn) -> AsyncIterator[list[tuple[int, datetime, datetime | None]]]:
    """(person, last_recorded, latest recorded time of their facts) where the two differ, in blocks."""
    latest = " UNION ALL ".join(
        "SELECT person_key, max(greatest(lower(recorded), CASE WHEN upper_inf(recorded) THEN NULL ELSE upper(recorded) END))"
        f" AS at FROM {t.qualified} GROUP BY person_key"
        for t in TABLES
    )
    query = (
        f"SELECT p.person_key, p.last_recorded, f.at FROM population.person p LEFT JOIN"
        f" (SELECT person_key, max(at) AS at FROM ({latest}) AS each GROUP BY person_key) AS f USING (person_key)"
        " WHERE p.last_recorded IS DISTINCT FROM f.at"
    )
    async with conn.cursor(name="population_last_recorded") as cursor:
        await cursor.execute(query)
        while rows := await cursor.fetchmany(_FETCH):
            yield rows


async def orphans(conn: Conn) -> AsyncIterator[tuple[str, int]]:
    """(table, person) of rows whose person is not there, or, of an act, says another day of death. Foreign keys hold
    this, and a superuser can switch them off."""
    tables = [(t.qualified, t in ACTS) for t in TABLES]
    for table, act in [*tables, ("population.person_search", False), ("population.merge", False)]:
        same = " AND p.alive_until = f.alive_until" if act else ""
        async with conn.cursor(name="population_orphans") as cursor:
            await cursor.execute(
                f"SELECT DISTINCT f.person_key FROM {table} f WHERE NOT EXISTS"
                f" (SELECT FROM population.person p WHERE p.person_key = f.person_key{same})"
            )
            while rows := await cursor.fetchmany(_FETCH):
                for row in rows:
                    yield table, row[0]


async def wrongly_merged(conn: Conn) -> list[int]:
    """Persons whose merged_into is not what the merges that stand say."""
    cursor = await conn.execute(
        "SELECT p.person_key FROM population.person p LEFT JOIN population.merge m"
        " ON m.person_key = p.person_key AND m.undone_at IS NULL WHERE p.merged_into IS DISTINCT FROM m.kept_key"
        " ORDER BY 1"
    )
    return [row[0] for row in await cursor.fetchall()]


async def merges(conn: Conn) -> AsyncIterator[list[tuple[int, int, int | None, bool]]]:
    """(absorbed, entry, entry that undid it, undone) of every merge, in blocks."""
    async with conn.cursor(name="population_merges") as cursor:
        await cursor.execute(
            "SELECT person_key, entry_id, undone_entry_id, undone_at IS NOT NULL FROM population.merge"
        )
        while rows := await cursor.fetchmany(_FETCH):
            yield rows
