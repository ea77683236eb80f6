"""A database that goes away under an import: waited for, for a while, and the run goes on where it was."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from dancu.demo import messy
from dancu.kernel.errors import Conflict, Unavailable
from dancu.population.importing import patience
from dancu.population.importing.patience import patiently
from tests.importing.conftest import Registry

LOST = psycopg.OperationalError("server closed the connection unexpectedly")
RUNNING = Conflict("import.running", "x")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Pauses take no time; every one is noted."""
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(patience.asyncio, "sleep", sleep)
    monkeypatch.setattr(patience.time, "monotonic", lambda: sum(slept))
    return slept


def attempts(*outcomes: BaseException | int) -> tuple[Callable[[], Any], Callable[[], int]]:
    """An attempt per outcome: a failure, or the position it reaches before the connection is lost; then it is done."""
    left, reached = list(outcomes), [0]

    async def attempt() -> str:
        if not left:
            return "done"
        outcome = left.pop(0)
        if isinstance(outcome, int):
            reached[0] = outcome
            raise LOST
        raise outcome

    return attempt, lambda: reached[0]


async def test_waits_and_goes_on(clock: list[float]) -> None:
    told: list[float] = []
    lost = [LOST, psycopg.errors.CannotConnectNow(), psycopg.InterfaceError("closed"), Unavailable("db.not_running", "x"), RUNNING]
    assert await patiently(*attempts(*lost), patience=60, waiting=told.append) == "done"
    assert told == [60]  # once for the whole outage
    assert clock == [0.2, 0.5, 1.0, 2.0, 2.0]


async def test_gives_up_with_a_sentence(clock: list[float]) -> None:
    with pytest.raises(Unavailable) as gone:
        await patiently(*attempts(*[LOST] * 100), patience=10, waiting=lambda _: None)
    assert gone.value.code == "import.database_gone"
    assert 10 <= sum(clock) < 13


async def test_rows_that_were_written_make_a_new_outage(clock: list[float]) -> None:
    told: list[float] = []
    assert await patiently(*attempts(*range(20)), patience=2, waiting=told.append) == "done"
    assert len(told) == 20
    assert set(clock) == {0.2}


@pytest.mark.parametrize("error", [RUNNING, psycopg.errors.QueryCanceled(), psycopg.errors.DiskFull(), ValueError(), Unavailable("x", "x")])
async def test_other_failures_are_raised_at_once(clock: list[float], error: Exception) -> None:
    with pytest.raises(type(error)):
        await patiently(*attempts(error), patience=60, waiting=lambda _: None)
    assert clock == []


async def test_a_run_cut_off_twice_is_the_run_that_was_not(
    registry: Registry, make_database: Callable[[], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "_PAUSES", (0.01,))
    path = tmp_path / "so.csv"
    messy.write_residence_register(path, rows=300)
    whole = Registry(make_database())
    wanted = await whole.run(path, "residence-register", chunk=60)
    cuts, refusals, outages = [0, 120], [LOST, LOST], list[float]()
    connect = registry.connect

    async def unsteady(role: str = "import") -> psycopg.AsyncConnection[Any]:
        if outages and refusals:
            raise refusals.pop()
        return await connect(role)

    def cut(progress: Any) -> None:
        if cuts and progress.position > cuts[0]:
            cuts.pop(0)
            with psycopg.connect(registry.database.dsn("admin"), autocommit=True) as conn:
                conn.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND usename = 'dancu_import'"
                )

    monkeypatch.setattr(registry, "connect", unsteady)
    got = await registry.run(path, "residence-register", chunk=60, progress=cut, waiting=outages.append)
    assert (len(outages), got.resumed, refusals) == (2, True, [])
    assert got.tally.rows == wanted.tally.rows
    monkeypatch.undo()
    assert await registry.snapshot() == await whole.snapshot()
