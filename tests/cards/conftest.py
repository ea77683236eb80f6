"""A registry with officers, and connections of the biometric role to the same database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import pytest_asyncio

from tests.population.conftest import app, clerk, office, office_on, officers, police, registry  # noqa: F401

FACES = Path(__file__).parent / "faces"


@pytest.fixture
def samples(registry: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """The installation's biometric role and keys are those of this test."""
    monkeypatch.setenv("DANCU_DATABASE_URL_BIOMETRIC", registry.dsn("biometric"))
    monkeypatch.setenv("DANCU_DATA", str(tmp_path))
    return registry


@pytest.fixture
def face() -> Any:
    return lambda name: (FACES / f"{name}.jpg").read_bytes()


@pytest_asyncio.fixture
async def biometric(registry: Any) -> AsyncIterator[psycopg.AsyncConnection]:
    async with await psycopg.AsyncConnection.connect(registry.dsn("biometric")) as conn:
        yield conn
        await conn.rollback()


@pytest_asyncio.fixture(autouse=True, scope="session", loop_scope="session")
async def _let_go() -> AsyncIterator[None]:
    from dancu.cards.biometrics.engine import engine

    yield
    await engine().close()
