"""Back-channel logout: services hear that a session ended, and hear it again until they answer (role worker)."""

from __future__ import annotations

import asyncio
import secrets
import time
from datetime import timedelta
from typing import Any, Final

from dancu.accounts.events import ACCOUNT_LOCKED, ACCOUNT_RECOVERED
from dancu.accounts.service.links import link
from dancu.kit import events
from dancu.kit.db import Conn
from dancu.kit.log import get_logger
from dancu.oidc.models import Client, ClientState
from dancu.oidc.service import outbound, pings
from dancu.oidc.service.keys import SigningKeys
from dancu.oidc.service.seal import Sealer
from dancu.oidc.service.subjects import session_of, subject_of
from dancu.oidc.store import clients
from dancu.oidc.store import notices as store

log = get_logger("dancu.oidc")
NAME: Final = "oidc.logout"
EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"
TOKEN_SECONDS: Final = 120
#: How long ago a session may have ended elsewhere and still be noticed; longer than any stop of the worker that is not an
#: outage, and a session not noticed ends at the service by its own clock.
LOOK_BACK: Final = timedelta(hours=1)
_BATCH, _IDLE_SECONDS, _LOOK_SECONDS = 20, 0.5, 2.0
# Before the next try; after the last the service is given up on.
PAUSES: Final = (2, 5, 15, 60, 300, 1800, 7200)


def logout_token(keys: SigningKeys, sealer: Sealer, issuer: str, client: Client, notice: store.Notice, *, now: float | None = None) -> str:
    """Back-Channel Logout §2.4, for one client."""
    made = int(time.time() if now is None else now)
    claims: dict[str, Any] = {
        "iss": issuer, "aud": client.client_id, "iat": made, "exp": made + TOKEN_SECONDS, "jti": secrets.token_urlsafe(16),
        "events": {EVENT: {}}, "sub": subject_of(sealer, client, notice.person_key), "sid": session_of(sealer, client, notice.sid),
    }  # fmt: skip
    return keys.signer(made, client.id_token_alg).sign(claims, "logout+jwt")


async def tell(conn: Conn, keys: SigningKeys, sealer: Sealer, *, demo: bool = False) -> int:
    """Tell one batch; how many were tried. `conn` in autocommit: rows stay locked while they are told, so two workers never
    tell one."""
    async with conn.transaction():
        waiting = await store.due(conn, _BATCH)
        told = {number: await clients.by_no(conn, number) for number in {one.client_no for one in waiting}}
        outcomes = await asyncio.gather(*(_tell(keys, sealer, told[one.client_no], one, demo) for one in waiting))
        for one, (error, final) in zip(waiting, outcomes, strict=True):
            pause = None if final or not error or one.tries >= len(PAUSES) else timedelta(seconds=PAUSES[one.tries])
            await store.settle(conn, one, error, pause)
            if error:
                log.info("a service was not told of a logout", client=one.client_no, why=error, again=pause is not None)
    return len(waiting)


async def _tell(keys: SigningKeys, sealer: Sealer, client: Client | None, notice: store.Notice, demo: bool) -> tuple[str, bool]:
    """(what went wrong, is that final)."""
    issuer = notice.issuer or link("")
    if client is None or client.state is ClientState.SUSPENDED or not client.backchannel_logout_uri:
        return "not to be told any more", True
    if not issuer:
        return "our own address is not set (DANCU_PUBLIC_URL)", False
    token = logout_token(keys, sealer, issuer, client, notice)
    try:
        status, _ = await outbound.call("POST", client.backchannel_logout_uri, form={"logout_token": token}, local=demo)
    except outbound.Failed as failed:
        return str(failed), False
    return ("", True) if status in (200, 204) else (f"answered {status}", False)


class Untold(Exception):
    """A service did not hear; the text says why, without its address."""


async def tell_one(
    conn: Conn, keys: SigningKeys, sealer: Sealer, person_key: int, client_no: int, sid: str, issuer: str, *, demo: bool = False
) -> None:
    """Tell one service alone (a citizen ended it, the session itself goes on). Raises Untold where another try may help."""
    notice = store.Notice(person_key, client_no, sid, issuer, 0)
    error, final = await _tell(keys, sealer, await clients.by_no(conn, client_no), notice, demo)
    if error and not final:
        raise Untold(error)


async def consume(conn: Conn) -> int:
    """Accounts that moved on: their services are told."""
    return await events.consume(conn, NAME, _moved_on, topics=frozenset({ACCOUNT_LOCKED, ACCOUNT_RECOVERED}))


async def _moved_on(conn: Conn, event: events.Event) -> None:
    if event.person_key is not None:
        await store.end_of_person(conn, event.person_key)


async def tell_forever(conn: Conn, keys: SigningKeys, sealer: Sealer, stop: asyncio.Event, *, demo: bool = False) -> None:
    """Until `stop`: see which sessions ended, tell who must be told."""
    looked = 0.0
    while not stop.is_set():
        if time.monotonic() - looked >= _LOOK_SECONDS:
            looked = time.monotonic()
            await store.end_revoked(conn, LOOK_BACK)
            while await consume(conn) and not stop.is_set():
                pass
        if not await tell(conn, keys, sealer, demo=demo) and not await pings.send(conn, sealer, demo=demo):
            try:
                await asyncio.wait_for(stop.wait(), _IDLE_SECONDS)
            except TimeoutError:
                continue
