"""A burst on the token endpoint: 20 times the steady rate (half of what can be done) for ten seconds. What is over the limit must be
refused at once with 429 or 503 and Retry-After; nothing accepted may be lost; accepted answers' 99th percentile under 5 s; and
afterwards everything as before within 30 s.

The load comes from the same two cores, so it is as much as they send with a thousand connections always asking; the rate that
was really offered stands beside the figure.
"""

from __future__ import annotations

import argparse
import asyncio
import secrets
import statistics
import time
from itertools import cycle

import oidc_clients
from common import report
from oidc_load import post, volley
from province import Running, province

from oidc import with_secret

SECONDS, CONNECTIONS, FACTOR = 10.0, 1000, 20
NORMAL_SECONDS, P99_SECONDS = 30.0, 5.0


def entries(running: Running, org: str) -> int:
    """Evidence of tokens given, sequenced or not."""
    import psycopg

    with psycopg.connect(running.dsn("admin")) as conn:
        row = conn.execute(
            "SELECT (SELECT count(*) FROM audit.pending WHERE org_code = %s) + (SELECT count(*) FROM audit.content WHERE org_code = %s)", (org, org)
        ).fetchone()
    return int(row[0]) if row else 0


async def run(running: Running, clients: list[oidc_clients.BenchClient]) -> None:
    port = int(running.url.rsplit(":", 1)[1])
    host = running.url.removeprefix("http://")
    asked = [post(host, "/oidc/token", *with_secret(client, running.url)) for client in clients]
    count = 3000
    before_all = await asyncio.to_thread(entries, running, "bench")
    calm = await volley(port, [asked[n % len(asked)] for n in range(count)], 16)
    usual = statistics.median(calm.accepted)
    capacity = calm.statuses[200] / calm.seconds
    hit = await volley(port, cycle(asked), CONNECTIONS, until=time.monotonic() + SECONDS)
    ended = time.monotonic()
    quiet = 0
    while quiet < 5 and time.monotonic() - ended < 2 * NORMAL_SECONDS:
        one = await volley(port, asked[:5], 1)
        quiet = quiet + 1 if one.statuses == {200: 5} and statistics.median(one.accepted) < max(4 * usual, 0.1) else 0
        if not quiet:
            await asyncio.sleep(0.25)
    recovered = time.monotonic() - ended
    await asyncio.sleep(2)
    accepted = calm.statuses[200] + hit.statuses[200]
    kept = await asyncio.to_thread(entries, running, "bench") - before_all
    lost = max(0, accepted - kept)
    refused = {status: n for status, n in hit.statuses.items() if status != 200}
    good = hit.p99 < P99_SECONDS and recovered < NORMAL_SECONDS and not lost and not hit.without_retry_after and not set(refused) - {429, 503}
    report(
        "burst on the token endpoint", hit.p99, "s p99 of the accepted", P99_SECONDS, offered=round(sum(hit.statuses.values()) / hit.seconds),
        wanted=round(FACTOR * capacity / 2), capacity=round(capacity), accepted=hit.statuses[200], refused=refused, lost=lost,
        without_retry_after=hit.without_retry_after, normal_after_s=round(recovered, 2), good=good,
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--deep", action="store_true")
    asked = parser.parse_args()
    with province(asked.people) as running:
        clients = oidc_clients.make(f"b{secrets.token_hex(3)}", 40)
        asyncio.run(oidc_clients.register(running.dsn(), clients, way="secret"))
        asyncio.run(run(running, clients))


if __name__ == "__main__":
    main()
