"""Look-ups by which the rows of a chunk are matched with the registry, all rows at once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

from dancu.kernel.names import search_tokens
from dancu.kit.db import Conn
from dancu.population.store.tables import HOUSEHOLD, read, selected


async def seen(conn: Conn, fingerprints: Sequence[str]) -> set[str]:
    """Which rows became part of the registry before, or were looked at by a person and set aside."""
    cursor = await conn.execute(
        "SELECT fingerprint FROM population.import_row WHERE fingerprint = ANY (%(rows)s::uuid[])"
        " UNION SELECT fingerprint FROM population.import_review"
        " WHERE fingerprint = ANY (%(rows)s::uuid[]) AND outcome = 'set_aside'",
        {"rows": list(fingerprints)},
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
            [" ".join(f"{year}:{token}" for token in dict.fromkeys(search_tokens(name))) for _, name, year in wanted],
        ),
    )
    found: dict[int, list[int]] = {}
    async for index, key in cursor:
        found.setdefault(index, []).append(key)
    return found


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
