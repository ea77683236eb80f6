"""Killed at any moment, resumed, and the registry is what one uninterrupted run makes of the file."""

from __future__ import annotations

import asyncio
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from dancu.demo import messy
from dancu.kit import migrate, postgres
from tests.conftest import Database
from tests.importing.conftest import Registry, unwatched

ROOT = Path(__file__).resolve().parents[2]
ROWS = 600


@pytest.fixture(scope="module")
def own_cluster() -> Iterator[postgres.Cluster]:
    """A cluster that may be killed, with fsync on."""
    root = Path(tempfile.mkdtemp(prefix="dancu-k-", dir="/tmp"))
    root.chmod(0o755)
    found = postgres.locate(root / "d")
    postgres.create(found)
    postgres.start(found)
    postgres.ensure_database(found, "template")
    migrate.migrate(found.dsn("admin", "template"))
    try:
        yield found
    finally:
        postgres.remove(found)
        shutil.rmtree(root, ignore_errors=True)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("crash") / "so.csv"
    messy.write_residence_register(path, rows=ROWS)
    return path


def fresh(cluster: postgres.Cluster, name: str) -> Registry:
    with psycopg.connect(cluster.dsn("admin", "postgres"), autocommit=True) as conn:
        conn.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        conn.execute(f"CREATE DATABASE {name} TEMPLATE template STRATEGY file_copy")
        conn.execute(f"GRANT CONNECT ON DATABASE {name} TO dancu_import, dancu_worker, dancu_app, dancu_verify")
        conn.execute(f"GRANT TEMPORARY ON DATABASE {name} TO dancu_import")
    return unwatched(Registry(Database(cluster, name)))


def start(registry: Registry, file: Path, out: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.importing.crash_child", registry.database.dsn("import"), str(file),
         "residence-register", str(out)],
        cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"},
    )  # fmt: skip


def started_writing(registry: Registry, child: subprocess.Popen[bytes], after: int) -> None:
    """Wait until the run has committed beyond row `after`, or ended."""
    with psycopg.connect(registry.database.dsn("admin"), autocommit=True) as conn:
        while child.poll() is None:
            row = conn.execute("SELECT max(position) FROM population.import_run").fetchone()
            if row and row[0] is not None and row[0] > after:
                return
            time.sleep(0.005)


def ended(child: subprocess.Popen[bytes], out: Path) -> dict[str, Any]:
    """What the import said when it came to its end."""
    _, said = child.communicate(timeout=120)
    assert child.returncode == 0, said.decode()
    result: dict[str, Any] = json.loads(out.read_text())
    return result


@pytest.fixture(scope="module")
async def whole(own_cluster: postgres.Cluster, file: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What an uninterrupted run makes."""
    registry = fresh(own_cluster, "whole")
    out = tmp_path_factory.mktemp("whole") / "r.json"
    result = ended(start(registry, file, out), out)
    return result, await registry.snapshot(), file.with_name("so.rejects.csv").read_bytes()


async def crash(kind: str, seed: int, cluster: postgres.Cluster, file: Path, whole: Any, tmp_path: Path) -> None:
    """A killed import is started again by hand; one whose server is killed waits for it and goes on by itself."""
    rng = random.Random(seed)
    registry = fresh(cluster, "crashed")
    out = tmp_path / "r.json"
    child = start(registry, file, out)
    for _ in range(rng.randrange(1, 4)):
        started_writing(registry, child, rng.randrange(0, ROWS // 2))
        # Short: on a quiet machine the rest of the file is written in a fraction of a second, and a finished run is not a crashed one.
        await asyncio.sleep(rng.random() * 0.05)
        if kind == "application":
            child.kill()
            child.wait()
            child = start(registry, file, out)
        else:
            pid = cluster.pid()
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            _restart(cluster)
    result = ended(child, out)
    wanted, snapshot, rejects = whole
    for key in ("inserted", "updated", "unchanged", "needs_review", "rejected", "reasons", "findings"):
        assert result[key] == wanted[key], key
    found = await registry.snapshot()
    for table, content in snapshot.items():
        assert found[table] == content, table
    assert Path(result["rejects_file"]).read_bytes() == rejects


def _restart(cluster: postgres.Cluster) -> None:
    """Start the server again; its orphans need a moment to notice that the postmaster is gone."""
    for _ in range(100):
        try:
            postgres.start(cluster)
            return
        except Exception:
            time.sleep(0.1)
    raise AssertionError("the server did not come back")


@pytest.mark.parametrize("seed", range(3))
async def test_application_killed(
    seed: int, own_cluster: postgres.Cluster, file: Path, whole: Any, tmp_path: Path
) -> None:
    await crash("application", seed, own_cluster, file, whole, tmp_path)


@pytest.mark.parametrize("seed", range(3))
async def test_database_killed(
    seed: int, own_cluster: postgres.Cluster, file: Path, whole: Any, tmp_path: Path
) -> None:
    await crash("database", seed, own_cluster, file, whole, tmp_path)


@pytest.mark.deep
@pytest.mark.parametrize("seed", range(3, 53))
@pytest.mark.parametrize("kind", ["application", "database"])
async def test_killed_fifty_times(
    kind: str, seed: int, own_cluster: postgres.Cluster, file: Path, whole: Any, tmp_path: Path
) -> None:
    await crash(kind, seed, own_cluster, file, whole, tmp_path)
