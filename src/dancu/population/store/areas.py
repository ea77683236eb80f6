"""Persons whose areas are worked out again, in batches by key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from psycopg.rows import class_row

from dancu.kit.db import Conn
from dancu.population.models import PersonView
from dancu.population.store.facts import view_of_parts
from dancu.population.store.tables import TABLES


@dataclass(frozen=True, slots=True)
class Placed:
    """A person's places as known now, and what the search row is made of (None: not searched for)."""

    view: PersonView
    name_ascii: str | None
    birth_year: int | None


@dataclass(frozen=True, slots=True)
class Run:
    """How far a run over all persons got: the last key done, how many changed, the day its first were worked out for."""

    after: int
    changed: int
    as_of: date


async def kept(conn: Conn, key: int) -> list[int] | None:
    """The areas kept with a person (role worker); None where there is no such person."""
    row = await (await conn.execute("SELECT areas FROM population.person WHERE person_key = %s::bigint", (key,))).fetchone()
    return list(row[0]) if row else None


async def run_of(conn: Conn, name: str) -> Run | None:
    """The run that has not come to its end; None where none was begun."""
    async with conn.cursor(row_factory=class_row(Run)) as cursor:
        await cursor.execute("SELECT after, changed, as_of FROM population.run WHERE name = %s", (name,))
        return await cursor.fetchone()


async def note_run(conn: Conn, name: str, run: Run) -> None:
    """Kept in the transaction of the batch it follows, so it never tells of a batch that was not written."""
    await conn.execute(
        "INSERT INTO population.run (name, after, changed, as_of) VALUES (%s, %s::bigint, %s::bigint, %s)"
        " ON CONFLICT (name) DO UPDATE SET after = excluded.after, changed = excluded.changed, as_of = excluded.as_of,"
        " moved_at = clock_timestamp()",
        (name, run.after, run.changed, run.as_of),
    )


async def end_run(conn: Conn, name: str) -> None:
    await conn.execute("DELETE FROM population.run WHERE name = %s", (name,))


async def take_turn(conn: Conn, name: str) -> bool:
    """One run of a name at a time, until the session gives the turn back or ends (a killed one does)."""
    row = await (await conn.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", (_turn(name),))).fetchone()
    return bool(row and row[0])


async def give_turn_back(conn: Conn, name: str) -> None:
    await conn.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", (_turn(name),))


def _turn(name: str) -> str:
    return f"dancu.population.run.{name}"


_PLACES = [t for t in TABLES if t.name in ("residence", "person_birth")]


async def next_batch(conn: Conn, after: int, size: int, today: date) -> list[Placed]:
    """The next `size` persons after key `after` that stand for themselves (not merged)."""
    parts, read_parts = view_of_parts(_PLACES)
    cursor = await conn.execute(
        f"SELECT p.person_key, p.areas, p.last_recorded, s.name_ascii, s.birth_year, {parts}"
        " FROM population.person p LEFT JOIN population.person_search s ON s.person_key = p.person_key"
        " WHERE p.person_key > %(after)s::bigint AND p.merged_into IS NULL ORDER BY p.person_key LIMIT %(size)s",
        {"after": after, "size": size},
    )
    found = []
    for key, areas, last_recorded, name, year, *columns in await cursor.fetchall():
        view = PersonView(
            person_key=key,
            as_of=today,
            known_at=None,
            areas=tuple(areas),
            alive_until=None,
            merged_into=None,
            last_recorded=last_recorded,
            missing=(),
            **read_parts(columns),
        )
        found.append(Placed(view, name, year))
    return found


async def set_areas(conn: Conn, view: PersonView, areas: Sequence[int], terms: Sequence[str] | None) -> bool:
    """Write the areas unless a verb changed the person since the view was read: that verb wrote them
    itself."""
    done = await conn.execute(
        "UPDATE population.person SET areas = %s::int[] WHERE person_key = %s::bigint AND last_recorded = %s",
        (list(areas), view.person_key, view.last_recorded),
    )
    if done.rowcount != 1:
        return False
    if terms is not None:
        await conn.execute(
            "UPDATE population.person_search SET areas = %s::int[], terms = %s::text[] WHERE person_key = %s::bigint",
            (list(areas), list(terms), view.person_key),
        )
    return True
