"""A person's accesses, however many."""

from __future__ import annotations

from typing import Final

from dancu.audit import service as audit
from dancu.audit.models import Access
from dancu.kit.db import Conn

#: Accesses the database hands out at once (audit.accesses_of).
BLOCK: Final = 500


async def newest(conn: Conn, key: int, most: int, before: int | None = None) -> list[Access]:
    """The newest `most` (before number `before`), block by block: a long list is not cut where one answer of the database ends. The
    person must have been opened in this transaction."""
    found: list[Access] = []
    while len(found) < most:
        wanted = min(BLOCK, most - len(found))
        block = await audit.accesses_of(conn, key, limit=wanted, before_seq=before)
        found += block
        if len(block) < wanted:
            break
        before = block[-1].seq
    return found
