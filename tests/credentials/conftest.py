"""A citizen with a session, officers, and the simulated ministries; each test says what the ministries answer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
import pytest_asyncio

from dancu.access import service as access
from dancu.access.service import sessions
from dancu.kernel.actor import Actor, ActorKind, Purpose
from dancu.population import service as population
from tests.accounts.registration import with_jobs
from tests.exchange.ministries import HOA, Ministries, ministries
from tests.population.conftest import NOW_HERE, Office, draft, officers, registry

__all__ = ["officers", "registry"]


@pytest.fixture(autouse=True, scope="session")
def _ring(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("credentials-data")
    patch = pytest.MonkeyPatch()
    patch.setenv("DANCU_DATA", str(folder))
    yield folder
    patch.undo()


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ministries]:
    with ministries(tmp_path_factory.mktemp("ministries"), people=8) as made:
        yield made


Transaction = Callable[[str], AbstractAsyncContextManager[Any]]


@dataclass
class Citizen:
    actor: Actor
    why: Purpose
    transaction: Transaction

    @property
    def key(self) -> int:
        return self.actor.actor_id


@pytest.fixture(scope="module")
def transaction(registry: Any) -> Transaction:
    """`async with transaction("app") as conn`: committed at its end."""
    with_jobs(registry.dsn("admin"))

    @asynccontextmanager
    async def opened(role: str = "app") -> AsyncIterator[Any]:
        async with await psycopg.AsyncConnection.connect(registry.dsn(role)) as conn:
            yield conn

    return opened


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def hoa(registry: Any, officers: dict[str, Actor], transaction: Transaction) -> Citizen:
    """Trần Thị Hoà as the registry has her; the ministries know her too."""
    async with transaction("app") as conn:
        office = Office(conn, officers["ward_police"], officers["civil_status_clerk"])
        key = (await office(population.register, draft("Trần Thị Hoà", number=HOA, unit=NOW_HERE))).person_key
        token = await sessions.issue_session(conn, ActorKind.CITIZEN, key)
    async with transaction("app") as conn:
        actor = await sessions.resolve(conn, token)
        assert actor is not None
    return Citizen(replace(actor, request_id="t-citizen"), access.choose_purpose("own_record"), transaction)


async def _persona(transaction: Transaction, code: str) -> Actor:
    async with transaction("app") as conn:
        token, _ = await access.enter_as(conn, code, demo=True)
        actor = await sessions.resolve(conn, token)
    assert actor is not None
    return replace(actor, request_id=f"t-{code}")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def hospital(registry: Any, transaction: Transaction) -> Actor:
    return await _persona(transaction, "health_desk")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def traffic(registry: Any, transaction: Transaction) -> Actor:
    return await _persona(transaction, "traffic_officer")
