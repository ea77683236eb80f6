"""A running demonstration for the benchmarks that need people in it."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Running:
    """A demonstration that answers: its data folder, address, the pid of the application, seconds it took."""

    data: Path
    url: str
    pid: int
    seconds: float

    def dsn(self, role: str = "app") -> str:
        from dancu.kit import postgres

        return postgres.locate(self.data).dsn(role)

    def token(self, persona: str = "registrar") -> str:
        """A session of a persona, as a bearer token."""
        from dancu.access import service as access

        async def make() -> str:
            import psycopg

            async with await psycopg.AsyncConnection.connect(self.dsn("app")) as conn:
                token, _ = await access.enter_as(conn, persona, demo=True)
                return token

        return asyncio.run(make())


@contextmanager
def province(people: int) -> Iterator[Running]:
    """`dancu demo` with `people`, in a folder that is forgotten at the end. DANCU_BENCH_DATA keeps and reuses one."""
    kept = os.environ.get("DANCU_BENCH_DATA")
    root = Path(kept) if kept else Path(tempfile.mkdtemp(prefix="dancu-bench-", dir="/tmp"))
    root.mkdir(exist_ok=True)
    root.chmod(0o755)
    log = (root / "server.log").open("wb")
    began = time.monotonic()
    env = {**os.environ, "DANCU_RATE_PER_ADDRESS": "0", "DANCU_RATE_PER_SESSION": "0", "DANCU_LOG_LEVEL": "INFO"}
    child = subprocess.Popen(
        [sys.executable, "-m", "dancu", "demo", "--people", str(people), "--port", "0", "--data", str(root / "data"), "--no-browser"],
        stdout=subprocess.PIPE, stderr=log, text=True, env=env,
    )  # fmt: skip
    try:
        url = ""
        assert child.stdout is not None
        for line in child.stdout:
            if line.startswith("ready "):
                url = line.split()[1]
                break
        if not url:
            raise SystemExit(f"the demonstration did not start; see {root / 'server.log'}")
        yield Running(root / "data", url, child.pid, time.monotonic() - began)
    finally:
        child.send_signal(signal.SIGTERM)
        try:
            child.wait(30)
        except subprocess.TimeoutExpired:
            child.kill()
        log.close()
        if not kept:
            subprocess.run([sys.executable, "-m", "dancu", "demo", "--forget", "--data", str(root / "data")], check=False, stdout=subprocess.DEVNULL)
            shutil.rmtree(root, ignore_errors=True)


def cpu_seconds(pids: list[int]) -> float:
    """User and system time of these processes and their threads so far."""
    ticks = os.sysconf("SC_CLK_TCK")
    total = 0.0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        total += (int(fields[11]) + int(fields[12])) / ticks
    return total


def children_of(pid: int) -> list[int]:
    """Direct children, by /proc."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1]) == pid:
                    found.append(int(entry.name))
            except (OSError, IndexError):
                continue
    return found


def pss_kb(pid: int) -> int:
    """Proportional set size: shared pages are counted once over all who share them."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:"))
