"""Which unit a text names, as of a day. Addresses of one commune differ in their front only, so the part that names
units is read once for all of them."""

from __future__ import annotations

import re
from bisect import bisect_right
from datetime import date
from functools import cached_property, lru_cache
from typing import Final, NamedTuple

from dancu.kernel.text import fold_ascii
from dancu.territory.models import Status
from dancu.territory.service import OLDEST_KNOWN, gazetteer, resolve


class Place(NamedTuple):
    """`unit_id` only where there is no doubt. `note`: code of a finding where there is. `rest`: what stands in front
    of the unit's name. `candidates`: unit ids the text may mean."""

    text: str = ""
    unit_id: int | None = None
    rest: str = ""
    note: str = ""
    candidates: tuple[int, ...] = ()
    hamlet_id: int | None = None  # found later, in the database (importing.hamlets)


NOWHERE: Final = Place()
_DOTTED: Final = re.compile(r"\W*(?:\d{2,3}[.\-/ ])?(?:\d{3}[.\-/ ])(\d{5})\W*")
_ELSEWHERE: Final = frozenset(
    {"nhu tren", "cung xa", "cung phuong", "tai nha", "trong tinh", "cung dia chi", "tai cho", "nt"}
)


class Places:
    """Remembers what was read; one per import."""

    def __init__(self) -> None:
        self.read = lru_cache(maxsize=16_384)(self._read)
        self._tail = lru_cache(maxsize=32_768)(self._resolve)

    def at(self, text: str | None, day: date) -> Place:
        """The place `text` names on `day`."""
        return self.read(text, self.era(day)) if text else NOWHERE

    def _read(self, text: str, day: date) -> Place:
        if fold_ascii(text) in _ELSEWHERE:
            return Place(text, note="place.not_named")
        if dotted := _DOTTED.fullmatch(text):
            return self._tail(dotted[1], day)._replace(text=text)
        parts = [part.strip() for part in re.split(r"[,;]", text)]
        if len(parts) > 3:
            # House, street and hamlet stand before the last three parts (commune, district, province).
            tail = self._tail(", ".join(parts[-3:]), day)
            if tail.unit_id is not None and not tail.rest and gazetteer().unit(tail.unit_id).level == 3:
                return tail._replace(text=text, rest=", ".join(parts[:-3]))
        return self._tail(text, day)

    def _resolve(self, text: str, day: date) -> Place:
        answer = resolve(text, day)
        found = tuple(c.unit.unit_id for c in answer.candidates)
        if (unit := answer.unit) is not None:
            return Place(text, unit.unit_id, answer.rest)
        if day < OLDEST_KNOWN and found:
            return Place(text, None, answer.rest, "place.of_that_time", found)
        note = "place.ambiguous" if answer.status is Status.AMBIGUOUS else "place.unknown"
        return Place(text, None, answer.rest, note, found)

    def era(self, day: date) -> date:
        """The first day of the stretch without any change of units in which `day` lies: what is true of it is
        true of the day, and there are few such stretches."""
        place = bisect_right(self._changes, day)
        return self._changes[place - 1] if place else date(1900, 1, 1)

    @cached_property
    def _changes(self) -> list[date]:
        days = {day for unit in gazetteer() for day in (unit.valid_from, unit.valid_to) if day is not None}
        return sorted({OLDEST_KNOWN, *days})
