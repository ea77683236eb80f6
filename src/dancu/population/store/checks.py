"""Questions that no constraint can ask, because they span persons: asked at night, of everything known
now."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from typing import Any

from dancu.kit.db import Conn


@dataclass(frozen=True, slots=True)
class Found:
    """Something that contradicts itself across records."""

    person_key: int
    code: str
    params: dict[str, Any]


_NOW = "upper_inf({t}.recorded)"

#: Code -> query giving (person_key, params). Keys and kinds only. `%(today)s` is the registry's day.
QUERIES: dict[str, str] = {
    # A kin fact that names a record which does not name this one back, on overlapping days.
    "kin.not_mirrored": """
        SELECT k.person_key, jsonb_build_object('relation', k.relation, 'relative_key', k.relative_key)
        FROM population.kinship k
        WHERE upper_inf(k.recorded) AND k.relative_key IS NOT NULL AND NOT EXISTS (
            SELECT FROM population.kinship o
            WHERE o.person_key = k.relative_key AND o.relative_key = k.person_key AND upper_inf(o.recorded)
              AND o.valid && k.valid
              AND CASE k.relation WHEN 'father' THEN o.relation = 'child' WHEN 'mother' THEN o.relation = 'child'
                  WHEN 'child' THEN o.relation IN ('father', 'mother') WHEN 'spouse' THEN o.relation = 'spouse'
                  WHEN 'representative' THEN o.relation = 'represented' ELSE o.relation = 'representative' END)
    """,
    "kin.relative_unknown": """
        SELECT k.person_key, jsonb_build_object('relation', k.relation, 'relative_key', k.relative_key)
        FROM population.kinship k
        WHERE upper_inf(k.recorded) AND k.relative_key IS NOT NULL AND NOT EXISTS (
            SELECT FROM population.person p WHERE p.person_key = k.relative_key AND p.merged_into IS NULL)
    """,
    # A personal ID number among the person's facts that does not lead to the person.
    "number.not_listed": """
        SELECT n.person_key, jsonb_build_object('state', n.state)
        FROM population.person_number n
        WHERE n.kind = 'personal_id' AND upper_inf(n.recorded) AND upper_inf(n.valid) AND NOT EXISTS (
            SELECT FROM population.directory d
            WHERE d.number = n.number AND d.kind = n.kind AND d.person_key = n.person_key AND d.state = n.state)
    """,
    # A number of the directory that leads to nobody, or to somebody whose facts do not know it.
    "number.leads_nowhere": """
        SELECT d.person_key, jsonb_build_object('kind', d.kind, 'state', d.state)
        FROM population.directory d
        WHERE d.kind = 'personal_id' AND NOT EXISTS (
            SELECT FROM population.person_number n
            WHERE n.person_key = d.person_key AND n.number = d.number AND n.kind = d.kind AND upper_inf(n.recorded))
    """,
    "household.head_not_member": """
        SELECT h.head_key, jsonb_build_object('household_key', h.household_key)
        FROM population.household h
        WHERE upper_inf(h.recorded) AND h.valid @> %(today)s::date AND h.head_key IS NOT NULL AND NOT EXISTS (
            SELECT FROM population.household_member m JOIN population.person p ON p.person_key = m.person_key
            WHERE m.person_key = h.head_key AND m.household_key = h.household_key AND upper_inf(m.recorded)
              AND m.valid @> %(today)s::date AND p.alive_until = 'infinity' AND p.merged_into IS NULL)
    """,
    # Told of one member: the household needs a head.
    "household.no_head": """
        SELECT min(m.person_key), jsonb_build_object('household_key', h.household_key)
        FROM population.household h JOIN population.household_member m ON m.household_key = h.household_key
        WHERE upper_inf(h.recorded) AND h.valid @> %(today)s::date AND h.head_key IS NULL
          AND upper_inf(m.recorded) AND m.valid @> %(today)s::date
        GROUP BY h.household_key
    """,
    "household.unknown": """
        SELECT m.person_key, jsonb_build_object('household_key', m.household_key)
        FROM population.household_member m
        WHERE upper_inf(m.recorded) AND m.valid @> %(today)s::date AND NOT EXISTS (
            SELECT FROM population.household h WHERE h.household_key = m.household_key AND upper_inf(h.recorded)
              AND h.valid @> %(today)s::date)
    """,
    # A household that stands and to which nobody belongs any more. Told of who belonged last.
    "household.empty": """
        SELECT (array_agg(m.person_key ORDER BY upper(m.valid) DESC NULLS FIRST, m.person_key))[1],
               jsonb_build_object('household_key', h.household_key)
        FROM population.household h JOIN population.household_member m ON m.household_key = h.household_key
        WHERE upper_inf(h.recorded) AND h.valid @> %(today)s::date AND upper_inf(m.recorded)
        GROUP BY h.household_key
        HAVING NOT bool_or(upper_inf(m.valid) OR upper(m.valid) > %(today)s::date)
    """,
    # A record that stands for others may be merged itself: whoever follows the chain arrives.
    "merge.orphan": """
        SELECT p.person_key, jsonb_build_object('merged_into', p.merged_into)
        FROM population.person p
        WHERE p.merged_into IS NOT NULL AND NOT EXISTS (
            SELECT FROM population.person k WHERE k.person_key = p.merged_into)
    """,
    "life.disagrees": """
        SELECT p.person_key, '{}'::jsonb
        FROM population.person p
        WHERE p.merged_into IS NULL AND (p.alive_until <> 'infinity') <> EXISTS (
            SELECT FROM population.life l WHERE l.person_key = p.person_key AND l.status = 'dead'
              AND upper_inf(l.recorded))
    """,
}  # fmt: skip

#: Persons that are their own ancestors; by ranges of keys, since walking up from everyone at once takes
#: memory.
_CYCLES = """
    WITH RECURSIVE up (person_key, ancestor, distance) AS (
        SELECT k.person_key, k.relative_key, 1 FROM population.kinship k
        WHERE k.person_key > %(after)s::bigint AND k.person_key <= %(until)s::bigint
          AND k.relation IN ('father', 'mother') AND k.relative_key IS NOT NULL AND upper_inf(k.recorded)
        UNION
        SELECT u.person_key, k.relative_key, u.distance + 1
        FROM up u JOIN population.kinship k ON k.person_key = u.ancestor
        WHERE k.relation IN ('father', 'mother') AND k.relative_key IS NOT NULL AND upper_inf(k.recorded)
          AND u.ancestor <> u.person_key AND u.distance < 40
    )
    SELECT DISTINCT person_key FROM up WHERE ancestor = person_key
