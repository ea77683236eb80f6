"""Import of clean rows of a residence register, finished = validated, stored, sequenced.

Baseline: bare COPY, one connection, of the very rows the import left behind into the same tables of a fresh database
with their indexes and constraints: persons, directory, facts, households, search, findings, outbox, evidence (its
content and leaves, as the sequencer leaves them). The ratio is of rates: import / COPY.

Peak memory of the importing process is reported beside it. With --deep a million rows are imported and the peak is told as it
grows with the rows; and ten million rows are read: found, decoded, cleaned, checked and cut into chunks as an import does, but
compared with nobody and written nowhere (ten million imported take hours and 70 GB).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any

from common import embedded, report

AS_OF = date(2023, 4, 15)  # the day whose units the clean rows name
TEMPLATE = "bench_template"
TABLES = (
    "population.person", "population.person_name", "population.person_birth", "population.person_trait",
    "population.person_number", "population.residence", "population.household", "population.household_member",
    "population.kinship", "population.marital", "population.contact", "population.directory",
    "population.person_search", "population.finding", "kit.outbox", "audit.content", "audit.leaf",
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--deep", action="store_true", help="a million rows imported, ten million read")
    parser.add_argument("--memory", default="", help="instead: rows imported and rows read, e.g. 300000,3000000")
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)  # the measured process itself
    parser.add_argument("--read", type=Path, help=argparse.SUPPRESS)  # the same
    asked = parser.parse_args()
    if asked.one:
        asyncio.run(_one(asked.one))
        return
    if asked.read:
        _read(asked.read)
        return
    if not asked.memory:
        measure(asked.rows, asked.pairs)
    if asked.deep or asked.memory:
        imported, read = (int(n) for n in (asked.memory or "1000000,10000000").split(","))
        memory(imported, read)


def memory(imported: int, read: int) -> None:
    """Peak memory of the process, in megabytes, when it had so many rows behind it: of an import, and of reading alone."""
    from dancu.audit import service as audit
    from dancu.demo import messy
    from dancu.kit.db import use_data

    with tempfile.TemporaryDirectory(prefix="dancu-bench-", dir=os.environ.get("DANCU_BENCH_DIR")) as folder:
        file = Path(folder) / "clean.csv"
        for name, option, rows in (("import", "--one", imported), ("reading", "--read", read)):
            if not rows:
                continue
            messy.write_clean_people(file, rows)
            if option == "--one":
                with embedded() as cluster:
                    use_data(cluster.data)
                    audit.make_signer(cluster.data / "keys")
                    done = _measured(option, file)
            else:
                done = _measured(option, file)
            trail: dict[str, float] = done["trail"]
            early = next(mb for at, mb in trail.items() if int(at) >= min(50_000, rows))
            report(
                f"memory of {name} of {rows} clean rows", done["peak_mb"], "MB peak", early, trail=trail,
                cpu_us_per_row=round(done["cpu"] / rows * 1e6), seconds=round(done["seconds"]),
            )  # fmt: skip


def measure(rows: int, pairs: int) -> None:
    """Alternate import and COPY, report the medians."""
    from dancu.audit import service as audit
    from dancu.demo import messy
    from dancu.kit.db import use_data

    with embedded(migrated=False) as cluster, tempfile.TemporaryDirectory(prefix="dancu-bench-") as folder:
        use_data(cluster.data)
        audit.make_signer(cluster.data / "keys")
        _template(cluster)
        file = Path(folder) / "clean.csv"
        messy.write_clean_people(file, rows)
        ours: list[dict[str, float]] = []
        copies: list[float] = []
        for _ in range(pairs):
            _fresh(cluster)
            shutil.rmtree(cluster.data / "checkpoints", ignore_errors=True)  # those of the log that is gone
            ours.append(_import(file))
            dump = _dump(cluster, Path(folder))
            _fresh(cluster)
            copies.append(_copy(cluster, dump))
        seconds = statistics.median(run["seconds"] for run in ours)
        baseline = statistics.median(copies)
        report(
            f"import of {rows} clean rows", rows / seconds, "rows/s", rows / baseline,
            python_cpu_s=round(statistics.median(run["cpu"] for run in ours), 2),
            peak_mb=round(max(run["peak_mb"] for run in ours), 1),
            seconds=round(seconds, 2), copy_seconds=round(baseline, 2),
        )  # fmt: skip


def _template(cluster: Any) -> None:
    from dancu.kit import migrate, postgres

    postgres.ensure_database(cluster, TEMPLATE)
    migrate.migrate(cluster.dsn("admin", TEMPLATE))


def _fresh(cluster: Any) -> None:
    import psycopg

    with psycopg.connect(cluster.dsn("admin", "postgres"), autocommit=True) as conn:
        conn.execute("DROP DATABASE IF EXISTS dancu WITH (FORCE)")
        conn.execute(f"CREATE DATABASE dancu TEMPLATE {TEMPLATE}")
        conn.execute("GRANT CONNECT ON DATABASE dancu TO dancu_app, dancu_worker, dancu_import, dancu_verify")
        conn.execute("GRANT TEMPORARY ON DATABASE dancu TO dancu_import")
        conn.execute("CHECKPOINT")  # neither side pays for the other's pages


def _import(file: Path) -> dict[str, float]:
    return _measured("--one", file)


def _measured(option: str, file: Path) -> dict[str, Any]:
    """Of a process of its own that has nothing else in its memory."""
    done = subprocess.run([sys.executable, __file__, option, str(file)], check=True, stdout=subprocess.PIPE, text=True)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


class Trail:
    """The highest memory of this process so far, at a few numbers of rows."""

    def __init__(self) -> None:
        self.peaks: dict[int, float] = {}
        self._next = 50_000

    def at(self, rows: int) -> None:
        if rows >= self._next:
            self.peaks[rows] = _peak_mb()
            self._next *= 2


def _peak_mb() -> float:
    """Of this program alone: what getrusage tells counts whoever started it too."""
    text = Path("/proc/self/status").read_text()
    return round(next(int(line.split()[1]) for line in text.splitlines() if line.startswith("VmHWM:")) / 1024, 1)


def _read(file: Path) -> None:
    """All rows of the file, as the import's reading thread gives them."""
    from dancu.kernel.clock import SYSTEM_CLOCK
    from dancu.population.bulk.collector import patient_collector
    from dancu.population.importing.profile import load_profile
    from dancu.population.importing.source import Source

    began, trail, rows = time.perf_counter(), Trail(), 0
    with patient_collector():
        source = Source(file, load_profile("residence-register"), AS_OF, SYSTEM_CLOCK.today())
        while chunk := source.chunk():
            rows += len(chunk)
            trail.at(rows)
        source.close()
    _print(time.perf_counter() - began, trail, rows)


