"""How often may someone ask? Token buckets in this process's memory, bounded, so that a flood of made-up keys
costs memory of a known size and no more. Failed sign-ins are counted elsewhere, in the database:
kit.authn.throttle."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Rate:
    """`per_second` requests in the long run, up to `burst` at once. `per_second` 0 means unlimited."""

    per_second: float
    burst: float


class TokenBuckets:
    """One bucket per key. The least recently used bucket is dropped at `capacity`: it is the one most likely
    to be full again, and a full bucket says the same as a missing one."""

    def __init__(self, rate: Rate, *, capacity: int = 20_000, clock: Clock = time.monotonic) -> None:
        self._per_second, self._burst, self._capacity, self._clock = rate.per_second, rate.burst, capacity, clock
        self._buckets: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, key: Hashable, cost: float = 1.0) -> float:
        """Take `cost` tokens: 0.0 when allowed, else the seconds to wait until it would be (nothing is
        taken)."""
        if self._per_second <= 0:
            return 0.0
        now, burst = self._clock(), self._burst
        tokens, seen = self._buckets.pop(key, (burst, now))
        tokens = min(burst, tokens + (now - seen) * self._per_second)
        wait = 0.0 if tokens >= cost else (cost - tokens) / self._per_second
        self._buckets[key] = (tokens - cost if wait == 0.0 else tokens, now)
        if len(self._buckets) > self._capacity:
            self._buckets.popitem(last=False)
        return wait
