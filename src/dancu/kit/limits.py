"""How often may someone try? Token buckets for requests, growing pauses for failed sign-ins; both in this
process's memory and bounded, so that a flood of made-up keys costs memory of a known size and no more."""

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
        self._rate, self._capacity, self._clock = rate, capacity, clock
        self._buckets: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, key: Hashable, cost: float = 1.0) -> float:
        """Take `cost` tokens: 0.0 when allowed, else the seconds to wait until it would be (nothing is
        taken)."""
        rate = self._rate
        if rate.per_second <= 0:
            return 0.0
        now = self._clock()
        tokens, seen = self._buckets.pop(key, (rate.burst, now))
        tokens = min(rate.burst, tokens + (now - seen) * rate.per_second)
        wait = 0.0 if tokens >= cost else (cost - tokens) / rate.per_second
        self._buckets[key] = (tokens - cost if wait == 0.0 else tokens, now)
        if len(self._buckets) > self._capacity:
            self._buckets.popitem(last=False)
        return wait


class Throttle:
    """Pauses that double with each failure: guessing gets slow, a person who mistypes does not notice.

    The first `free` failures cost nothing; then `first` seconds, doubling up to `longest`. Silence for
    `forget` seconds forgets the key.
    """

    def __init__(
        self,
        *,
        free: int = 3,
        first: float = 2.0,
        longest: float = 900.0,
        forget: float = 3600.0,
        capacity: int = 50_000,
        clock: Clock = time.monotonic,
    ) -> None:
        self._free, self._first, self._longest, self._forget = free, first, longest, forget
        self._capacity, self._clock = capacity, clock
        self._failures: OrderedDict[Hashable, tuple[int, float]] = OrderedDict()

    def wait(self, key: Hashable) -> float:
        """Seconds this key must still wait before the next try; 0.0 when it may try now."""
        count, last = self._failures.get(key, (0, 0.0))
        since = self._clock() - last
        if count <= self._free or since >= self._forget:
            return 0.0
        return max(0.0, self._pause(count) - since)

    def failed(self, key: Hashable) -> float:
        """Count a failure; the seconds to wait from now on."""
        now = self._clock()
        count, last = self._failures.pop(key, (0, now))
        count = 1 if now - last >= self._forget else count + 1
        self._failures[key] = (count, now)
        if len(self._failures) > self._capacity:
            self._failures.popitem(last=False)
        return self.wait(key)

    def succeeded(self, key: Hashable) -> None:
        self._failures.pop(key, None)

    def _pause(self, count: int) -> float:
        # The exponent is capped before the power: a patient attacker must not overflow a float.
        return min(self._longest, self._first * 2.0 ** min(count - self._free - 1, 30))
