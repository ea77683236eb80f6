"""Whose last card is revoked, and who has one again: for what must follow the registry also where no news came (a bulk import tells none)."""

from __future__ import annotations

from collections.abc import Sequence

from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kit.db import Conn
from dancu.population.store import cards as store


async def without_card(conn: Conn, after: int, *, most: int) -> list[int]:
    """Keys above `after`, in order, of up to `most` persons whose last card is revoked (worker)."""
    return await store.last_revoked(conn, SYSTEM_CLOCK.today(), after=after, most=most)


async def still_without_card(conn: Conn, keys: Sequence[int]) -> list[int]:
    """Those of `keys` of whom that holds until the transaction ends, nothing being recorded of them; whom somebody records
    something of just now are left out (worker)."""
    return await store.last_revoked(conn, SYSTEM_CLOCK.today(), among=await store.hold_free(conn, keys))


async def with_card_again(conn: Conn, keys: Sequence[int]) -> list[int]:
    """Those of `keys` who hold a card in force until the transaction ends; whom somebody records something of just now are left out
    (worker)."""
    return await store.in_force(conn, SYSTEM_CLOCK.today(), await store.hold_free(conn, keys))
