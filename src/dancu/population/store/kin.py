"""Kin facts that name a parent by a number alone."""

from __future__ import annotations

from dancu.kit.db import Conn
from dancu.population.models import KinRelation


async def nameable(conn: Conn, after: int, most: int) -> list[tuple[int, KinRelation, int | None]]:
    """(child, father or mother, whose the number is) of present facts without a record behind them, of the next `most`
    children after the key `after`, in order; None where the number leads to nobody or to several."""
    cursor = await conn.execute(
        """WITH waiting AS (
               SELECT DISTINCT k.person_key FROM population.kinship k
                WHERE k.relative_key IS NULL AND k.relative_number <> '' AND k.relation IN ('father', 'mother')
                  AND upper_inf(k.recorded) AND k.person_key > %s::bigint
                ORDER BY k.person_key LIMIT %s)
           SELECT w.person_key, k.relation, CASE WHEN min(d.person_key) = max(d.person_key) THEN min(d.person_key) END
             FROM waiting w
             JOIN population.kinship k ON k.person_key = w.person_key AND k.relative_key IS NULL AND k.relative_number <> ''
              AND k.relation IN ('father', 'mother') AND upper_inf(k.recorded)
             LEFT JOIN population.directory d ON d.number = k.relative_number AND d.person_key <> w.person_key
            GROUP BY w.person_key, k.relation
            ORDER BY w.person_key, k.relation""",
        (after, most),
    )
    return [(child, KinRelation(relation), parent) for child, relation, parent in await cursor.fetchall()]
