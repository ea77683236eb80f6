"""A database with the catalogue and the demonstration's people in it, one per module; ways to act as them."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import psycopg
import pytest
import pytest_asyncio

from dancu.access import service
from dancu.kernel.actor import Actor, ActorKind
from dancu.kit.keys import KeyRing
from dancu.territory import service as territory

CITIZEN_KEY = 4711


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def demo_db(database) -> AsyncIterator[object]:  # type: ignore[no-untyped-def]
    async with await psycopg.AsyncConnection.connect(database.dsn("admin")) as conn:
        await territory.load(conn)
        await service.mark_demo(conn)
        await service.sync_catalogue(conn)
        await service.seed_demo(conn, citizen_key=CITIZEN_KEY, os_user="tester")
        # No sequencer runs here, and the log would refuse to record once an entry has waited for a minute.
        await conn.execute("UPDATE audit.sequencer SET caught_up_at = now() + interval '1 day'")
        # Keys that name somebody, for emergency openings: access itself knows nothing more of a person.
        await conn.execute("INSERT INTO population.person (person_key, last_recorded) SELECT n, now() FROM generate_series(1, 99) AS n")
    yield database


@pytest_asyncio.fixture
async def app(demo_db) -> AsyncIterator[psycopg.AsyncConnection]:  # type: ignore[no-untyped-def]
    """The application's connection, in one transaction that is rolled back."""
    async with await psycopg.AsyncConnection.connect(demo_db.dsn("app")) as conn:
        # As at the edges: an outer transaction, so that a verb's own `transaction()` is a savepoint.
        async with conn.transaction(force_rollback=True):
            yield conn


async def administrator(conn: psycopg.AsyncConnection) -> Actor:
    """The demonstration's administrator, with a session in this transaction."""
    token, _ = await service.enter_as(conn, "admin", demo=True)
    actor = await service.sessions.resolve(conn, token)
    assert actor is not None
    return actor


async def activate(conn: psycopg.AsyncConnection, staff_id: int) -> None:
    """As the first code of a second factor does."""
    await conn.execute("SELECT access.set_totp(%s::bigint, NULL, NULL)", (staff_id,))


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> KeyRing:
    return KeyRing.open(Path(tmp_path_factory.mktemp("secrets")) / "keys")


@pytest.fixture
def as_persona(app: psycopg.AsyncConnection) -> Callable[[str], Awaitable[Actor]]:
    async def enter(code: str) -> Actor:
        token, _ = await service.enter_as(app, code, demo=True)
        actor = await service.sessions.resolve(app, token)
        assert actor is not None
        assert actor.session_id == hashlib.sha256(token.encode()).hexdigest()
        assert actor.kind is (ActorKind.CITIZEN if code == "citizen" else ActorKind.STAFF)
        return actor

    return enter
