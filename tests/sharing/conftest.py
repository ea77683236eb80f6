"""A registry with the demonstration's officers and one signed-in citizen."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import psycopg
import pytest
import pytest_asyncio

from dancu.access import service as access
from dancu.kernel.actor import SYSTEM, Actor, ActorKind
from tests.population.conftest import app, registry

__all__ = ["app", "registry"]
CITIZEN = 4242


@pytest.fixture(autouse=True)
def _own_keys(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DANCU_DATA", str(_folder(tmp_path_factory)))


_made: list[Any] = []


def _folder(factory: pytest.TempPathFactory) -> Any:
    if not _made:
        _made.append(factory.mktemp("sharing"))
    return _made[0]


async def signed_in(dsn: str, key: int) -> Actor:
    """A citizen's session, committed."""
    async with await psycopg.AsyncConnection.connect(dsn) as conn:
        token = await access.issue_session(conn, ActorKind.CITIZEN, key)
        actor = await access.sessions.resolve(conn, token)
        assert actor is not None
        return replace(actor, request_id="t-citizen")


@pytest_asyncio.fixture
async def citizen(registry: Any) -> Actor:
    return await signed_in(registry.dsn("app"), CITIZEN)


@pytest_asyncio.fixture
async def other(registry: Any) -> AsyncIterator[Actor]:
    yield await signed_in(registry.dsn("app"), CITIZEN + 1)


@pytest.fixture
def system() -> Actor:
    return replace(SYSTEM, request_id="t-system")
