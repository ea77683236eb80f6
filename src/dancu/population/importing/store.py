"""SQL of imports: runs, rows seen, rows for review, rows refused, and the look-ups by which rows are matched."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg

from dancu.kernel.actor import Actor, Purpose
from dancu.kernel.errors import Conflict
from dancu.kit.db import Conn
from dancu.population.bulk.rows import cell, escaped
from dancu.population.bulk.store import copy
from dancu.population.models import Fact
from dancu.population.store.persons import Derived
from dancu.population.store.tables import HOUSEHOLD, TABLE_OF, read, selected

_LOCK = 0x494D504F  # "IMPO": one process per file and profile


def is_race(error: Exception) -> bool:
    """Did the rows lose against somebody who wrote at the same time, so that planning them again will do?"""
    if isinstance(error, Conflict):
        return error.code == "fact.changed"
    race = psycopg.errors
    return isinstance(
        error,
        race.UniqueViolation | race.ExclusionViolation | race.SerializationFailure | race.DeadlockDetected,
    )


def is_refusal(error: Exception) -> bool:
    """Did the database refuse a value?"""
    refused = psycopg.errors
    return isinstance(error, refused.CheckViolation | refused.NotNullViolation | psycopg.DataError)


def constraint_of(error: Exception) -> str:
    """The name of the constraint that refused, "" where there is none."""
    return (error.diag.constraint_name or "") if isinstance(error, psycopg.Error) else ""


@dataclass(slots=True)
class Run:
    """A row of population.import_run."""

    run_id: int
    position: int
    counts: dict[str, Any]
    seconds: float
    rejects_file: str
    resumed: bool


async def claim(conn: Conn, file_hash: bytes) -> bool:
    """Keep other processes from importing this file while the session lives."""
    row = await (
        await conn.execute("SELECT pg_try_advisory_lock(%s, hashtext(%s))", (_LOCK, file_hash.hex()))
    ).fetchone()
    return bool(row and row[0])


async def open_run(
    conn: Conn, file_hash: bytes, profile: str, profile_hash: bytes, file_name: str, rejects_file: str,
    actor: Actor, purpose: Purpose,
) -> Run:  # fmt: skip
    """The run of this file that did not finish, or a new one."""
    cursor = await conn.execute(
        "SELECT run_id, position, counts, seconds, rejects_file FROM population.import_run"
        " WHERE file_hash = %s AND profile = %s AND state = 'running' FOR UPDATE",
        (file_hash, profile),
    )
    if row := await cursor.fetchone():
        return Run(row[0], row[1], row[2], row[3], row[4], resumed=row[1] > 0)
    cursor = await conn.execute(
        "INSERT INTO population.import_run (file_hash, profile, profile_hash, file_name, rejects_file, actor_kind,"
        " actor_id, org_code, purpose, legal_basis) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
        " RETURNING run_id, position, counts, seconds, rejects_file",
        (
            file_hash, profile, profile_hash, file_name, rejects_file, actor.kind.value, actor.actor_id,
            actor.org_code, purpose.code, purpose.legal_basis,
        ),
    )  # fmt: skip
    row = await cursor.fetchone()
    if row is None:
        raise RuntimeError("no run")
    return Run(row[0], row[1], row[2], row[3], row[4], resumed=False)


async def advance(conn: Conn, run: Run, position: int, counts: dict[str, Any], seconds: float) -> bool:
    """Move a run on, in the transaction of its rows. False where somebody else moved it."""
    done = await conn.execute(
        "UPDATE population.import_run SET position = %s, counts = %s::jsonb, seconds = %s, moved_at = clock_timestamp()"
        " WHERE run_id = %s AND position = %s AND state = 'running'",
        (position, json.dumps(counts), seconds, run.run_id, run.position),
    )
    return done.rowcount == 1


async def finish(conn: Conn, run: Run, rejects_file: str, seconds: float) -> None:
    await conn.execute(
        "UPDATE population.import_run SET state = 'done', finished_at = clock_timestamp(), rejects_file = %s,"
        " seconds = %s WHERE run_id = %s",
        (rejects_file, seconds, run.run_id),
    )


# -- matching --------------------------------------------------------------------------------------------------------


async def seen(conn: Conn, fingerprints: Sequence[str]) -> set[str]:
    """Which rows became part of the registry before."""
    cursor = await conn.execute(
        "SELECT DISTINCT fingerprint FROM population.import_row WHERE fingerprint = ANY (%s::uuid[])",
        (list(fingerprints),),
    )
    return {row[0].hex async for row in cursor}


async def under_review(conn: Conn, fingerprints: Sequence[str]) -> set[str]:
    """Which rows wait for a person already."""
    cursor = await conn.execute(
        "SELECT fingerprint FROM population.import_review WHERE fingerprint = ANY (%s::uuid[]) AND settled_at IS NULL",
        (list(fingerprints),),
    )
    return {row[0].hex async for row in cursor}


async def by_numbers(conn: Conn, numbers: Sequence[str]) -> dict[tuple[str, str], list[int]]:
    """(kind, number) -> persons it names."""
    cursor = await conn.execute(
        "SELECT kind, number, person_key FROM population.directory WHERE number = ANY (%s::text[]) ORDER BY person_key",
        (list(numbers),),
    )
    found: dict[tuple[str, str], list[int]] = {}
    async for kind, number, key in cursor:
        found.setdefault((kind, number), []).append(key)
    return found


async def by_records(conn: Conn, record_keys: Sequence[str]) -> dict[str, list[int]]:
    """The source's own name of a record -> persons its rows became."""
    cursor = await conn.execute(
        "SELECT DISTINCT record_key, person_key FROM population.import_row WHERE record_key = ANY (%s::uuid[])"
        " ORDER BY person_key",
        (list(record_keys),),
    )
    found: dict[str, list[int]] = {}
    async for record, key in cursor:
        found.setdefault(record.hex, []).append(key)
    return found


