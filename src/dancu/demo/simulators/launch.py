"""Starting the simulators beside a demonstration, and stopping them with it."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

_GRACE_SECONDS = 5.0


def folder_of(data: Path) -> Path:
    return data / "simulators"


def start(data: Path, port: int, people: int, keys: dict[str, bytes]) -> subprocess.Popen[bytes]:
    """One process for all of them. `keys`: what Dancu's connectors will show; the ministries are given their digests, as
    they would be when a connection is agreed. Nothing of our settings goes along."""
    folder = folder_of(data)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    given = {"port": port, "people": people, "keys": {code: hashlib.sha256(key).hexdigest() for code, key in keys.items()}}
    (folder / "config.json").write_text(json.dumps(given), "utf-8")
    command = [sys.executable, "-W", "ignore", "-m", "dancu.demo.simulators", "--folder", str(folder), "--parent", str(os.getpid())]
    env = {name: value for name, value in os.environ.items() if not name.startswith("DANCU_")}
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, env=env)


def stop(child: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        child.terminate()
    try:
        child.wait(_GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
