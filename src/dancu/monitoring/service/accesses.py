"""A person's accesses, however many."""

from __future__ import annotations

from collections.abc import Callable
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


async def of_others(conn: Conn, key: int, most: int, before: int | None, ours: Callable[[Access], bool]) -> tuple[list[Access], int | None]:
    """The newest `most` that are not `ours`, and the number before which there may be more (None: the list ends). So many of a person's
    accesses are their own that an office's would be looked for page after page."""
    found: list[Access] = []
    while True:
        block = await audit.accesses_of(conn, key, limit=BLOCK, before_seq=before)
        for one in block:
            if ours(one):
                continue
            if len(found) == most:
                return found, found[-1].seq
            found.append(one)
        if len(block) < BLOCK:
            return found, None
        before = block[-1].seq
