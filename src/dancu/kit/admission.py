"""How many may be inside at once? So many that everybody let in is answered in time: those beyond are told at the door
when to come back, which costs next to nothing, instead of making all wait until nobody is served in time.

By Little's law a newcomer waits about (those inside) / (answers a second). Answers a second are measured, and only while
there is always somebody to serve: the pace of a quiet hour says how many came, not how many could have been served.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from dancu.kit.limits import Clock


@dataclass(frozen=True, slots=True)
class Bound:
    """`wait`: seconds the last one let in may have to wait, as far as can be foreseen. `least`, `most`: that many are let in
    whatever was measured, and never more. `guess`: answers a second, before anything was measured."""

    wait: float = 2.0
    least: int = 32
    most: int = 1000
    guess: float = 80.0


class Admission:
    """One process's door. Used from one event loop; neither locks nor awaits."""

    _WINDOW = 0.2  # seconds over which answers are counted
    _WEIGHT = 0.4  # of the newest window
    _FORGET = 30.0  # seconds after which a pace is a guess again

    def __init__(self, bound: Bound = Bound(), *, clock: Clock = time.monotonic) -> None:
        self._bound, self._clock = bound, clock
        self.inside = 0
        self._pace, self._measured = bound.guess, clock()
        self._began, self._answered, self._lowest = clock(), 0, 0

    @property
    def pace(self) -> float:
        """Answers a second when there is enough to do."""
        if self._clock() - self._measured > self._FORGET:
            self._pace = self._bound.guess
        return self._pace

    @property
    def limit(self) -> int:
        """How many may be inside now."""
        return max(self._bound.least, min(self._bound.most, int(self.pace * self._bound.wait)))

    def look(self) -> float:
        """0.0: there is room. Else the seconds after which there should be."""
        if self.inside < self._bound.least:
            return 0.0
        self._count()
        if self.inside < self.limit:
            return 0.0
        return max(1.0, self.inside / self.pace)

    def enter(self) -> float:
        """0.0: come in, and `leave` afterwards. Else as `look`."""
        if self.inside >= self._bound.least and (wait := self.look()):
            return wait
        self.inside += 1
        return 0.0

    def leave(self) -> None:
        self.inside = inside = self.inside - 1
        self._answered += 1
        if inside < self._lowest:
            self._lowest = inside
        self._count()

    def _count(self) -> None:
        """Close a window that is over. It counts as measured only if there was always enough to do in it."""
        now = self._clock()
        seconds = now - self._began
        if seconds < self._WINDOW:
            return
        if self._lowest >= self._bound.least // 2:
            self._pace += self._WEIGHT * (self._answered / seconds - self._pace)
            self._pace, self._measured = max(self._pace, 1.0), now
        self._began, self._answered, self._lowest = now, 0, self.inside
