"""One demonstration is filled per test run, by `dancu demo` itself; each test module works on a copy of its data."""

from __future__ import annotations

import fcntl
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.platform.installation import PEOPLE, Installation, copy_of, new_folder


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[Path]:
    """The data folder of a filled demonstration at rest, shared by all processes of this run. Beside it stand
    `first.json` (what the first run said) and its log."""
    shared = tmp_path_factory.getbasetemp()
    shared = shared if worker_id == "master" else shared.parent
    with (shared / "platform.lock").open("a+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        note = shared / "platform.json"
        if not note.exists():
            note.write_text(json.dumps(str(_fill())))
        folder = Path(json.loads(note.read_text()))
        (folder / f"user-{worker_id}").touch()
    yield folder / "data"
    # Fixtures of the session end when no test is left for their process: the last one out clears up.
    with (shared / "platform.lock").open("a+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        (folder / f"user-{worker_id}").unlink()
        if not list(folder.glob("user-*")):
            shutil.rmtree(folder, ignore_errors=True)


def _fill() -> Path:
    folder = new_folder()
    place = Installation(folder / "data", folder / "first.log")
    process = place.start("demo", "--people", str(PEOPLE))
    try:
        port = process.port()
    finally:  # too slow a machine must not be left with a demonstration running
        code = process.end()
    (folder / "first.json").write_text(
        json.dumps({"port": port, "code": code, "output": process.output, "left": place.processes()})
    )
    return folder


@pytest.fixture(scope="module")
def make_installation(filled: Path) -> Iterator[Callable[[], Installation]]:
    made: list[Installation] = []

    def make() -> Installation:
        made.append(copy_of(filled))
        return made[-1]

    yield make
    for one in made:
        one.clean_up()


@pytest.fixture(scope="module")
def installation(make_installation: Callable[[], Installation]) -> Installation:
    """A copy of the demonstration for this module, at rest."""
    return make_installation()
