"""Help for the tests of locks and recovery: persons with an account and the messages they were sent."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Any

import psycopg

from dancu.access import service as access
from dancu.access.service import sessions
from dancu.accounts.models.locks import Ground
from dancu.accounts.service import core, locks
from dancu.kernel.actor import SYSTEM, Actor, ActorKind
from dancu.kit import events
from dancu.kit.messages.queue import address_of
from tests.population.conftest import Office, draft

_phones = iter(range(100_000))
_numbers = iter(range(100_000))


@dataclass
class Holder:
    """Somebody with an account in use and one signed-in session."""

    key: int
    number: str
    phone: str
    token: str
    actor: Actor


async def holder(conn: psycopg.AsyncConnection, office: Office, *, phone: str | None = None, **fields: Any) -> Holder:
    """A registered person with an account in use; in the caller's transaction."""
    number = f"0491901{next(_numbers):05d}"
    phone = f"09050{next(_phones):05d}" if phone is None else phone
    key = await office.person(fields.pop("name", "Trần Thị Hoà"), number=number, **fields)
    await core.create(
        conn, SYSTEM, locks.eid_purpose(), key, level=1, phone=phone, email="hoa@thu.example", phone_verified=True
    )
    await conn.execute("UPDATE accounts.account SET state = 'active', activated_at = now() WHERE person_key = %s", (key,))
    token = await sessions.issue_session(conn, ActorKind.CITIZEN, key)
    digest = hashlib.sha256(token.encode()).digest()
    await conn.execute(
        "INSERT INTO accounts.sign_in (person_key, session_hash, sid, acr, amr, lock_version) SELECT %s, %s, %s, 2,"
        " '{pin,sms}', lock_version FROM accounts.account WHERE person_key = %s",
        (key, digest, token[:12], key),
    )
    actor = await sessions.resolve(conn, token)
    assert actor is not None
    return Holder(key, number, phone, token, replace(actor, request_id="t-citizen"))


async def drain(worker: psycopg.AsyncConnection) -> int:
    """Let the worker number what was committed and hear all of it."""
    from dancu.accounts import subscribers

    while await events.dispatch_once(worker):
        pass
    heard = 0
    while passed := await subscribers.consume(worker):
        heard += passed
    return heard


async def grounds(conn: psycopg.AsyncConnection, key: int) -> set[Ground]:
    """Grounds of standing locks."""
    from dancu.accounts.store import locks as store

    await core.open(conn, [key])
    return {lock.ground for lock in await store.of(conn, key) if lock.standing}


async def told(admin: psycopg.AsyncConnection, channel: str, address: str) -> list[str]:
    """Kinds of the messages to an address, oldest first."""
    _, index = address_of(channel, address)
    rows = await (
        await admin.execute("SELECT kind FROM kit.message WHERE address_index = %s ORDER BY message_id", (index,))
    ).fetchall()
    return [row[0] for row in rows]


async def officer(conn: psycopg.AsyncConnection, code: str) -> Actor:
    """A session as a persona of the demonstration."""
    token, _ = await access.enter_as(conn, code, demo=True)
    actor = await sessions.resolve(conn, token)
    assert actor is not None
    return replace(actor, request_id=f"t-{code}")


__all__ = ["Holder", "draft", "drain", "grounds", "holder", "officer", "told"]
