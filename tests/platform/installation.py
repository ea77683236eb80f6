"""A whole installation as an operator has it: a data folder, the command line, the running server."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from dancu.kit import postgres

ROOT = Path(__file__).resolve().parents[2]
READY = re.compile(r"^ready http://localhost:(\d+)$", re.MULTILINE)
PEOPLE = 300


def environment(**more: str) -> dict[str, str]:
    """Ours without what a developer set, so that the commands see a plain machine."""
    env = {key: value for key, value in os.environ.items() if not key.startswith("DANCU_")}
    return env | {"PYTHONPATH": str(ROOT / "src"), **more}


@dataclass
class Answer:
    """What a command said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.out.split("\n") if line]


def dancu(*args: str, stdin: bytes | str = b"", env: dict[str, str] | None = None, timeout: float = 120) -> Answer:
    """One command in a process of its own, as a script calls it."""
    given = stdin.encode() if isinstance(stdin, str) else stdin
    done = subprocess.run(
        [sys.executable, "-m", "dancu", *args], input=given, capture_output=True, env=environment(**env or {}), timeout=timeout,
        cwd="/", check=False,
    )  # fmt: skip
    return Answer(done.returncode, done.stdout.decode(), done.stderr.decode())


class Process:
    """`dancu serve` or `dancu demo` running; its output goes to a file that can be read while it runs."""

    def __init__(self, log: Path, *args: str, env: dict[str, str] | None = None, **popen: Any) -> None:
        self.log = log
        self._out = log.open("ab")
        self._from = log.stat().st_size
        self.child = subprocess.Popen(
            [sys.executable, "-m", "dancu", *args], stdin=subprocess.DEVNULL, stdout=self._out, stderr=self._out,
            env=environment(**env or {}), cwd="/", **popen,
        )  # fmt: skip

    @property
    def output(self) -> str:
        return self.log.read_bytes()[self._from :].decode(errors="replace")

    def port(self, timeout: float = 150) -> int:
        """Wait for the ready line."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if found := READY.search(self.output):
                return int(found[1])
            if self.child.poll() is not None:
                break
            time.sleep(0.05)
        raise AssertionError(f"not ready (exit {self.child.poll()}):\n{self.output[-3000:]}")

    def end(self, number: signal.Signals = signal.SIGTERM, timeout: float = 45) -> int:
        if self.child.poll() is None:
            self.child.send_signal(number)
        code = self.child.wait(timeout)
        self._out.close()
        return code


@dataclass
class Installation:
    """A data folder that only this test uses."""

    data: Path
    log: Path
    started: list[Process] = field(default_factory=list)

    @property
    def cluster(self) -> postgres.Cluster:
        return postgres.locate(self.data)

    def dancu(self, *args: str, **more: Any) -> Answer:
        return dancu(*args, "--data", str(self.data), **more)

    def start(self, command: str = "serve", *args: str, env: dict[str, str] | None = None, port: int = 0) -> Process:
        more = {"DANCU_DEMO": "true", "DANCU_LOG_FILE": str(self.log.with_suffix(".app")), **(env or {})}
        process = Process(self.log, command, "--data", str(self.data), "--port", str(port), "--no-browser", *args, env=more)
        self.started.append(process)
        return process

    @contextlib.contextmanager
    def serving(self, **more: Any) -> Iterator[int]:
        """The port of a running server, stopped at the end."""
        process = self.start(**more)
        try:
            yield process.port()
        finally:
            process.end()

    @contextlib.contextmanager
    def database(self) -> Iterator[postgres.Cluster]:
        """Only the database running, for commands that need no server."""
        ours = postgres.start(self.cluster)
        try:
            yield self.cluster
        finally:
            if ours:
                postgres.stop(self.cluster)

    def token(self, persona: str = "registrar") -> str:
        """A session of a persona as a program's bearer token (the database must run)."""
        from dancu.access import service as access

        async def make() -> str:
            async with await psycopg.AsyncConnection.connect(self.cluster.dsn("app")) as conn:
                token, _ = await access.enter_as(conn, persona, demo=True)
                return token

        with ThreadPoolExecutor(1) as pool:  # a loop of its own, wherever the test runs
            return pool.submit(lambda: asyncio.run(make())).result()

    def numbers(self) -> dict[str, int]:
        """Personal ID number -> person key, of everybody (the database must run)."""
        with psycopg.connect(self.cluster.dsn("admin")) as conn:
            return dict(
                conn.execute(
                    "SELECT number, person_key FROM population.directory WHERE kind = 'personal_id' AND state = 'active'"
                ).fetchall()
            )

    def processes(self) -> list[str]:
        """What still runs with this data folder on its command line, or in it."""
        return running_with(str(self.data))

    def clean_up(self) -> None:
        for process in self.started:
            if process.child.poll() is None:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.end(timeout=20)
            if process.child.poll() is None:
                process.end(signal.SIGKILL)
        postgres.remove(self.cluster)
        shutil.rmtree(self.data.parent, ignore_errors=True)


def running_with(text: str) -> list[str]:
    """Command lines of processes that name `text`, this one apart."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
            if text in line and int(entry.name) != os.getpid():
                found.append(line)
    return found


def new_folder() -> Path:
    """A folder that the database's own user can reach, unlike pytest's."""
    folder = Path(tempfile.mkdtemp(prefix="dancu-p-", dir="/tmp"))
    folder.chmod(0o755)
    return folder


def copy_of(data: Path) -> Installation:
    """A copy of a data folder at rest, owners kept."""
    folder = new_folder()
    subprocess.run(["cp", "-a", str(data), str(folder / "data")], check=True)
    return Installation(folder / "data", folder / "server.log")
