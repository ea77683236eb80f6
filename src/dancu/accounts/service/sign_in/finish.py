"""The session that a sign-in becomes, and ending it."""

from __future__ import annotations

from datetime import UTC, datetime

from dancu.access import service as access
from dancu.accounts.models import Account, SignIn
from dancu.accounts.models.sign_in import Browser, Flow, Step, StepState
from dancu.accounts.policy.assurance import acr_of, words
from dancu.accounts.service import core
from dancu.accounts.service.sign_in.throttling import known_device, new_device
from dancu.accounts.store import sign_ins as store
from dancu.audit import service as audit
from dancu.kernel.actor import SYSTEM, Actor, ActorKind, Channel
from dancu.kit.agents import device_name
from dancu.kit.authn.throttle import network_of
from dancu.kit.db import Conn


async def open_session(conn: Conn, flow: Flow, account: Account, browser: Browser, *, request_id: str = "") -> Step:
    """A new session for what `flow` proved; the one the browser held ends, whoever's it was (it may have been planted)."""
    key, amr = account.person_key, words(flow.amr)
    network, device = network_of(browser.address), device_name(browser.agent)
    if browser.token:
        await access.sessions.forget_token(conn, browser.token)
        await store.end(conn, key, access.sessions.hash_of(browser.token))
    token = await access.issue_session(conn, ActorKind.CITIZEN, key, network=network, agent=browser.agent)
    hashed = access.sessions.hash_of(token)
    acr = acr_of(amr)
    known = known_device(key, browser.device)
    await store.begin(
        conn, key, hashed, flow.sid, acr, amr, account.lock_version, device=device, network=network, assisted=flow.assisted,
        note={"device": device, "acr": acr, "new": not known, "sid": flow.sid[:8]},
    )  # fmt: skip
    actor = Actor(ActorKind.CITIZEN, key, "", request_id=request_id, session_id=hashed.hex(), channel=Channel.WEB)
    await audit.record(
        conn, actor, access.choose_purpose("own_record"), action="sign_in", subjects=[key], fields=["sign_in"],
        note={"verb": "account.sign_in", "acr": acr, "amr": list(amr)},
    )  # fmt: skip
    signed = SignIn(
        key, hashed.hex(), flow.sid, account.level, acr, amr, datetime.now(UTC), account.lock_version, flow.assisted
    )
    return Step(StepState.OK, flow, token=token, device="" if known else new_device(key), sign_in=signed)


async def refused(conn: Conn, key: int, what: str, *, request_id: str = "") -> None:
    """A refusal leaves the same traces for an account and for none: an entry, and for its holder a line of history."""
    actor = Actor(SYSTEM.kind, 0, SYSTEM.org_code, request_id=request_id, channel=Channel.WEB)
    await audit.record(
        conn, actor, access.choose_purpose("eid_account"), action="denied", subjects=[key or None], fields=["sign_in"],
        note={"verb": "account.sign_in", "factor": what},
    )  # fmt: skip
    if key:
        await core.happened(conn, key, "sign_in_refused", factor=what)


async def end_mine(conn: Conn, actor: Actor, session_id: str) -> None:
    """End one of the actor's own sessions, wherever it is open. Raises NotFound for anybody else's."""
    await access.end_session_by_id(conn, actor, session_id)
    await core.open(conn, [actor.actor_id])
    await store.end(conn, actor.actor_id, bytes.fromhex(session_id))


async def end_other_sign_ins(conn: Conn, actor: Actor) -> int:
    """End all of the actor's sessions but this one; how many."""
    await core.open(conn, [actor.actor_id])
    await store.end_others(conn, actor.actor_id, bytes.fromhex(actor.session_id))
    return await access.end_other_sessions(conn, actor)
