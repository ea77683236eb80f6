"""The hot path: tokens for programs, in batches in which their marks are spent and their evidence written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dancu.kit.batching import Batches, Connect
from dancu.kit.db import Conn
from dancu.oidc.models import Mark
from dancu.oidc.store import families

#: (client_no, org_code, request_id, scope, marks).
Asked = tuple[int, str, str, str, Sequence[Mark]]
BUSY = "oidc.busy"
PURPOSE, BASIS = "online_service", "69/2024/NĐ-CP"


class Minting(Batches[Asked, bool]):
    def __init__(self, connect: Connect, **bounds: Any) -> None:
        super().__init__(connect, _tokens, busy=BUSY, **bounds)

    async def record(self, asked: Asked) -> bool:
        """True when everything asked for was new and is recorded, durably. Raises Unavailable."""
        return await self.ask(asked)


async def _tokens(conn: Conn, asked: Sequence[Asked]) -> list[bool]:
    return await families.client_tokens(conn, asked, PURPOSE, BASIS)
