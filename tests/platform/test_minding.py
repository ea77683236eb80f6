"""The worker is killed: it comes back by itself, readiness says so meanwhile, and its figures are in the metrics."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

from dancu.cli.minding import Worker
from tests.platform.installation import Installation
from tests.platform.test_crash import wait_for


def worker_pid(place: Installation) -> int | None:
    """Of the worker process that this installation's server minds."""
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
            state = (entry / "stat").read_text().rsplit(")", 1)[1].split()[0]
        except OSError:
            continue
        if b"worker" in words and str(place.data).encode() in words and state != "Z":
            return int(entry.name)
    return None


def figures(base: str) -> dict[str, float]:
    """Of its metrics, whose labels say nothing of people: no number as long as anybody's."""
    text = requests.get(f"{base}/metrics", headers={"Authorization": "Bearer t"}, timeout=20).text
    assert not re.search(r"\d{9,}(?!\.|e)", re.sub(r" [0-9.e+-]+$", "", text, flags=re.MULTILINE))
    lines = text.splitlines()
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if not line.startswith("#"))}


def test_a_killed_worker_is_started_again(installation: Installation) -> None:
    with installation.serving(env={"DANCU_METRICS_TOKEN": "t"}) as port:
        base = f"http://localhost:{port}"
        before = worker_pid(installation)
        assert before is not None
        ready = requests.get(f"{base}/readyz", timeout=20).json()
        assert (ready["ready"], ready["degraded"], ready["checks"]["worker"]) == (True, False, "ok")
        counted = figures(base)
        assert counted["dancu_worker_up"] == 1
        assert counted["dancu_audit_entries_total"] > 300
        assert counted["dancu_audit_oldest_waiting_seconds"] < 30
        wait_for(lambda: figures(base)["dancu_audit_sequencer_silent_seconds"] < 15, "the sequencer does not beat")
        assert "dancu_audit_checkpoint_age_seconds" in counted
        assert counted["dancu_events_total"] > 0

        os.kill(before, signal.SIGKILL)
        told: set[str] = set()
        wait_for(lambda: told.add(requests.get(f"{base}/readyz", timeout=20).json()["checks"]["worker"]) or "degraded" in told, "never degraded", 10)
        wait_for(lambda: worker_pid(installation) not in (None, before), "no new worker")
        wait_for(lambda: requests.get(f"{base}/readyz", timeout=20).json()["degraded"] is False, "stays degraded")

        token = installation.token()
        body = {"number": min(installation.numbers()), "purpose": "identity_check"}
        looked = requests.post(f"{base}/api/v1/persons/find", json=body, headers={"Authorization": f"Bearer {token}"}, timeout=20)
        assert looked.status_code == 200
        wait_for(lambda: figures(base)["dancu_audit_entries_total"] > counted["dancu_audit_entries_total"], "nothing is sequenced")
        after = figures(base)
        assert after["dancu_worker_starts_total"] == counted["dancu_worker_starts_total"] + 1
    log = installation.log.with_suffix(".app").read_text()
    lines = [json.loads(line) for line in log.splitlines() if "starting it again" in line]
    assert [(line["event"], line["level"], line["exit"]) for line in lines] == [("worker ended, starting it again", "warning", -9)]


def _sleeper(seconds: float) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", f"import time; time.sleep({seconds})"])


async def test_a_worker_that_cannot_start_ends_the_program() -> None:
    stop, started = asyncio.Event(), []

    def start() -> subprocess.Popen[bytes]:
        started.append(time.monotonic())
        return _sleeper(0)

    worker = Worker(start, pauses=(0.01, 0.02), in_a_row=3)
    await asyncio.wait_for(worker.mind(stop), 30)
    assert stop.is_set()
    assert len(started) == 3
    assert worker.gave_up is not None
    assert worker.gave_up.code == "serve.worker"
    assert not worker.alive()


async def test_pauses_grow_and_a_worker_that_lived_begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    from dancu.cli import minding

    paused: list[float] = []
    real_sleep = asyncio.sleep

    async def sleep(seconds: float) -> None:
        if seconds != minding._LOOK_SECONDS:
            paused.append(seconds)
        await real_sleep(0.001)

    monkeypatch.setattr(minding.asyncio, "sleep", sleep)
    lives = iter([0.0] * 7 + [99.0, 0.0, 0.0])
    worker = Worker(lambda: _sleeper(0))
    monkeypatch.setattr(worker, "_lived", lambda: next(lives))
    with pytest.raises(RuntimeError):
        await asyncio.wait_for(worker.mind(asyncio.Event()), 60)
    assert paused == [1, 2, 4, 8, 16, 30, 30, 1, 2, 4]


def test_a_log_that_is_not_sequenced_is_said_in_words(installation: Installation) -> None:
    """Without a worker, and with an entry that has waited over a minute, nothing is shown; that is no mistake of ours."""
    import psycopg

    with installation.database() as cluster, psycopg.connect(cluster.dsn("admin"), autocommit=True) as conn:
        conn.execute("UPDATE audit.sequencer SET caught_up_at = clock_timestamp() - interval '2 minutes'")
        number = min(installation.numbers())
        first = installation.dancu("person", "show", number, "--json")
        assert first.code == 0, first.out
        conn.execute("UPDATE audit.pending SET at = at - interval '2 minutes'")
        refused = installation.dancu("person", "show", number, "--json")
    assert (refused.code, refused.json["error"]) == (1, "audit.not_sequenced")
