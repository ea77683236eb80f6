"""*Verify* over HTTP as partners call it: token bound by DPoP, message signature, agreement, quota, replay mark, evidence committed
before the answer, signed receipt and signed answer; 64 connections.

Calls are signed before they are sent (within the minute a signature holds), so the client's own cost is no part of the figures.
CPU time of application, database and worker per call says how many a core answers; wall time on a shared machine is noise. The
latency is taken at half that load, from the moment a call should have left. Baseline: `pgbench -M prepared -c 32 -j 2` writing the
same rows and reading the same record on the same server. Target: 300 times MOSIP's published 2 a second per vCPU.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common import report
from oidc_load import Volley, _answer, volley
from province import Running, children_of, cpu_seconds, province

CONNECTIONS, SECONDS, MOSIP, TIMES = 64, 5.0, 2.0, 300
PATH = "/api/v1/exchange/verify"
WHY = ("identity_check", "26/2023/QH15")
_SQL = r"""
\set i random(1, :people)
\set m random(1, 9000000000000000)
BEGIN;
INSERT INTO exchange.call (client_no, message_id, org_code, environment, service, digest, verdict, officer, purpose, legal_basis, case_ref,
                           entries, micros)
VALUES (:client, 'bench-message-' || :m, 'BENCH', 'live', 'verify', '\x0000000000000000000000000000000000000000000000000000000000000000',
        'ok', 'can bo', 'identity_check', '26/2023/QH15', 'HS-1', 1, 1000);
INSERT INTO audit.pending (action, actor_kind, actor_id, org_code, purpose, legal_basis, case_ref, subject, fields, request_id, channel, note)
SELECT 'read', 'client', :client, 'BENCH', 'identity_check', '26/2023/QH15', 'HS-1', d.person_key, '{number,birth,name,sex}', 'bench-request-id',
       'api', '{"verb": "exchange.verify"}'
FROM bench.person b JOIN population.directory d ON d.number = b.number WHERE b.i = :i;
SELECT p.alive_until, n.kind, n.full_name, f.birth_year, f.birth_month, f.birth_day, f.sex
  FROM bench.person b JOIN population.directory d ON d.number = b.number JOIN population.person p ON p.person_key = d.person_key
  JOIN population.person_name n ON n.person_key = p.person_key AND upper_inf(n.recorded)
  JOIN population.person_birth f ON f.person_key = p.person_key AND upper_inf(f.recorded) WHERE b.i = :i;
