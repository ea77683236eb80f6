"""Events to subscribers: 50 of them, one of which never answers; events delivered a second by one worker over the network, against
the same log read once for each subscriber by plain SQL. Nobody is delayed by the dead one."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
import uuid
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psycopg
from common import embedded, report

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from dancu.exchange.rules import topics_of
from dancu.exchange.service.delivery import Deliverer
from dancu.exchange.service.receipts import AnswerKeys
from dancu.kit.outbound import rules
from tests.exchange.receiver import Receiver

_SUBSCRIBERS, _PERSONS = 50, 2000
BASIS = "278/2025/NĐ-CP"


async def _prepare(conn: Any, port: int, dead: int, events: int) -> None:
    """One live partner per subscriber, each with a relation to every person; then the events."""
    await conn.execute("INSERT INTO access.organisation (org_code, name, kind, valid) SELECT 'B' || n, 'B' || n, 'government', '[2020-01-01,)' FROM generate_series(1, %s) n", (_SUBSCRIBERS,))
    await conn.execute("INSERT INTO exchange.partner (org_code, state) SELECT 'B' || n, 'live' FROM generate_series(1, %s) n", (_SUBSCRIBERS,))
    await conn.execute("INSERT INTO exchange.system (client_no, org_code, name) SELECT n, 'B' || n, 'x' FROM generate_series(1, %s) n", (_SUBSCRIBERS,))
    await conn.execute(
        "INSERT INTO sharing.data_agreement (org_code, service, version, fields, purposes, valid, state, proposed_by, proposed_org, proposed_at,"
        " proposed_entry, agreed_by, agreed_org, agreed_at, agreed_entry, sealed) SELECT 'B' || n, 'events', 1, '{life}',"
        " jsonb_build_object('data_sharing', %s::text), '[2020-01-01,2099-01-01)', 'in_force', 0, 'x', now(), 1, 0, 'x', now(), 1, 'x'"
        " FROM generate_series(1, %s) n",
        (BASIS, _SUBSCRIBERS),
    )
    await conn.execute(
        "INSERT INTO exchange.relation (person_key, org_code, ref, since) SELECT k, 'B' || n, 'ref-' || k, now() - interval '1 day'"
        " FROM generate_series(1, %s) n, generate_series(1, %s) k",
        (_SUBSCRIBERS, _PERSONS),
    )
    topics, groups = topics_of(["death"])
    for n in range(1, _SUBSCRIBERS + 1):
        await conn.execute(
            "INSERT INTO exchange.subscription (subscription_id, org_code, client_no, kinds, topics, groups, purpose, legal_basis, mode, url, batch, place,"
            " noted_to) VALUES (%s, %s, %s, '{death}', %s, %s, 'data_sharing', %s, 'push', %s, 100, 0, 0)",
            (str(uuid.uuid4()), f"B{n}", n, topics, groups, BASIS, f"http://127.0.0.1:{dead if n == 1 else port}/events"),
        )
    await conn.execute(
        "INSERT INTO kit.event (seq, topic, person_key, payload, at) SELECT s, 'population.person.died', 1 + s %% %s, '{}', clock_timestamp()"
        " FROM generate_series(1, %s) s",
        (_PERSONS, events),
    )
    await conn.execute("UPDATE kit.event_head SET seq = %s", (events,))
    await conn.execute("UPDATE audit.sequencer SET caught_up_at = now() + interval '1 day'")
    await conn.execute("ANALYZE")


async def _plain(dsn: str, events: int) -> float:
    """Events a second read by plain SQL, once for each subscriber, rendered as JSON, without evidence and without sending."""
    began = time.monotonic()
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as conn:
        for n in range(2, _SUBSCRIBERS + 1):
            cursor = await conn.execute(
                "SELECT e.seq, e.topic, r.ref, e.at FROM kit.event e JOIN exchange.relation r ON r.person_key = e.person_key AND r.org_code = %s ORDER BY e.seq",
                (f"B{n}",),
            )
            rows = [json.dumps([seq, topic, ref, at.isoformat()]) for seq, topic, ref, at in await cursor.fetchall()]
            assert len(rows) == events
    return events * (_SUBSCRIBERS - 1) / (time.monotonic() - began)


async def _measure(cluster: Any, events: int, folder: Path) -> tuple[float, float, float, int]:
    async with Receiver() as receiver, Receiver(delay=600) as dead:
        async with await psycopg.AsyncConnection.connect(cluster.dsn("admin"), autocommit=True) as admin:
            from dancu.access import service as access

            await access.sync_catalogue(admin)
            await _prepare(admin, receiver.port, dead.port, events)
        plain = await _plain(cluster.dsn("admin"), events)

        @asynccontextmanager
        async def connect():  # type: ignore[no-untyped-def]
            conn = free.pop() if free else await psycopg.AsyncConnection.connect(cluster.dsn("worker"), autocommit=True)
            try:
                yield conn
            finally:
                free.append(conn)

        free: list[Any] = []
        worker = Deliverer(connect, rules(f"inside:127.0.0.1:{receiver.port},inside:127.0.0.1:{dead.port}"), AnswerKeys(folder).sign_request, "https://dancu.example")
        wanted = events * (_SUBSCRIBERS - 1)
        began = time.monotonic()
        await worker.look()
        half = 0.0
        while len(receiver.got) < wanted and time.monotonic() - began < 120:
            await asyncio.sleep(0.02)
            half = half or (time.monotonic() - began if len(receiver.got) >= wanted / 2 else 0.0)
        spent = time.monotonic() - began
        await asyncio.sleep(1.0)  # the last answers are written down
        await worker.close()
        for conn in free:
            await conn.close()
        async with await psycopg.AsyncConnection.connect(cluster.dsn("admin"), autocommit=True) as admin:
            row = await (await admin.execute("SELECT count(*) FROM exchange.subscription WHERE place < %s", (events,))).fetchone()
        return len(receiver.got) / spent, plain, spent, int(row[0]) if row else -1


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--deep", action="store_true")
    parser.add_argument("--events", type=int, default=400)
    asked = parser.parse_args()
    import tempfile

    with embedded() as cluster, tempfile.TemporaryDirectory() as folder:
        rate, plain, spent, behind = asyncio.run(_measure(cluster, asked.events * (10 if asked.deep else 1), Path(folder)))
    report(
        f"events to {_SUBSCRIBERS} subscribers, one dead: delivered with evidence, receiver on the same cores", rate, "events/s", plain,
        seconds=round(spent, 1), behind=behind,
    )  # fmt: skip


if __name__ == "__main__":
    main()
