"""Starting the services beside a demonstration, once its own pages answer, and stopping them with it."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from dancu.demo.relying_parties import config, registration, stock
from dancu.demo.relying_parties.config import ELECTRICITY, SERVICES
from dancu.kit.db import Conn

_GRACE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Running:
    """A service that was started: what it is called, where it answers."""

    name: str
    name_en: str
    url: str
    child: subprocess.Popen[bytes]


async def register(conn: Conn, data: Path, issuer: str, ports: tuple[int, int]) -> dict[str, Path]:
    """Service -> its folder, everything there that it needs to run at these ports. `conn` is of the application's role."""
    homes = {service: f"http://localhost:{port}" for service, port in zip(SERVICES, ports, strict=True)}
    await registration.register(conn, data, issuer, homes)
    stock.fill(config.folder_of(data, ELECTRICITY))
    return {service: config.folder_of(data, service) for service in SERVICES}


def start(folders: dict[str, Path]) -> list[Running]:
    """A process for each, once what `register` wrote is committed."""
    made = []
    for service, folder in folders.items():
        known, given = registration.SERVICES[service], config.read(folder)
        made.append(Running(known.name, known.name_en, given.home if given else "", _process(service, folder)))
    return made


def _process(service: str, folder: Path) -> subprocess.Popen[bytes]:
    """In a session of its own, so that the order of stopping stays the server's. Nothing of our settings goes along, and
    what it says has a file of its own."""
    command = [
        sys.executable, "-W", "ignore", "-m", "dancu.demo.relying_parties", service,
        "--folder", str(folder), "--parent", str(os.getpid()),
    ]  # fmt: skip
    env = {name: value for name, value in os.environ.items() if not name.startswith("DANCU_")}
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, env=env)


def stop(running: list[Running]) -> None:
    for one in running:
        with contextlib.suppress(ProcessLookupError):
            one.child.terminate()
    for one in running:
        try:
            one.child.wait(_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            one.child.kill()
            one.child.wait()
