"""Tokens for programs: CPU per request of client_credentials with a secret and with private_key_jwt, ES256 JWT, rate limit and
evidence, against npm's `oidc-provider` doing the same. Taken in turns, medians.

"bare": the peer with everything in memory and no evidence, against our application process alone. "same": the peer with a
durable row per token in the same PostgreSQL, its CPU and the database's, against ours, the database's and the worker's
(which puts every entry into the signed log besides).
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
from collections.abc import Callable
from typing import Any

import oidc_clients
from common import report
from oidc_load import post, volley
from oidc_peer import Peer, installed, peer
from province import Running, children_of, cpu_seconds, province

from dancu.kit.ports import free_port

TARGET = 0.7
CLIENTS = 40
Ask = Callable[[oidc_clients.BenchClient, str], tuple[str, str]]


def with_secret(client: oidc_clients.BenchClient, issuer: str) -> tuple[str, str]:
    return f"grant_type=client_credentials&scope={oidc_clients.SCOPE}", client.basic


def with_key(client: oidc_clients.BenchClient, issuer: str) -> tuple[str, str]:
    kind = "urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer"
    form = f"grant_type=client_credentials&scope={oidc_clients.SCOPE}&client_assertion_type={kind}"
    return f"{form}&client_assertion={client.assertion(issuer)}", ""


def fire(port: int, path: str, issuer: str, clients: list[Any], ask: Ask, count: int) -> float:
    """Seconds it took; every answer must be 200."""
    host = issuer.removeprefix("http://")
    requests = [post(host, path, *ask(clients[n % len(clients)], issuer)) for n in range(count)]
    done = asyncio.run(volley(port, requests, 16))
    if done.statuses != {200: count}:
        raise SystemExit(f"{path}: {dict(done.statuses)}")
    return done.seconds


def pids_of(running: Running) -> tuple[list[int], list[int], list[int]]:
    """Application, worker, database."""
    from dancu.kit import postgres

    postmaster = postgres.locate(running.data).pid()
    assert postmaster is not None
    workers = [pid for pid in children_of(running.pid) if pid != postmaster and b"worker" in _command(pid)]
    return [running.pid], workers, [postmaster, *children_of(postmaster)]


def _command(pid: int) -> bytes:
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read()
    except OSError:
        return b""


def ours(running: Running, clients: list[Any], ask: Ask, count: int) -> dict[str, float]:
    import time

    port = int(running.url.rsplit(":", 1)[1])
    before = [cpu_seconds(pids) for pids in pids_of(running)]
    seconds = fire(port, "/oidc/token", running.url, clients, ask, count)
    time.sleep(1.5)  # the worker's part of it
    used = [(after - start) / count * 1e6 for after, start in zip((cpu_seconds(pids) for pids in pids_of(running)), before, strict=True)]
    return {"app": used[0], "all": sum(used), "rate": count / seconds}


def theirs(running: Running, one: Peer, clients: list[Any], ask: Ask, count: int) -> dict[str, float]:
    before = cpu_seconds([one.pid]), cpu_seconds(pids_of(running)[2])
    seconds = fire(one.port, "/token", one.issuer, clients, ask, count)
    app, database = cpu_seconds([one.pid]) - before[0], cpu_seconds(pids_of(running)[2]) - before[1]
    return {"app": app / count * 1e6, "all": (app + database) / count * 1e6, "rate": count / seconds}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--requests", type=int, default=3000)
    parser.add_argument("--deep", action="store_true")
    asked = parser.parse_args()
    with province(asked.people) as running, installed() as folder:
        import secrets

        mark = secrets.token_hex(3)
        secret, key = oidc_clients.make(f"s{mark}", CLIENTS), oidc_clients.make(f"k{mark}", CLIENTS)
        asyncio.run(oidc_clients.register(running.dsn(), secret, way="secret"))
        asyncio.run(oidc_clients.register(running.dsn(), key, way="key"))
        prepare(running)
        for way, clients, ask in (("secret", secret, with_secret), ("private_key_jwt", key, with_key)):
            measure(running, folder, way, clients, ask, secret, key, asked)


def measure(running: Running, folder: Any, way: str, clients: list[Any], ask: Ask, secret: list[Any], key: list[Any], asked: Any) -> None:
    from dancu.kit import postgres

    name = f"client_credentials, {way}"
    ours(running, clients, ask, 500)
    if folder is None:
        alone = [ours(running, clients, ask, asked.requests) for _ in range(asked.pairs)]
        report(name, _median(alone, "all"), "µs CPU/request", cpu_app_us=round(_median(alone, "app")), rate=round(_median(alone, "rate")))
        return
    directory = str(postgres.locate(running.data).socket)
    for kind, where, part in (("bare", "", "app"), ("same", directory, "all")):
        with peer(folder, secret, key, port=free_port(), socket=where) as one:
            theirs(running, one, clients, ask, 500)
            mine, other = [], []
            for _ in range(asked.pairs):
                other.append(theirs(running, one, clients, ask, asked.requests))
                mine.append(ours(running, clients, ask, asked.requests))
            report(
                f"{name}, {kind}", _median(mine, part), "µs CPU/request", _median(other, part), target=TARGET, limit=1.0,
                rate=round(_median(mine, "rate")), peer_rate=round(_median(other, "rate")), app_us=round(_median(mine, "app")),
                all_us=round(_median(mine, "all")), peer=f"oidc-provider {one.version}, node {one.node}",
            )  # fmt: skip


def prepare(running: Running) -> None:
    import psycopg

    with psycopg.connect(running.dsn("admin"), autocommit=True) as conn:
        conn.execute("CREATE SCHEMA IF NOT EXISTS bench")
        conn.execute("DROP TABLE IF EXISTS bench.evidence")
        conn.execute(
            "CREATE TABLE bench.evidence (id bigint GENERATED ALWAYS AS IDENTITY, at timestamptz NOT NULL DEFAULT now(), client text,"
            " scope text, request text, note jsonb)"
        )


def _median(runs: list[dict[str, float]], part: str) -> float:
    return statistics.median(run[part] for run in runs)


if __name__ == "__main__":
    main()
