"""What a chunk writes beside the persons themselves, and how it ends facts of persons known already."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dancu.kit.db import Conn
from dancu.population.bulk.rows import cell, escaped
from dancu.population.bulk.store import copy
from dancu.population.importing.store.runs import Run
from dancu.population.models import Fact
from dancu.population.store.persons import Derived
from dancu.population.store.tables import TABLE_OF


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
    """A row for a person to look at: `reasons` are (code, field), `cells` by column title, `areas` those of the places
    it names: whose desk it is for."""

    line: int
    fingerprint: str
    cells: dict[str, str]
    reasons: tuple[tuple[str, str], ...]
    candidates: tuple[int, ...]
    areas: tuple[int, ...] = ()


async def keep_reviews(conn: Conn, run: Run, profile: str, reviews: Iterable[Review]) -> None:
    text = "".join(
        f"{run.run_id}\t{r.line}\t{cell(profile)}\t{r.fingerprint}\t{escaped(_json(r.cells))}\t"
        f"{escaped(_json(r.reasons))}\t{{{','.join(map(str, r.candidates))}}}\t{{{','.join(map(str, r.areas))}}}\n"
        for r in reviews
    )
    columns = ("run_id", "line", "profile", "fingerprint", "cells", "reasons", "candidates", "areas")
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


def _json(value: Any) -> str:
    # PostgreSQL's jsonb holds no U+0000, and a lone surrogate is no text.
    text = json.dumps(value, ensure_ascii=False).replace("\\u0000", "\ufffd")
    return text.encode("utf-8", "replace").decode()
