"""Sessions: opaque tokens whose SHA-256 the database keeps. Ten hours at most, half an hour without use."""

from __future__ import annotations

import hashlib
from datetime import timedelta

from dancu.access.models import Session
from dancu.access.store import sessions as store
from dancu.kernel.actor import Actor, ActorKind, Channel
from dancu.kernel.errors import NotFound
from dancu.kit import tokens
from dancu.kit.db import Conn
from dancu.kit.i18n import N_

LIFE = timedelta(hours=10)
IDLE = timedelta(minutes=30)
# What the holder of a session of stage 'enrol' may do: set up the second factor, nothing else.
ENROL = "session.enrol"


def hash_of(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def new_token() -> str:
    """The token of a new session: 256 random bits."""
    return tokens.new_token(32)


async def resolve(conn: Conn, token: str) -> Actor | None:
    """The actor of a live session, None for anything else. One statement; at most once a minute a second one
    notes that the session is in use (the only thing besides evidence that a GET may write)."""
    token_hash = hash_of(token)
    found = await store.live(conn, token_hash)
    if found is None:
        return None
    if found.stale:
        await store.touch(conn, token_hash)
    return Actor(
        kind=ActorKind(found.actor_kind),
        actor_id=found.actor_id,
        org_code=found.org_code,
        name=found.name,
        session_id=token_hash.hex(),
        channel=Channel(found.channel),
        permissions=frozenset(found.permissions) if found.stage == "full" else frozenset({ENROL}),
    )


async def issue_session(
    conn: Conn,
    kind: ActorKind,
    actor_id: int,
    org_code: str = "",
    *,
    enrol: bool = False,
    channel: Channel = Channel.WEB,
    persona: str | None = None,
    life: timedelta = LIFE,
    idle: timedelta = IDLE,
    network: str = "",
    agent: str = "",
) -> str:
    """A new session of a staff member (`actor_id` = staff id) or a citizen (person_key); returns its token,
    which is kept nowhere. The caller has proved who it is for. `persona` is refused by the database outside a
    demonstration."""
    token = new_token()
    await store.insert(
        conn,
        hash_of(token),
        kind,
        actor_id,
        org_code,
        stage="enrol" if enrol else "full",
        channel=channel,
        persona=persona,
        life=life,
        idle=idle,
        network=network[:64],
        agent=agent[:160],
    )
    return token


async def sign_out(conn: Conn, actor: Actor) -> None:
    """End the session the actor came with."""
    if actor.session_id:
        await store.revoke(conn, bytes.fromhex(actor.session_id), actor.kind, actor.actor_id)


async def forget_token(conn: Conn, token: str) -> None:
    """End whatever session a browser still held when it signs in anew."""
    found = await store.live(conn, hash_of(token)) if token else None
    if found is not None:
        await store.revoke(conn, hash_of(token), found.actor_kind, found.actor_id)


async def my_sessions(conn: Conn, actor: Actor) -> list[Session]:
    return await store.of_actor(conn, actor.kind, actor.actor_id)


async def end_session_by_id(conn: Conn, actor: Actor, session_id: str) -> None:
    """End one of the actor's own sessions; NotFound for anybody else's, as for none."""
    try:
        token_hash = bytes.fromhex(session_id)
    except ValueError:
        token_hash = b""
    if not await store.revoke(conn, token_hash, actor.kind, actor.actor_id):
        raise NotFound("session.unknown", N_("Phiên làm việc này đã kết thúc."))


async def end_other_sessions(conn: Conn, actor: Actor) -> int:
    return await store.revoke_all(conn, actor.kind, actor.actor_id, but=bytes.fromhex(actor.session_id))


async def end_all(conn: Conn, kind: ActorKind, actor_id: int) -> int:
    """End every session of somebody whose account was taken out of use; how many ended."""
    return await store.revoke_all(conn, kind, actor_id)


async def stage_of(conn: Conn, actor: Actor) -> str | None:
    """'full', 'enrol', or None when the session has ended."""
    found = await store.live(conn, bytes.fromhex(actor.session_id)) if actor.session_id else None
    return found.stage if found else None


async def sweep(conn: Conn) -> int:
    """Delete what ended long ago; a nightly job of the worker."""
    return await store.sweep(conn)