async def by_names(conn: Conn, wanted: Sequence[tuple[int, str, int]]) -> dict[int, list[int]]:
    """For each (index, ASCII name, year of birth): persons of that name born in that year, at most ten."""
    cursor = await conn.execute(
        """
        SELECT q.i, s.person_key
        FROM unnest(%s::int[], %s::text[], %s::text[]) AS q (i, name, terms)
        CROSS JOIN LATERAL (
            SELECT person_key FROM population.person_search
            WHERE terms @> string_to_array(q.terms, ' ') AND name_ascii = q.name
            ORDER BY person_key LIMIT 10
        ) AS s
        """,
        (
            [i for i, _, _ in wanted],
            [name for _, name, _ in wanted],
            [" ".join(f"{year}:{token}" for token in dict.fromkeys(_tokens(name))) for _, name, year in wanted],
        ),
    )
    found: dict[int, list[int]] = {}
    async for index, key in cursor:
        found.setdefault(index, []).append(key)
    return found


def _tokens(name: str) -> Iterable[str]:
    from dancu.kernel.names import search_tokens

    return search_tokens(name)


async def unnumbered(conn: Conn) -> AsyncIterator[tuple[str, int | None]]:
    """Name and year of birth of everybody without a personal number."""
    async with conn.cursor(name="unnumbered") as cursor:
        cursor.itersize = 20_000
        await cursor.execute(
            "SELECT s.name_ascii, s.birth_year FROM population.person p JOIN population.person_search s USING (person_key)"
            " WHERE p.missing @> '{personal_id}' AND p.merged_into IS NULL"
        )
        async for name, year in cursor:
            yield name, year


