"""A client signs with a key it published a moment ago, which the hourly look has not seen yet: its address is read once, now.

Kept in memory until the hourly look has written something else down; no write on the way of a sign-in. Anybody can name an unknown
key in a client's name, so one client's address is read once a minute at most, by one of those who wait, and nobody waits for long."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import Any

from dancu.kernel.errors import Invalid
from dancu.kit.log import get_logger
from dancu.oidc.models import Client
from dancu.oidc.service import published

log = get_logger("dancu.oidc")
EVERY_SECONDS, _PATIENCE = 60.0, 3.0


class NewerKeys:
    """`local`: addresses of this machine may be read, in a demonstration."""

    def __init__(self, *, local: bool = False) -> None:
        self._local = local
        # Client number -> (what the database said then, what its address said).
        self._read: dict[int, tuple[dict[str, Any] | None, dict[str, Any]]] = {}
        self._next: dict[int, float] = {}
        self._reading: dict[int, asyncio.Task[None]] = {}

    def latest(self, client: Client) -> Client:
        """With the keys read here, as long as the database has not got newer ones."""
        known = self._read.get(client.client_no)
        if known is None:
            return client
        before, now = known
        if client.jwks != before:
            del self._read[client.client_no]
            return client
        return replace(client, jwks=now)

    async def renew(self, client: Client, kid: str) -> Client:
        """The client, its address read anew where `kid` is not among its keys. What cannot be read changes nothing."""
        if not kid or not client.jwks_uri or _holds(client, kid):
            return client
        task = self._reading.get(client.client_no)
        if task is None:
            if self._next.get(client.client_no, 0.0) > time.monotonic():
                return client
            self._next[client.client_no] = time.monotonic() + EVERY_SECONDS
            task = self._reading[client.client_no] = asyncio.create_task(self._look(client))
        try:
            await asyncio.wait_for(asyncio.shield(task), _PATIENCE)
        except TimeoutError:
            return client
        known = self._read.get(client.client_no)
        return replace(client, jwks=known[1]) if known is not None else client

    async def _look(self, client: Client) -> None:
        try:
            found = await published.read(client.jwks_uri, local=self._local)
        except Invalid:
            log.info("published keys could not be read", client=client.client_no)
        else:
            before, _ = self._read.get(client.client_no, (client.jwks, None))
            self._read[client.client_no] = (before, found)
        finally:
            del self._reading[client.client_no]


def _holds(client: Client, kid: str) -> bool:
    return any(one.get("kid") == kid for one in (client.jwks or {}).get("keys", []))
