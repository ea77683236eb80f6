"""Counts of a month: what owners gave, papers that were not asked for, calls by day and by officer; nothing of citizens."""

from __future__ import annotations

from datetime import date, datetime

from dancu.exchange.models.report import Day, OfficerLine, Spared
from dancu.kit.db import Conn

_ANSWERED = "('ok', 'person.not_found', 'person.ambiguous')"


async def supplied(conn: Conn, since: datetime, until: datetime) -> list[tuple[str, str, int, int, int]]:
    """(organisation, kind of event, accepted, waiting, refused)."""
    cursor = await conn.execute("SELECT * FROM exchange.supply_counts(%s, %s)", (since, until))
    return await cursor.fetchall()


async def dropped(conn: Conn, since: datetime, until: datetime) -> list[tuple[str, int, int, int]]:
    """(connector, rows taken, of unknown people, refused)."""
    cursor = await conn.execute(
        "SELECT connector, sum(taken)::bigint, sum(unknown)::bigint, sum(refused)::bigint FROM exchange.file_drop"
        " WHERE received_at >= %s AND received_at < %s GROUP BY 1 ORDER BY 1",
        (since, until),
    )
    return await cursor.fetchall()


async def asked(conn: Conn, first: date, after: date) -> list[tuple[str, int, int]]:
    """(connector, answered, failed)."""
    cursor = await conn.execute(
        "SELECT connector, sum(answered)::bigint, sum(failed)::bigint FROM exchange.connector_day WHERE day >= %s AND day < %s GROUP BY 1 ORDER BY 1",
        (first, after),
    )
    return await cursor.fetchall()


async def spared(conn: Conn, first: date, after: date) -> list[Spared]:
    """Offices where residence was proved, or a paper issued or demanded; most proofs first."""
    cursor = await conn.execute(
        "WITH counted AS ("
        " SELECT org_code, '' AS org_name, sum(n) AS spared, 0 AS issued, 0 AS demanded FROM exchange.way_tally"
        " WHERE day >= %(first)s AND day < %(after)s AND outcome = 'proved' GROUP BY 1"
        " UNION ALL SELECT org_code, org_name, 0, coalesce(sum(n) FILTER (WHERE what = 'issued'), 0), coalesce(sum(n) FILTER (WHERE what = 'demanded'), 0)"
        " FROM exchange.paper_tally WHERE day >= %(first)s AND day < %(after)s GROUP BY 1, 2)"
        " SELECT c.org_code, coalesce(max(o.name), nullif(max(c.org_name), ''), c.org_code), sum(c.spared)::bigint, sum(c.issued)::bigint, sum(c.demanded)::bigint"
        " FROM counted c LEFT JOIN access.organisation o USING (org_code)"
        " GROUP BY c.org_code, CASE WHEN c.org_code = '' THEN c.org_name END ORDER BY 3 DESC, 5 DESC, 4 DESC, 2 LIMIT 1000",
        {"first": first, "after": after},
    )
    return [Spared(*row) for row in await cursor.fetchall()]


async def days(conn: Conn, since: datetime, until: datetime, org_code: str) -> list[Day]:
    """Days with calls, in Vietnam."""
    cursor = await conn.execute(
        "SELECT (at AT TIME ZONE 'UTC' + interval '7 hours')::date, count(*), count(*) FILTER (WHERE verdict NOT IN " + _ANSWERED + ")"
        " FROM exchange.call WHERE at >= %(since)s AND at < %(until)s AND environment = 'live' AND (%(org)s = '' OR org_code = %(org)s) GROUP BY 1 ORDER BY 1",
        {"since": since, "until": until, "org": org_code},
    )
    return [Day(*row) for row in await cursor.fetchall()]


async def officers(conn: Conn, org_code: str, since: datetime, until: datetime) -> list[OfficerLine]:
    cursor = await conn.execute(
        "SELECT officer, service, count(*), count(*) FILTER (WHERE verdict NOT IN " + _ANSWERED + "), coalesce(sum(entries), 0)::bigint,"
        " count(DISTINCT case_ref) FILTER (WHERE case_ref <> ''), max(at) FROM exchange.call"
        " WHERE org_code = %s AND at >= %s AND at < %s AND environment = 'live' GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT 500",
        (org_code, since, until),
    )
    return [OfficerLine(*row) for row in await cursor.fetchall()]
