"""What every benchmark needs: a database of its own, alternating pairs with medians, one line of JSON a figure.

A figure has a baseline measured in the same run on the same machine, taken in turns with it: on a shared machine only
the ratio means something.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).resolve().parent.parent / "bench.jsonl"


@contextmanager
def embedded(*, options: tuple[str, ...] = (), migrated: bool = True) -> Iterator[Any]:
    """A running cluster (kit.postgres.Cluster) with a migrated database; durable commits, as in production. Under
    DANCU_BENCH_DIR or /tmp; removed at the end."""
    from dancu.kit import migrate, postgres

    root = Path(tempfile.mkdtemp(prefix="dancu-bench-", dir=os.environ.get("DANCU_BENCH_DIR", "/tmp")))
    root.chmod(0o755)
    cluster = postgres.locate(root / "d")
    try:
        postgres.create(cluster)
        postgres.start(cluster, options=options)
        postgres.ensure_database(cluster)
        if migrated:
            migrate.migrate(cluster.dsn("admin"))
        yield cluster
    finally:
        postgres.remove(cluster)
        shutil.rmtree(root, ignore_errors=True)


@asynccontextmanager
async def connection(dsn: str, *, autocommit: bool = True) -> AsyncIterator[Any]:
    import psycopg

    conn = await psycopg.AsyncConnection.connect(dsn, autocommit=autocommit)
    try:
        yield conn
    finally:
        await conn.close()


async def alternating(
    ours: Callable[[], Awaitable[float]], baseline: Callable[[], Awaitable[float]], pairs: int = 3
) -> tuple[float, float]:
    """Medians of both, measured in turns: whatever else the machine does meets both alike."""
    mine, other = [], []
    for _ in range(pairs):
        other.append(await baseline())
        mine.append(await ours())
    return statistics.median(mine), statistics.median(other)


def report(name: str, value: float, unit: str, baseline: float | None = None, ratio: float | None = None, **more: Any) -> None:
    """Print one line of JSON and append it to bench.jsonl. `ratio` defaults to value / baseline."""
    if ratio is None and baseline:
        ratio = value / baseline
    line = {
        "name": name, "value": _round(value), "unit": unit, "baseline": _round(baseline), "ratio": _round(ratio), **more,
    }  # fmt: skip
    text = json.dumps(line, ensure_ascii=False)
    print(text, flush=True)
    with RESULTS.open("a", encoding="utf-8") as file:
        file.write(json.dumps({**line, "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}, ensure_ascii=False) + "\n")


def cpu_ns(pid: int) -> int:
    """Nanoseconds of CPU a process with one thread (a database connection's) has taken so far; 0 where the system does not say."""
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0])
    except OSError:
        return 0


def _round(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.4g}")
