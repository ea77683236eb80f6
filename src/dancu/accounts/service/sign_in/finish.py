"""The session that a sign-in becomes, and ending it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import lru_cache

from dancu.access import service as access
from dancu.accounts.models import SignIn
from dancu.accounts.models.sign_in import Asks, Browser, Flow, Standing, Step, StepState
from dancu.accounts.policy.assurance import acr_of, words
from dancu.accounts.service import core
from dancu.accounts.service.sign_in.throttling import known_device, new_device
from dancu.accounts.store import sign_in_steps as steps
from dancu.accounts.store import sign_ins as store
from dancu.accounts.store.sign_in_steps import NewSession, Success
from dancu.audit import service as audit
from dancu.kernel.actor import SYSTEM, Actor, Channel
from dancu.kernel.clock import SystemClock
from dancu.kit.agents import device_name
from dancu.kit.authn.throttle import network_of
from dancu.kit.db import Conn
from dancu.sharing.models import Consent

_NOTHING = Success()


async def open_session(
    conn: Conn, flow: Flow, account: Standing, browser: Browser, *, success: Success = _NOTHING, request_id: str = "", asks: Asks | None = None
) -> Step:
    """A new session for what `flow` proved; the one the browser held ends, whoever's it was (it may have been planted)."""
    token, new = new_session(flow, account.person_key, browser, lock_version=account.lock_version)
    consent = await steps.signed_in(conn, success, new, purpose=purpose(), request_id=request_id, asks=asks)
    return opened(flow, account, browser, token, new, asks, consent)


def purpose() -> tuple[str, str]:
    """Why a sign-in is recorded: code and legal basis, as of today."""
    return _purpose(SystemClock().today())


@lru_cache(2)
def _purpose(day: date) -> tuple[str, str]:
    why = access.choose_purpose("own_record", as_of=day)
    return why.code, why.legal_basis


def new_session(flow: Flow, key: int, browser: Browser, *, lock_version: int = 0) -> tuple[str, NewSession]:
    """A token and the session it opens, not kept yet."""
    network, device, amr = network_of(browser.address), device_name(browser.agent), words(flow.amr)
    token = access.sessions.new_token()
    acr, old = acr_of(amr), access.sessions.hash_of(browser.token) if browser.token else None
    note = {"device": device, "acr": acr, "new": not known_device(key, browser.device), "sid": flow.sid[:8]}
    if flow.assisted:
        note["assisted"] = True
    return token, NewSession(
        key, access.sessions.hash_of(token), old, access.sessions.LIFE, access.sessions.IDLE, network[:64], browser.agent[:160], flow.sid,
        acr, amr, lock_version, device, flow.assisted, note,
    )  # fmt: skip


def opened(
    flow: Flow, account: Standing, browser: Browser, token: str, new: NewSession, asks: Asks | None, consent: Consent | None
) -> Step:
    """The step that ends a sign-in, its session kept."""
    key = account.person_key
    signed = SignIn(
        key, new.session_hash.hex(), flow.sid, account.level, new.acr, tuple(new.amr), datetime.now(UTC), account.lock_version, flow.assisted
    )
    device = "" if known_device(key, browser.device) else new_device(key)
    return Step(StepState.OK, flow, token=token, device=device, sign_in=signed, asked=asks, consent=consent)


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
