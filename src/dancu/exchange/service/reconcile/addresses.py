"""Which communes of today an address in a partner's file may mean. Files name units of today, of before the reform of July
2025 and of years ago, often in one column; addresses of one commune differ in their front only, so the rest is read once."""

from __future__ import annotations

import re
from datetime import date, timedelta
from functools import lru_cache
from typing import Final, NamedTuple

from dancu.kernel.text import fold_ascii
from dancu.territory.service import OLDEST_KNOWN, REFORM, gazetteer, resolve

_MOST: Final = 6
# What stands before the province is a commune, not a district: an address of today.
_COMMUNE: Final = re.compile(r"(xa|phuong|dac khu|[px]\.)\s*\w")


class Home(NamedTuple):
    """`areas`: communes of today; `front`: what stands before the commune, lower-case ASCII with ", " between parts."""

    areas: tuple[int, ...] = ()
    front: str = ""


class Addresses:
    """Remembers what was read lately; one per file."""

    def __init__(self, today: date) -> None:
        self._today = today
        old = REFORM - timedelta(days=1)
        # Three parts name commune, district and province of before the reform; two name today's commune and province.
        self._readings = ((3, old), (3, OLDEST_KNOWN), (2, today), (3, today), (2, old))
        self._two_levels = ((2, today), *self._readings)
        # A household's rows stand together; what many share is the commune. Whole addresses of a file are never all remembered.
        self.read = lru_cache(maxsize=1_024)(self._read)
        self._tail = lru_cache(maxsize=16_384)(self._resolve)

    def _read(self, text: str, code: str) -> Home:
        parts = [part for part in (p.strip() for p in text.replace(";", ",").replace("\n", " ").split(",")) if part]
        if code.isdigit() and (areas := self._coded(code)):
            return Home(areas, ", ".join(map(fold_ascii, parts)))
        two = len(parts) > 1 and _COMMUNE.match(fold_ascii(parts[-2]))
        for count, day in self._two_levels if two else self._readings:
            if len(parts) >= count and (areas := self._tail(", ".join(parts[-count:]), day)):
                return Home(areas, ", ".join(map(fold_ascii, parts[:-count])))
        areas = self._tail(", ".join(parts[-4:]), self._today) if parts else ()
        return Home(areas, ", ".join(map(fold_ascii, parts[:-1])))

    def _resolve(self, text: str, day: date) -> tuple[int, ...]:
        """Communes of today, where the text names communes of that day and nothing else; () otherwise."""
        answer = resolve(text, day)
        if not answer.candidates or answer.rest:
            return ()
        best = answer.candidates[0].confidence
        meant = [c.unit.unit_id for c in answer.candidates if c.unit.level == 3 and c.confidence > best - 0.1]
        return self._now(meant)

    @lru_cache(maxsize=4_096)  # noqa: B019 - lives as long as the file is read
    def _coded(self, code: str) -> tuple[int, ...]:
        return self._now([unit.unit_id for unit in gazetteer().versions(code.zfill(5)) if unit.level == 3])

    def _now(self, units: list[int]) -> tuple[int, ...]:
        found: dict[int, None] = {}
        for unit in units[:_MOST]:
            found.update(dict.fromkeys(heir.unit_id for heir in gazetteer().successors(unit, self._today)))
        return tuple(found)[: 2 * _MOST]
