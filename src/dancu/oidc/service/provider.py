"""The provider of one application: its keys, its sealer, the clients it knows, and connections."""

from __future__ import annotations

from pathlib import Path

from dancu.kit.batching import Batches, Connect
from dancu.kit.limits import Rate, TokenBuckets
from dancu.oidc.models import AuthRequest, Client
from dancu.oidc.service import clients, release
from dancu.oidc.service.consent import Agreements
from dancu.oidc.service.dpop import SeenProofs
from dancu.oidc.service.keys import SigningKeys
from dancu.oidc.service.minting import BUSY, Minting
from dancu.oidc.service.recent import Recent
from dancu.oidc.service.renewing import NewerKeys
from dancu.oidc.service.seal import Sealer
from dancu.oidc.service.tokens import Code
from dancu.oidc.store import families

CLIENT_RATE = Rate(200.0, 600.0)
_MOST_RECENT = 1024


class Provider:
    """`connect` gives a connection of the application's pool: what belongs together opens a transaction on it. `demo`: nobody here
    is real, and clients' own addresses may be on this machine."""

    def __init__(self, directory: Path, connect: Connect, *, rate: Rate = CLIENT_RATE, demo: bool = False) -> None:
        self.connect, self.demo = connect, demo
        self.keys = SigningKeys(directory / "oidc")
        self.sealer = Sealer(directory / "oidc")
        self.minting = Minting(connect)
        self.uses = Batches(connect, families.use_many, busy=BUSY)
        self.releases = Batches(connect, release.release_many, busy=BUSY)
        self.agreements = Agreements()
        self.proofs = SeenProofs()
        self.pushed: Recent[AuthRequest] = Recent(_MOST_RECENT)
        self.codes: Recent[Code] = Recent(_MOST_RECENT)
        self._clients = clients.ClientCache()
        self._rates = TokenBuckets(rate)
        self._newer = NewerKeys(local=demo)
        self.renew = self._newer.renew

    async def client(self, client_id: str) -> Client | None:
        """A client that may be used, from memory where it was asked for in the last seconds."""

        found = self._clients.get(client_id) or await self._clients.look(client_id, lambda: self._find(client_id))
        return self._newer.latest(found) if found is not None and found.jwks_uri else found

    async def _find(self, client_id: str) -> Client | None:
        async with self.connect() as conn:
            return await clients.find(conn, client_id)

    def forget(self, client_id: str) -> None:
        """A client or its agreement was changed here: the next look asks the database."""
        known = self._clients.get(client_id)
        if known is not None:
            self.agreements.forget(known.client_no)
        self._clients.forget(client_id)

    def too_fast(self, client: Client) -> float:
        """Seconds this client must wait; 0.0 when it is welcome now."""
        return self._rates.take(client.client_no)
