"""A day's quota, handed out to application processes in blocks: a call costs no statement of its own, and what a process had
taken and not used is lost when it stops (at most a block for each service; small quotas come in small blocks)."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import date, datetime, time, timedelta
from typing import Any

from dancu.exchange.models.call import over_quota
from dancu.exchange.store import calls as store
from dancu.kernel.clock import SYSTEM_CLOCK, VIETNAM, Clock, vietnam_day
from dancu.sharing.models import DataAgreement

BLOCK = 100
_Key = tuple[str, str]


def block_of(total: int) -> int:
    """How many calls are taken at once."""
    return max(1, min(BLOCK, total // 50))


class Quota:
    """What this process still holds, by organisation and service."""

    def __init__(self, connect: Callable[[], AbstractAsyncContextManager[Any]], clock: Clock = SYSTEM_CLOCK) -> None:
        self._connect, self._clock = connect, clock
        self._left: dict[_Key, int] = {}
        self._total: dict[_Key, int] = {}
        self._day: date | None = None
        self._locks: defaultdict[_Key, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def take(self, agreement: DataAgreement, count: int = 1) -> None:
        """Use up `count` calls (or rows) of today. Raises Exceeded `exchange.quota`, and then nothing is used up."""
        key = (agreement.org_code, agreement.service)
        if self._total.get(key) == agreement.quota_day and self._take(key, count):
            return
        async with self._locks[key]:
            if self._total.get(key) != agreement.quota_day:
                await self._give_back(key)
                self._total[key] = agreement.quota_day
            while not self._take(key, count):
                day = self._today()
                wanted = max(block_of(agreement.quota_day), count - self._left.get(key, 0))
                async with self._connect() as conn, conn.transaction():
                    got = await store.lease(conn, *key, day, wanted, agreement.quota_day)
                if day != self._today():
                    continue
                self._left[key] = self._left.get(key, 0) + got
                if got < wanted and not self._enough(key, count):
                    raise over_quota(self._until_midnight())

    async def _give_back(self, key: _Key) -> None:
        """Another quota was agreed on: what was taken out of the old one does not count, nor is it used any more."""
        day, left = self._today(), self._left.pop(key, 0)
        if left:
            async with self._connect() as conn, conn.transaction():
                await store.give_back(conn, *key, day, left)

    def _today(self) -> date:
        today = vietnam_day(self._clock.now())
        if today != self._day:
            self._day = today
            self._left.clear()
        return today

    def _enough(self, key: _Key, count: int) -> bool:
        return self._left.get(key, 0) >= count

    def _take(self, key: _Key, count: int) -> bool:
        self._today()
        if not self._enough(key, count):
            return False
        self._left[key] -= count
        return True

    def _until_midnight(self) -> int:
        now = self._clock.now().astimezone(VIETNAM)
        midnight = datetime.combine(now.date() + timedelta(days=1), time(), VIETNAM)
        return max(1, round((midnight - now).total_seconds()))
