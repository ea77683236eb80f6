"""CIBA in ping mode (§10.2): a client that asked hears at its own address that the citizen answered, and fetches the answer
as one that polls does. The ping says which request, never what came of it (role worker)."""

from __future__ import annotations

import asyncio
from typing import Any

from dancu.kit.db import Conn
from dancu.kit.log import get_logger
from dancu.oidc.service import outbound
from dancu.oidc.service.errors import invalid_request
from dancu.oidc.service.seal import Sealer
from dancu.oidc.store import clients, detached

log = get_logger("dancu.oidc")
_BATCH = 20
_USE = "ciba-ping"
_LONGEST = 1024


def checked_token(token: str) -> str:
    """The client's token for the ping (§7.1). Raises OAuthError."""
    if not token or len(token) > _LONGEST or not token.isascii() or not token.isprintable() or " " in token:
        raise invalid_request("client_notification_token is missing or not a bearer token")
    return token


def sealed(sealer: Sealer, token: str, auth_req_id: str) -> str:
    """What the ping will carry: neither stands readable in the database."""
    return sealer.seal_json(_USE, [token, auth_req_id])


async def send(conn: Conn, sealer: Sealer, *, demo: bool = False) -> int:
    """Send what is due; how many were tried. Rows stay locked meanwhile, so two workers never send one."""
    async with conn.transaction():
        due = await detached.due_pings(conn, _BATCH)
        outcomes = await asyncio.gather(*(_ping(conn, sealer, one, demo) for one in due))
        for one, done in zip(due, outcomes, strict=True):
            await detached.settle_ping(conn, one.digest, done=done)
    return len(due)


async def _ping(conn: Conn, sealer: Sealer, one: detached.Ping, demo: bool) -> bool:
    known = sealer.open_json(_USE, one.sealed)
    client = await clients.by_no(conn, one.client_no)
    if known is None or client is None or not client.ciba_notification_uri:
        return True
    token, auth_req_id = known
    body: dict[str, Any] = {"auth_req_id": auth_req_id}
    try:
        status, _ = await outbound.call(
            "POST", client.ciba_notification_uri, json=body, headers={"Authorization": f"Bearer {token}"}, local=demo
        )
    except outbound.Failed as failed:
        log.info("a client was not pinged", client=one.client_no, why=str(failed))
        return False
    return status in (200, 204)