"""


async def ask(conn: Conn, code: str, today: date, most: int) -> list[Found]:
    """At most `most` findings of one kind."""
    cursor = await conn.execute(f"{QUERIES[code]} LIMIT {int(most)}", {"today": today})
    return [Found(key, code, params) for key, params in await cursor.fetchall()]


async def cycles(conn: Conn, step: int = 20_000) -> list[Found]:
    """Everyone who stands above themselves."""
    row = await (await conn.execute("SELECT coalesce(max(person_key), 0) FROM population.person")).fetchone()
    last = int(row[0]) if row else 0
    found: list[Found] = []
    after = 0
    while after < last:
        nearest = await (
            await conn.execute(
                "SELECT max(person_key) FROM (SELECT person_key FROM population.person"
                " WHERE person_key > %s::bigint ORDER BY person_key LIMIT %s) AS next",
                (after, step),
            )
        ).fetchone()
        if nearest is None or nearest[0] is None:
            break
        cursor = await conn.execute(_CYCLES, {"after": after, "until": nearest[0]})
        found.extend(Found(key, "kin.cycle", {}) for (key,) in await cursor.fetchall())
        after = nearest[0]
    return found


async def keep(conn: Conn, found: Found) -> bool:
    """Store a finding unless the same one is open already (or the person is unknown). True when it is new."""
    done = await conn.execute(
        "INSERT INTO population.finding (person_key, code, params, source_ref)"
        " SELECT %(key)s::bigint, %(code)s, %(params)s::jsonb, 'nightly'"
        " WHERE EXISTS (SELECT FROM population.person p WHERE p.person_key = %(key)s::bigint)"
        "   AND NOT EXISTS (SELECT FROM population.finding f WHERE f.person_key = %(key)s::bigint"
        "   AND f.code = %(code)s AND f.params = %(params)s::jsonb AND f.settled_at IS NULL)",
        {"key": found.person_key, "code": found.code, "params": json.dumps(found.params)},
    )
    return done.rowcount == 1