COMMIT;
"""


@dataclass
class Partner:
    client_no: int
    config: Any


def partner(running: Running, folder: Path, bound: str) -> Partner:
    """A live partner with an agreement for verify, by the services the commands use."""
    from dataclasses import replace
    from datetime import UTC, datetime, timedelta

    import psycopg
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    from dancu.access.catalogue import PERMISSIONS
    from dancu.exchange.service import partners
    from dancu.kernel.actor import SYSTEM, Channel
    from dancu.sharing.models import DataTerms
    from dancu.sharing.service import data_agreements
    from dancu_client import Config

    os.environ["DANCU_DATA"] = str(running.data)
    today = datetime.now(UTC).date()
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "bench")])
    csr = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    operator = replace(SYSTEM, request_id="bench", channel=Channel.CLI, permissions=frozenset(PERMISSIONS))

    async def add() -> Any:
        async with await psycopg.AsyncConnection.connect(running.dsn("app")) as conn:
            made = await partners.add(conn, operator, "Benchmark", csr, kind="ministry", system=folder.name, bound=bound, base=running.url)
            terms = DataTerms(
                made.org_code, "verify", frozenset({"name", "birth", "sex"}), dict([WHY]), (today, today + timedelta(days=300)), quota_day=10_000_000
            )
            if await data_agreements.in_force(conn, made.org_code, "verify") is None:
                await data_agreements.grant(conn, operator, terms)
            return made

    made = asyncio.run(add())
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "key.pem").write_bytes(pem)
    (folder / "cert.pem").write_text(made.certificate_pem)
    return Partner(made.client_no, Config(running.url, made.client_id, folder / "key.pem", folder / "cert.pem"))


def people(running: Running, most: int = 20_000) -> list[tuple[str, str, str, str]]:
    """(number, name, birth, sex) of people, and the same numbers as a table for pgbench."""
    import psycopg

    with psycopg.connect(running.dsn("admin"), autocommit=True) as conn:
        conn.execute("CREATE SCHEMA IF NOT EXISTS bench")
        conn.execute("DROP TABLE IF EXISTS bench.person")
        conn.execute(
            "CREATE TABLE bench.person AS SELECT row_number() OVER (ORDER BY d.number)::int AS i, d.number, n.full_name, b.birth_year, b.sex"
            " FROM population.directory d JOIN population.person_name n ON n.person_key = d.person_key AND n.kind = 'birth' AND upper_inf(n.recorded)"
            " JOIN population.person_birth b ON b.person_key = d.person_key AND upper_inf(b.recorded)"
            f" WHERE d.kind = 'personal_id' AND d.state = 'active' ORDER BY d.number LIMIT {most}"
        )
        conn.execute("ALTER TABLE bench.person ADD PRIMARY KEY (i)")
        conn.execute("ANALYZE bench.person")
        return conn.execute("SELECT number, full_name, coalesce(birth_year::text, '1990'), sex FROM bench.person").fetchall()


def signed(config: Any, known: list[tuple[str, str, str, str]], count: int, *, start: int = 0) -> list[bytes]:
    """`count` whole requests, each with a message id and a proof of its own."""
    import httpx

    from dancu_client import Client, Context

    with httpx.Client() as http:
        client = Client(config, http)
        client.prepare()
        core, made = client.core, []
        host = config.base_url.removeprefix("http://")
        for n in range(start, start + count):
            number, name, birth, sex = known[n % len(known)]
            fields = {"name": name, "birth": birth, **({"sex": sex} if sex != "undetermined" else {})}
            asking = core.asking("verify", {"number": number, "fields": fields}, Context(*WHY, "HS-1", "can bo"))
            headers = core.request(asking).headers
            lines = [f"POST {PATH} HTTP/1.1", f"Host: {host}", f"Content-Length: {len(asking.content)}"]
            lines += [f"{k}: {headers[k]}" for k in ("authorization", "dpop", "content-type", "content-digest", "signature-input", "signature")]
            made.append("\r\n".join(lines).encode() + b"\r\n\r\n" + asking.content)
    return made


async def paced(port: int, requests: list[bytes], rate: float) -> Volley:
    """Every request at its own time, whatever became of those before; seconds count from that time."""
    made, began = Volley(), time.monotonic() + 0.2
    waiting: Iterator[tuple[int, bytes]] = iter(enumerate(requests))

    async def connection() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for n, request in waiting:
            planned = began + n / rate
            if (delay := planned - time.monotonic()) > 0:
                await asyncio.sleep(delay)
            writer.write(request)
            status, _ = await _answer(reader)
            made.statuses[status] += 1
            made.accepted.append(time.monotonic() - planned)
        writer.close()

    await asyncio.gather(*(connection() for _ in range(CONNECTIONS)))
    made.seconds = time.monotonic() - began
    return made


def processes(running: Running) -> dict[str, list[int]]:
    from dancu.kit import postgres

    postmaster = postgres.locate(running.data).pid()
    assert postmaster is not None
    database = [postmaster, *children_of(postmaster)]
    return {"app": [running.pid], "db": database, "worker": [pid for pid in children_of(running.pid) if pid not in database]}


def measured(running: Running, requests: list[bytes], rate: float | None = None) -> dict[str, Any]:
    port, before = int(running.url.rsplit(":", 1)[1]), {}
    for name, pids in processes(running).items():
        before[name] = cpu_seconds(pids)
    made = asyncio.run(volley(port, requests, CONNECTIONS) if rate is None else paced(port, requests, rate))
    time.sleep(0.6)  # the sequencer's share of these calls
    after = {name: cpu_seconds(pids) for name, pids in processes(running).items()}
    done = made.statuses[200]
    ordered = sorted(made.accepted)
    found: dict[str, Any] = {f"cpu_{name}_us": (after[name] - before[name]) / max(done, 1) * 1e6 for name in after}
    found |= {
        "rate": done / made.seconds, "errors": sum(made.statuses.values()) - done,
        "p50_ms": 1000 * ordered[len(ordered) // 2], "p99_ms": 1000 * ordered[int(len(ordered) * 0.99)],
    }  # fmt: skip
    return found


def baseline(running: Running, folder: Path, client_no: int, count: int) -> float:
    from dancu.kit import postgres

    cluster = postgres.locate(running.data)
    (folder / "script.sql").write_text(_SQL)
    out = subprocess.run(
        [str(postgres.bin_dir() / "pgbench"), "-n", "-M", "prepared", "-c", "32", "-j", "2", "-T", str(int(SECONDS)), "-D", f"people={count}",
         "-D", f"client={client_no}", "-f", str(folder / "script.sql"), "-h", str(cluster.socket), "-U", "dancu_admin", postgres.DATABASE],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    return float(re.search(r"tps = ([\d.]+)", out)[1])  # type: ignore[index]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--pairs", type=int, default=2)
    parser.add_argument("--calls", type=int, default=3000)
    parser.add_argument("--deep", action="store_true")
    asked = parser.parse_args()
    with province(asked.people) as running, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made, known = partner(running, folder, "dpop"), people(running)
        measured(running, signed(made.config, known, 500))  # connections, plans and caches warm
        mine, theirs = [], []
        for turn in range(asked.pairs):
            theirs.append(baseline(running, folder, made.client_no, len(known)))
            mine.append(measured(running, signed(made.config, known, asked.calls, start=turn * asked.calls)))
        median = {key: statistics.median(run[key] for run in mine) for key in mine[0]}
        half = median["rate"] / 2
        calm = measured(running, signed(made.config, known, int(half * SECONDS), start=50_000), half)
        whole = median["cpu_app_us"] + median["cpu_db_us"] + median["cpu_worker_us"]
        report(
            "verify, signed, with evidence", 1e6 / whole, "calls/s per core", ratio=1e6 / whole / MOSIP, target=TIMES, against="MOSIP 2/s per vCPU",
            cpu_us=round(whole), cpu_app_us=round(median["cpu_app_us"]), cpu_db_us=round(median["cpu_db_us"]),
            cpu_worker_us=round(median["cpu_worker_us"]), errors=median["errors"],
        )  # fmt: skip
        report(
            "verify, signed, 64 connections", median["rate"], "calls/s", statistics.median(theirs), p50_ms=round(median["p50_ms"], 1),
            p99_ms=round(median["p99_ms"], 1),
        )  # fmt: skip
        report(
            "verify at half that load", calm["p99_ms"], "ms p99", rate=round(calm["rate"]), p50_ms=round(calm["p50_ms"], 1), target=50,
            errors=calm["errors"],
        )  # fmt: skip


if __name__ == "__main__":
    main()