async def stand_ins(conn: Conn, keys: Sequence[int]) -> dict[int, int]:
    """Records that were merged away -> the record that stands for them."""
    cursor = await conn.execute(
        "SELECT person_key, merged_into FROM population.person"
        " WHERE person_key = ANY (%s::bigint[]) AND merged_into IS NOT NULL",
        (list(keys),),
    )
    return {row[0]: row[1] async for row in cursor}


async def households(conn: Conn, file_numbers: Sequence[str]) -> dict[str, Any]:
    """File number -> the household's version known now and valid without end."""
    cursor = await conn.execute(
        f"SELECT f.file_number, {selected(HOUSEHOLD)} FROM population.household f"
        " WHERE f.file_number = ANY (%s::text[]) AND f.file_number <> '' AND upper_inf(f.recorded)"
        " AND upper_inf(f.valid) ORDER BY f.household_key",
        (list(file_numbers),),
    )
    found: dict[str, Any] = {}
    async for row in cursor:
        found.setdefault(row[0], read(HOUSEHOLD, row[1:]))
    return found


async def origins_of(conn: Conn, persons: Sequence[int]) -> dict[int, tuple[int | None, str]]:
    """Place of origin (unit, text) of persons, where known."""
    cursor = await conn.execute(
        "SELECT person_key, origin_unit, origin_place FROM population.person_birth"
        " WHERE person_key = ANY (%s::bigint[]) AND upper_inf(recorded) AND upper_inf(valid)"
        " AND (origin_unit IS NOT NULL OR origin_place <> '')",
        (list(persons),),
    )
    return {row[0]: (row[1], row[2]) async for row in cursor}


async def existing(conn: Conn, keys: Sequence[int]) -> list[int]:
    """Those of the keys that are persons of the registry."""
    cursor = await conn.execute(
        "SELECT person_key FROM population.person WHERE person_key = ANY (%s::bigint[])", (list(keys),)
    )
    return [row[0] async for row in cursor]


async def open_findings(conn: Conn, keys: Sequence[int]) -> dict[int, set[str]]:
    """Codes of the findings about these persons that are not settled."""
    if not keys:
        return {}
    cursor = await conn.execute(
        "SELECT person_key, array_agg(code) FROM population.finding"
        " WHERE person_key = ANY (%s::bigint[]) AND settled_at IS NULL GROUP BY person_key",
        (list(keys),),
    )
    return {row[0]: set(row[1]) async for row in cursor}


# -- writing ---------------------------------------------------------------------------------------------------------


async def close_facts(conn: Conn, facts: Sequence[tuple[Fact, int]], tick: datetime) -> bool:
    """End the recorded time of stored facts, each by its entry. False where one had ended meanwhile."""
    by_kind: dict[type[Fact], list[tuple[int, int, int]]] = {}
    for fact, entry_id in facts:
        if fact.stored is not None:
            by_kind.setdefault(type(fact), []).append((fact.stored.key, fact.stored.fact_id, entry_id))
    for kind, closed in by_kind.items():
        table = TABLE_OF[kind]
        done = await conn.execute(
            f"UPDATE {table.qualified} f SET recorded = tstzrange(lower(f.recorded), %s::timestamptz), closed_by = c.entry"
            " FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) AS c (key, fact, entry)"
            f" WHERE f.{table.key} = c.key AND f.fact_id = c.fact AND upper_inf(f.recorded)",
            (tick, [c[0] for c in closed], [c[1] for c in closed], [c[2] for c in closed]),
        )
        if done.rowcount != len(closed):
            return False
    return True


