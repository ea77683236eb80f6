"""Cards of many persons at once (role worker)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from dancu.kit.db import Conn

# By the index of revoked cards; of somebody's several, the last is looked for among all states, and one in force counts before all.
_LAST = """SELECT c.person_key FROM population.card c
 WHERE c.state = 'revoked' AND upper_inf(c.recorded) AND coalesce(lower(c.valid), '-infinity') <= %(today)s
   AND c.person_key > %(after)s::bigint AND (%(among)s::bigint[] IS NULL OR c.person_key = ANY (%(among)s::bigint[]))
   AND NOT EXISTS (SELECT FROM population.card o WHERE o.person_key = c.person_key AND upper_inf(o.recorded)
       AND ((o.state = 'active' AND o.valid @> %(today)s::date)
            OR (lower(o.valid) <= %(today)s AND lower(o.valid) > coalesce(lower(c.valid), '-infinity'))))
 ORDER BY c.person_key LIMIT %(most)s"""


async def last_revoked(
    conn: Conn, today: date, *, after: int = 0, most: int | None = None, among: Sequence[int] | None = None
) -> list[int]:
    """Persons, in order of their keys, whose last card by `today` is revoked: above `after`, and of `among` where it is given."""
    keys = None if among is None else list(among)
    cursor = await conn.execute(_LAST, {"today": today, "after": after, "most": most, "among": keys})
    return [row[0] for row in await cursor.fetchall()]


async def in_force(conn: Conn, today: date, among: Sequence[int]) -> list[int]:
    """Those of `among`, in order, who hold a card in force on `today`."""
    cursor = await conn.execute(
        "SELECT DISTINCT c.person_key FROM population.card c WHERE c.person_key = ANY (%s::bigint[]) AND c.state = 'active'"
        " AND upper_inf(c.recorded) AND c.valid @> %s::date ORDER BY c.person_key",
        (list(among), today),
    )
    return [row[0] for row in await cursor.fetchall()]


async def hold_free(conn: Conn, keys: Sequence[int]) -> list[int]:
    """Those of `keys` of whom no verb records anything now, nor will until the transaction ends."""
    cursor = await conn.execute(
        "SELECT person_key FROM population.person WHERE person_key = ANY (%s::bigint[]) ORDER BY person_key FOR KEY SHARE SKIP LOCKED",
        (list(keys),),
    )
    return [row[0] for row in await cursor.fetchall()]
