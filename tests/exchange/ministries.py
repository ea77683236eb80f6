"""The simulated ministries as a process, and the ways to them, for tests."""

from __future__ import annotations

import contextlib
import json
import socket
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dancu.demo.simulators import launch, stock
from dancu.demo.simulators.prefixes import PREFIXES
from dancu.exchange.connectors.addresses import Address
from dancu.exchange.connectors.catalogue import connectors
from dancu.exchange.connectors.client import Lines
from dancu.kit.outbound import rules
from dancu.kit.ports import free_port

KEY = b"a-key-of-the-tests"
HOA, MINH, NOBODY = "049190012345", "049087004512", "049000000000"
DESKS = {"social_insurance": "DEMO.BHXH", "health_insurance": "DEMO.BHXH", "driving_licence": "DEMO.CSGT", "vehicles": "DEMO.CSGT"}


@dataclass
class Ministries:
    port: int
    folder: Path

    def faults(self, code: str, *faults: str) -> None:
        self._post(f"/admin/{code}/faults", list(faults))

    def mend(self, code: str, number: str, **changes: str) -> None:
        self._post(f"/admin/{code}/record/{number}/mend", {name.replace("__", "."): value for name, value in changes.items()})

    def record(self, code: str, number: str) -> Any:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/admin/{code}/record/{number}") as answer:
            return json.loads(answer.read())

    def _post(self, path: str, body: Any) -> None:
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", json.dumps(body).encode(), {"content-type": "application/json"})
        urllib.request.urlopen(request).close()

    def lines(self, **limits: Any) -> Lines:
        """The ways to all of them, with other limits."""
        known = {code: replace(one, limits=replace(one.limits, **limits)) for code, one in connectors().items()}
        here = {code: Address(f"http://127.0.0.1:{self.port}/{PREFIXES[code]}", KEY, DESKS.get(code, "")) for code in known}
        return Lines(known, here, rules(f"inside:127.0.0.1:{self.port}"))


@contextlib.contextmanager
def ministries(folder: Path, people: int = 60) -> Iterator[Ministries]:
    port = free_port()
    child = launch.start(folder, port, people, dict.fromkeys(PREFIXES, KEY))
    made = Ministries(port, launch.folder_of(folder))
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port), 1).close()
                if stock.stocked(made.folder):
                    break
            assert child.poll() is None, (made.folder / "log").read_text("utf-8")
            time.sleep(0.1)
        else:
            raise AssertionError("the ministries are not ready: " + (made.folder / "log").read_text("utf-8"))
        yield made
    finally:
        launch.stop(child)
