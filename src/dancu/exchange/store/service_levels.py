"""Targets of data services, and what the log of calls says of them."""

from __future__ import annotations

from datetime import datetime

from dancu.exchange.models.service_levels import Measured, Target, TargetSet
from dancu.kit.db import Conn


async def targets(conn: Conn) -> dict[tuple[str, str], Target]:
    """By (service, organisation); "" stands for any."""
    cursor = await conn.execute("SELECT service, org_code, availability::float, p95_ms FROM exchange.service_level")
    return {(row[0], row[1]): Target(row[2], row[3]) for row in await cursor.fetchall()}


async def put(conn: Conn, service: str, org_code: str, target: Target) -> None:
    await conn.execute(
        "INSERT INTO exchange.service_level (service, org_code, availability, p95_ms) VALUES (%s, %s, %s::numeric, %s)"
        " ON CONFLICT (service, org_code) DO UPDATE SET availability = excluded.availability, p95_ms = excluded.p95_ms",
        (service, org_code, str(target.availability), target.p95_ms),
    )


async def remove(conn: Conn, service: str, org_code: str) -> bool:
    """False where there is none."""
    done = await conn.execute("DELETE FROM exchange.service_level WHERE service = %s AND org_code = %s", (service, org_code))
    return done.rowcount == 1


async def note(conn: Conn, service: str, org_code: str, target: Target | None, reason: str, staff_id: int | None, entry_id: int) -> None:
    """That it was set, or ended."""
    await conn.execute(
        "INSERT INTO exchange.service_level_set (service, org_code, availability, p95_ms, reason, staff_id, entry_id)"
        " VALUES (%s, %s, %s::numeric, %s, %s, %s::bigint, %s::bigint)",
        (service, org_code, target and str(target.availability), target and target.p95_ms, reason, staff_id, entry_id),
    )


async def history(conn: Conn, most: int) -> list[TargetSet]:
    """Newest first."""
    cursor = await conn.execute(
        "SELECT service, org_code, availability::float, p95_ms, reason, staff_id, set_at FROM exchange.service_level_set ORDER BY set_no DESC LIMIT %s", (most,)
    )
    return [
        TargetSet(service, org_code, None if p95 is None else Target(availability, p95), reason, staff_id, at)
        for service, org_code, availability, p95, reason, staff_id, at in await cursor.fetchall()
    ]


async def measured(conn: Conn, since: datetime, until: datetime) -> list[Measured]:
    """Of each organisation and service with calls about real people, most calls first."""
    cursor = await conn.execute(
        "WITH said AS (SELECT c.org_code, c.service, c.at, c.micros, c.verdict IN ('ok', 'person.not_found', 'person.ambiguous') AS answered"
        " FROM exchange.call c WHERE c.at >= %(since)s AND c.at < %(until)s AND c.environment = 'live'),"
        " calls AS (SELECT org_code, service, count(*) FILTER (WHERE answered) AS answered, count(*) FILTER (WHERE NOT answered) AS refused,"
        " percentile_cont(0.95) WITHIN GROUP (ORDER BY micros) FILTER (WHERE answered) / 1000 AS p95, max(at) AS last_at FROM said GROUP BY 1, 2),"
        " missed AS (SELECT org_code, service, sum(calls)::bigint AS unanswered FROM exchange.unanswered"
        " WHERE hour >= date_trunc('hour', %(since)s::timestamptz) AND hour < %(until)s GROUP BY 1, 2)"
        " SELECT org_code, coalesce(o.name, org_code), service, coalesce(answered, 0), coalesce(refused, 0), coalesce(unanswered, 0), coalesce(p95, 0), last_at"
        " FROM calls FULL JOIN missed USING (org_code, service) LEFT JOIN access.organisation o USING (org_code)"
        " ORDER BY coalesce(answered, 0) + coalesce(refused, 0) + coalesce(unanswered, 0) DESC, 2, 3 LIMIT 1000",
        {"since": since, "until": until},
    )
    return [Measured(*row) for row in await cursor.fetchall()]