async def update_persons(conn: Conn, derived: Sequence[tuple[int, Derived]], tick: datetime) -> None:
    """The rows worked out from the facts, of persons that changed."""
    if not derived:
        return
    await conn.execute(
        "UPDATE population.person p SET areas = d.areas::int[], missing = d.missing::text[], last_recorded = %s"
        " FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS d (key, areas, missing) WHERE p.person_key = d.key",
        (
            tick,
            [key for key, _ in derived],
            ["{" + ",".join(map(str, d.areas)) + "}" for _, d in derived],
            ["{" + ",".join(d.missing) + "}" for _, d in derived],
        ),
    )
    rows = [(key, d.areas, d.search) for key, d in derived if d.search is not None]
    await conn.cursor().executemany(
        "UPDATE population.person_search SET areas = %s::int[], name_ascii = %s, name_folded = %s, sort_key = %s,"
        " birth_year = %s, birth_month = %s, birth_day = %s, terms = %s::text[] WHERE person_key = %s::bigint",
        [
            (list(areas), s.name_ascii, s.name_folded, s.sort_key, s.year, s.month, s.day, list(s.terms), key)
            for key, areas, s in rows
        ],
    )


async def keep_rows(conn: Conn, run: Run, rows: Iterable[tuple[str, int, str | None]]) -> None:
    """(fingerprint, person, record key) of rows that are part of the registry now."""
    text = "".join(f"{f}\t{key}\t{cell(record)}\t{run.run_id}\n" for f, key, record in rows)
    await copy(conn, "population.import_row", ("fingerprint", "person_key", "record_key", "run_id"), text.encode())


async def keep_rejects(conn: Conn, run: Run, rows: Iterable[tuple[int, list[str], str, str]]) -> None:
    """(line, cells, code, sentence) of rows refused."""
    text = "".join(
        f"{run.run_id}\t{line}\t{escaped(_json(cells))}\t{code}\t{cell(reason)}\n" for line, cells, code, reason in rows
    )
    await copy(conn, "population.import_reject", ("run_id", "line", "cells", "code", "reason"), text.encode())


@dataclass(frozen=True, slots=True)
class Review:
    """A row for a person to look at: `reasons` are (code, field), `cells` by column title."""

    line: int
    fingerprint: str
    cells: dict[str, str]
    reasons: tuple[tuple[str, str], ...]
    candidates: tuple[int, ...]


async def keep_reviews(conn: Conn, run: Run, profile: str, reviews: Iterable[Review]) -> None:
    text = "".join(
        f"{run.run_id}\t{r.line}\t{cell(profile)}\t{r.fingerprint}\t{escaped(_json(r.cells))}\t"
        f"{escaped(_json(r.reasons))}\t{{{','.join(map(str, r.candidates))}}}\n"
        for r in reviews
    )
    columns = ("run_id", "line", "profile", "fingerprint", "cells", "reasons", "candidates")
    await copy(conn, "population.import_review", columns, text.encode())


async def rejects(conn: Conn, run_id: int) -> AsyncIterator[tuple[int, list[str], str, str]]:
    """All rows a run refused, in the order of the file."""
    async with conn.cursor(name="rejects") as cursor:
        cursor.itersize = 2_000
        await cursor.execute(
            "SELECT line, cells, code, reason FROM population.import_reject WHERE run_id = %s ORDER BY line", (run_id,)
        )
        async for row in cursor:
            yield row


async def waiting(conn: Conn, first: int, end: int) -> int:
    """How many evidence entries from `first` to before `end` wait to be sequenced. (Role verify.)"""
    row = await (
        await conn.execute(
            "SELECT count(*) FROM audit.pending WHERE entry_id >= %s::bigint AND entry_id < %s::bigint", (first, end)
        )
    ).fetchone()
    return int(row[0]) if row else 0


async def sequencer_alive(conn: Conn, seconds: float) -> bool:
    """Has anybody sequenced within so many seconds? (Role verify.)"""
    row = await (
        await conn.execute(
            "SELECT caught_up_at > clock_timestamp() - make_interval(secs => %s) FROM audit.sequencer", (seconds,)
        )
    ).fetchone()
    return bool(row and row[0])


def _json(value: Any) -> str:
    # PostgreSQL's jsonb holds no U+0000, and a lone surrogate is no text.
    text = json.dumps(value, ensure_ascii=False).replace("\\u0000", "\ufffd")
    return text.encode("utf-8", "replace").decode()
