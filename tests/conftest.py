"""Fixtures on a real PostgreSQL: one cluster per test process, migrated templates, a fresh copy per module."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import shutil
import signal
import subprocess
import tempfile
import types
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import jinja2
import psycopg
import pytest
import pytest_asyncio
from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers
from jinja2.bccache import Bucket

from dancu.access import service as access
from dancu.kit import migrate, postgres
from dancu.territory import service as territory
from tests.platform.installation import PEOPLE, Installation, new_folder

TEMPLATE, OFFICERS = "dancu_template", "dancu_officers"
JOURNEYS = "tests/journeys/"
# Files whose few tests take long begin early, pure ones of a moment stand last: two processes end together then.
LONG, SHORT = (JOURNEYS, "tests/platform/", "tests/exchange/test_client.py", "tests/population/", "tests/importing/"), "tests/kernel/"
CAPTURED = 2_000  # characters


def pytest_configure(config: pytest.Config) -> None:
    """Examples are the same in every run of the suite, so that it fails for what was changed; `-m deep` looks for new ones.
    A busy machine makes slow examples; that is no fault of what is tested. Hypothesis draws constants from our modules too,
    as many as its process happens to have loaded by then: other examples in every worker, so none are taken."""
    settings.register_profile("same", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    if config.getoption("markexpr") != "deep":
        settings.load_profile("same")
        providers.is_local_module_file = lambda path: False  # type: ignore[attr-defined]
    pages: Any = import_module("dancu.kit.web.render")  # the package has a function of this name
    pages.Environment = partial(pages.Environment, bytecode_cache=_Compiled())


class _Compiled(jinja2.BytecodeCache):
    """What templates compile to, by their place and text. Tests make hundreds of applications, each of which loads every template:
    compiling them again took a third of the time of tests of pages."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], types.CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._kept.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        if bucket.code is not None:
            self._kept[bucket.key, bucket.checksum] = bucket.code


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Journeys first: they are the longest piece of work for one process, and the others fill up beside it."""

    def turn(item: pytest.Item) -> int:
        return next((n for n, place in enumerate(LONG) if item.nodeid.startswith(place)), len(LONG) + item.nodeid.startswith(SHORT))

    items.sort(key=turn)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Any:
    """Of what a failed test logged the end is enough: hundreds of lines would bury its reason."""
    report = yield
    report.sections = [(name, text[-CAPTURED:]) for name, text in report.sections]
    return report


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Journeys stay together in one process, which needs one site and one browser for them. Files are given out in our order;
    by themselves those of most tests would go first, and those of few but long tests last."""
    from xdist.scheduler import LoadFileScheduling

    class JourneysTogether(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return JOURNEYS if nodeid.startswith(JOURNEYS) else super()._split_scope(nodeid)

    config.option.loadscopereorder = False
    return JourneysTogether(config, log) if config.getoption("dist") == "loadfile" else None


@pytest.fixture(scope="session")
def cluster() -> Iterator[postgres.Cluster]:
    """A running cluster with a migrated template database; fsync and whole pages in its log off, since no test here pulls
    the plug, and no autovacuum, which would go round the hundreds of databases of a run all the time."""
    root = Path(tempfile.mkdtemp(prefix="dancu-t-", dir="/tmp"))
    root.chmod(0o755)
    found = postgres.locate(root / "d")
    postgres.create(found)
    careless = ("fsync=off", "full_page_writes=off", "autovacuum=off", "max_connections=120")
    postgres.start(found, options=tuple(word for setting in careless for word in ("-c", setting)))
    try:
        postgres.ensure_database(found, TEMPLATE)
        migrate.migrate(found.dsn("admin", TEMPLATE))
        yield found
    finally:
        # Hundreds of databases: a third of a minute that nobody has to wait for.
        postgres.stop(found, mode=signal.SIGQUIT)
        subprocess.Popen(["rm", "-rf", str(root)], start_new_session=True)


@dataclass(frozen=True)
class Database:
    """One throw-away database: `dsn(role)` for each of admin, app, worker, import, verify."""

    cluster: postgres.Cluster
    name: str

    def dsn(self, role: str = "app") -> str:
        return self.cluster.dsn(role, self.name)


def _copy(cluster: postgres.Cluster, name: str, template: str) -> None:
    with psycopg.connect(cluster.dsn("admin", "postgres"), autocommit=True) as conn:
        # Copying files costs half of what writing each page to the log does.
        conn.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        # Grants on a database are not copied with its template, nor is what PUBLIC lost.
        conn.execute(f"REVOKE ALL ON DATABASE {name} FROM PUBLIC")
        conn.execute(f"GRANT CONNECT ON DATABASE {name} TO dancu_app, dancu_worker, dancu_import, dancu_verify, dancu_biometric")
        conn.execute(f"GRANT TEMPORARY ON DATABASE {name} TO dancu_import")


@pytest.fixture(scope="session")
def make_database(cluster: postgres.Cluster) -> Callable[..., Database]:
    """Databases go with their cluster: dropping hundreds of them one by one took minutes."""

    def make(template: str = TEMPLATE) -> Database:
        name = f"t_{uuid.uuid4().hex[:12]}"
        _copy(cluster, name, template)
        return Database(cluster, name)

    return make


@pytest.fixture(scope="session")
def officers_template(cluster: postgres.Cluster) -> str:
    """A template with the demonstration's catalogue, officers and personas: made once, for a hundred modules begin with them."""

    async def fill() -> None:
        async with await psycopg.AsyncConnection.connect(cluster.dsn("admin", OFFICERS)) as conn:
            await territory.load(conn)
            await access.mark_demo(conn)
            await access.sync_catalogue(conn)
            await access.seed_demo(conn, citizen_key=1, os_user="tester")
            # No sequencer runs here, and the log would refuse to record once an entry has waited for a minute.
            await conn.execute("UPDATE audit.sequencer SET caught_up_at = now() + interval '1 day'")

    _copy(cluster, OFFICERS, TEMPLATE)
    with ThreadPoolExecutor(1) as pool:  # a loop of its own, wherever the first test that asks runs
        pool.submit(lambda: asyncio.run(fill())).result()
    return OFFICERS


@pytest.fixture(scope="module")
def with_officers() -> None:
    """Who asks for this finds the demonstration's catalogue, officers and personas in the module's `database`."""


@pytest.fixture(scope="module")
def database(request: pytest.FixtureRequest, make_database: Callable[..., Database]) -> Database:
    """A migrated database shared by one test module; with officers where one of its tests asks for them."""
    names = (getattr(item, "fixturenames", ()) for item in request.session.items if item.path == request.path)
    if any("with_officers" in asked for asked in names):
        return make_database(request.getfixturevalue("officers_template"))
    return make_database()


def _connection(role: str):  # type: ignore[no-untyped-def]
    @pytest_asyncio.fixture
    async def fixture(database: Database) -> AsyncIterator[psycopg.AsyncConnection]:
        conn = await psycopg.AsyncConnection.connect(database.dsn(role))
        try:
            yield conn
        finally:
            await conn.rollback()
            await conn.close()

    return fixture


conn = _connection("app")
admin = _connection("admin")
worker = _connection("worker")
importer = _connection("import")
verifier = _connection("verify")


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[Path]:
    """The data folder of a demonstration filled by `dancu demo` itself, at rest: one for all processes of this run, whose
    tests work on copies. Beside it stand `first.json` (what the first run said) and its log."""
    shared = tmp_path_factory.getbasetemp()
    shared = shared if worker_id == "master" else shared.parent
    with (shared / "filled.lock").open("a+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        note = shared / "filled.json"
        if not note.exists():
            note.write_text(json.dumps(str(_fill())))
        folder = Path(json.loads(note.read_text()))
        (folder / f"user-{worker_id}").touch()
    yield folder / "data"
    # Fixtures of the session end when no test is left for their process: the last one out clears up.
    with (shared / "filled.lock").open("a+") as lock:
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


@pytest.fixture(autouse=True, scope="session")
def _no_outside_settings() -> None:
    """A developer's own environment must not leak into tests."""
    for name in [n for n in os.environ if n.startswith("DANCU_")]:
        del os.environ[name]
