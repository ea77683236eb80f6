"""What the door knows of partners, programs, certificates and agreements, in memory. A suspension works within a second:
older than that the picture is compared with the database before anybody is let in on it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any

from dancu.exchange.models.call import Certificate, System
from dancu.exchange.store import calls as store
from dancu.kit.db import Conn
from dancu.kit.httpsig import Verifier
from dancu.sharing.models import DataAgreement
from dancu.sharing.service import data_agreements

FRESH_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """`certificates` by thumbprint (hex), `agreements` in force by (organisation, service)."""

    seq: int = -1
    systems: Mapping[int, System] = field(default_factory=dict)
    certificates: Mapping[str, Certificate] = field(default_factory=dict)
    agreements: Mapping[tuple[str, str], DataAgreement] = field(default_factory=dict)
    _keys: dict[str, Verifier] = field(default_factory=dict)

    def key(self, thumbprint: str) -> Verifier | None:
        """The key of a certificate; None where it is of a kind that signs no messages."""
        known = self._keys.get(thumbprint)
        if known is None:
            try:
                known = self._keys[thumbprint] = Verifier.from_spki(self.certificates[thumbprint].spki)
            except ValueError:
                return None
        return known


class Directory:
    """`connect` gives a connection of the application's pool."""

    def __init__(self, connect: Callable[[], AbstractAsyncContextManager[Any]]) -> None:
        self._connect = connect
        self._snapshot, self._checked = Snapshot(), float("-inf")
        self._looking: asyncio.Task[None] | None = None

    async def current(self) -> Snapshot:
        """The picture as it was at most a second ago. Raises what the database raises."""
        if time.monotonic() - self._checked >= FRESH_SECONDS:
            await self._joined()
        return self._snapshot

    async def as_of_now(self) -> Snapshot:
        """The picture as it is, for somebody whom the last one does not know: a program added, a certificate renewed or an agreement
        signed works at once. All who ask at the same moment share a look."""
        asked = time.monotonic()
        while self._checked < asked:
            await self._joined()
        return self._snapshot

    async def _joined(self) -> None:
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        await asyncio.shield(self._looking)

    def forget(self) -> None:
        """Something was changed here: the next call looks again."""
        self._checked = float("-inf")

    async def _look(self) -> None:
        began = time.monotonic()
        async with self._connect() as conn, conn.transaction():
            seq = await store.changed(conn)
            if seq != self._snapshot.seq:
                self._snapshot = await _load(conn, seq)
        self._checked = began


async def _load(conn: Conn, seq: int) -> Snapshot:
    certificates = {
        thumbprint.hex(): Certificate(client_no, spki, before, after, revoked)
        for thumbprint, client_no, spki, before, after, revoked in await store.certificates(conn)
    }
    agreements = {(one.org_code, one.service): one for one in await data_agreements.all_in_force(conn)}
    return Snapshot(seq, {one.client_no: one for one in await store.systems(conn)}, certificates, agreements)