def _print(seconds: float, trail: Trail, rows: int) -> None:
    own, child = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    cpu = own.ru_utime + own.ru_stime + child.ru_utime + child.ru_stime
    peak = _peak_mb()
    print(json.dumps({"seconds": seconds, "cpu": cpu, "peak_mb": peak, "trail": {**trail.peaks, rows: peak}}))


async def _one(file: Path) -> None:
    """Import, wait until sequenced, print what it took."""
    from dancu.audit.service import sequencer, settle
    from dancu.kernel.actor import SYSTEM, Purpose
    from dancu.kit.db import open_connection
    from dancu.population.importing.profile import load_profile
    from dancu.population.importing.run import import_file

    began, trail = time.perf_counter(), Trail()
    async with sequencer() as sequenced:
        result = await import_file(
            lambda: open_connection("import", autocommit=True), file, load_profile("residence-register"),
            actor=SYSTEM, purpose=Purpose("import", "26/2023/QH15"), as_of=AS_OF, settle=settle if sequenced else None,
            progress=lambda now: trail.at(now.position),
        )  # fmt: skip
        seconds = time.perf_counter() - began
    if not result.sequenced or result.tally.rows["inserted"] != result.total:
        raise SystemExit(f"not a clean import: {result.as_json()}")
    _print(seconds, trail, result.total)


def _dump(cluster: Any, folder: Path) -> dict[str, tuple[str, Path]]:
    """The rows of every table as COPY text: name -> (columns, file)."""
    import psycopg

    found = {}
    with psycopg.connect(cluster.dsn("admin")) as conn:
        for table in TABLES:
            columns = conn.execute(
                "SELECT string_agg(attname, ', ' ORDER BY attnum) FROM pg_attribute"
                " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped",
                (table,),
            ).fetchone()[0]  # type: ignore[index]
            path = folder / f"{table}.copy"
            order = " ORDER BY idx" if table.startswith("audit") else ""
            with (
                path.open("wb") as out,
                conn.cursor().copy(f"COPY (SELECT {columns} FROM {table}{order}) TO STDOUT") as rows,
            ):
                for block in rows:
                    out.write(block)
            found[table] = (columns, path)
    return found


def _copy(cluster: Any, dump: dict[str, tuple[str, Path]]) -> float:
    import psycopg

    began = time.perf_counter()
    with psycopg.connect(cluster.dsn("admin")) as conn:
        for table, (columns, path) in dump.items():
            with path.open("rb") as content, conn.cursor().copy(f"COPY {table} ({columns}) FROM STDIN") as into:
                while block := content.read(1 << 18):
                    into.write(block)
        conn.commit()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
