"""Counts over the call log: organisations, services, refusals; nothing of citizens."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from dancu.exchange.models.traffic import Called, Line, Program, Refusal, Source, Undelivered
from dancu.kit.db import Conn


async def lines(conn: Conn, since: datetime, until: datetime) -> list[Line]:
    cursor = await conn.execute(
        "SELECT c.org_code, max(coalesce(o.name, c.org_code)), c.service, count(*), count(*) FILTER (WHERE c.verdict NOT IN ('ok', 'person.not_found',"
        " 'person.ambiguous')), coalesce(sum(c.entries), 0)::bigint, count(DISTINCT c.officer) FILTER (WHERE c.officer <> ''),"
        " coalesce(percentile_cont(0.5) WITHIN GROUP (ORDER BY c.micros), 0) / 1000, coalesce(percentile_cont(0.95) WITHIN GROUP (ORDER BY c.micros), 0) / 1000,"
        " max(c.at), max(q.leased)::float / max(a.quota_day)"
        " FROM exchange.call c LEFT JOIN access.organisation o ON o.org_code = c.org_code"
        " LEFT JOIN sharing.data_agreement a ON a.org_code = c.org_code AND a.service = c.service AND a.state = 'in_force'"
        " LEFT JOIN exchange.quota q ON q.org_code = c.org_code AND q.service = c.service AND q.day = access.today()"
        " WHERE c.at >= %s AND c.at < %s AND c.environment = 'live' GROUP BY c.org_code, c.service ORDER BY 4 DESC LIMIT 500",
        (since, until),
    )
    return [Line(*row) for row in await cursor.fetchall()]


async def reconciled(conn: Conn, since: datetime, until: datetime) -> list[Line]:
    """Whom runs of reconciling that ended (or are under way) in this time compared: the work goes on after its calls, and an operator's
    runs have none."""
    cursor = await conn.execute(
        "SELECT r.org_code, max(coalesce(o.name, r.org_code)), 'reconcile', 0, 0, sum((r.counts ->> 'compared')::bigint)::bigint,"
        " count(DISTINCT r.officer) FILTER (WHERE r.officer <> ''), 0.0::float, 0.0::float, max(coalesce(r.finished_at, r.moved_at)), max(q.leased)::float / max(a.quota_day)"
        " FROM exchange.reconcile_run r LEFT JOIN access.organisation o ON o.org_code = r.org_code"
        " LEFT JOIN sharing.data_agreement a ON a.org_code = r.org_code AND a.service = 'reconcile' AND a.state = 'in_force'"
        " LEFT JOIN exchange.quota q ON q.org_code = r.org_code AND q.service = 'reconcile' AND q.day = access.today()"
        " WHERE coalesce(r.finished_at, r.moved_at) >= %s AND coalesce(r.finished_at, r.moved_at) < %s AND r.counts ? 'compared' GROUP BY r.org_code LIMIT 500",
        (since, until),
    )
    return [Line(*row) for row in await cursor.fetchall()]


async def refusals(conn: Conn, since: datetime, until: datetime) -> list[Refusal]:
    cursor = await conn.execute(
        "SELECT c.org_code, max(coalesce(o.name, c.org_code)), c.verdict, count(*) FROM exchange.call c"
        " LEFT JOIN access.organisation o ON o.org_code = c.org_code WHERE c.at >= %s AND c.at < %s AND c.environment = 'live'"
        " AND c.verdict NOT IN ('ok', 'person.not_found', 'person.ambiguous') GROUP BY c.org_code, c.verdict ORDER BY 4 DESC LIMIT 200",
        (since, until),
    )
    return [Refusal(*row) for row in await cursor.fetchall()]


async def unused(conn: Conn, since: datetime) -> list[tuple[str, str, str]]:
    """(organisation, name, service) of agreements in force under which nobody called since, nothing was reconciled and no news went out."""
    cursor = await conn.execute(
        "SELECT a.org_code, coalesce(o.name, a.org_code), a.service FROM sharing.data_agreement a LEFT JOIN access.organisation o USING (org_code)"
        " WHERE a.state = 'in_force' AND access.today() <@ a.valid AND NOT EXISTS (SELECT 1 FROM exchange.call c WHERE c.org_code = a.org_code"
        " AND c.service = a.service AND c.at >= %(since)s) AND NOT (a.service = 'reconcile' AND EXISTS (SELECT FROM exchange.reconcile_run r"
        " WHERE r.org_code = a.org_code AND coalesce(r.finished_at, r.moved_at) >= %(since)s)) AND NOT (a.service = 'events' AND EXISTS ("
        "SELECT FROM exchange.subscription s WHERE s.org_code = a.org_code AND s.delivered_at >= %(since)s)) ORDER BY 2, 3 LIMIT 500",
        {"since": since},
    )
    return await cursor.fetchall()


async def undelivered(conn: Conn) -> list[Undelivered]:
    """Organisations whose address takes no news for five minutes and more, or was given up, or that have refused events; worst first."""
    cursor = await conn.execute(
        "SELECT s.org_code, coalesce(max(o.name), s.org_code), min(s.failing_since), bool_or(s.state = 'paused' AND s.error <> ''), coalesce(sum(d.n), 0)::bigint"
        " FROM exchange.subscription s LEFT JOIN access.organisation o USING (org_code) LEFT JOIN LATERAL (SELECT count(*) AS n FROM exchange.dead_letter l"
        " WHERE l.subscription_id = s.subscription_id AND l.settled_at IS NULL) d ON true"
        " WHERE s.mode = 'push' AND s.state <> 'ended' AND (s.failing_since < now() - interval '5 minutes' OR s.state = 'paused' AND s.error <> '' OR d.n > 0)"
        " GROUP BY s.org_code ORDER BY 4 DESC, 3 NULLS LAST, 2 LIMIT 100"
    )
    return [Undelivered(*row) for row in await cursor.fetchall()]


async def sources(conn: Conn) -> list[Source]:
    cursor = await conn.execute(
        "SELECT connector, asked, failed, last_ok, last_failed, failure, milliseconds FROM exchange.connector_state ORDER BY connector"
    )
    return [Source(*row) for row in await cursor.fetchall()]


async def programs(conn: Conn, client_nos: Sequence[int]) -> list[Program]:
    cursor = await conn.execute(
        "SELECT s.client_no, s.name, s.org_code, coalesce(o.name, s.org_code), (SELECT max(h.until) FROM exchange.hold h"
        " WHERE h.client_no = s.client_no AND h.lifted_at IS NULL AND h.until > now()) FROM exchange.system s"
        " LEFT JOIN access.organisation o USING (org_code) WHERE s.client_no = ANY (%s::bigint[])",
        (list(client_nos),),
    )
    return [Program(*row) for row in await cursor.fetchall()]


async def held(conn: Conn) -> list[Program]:
    cursor = await conn.execute(
        "SELECT s.client_no, s.name, s.org_code, coalesce(max(o.name), s.org_code), max(h.until) FROM exchange.hold h JOIN exchange.system s USING (client_no)"
        " LEFT JOIN access.organisation o USING (org_code) WHERE h.lifted_at IS NULL AND h.until > now() GROUP BY s.client_no, s.name, s.org_code ORDER BY 5"
    )
    return [Program(*row) for row in await cursor.fetchall()]


async def calls_of(conn: Conn, client_no: int, since: datetime, until: datetime, most: int) -> list[Called]:
    cursor = await conn.execute(
        "SELECT c.at, c.message_id, c.service, c.verdict, c.officer, c.purpose, c.case_ref, c.entries FROM exchange.call c"
        " JOIN exchange.system s USING (client_no) WHERE c.org_code = s.org_code AND c.client_no = %s::bigint AND c.at >= %s AND c.at <= %s"
        " ORDER BY c.at DESC LIMIT %s",
        (client_no, since, until, most),
    )
    return [Called(*row) for row in await cursor.fetchall()]
