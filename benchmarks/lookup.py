"""Look-up of a person by number over HTTP: permission, purpose and a durable evidence entry, 32 connections.

Baseline: `pgbench -M prepared -c 32 -j 2` running the same SELECT and INSERT in one transaction on the same server,
the sequencer at work in both. The client is wrk. Also reports CPU per request and latency percentiles.
"""

from __future__ import annotations

import argparse
import re
import shutil
import statistics
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from common import report
from province import Running, children_of, cpu_seconds, province

SECONDS = 6
_LUA = """
local numbers = {{}}
for line in io.lines("{numbers}") do numbers[#numbers + 1] = line end
math.randomseed(os.time())
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer {token}"
local bad = 0
request = function()
  local n = numbers[math.random(#numbers)]
  return wrk.format(nil, nil, nil, '{{"number":"' .. n .. '","purpose":"identity_check","legal_basis":"26/2023/QH15"}}')
end
response = function(status) if status ~= 200 then bad = bad + 1 end end
done = function(summary, latency, requests)
  io.write(string.format("p50 %.3f p95 %.3f p99 %.3f\\n", latency:percentile(50) / 1000, latency:percentile(95) / 1000,
    latency:percentile(99) / 1000))
  io.write("errors " .. (summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.timeout) .. "\\n")
end
"""
_SQL = r"""
\set i random(1, :people)
BEGIN;
INSERT INTO audit.pending (action, actor_kind, actor_id, org_code, purpose, legal_basis, subject, fields, request_id, channel)
SELECT 'read', 'staff', 7, 'DEMO.CA', 'identity_check', '26/2023/QH15', d.person_key,
       '{number,name,birth,sex,residence,life}', 'bench-request-id', 'api'
FROM bench.number b JOIN population.directory d ON d.number = b.number WHERE b.i = :i;
SELECT p.person_key, p.merged_into, p.alive_until, f.number, n.full_name, n.source_kind, n.source_date, b.birth_year, b.birth_month,
       b.birth_day, b.sex, b.source_kind, b.source_date, r.unit_id, r.address, r.valid, r.source_kind, r.source_date
  FROM bench.number k JOIN population.directory d ON d.number = k.number JOIN population.person p ON p.person_key = d.person_key
  LEFT JOIN population.person_number f ON f.person_key = p.person_key AND f.kind = 'personal_id' AND f.state = 'active' AND upper_inf(f.recorded)
  LEFT JOIN population.person_name n ON n.person_key = p.person_key AND n.kind = 'birth' AND upper_inf(n.recorded)
  LEFT JOIN population.person_birth b ON b.person_key = p.person_key AND upper_inf(b.recorded)
  LEFT JOIN population.residence r ON r.person_key = p.person_key AND r.kind = 'permanent' AND upper_inf(r.recorded) AND upper_inf(r.valid)
 WHERE k.i = :i;
COMMIT;
"""


def prepare(running: Running, folder: Path) -> int:
    """Numbers of everybody as a file for wrk and as a table for pgbench. Returns how many."""
    import psycopg

    with psycopg.connect(running.dsn("admin"), autocommit=True) as conn:
        conn.execute("CREATE SCHEMA IF NOT EXISTS bench")
        conn.execute("DROP TABLE IF EXISTS bench.number")
        conn.execute(
            "CREATE TABLE bench.number AS SELECT row_number() OVER (ORDER BY number)::int AS i, number"
            " FROM population.directory WHERE kind = 'personal_id' AND state = 'active'"
        )
        conn.execute("ALTER TABLE bench.number ADD PRIMARY KEY (i)")
        conn.execute("ANALYZE bench.number")
        rows = conn.execute("SELECT number FROM bench.number").fetchall()
    (folder / "numbers").write_text("\n".join(row[0] for row in rows))
    (folder / "script.sql").write_text(_SQL)
    return len(rows)


def ours(running: Running, folder: Path) -> dict[str, Any]:
    """One wrk run: requests a second, latency, and CPU of application and database per request."""
    (folder / "find.lua").write_text(_LUA.format(numbers=folder / "numbers", token=running.token()))
    app, database = application_and_database(running)
    before = cpu_seconds(app), cpu_seconds(database)
    out = subprocess.run(
        ["wrk", "-t1", "-c32", f"-d{SECONDS}s", "-s", str(folder / "find.lua"), f"{running.url}/api/v1/persons/find"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    app_after, database_after = application_and_database(running)
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1])  # type: ignore[index]
    count = int(re.search(r"(\d+) requests in", out)[1])  # type: ignore[index]
    p50, p95, p99 = map(float, re.search(r"p50 ([\d.]+) p95 ([\d.]+) p99 ([\d.]+)", out).groups())  # type: ignore[union-attr]
    return {
        "rate": rate, "p50_ms": p50, "p95_ms": p95, "p99_ms": p99, "errors": int(re.search(r"errors (\d+)", out)[1]),  # type: ignore[index]
        "cpu_app_us": (cpu_seconds(app_after) - before[0]) / count * 1e6,
        "cpu_db_us": (cpu_seconds(database_after) - before[1]) / count * 1e6,
    }  # fmt: skip


def application_and_database(running: Running) -> tuple[list[int], list[int]]:
    from dancu.kit import postgres

    postmaster = postgres.locate(running.data).pid()
    assert postmaster is not None
    return [running.pid], [postmaster, *children_of(postmaster)]


def baseline(running: Running, folder: Path, people: int) -> float:
    from dancu.kit import postgres

    cluster = postgres.locate(running.data)
    out = subprocess.run(
        [str(postgres.bin_dir() / "pgbench"), "-n", "-M", "prepared", "-c", "32", "-j", "2", "-T", str(SECONDS), "-D", f"people={people}",
         "-f", str(folder / "script.sql"), "-h", str(cluster.socket), "-U", "dancu_admin", postgres.DATABASE],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    return float(re.search(r"tps = ([\d.]+)", out)[1])  # type: ignore[index]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--deep", action="store_true")
    asked = parser.parse_args()
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is missing: apt-get install wrk")
    with province(asked.people) as running, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        people = prepare(running, folder)
        ours(running, folder)  # connections, plans and caches warm
        mine, theirs = [], []
        for _ in range(asked.pairs):
            theirs.append(baseline(running, folder, people))
            mine.append(ours(running, folder))
        median = {key: statistics.median(run[key] for run in mine) for key in mine[0]}
        report(
            "lookup by number over HTTP", median["rate"], "requests/s", statistics.median(theirs),
            p50_ms=median["p50_ms"], p95_ms=median["p95_ms"], p99_ms=median["p99_ms"], errors=median["errors"],
            cpu_app_us=round(median["cpu_app_us"]), cpu_db_us=round(median["cpu_db_us"]),
            demo_seconds=round(running.seconds, 1), target=0.25,
        )  # fmt: skip


if __name__ == "__main__":
    main()
