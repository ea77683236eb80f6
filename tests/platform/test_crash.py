"""Kills of application and database while people are being looked up: nothing is shown without evidence, nothing is in
the log twice, and the log verifies."""

from __future__ import annotations

import http.client
import itertools
import json
import os
import random
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import psycopg
import pytest

from dancu.kit import postgres
from dancu.kit.ports import free_port
from tests.platform.installation import Installation

CLIENTS = 8
OURS = "c0a5adef"  # the request ids of these tests begin so
_FREE = {"DANCU_RATE_PER_ADDRESS": "100000", "DANCU_RATE_PER_SESSION": "100000"}


@dataclass
class Clients:
    """Programs that look people up without pause and remember every answer they were given."""

    port: int
    token: str
    numbers: dict[str, int]
    answers: dict[str, tuple[int, int]] = field(default_factory=dict)  # request id -> (entry id, person key)
    asked: set[str] = field(default_factory=set)
    refused: set[int] = field(default_factory=set)
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        self._threads = [threading.Thread(target=self._work, args=(n,), daemon=True) for n in range(CLIENTS)]
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        self.stop.set()
        for thread in self._threads:
            thread.join(30)

    def _work(self, worker: int) -> None:
        choice = random.Random(worker)
        numbers = list(self.numbers)
        connection: http.client.HTTPConnection | None = None
        for n in itertools.count():
            if self.stop.is_set():
                return
            request_id = f"{OURS}-{worker:04x}-4abc-8abc-face{n:08x}"
            number = choice.choice(numbers)
            body = json.dumps({"number": number, "purpose": "identity_check", "legal_basis": "26/2023/QH15"})
            headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json", "X-Request-Id": request_id}
            try:
                connection = connection or http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
                self.asked.add(request_id)
                connection.request("POST", "/api/v1/persons/find", body, headers)
                response = connection.getresponse()
                text = response.read()
            except (OSError, http.client.HTTPException):
                if connection is not None:
                    connection.close()
                connection = None
                time.sleep(0.05)
                continue
            if response.status == 200:
                said = json.loads(text)
                assert said["person"]["personal_id"] == number
                self.answers[request_id] = (said["entry_id"], self.numbers[number])
            else:
                assert b"049" not in text.replace(request_id.encode(), b"")  # no number of anybody in a refusal
                self.refused.add(response.status)
                time.sleep(0.05)


def wait_for(condition: Callable[[], bool], what: str, seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def crash(place: Installation, kills: int) -> Clients:
    """Alternate kills of the application and of the database, answers in between; everything stopped at the end."""
    choice = random.Random(kills)
    port = free_port()
    server = place.start(port=port, env=_FREE)
    server.port()
    clients = Clients(port, place.token(), place.numbers())
    clients.run()
    try:
        for n in range(kills):
            before = len(clients.answers)
            wait_for(lambda before=before: len(clients.answers) > before + 50, f"no answers before kill {n}, {len(clients.answers)} so far, refused {sorted(clients.refused)}\n{server.output[-1500:]}")
            time.sleep(choice.random())
            if n % 2:
                pid = place.cluster.pid()
                assert pid is not None
                os.kill(pid, signal.SIGKILL)  # the server starts it again by itself
            else:
                server.end(signal.SIGKILL)
                server = place.start(port=port, env=_FREE)
                server.port()
        before = len(clients.answers)
        wait_for(lambda: len(clients.answers) > before + 50, f"no answers after the last kill, refused {sorted(clients.refused)}\n{server.output[-1500:]}")
    finally:
        clients.end()
    assert server.end() == 0
    return clients


def check(place: Installation, clients: Clients) -> None:
    ours = postgres.start(place.cluster)
    try:
        with psycopg.connect(place.cluster.dsn("admin")) as conn:
            logged: dict[str, tuple[int, int]] = {}
            for request_id, entry_id, subject, action in conn.execute(
                "SELECT request_id, entry_id, subject, action FROM audit.pending WHERE request_id LIKE 'c0a5adef-%'"
                " UNION ALL SELECT request_id, entry_id, subject, action FROM audit.content WHERE request_id LIKE 'c0a5adef-%'"
            ):
                assert request_id not in logged, "one look is in the log twice"
                assert action == "read"
                logged[request_id] = (entry_id, subject)
        lost = {one for one, answer in clients.answers.items() if logged.get(one) != answer}
        assert lost == set(), f"{len(lost)} of {len(clients.answers)} answers have no entry"
        assert set(logged) <= clients.asked
        found = place.dancu("audit", "verify", "--facts", "--json", timeout=300)
        assert (found.code, found.json["ok"]) == (0, True), found.out[:2000]
    finally:
        if ours:
            postgres.stop(place.cluster)


def test_five_kills_lose_no_evidence(installation: Installation) -> None:
    clients = crash(installation, 5)
    assert clients.refused <= {429, 500, 503}
    assert 500 not in clients.refused
    check(installation, clients)


@pytest.mark.deep
@pytest.mark.timeout(3600)
def test_fifty_kills_lose_no_evidence(make_installation: Callable[[], Installation]) -> None:
    place = make_installation()
    clients = crash(place, 50)
    check(place, clients)


def test_the_check_finds_an_answer_without_its_entry(installation: Installation) -> None:
    """The test above can fail: an answer nobody logged is found."""
    made_up = Clients(0, "", {}, answers={"crash-x-1": (10**12, 1)}, asked={"crash-x-1"})
    with pytest.raises(AssertionError):
        check(installation, made_up)
