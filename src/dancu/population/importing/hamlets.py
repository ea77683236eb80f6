"""The hamlet an address names, among those its commune keeps. An import knows hamlets, it does not make them: the list is the
commune's (permission territory.hamlet.write), and what a file calls a hamlet that the commune does not have stays in the
address as it was written."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import Final

from dancu.kernel.text import fold_ascii
from dancu.kit.db import Conn
from dancu.population.importing.row import Row
from dancu.territory import service as territory
from dancu.territory.models import Hamlet

_HOMES: Final = ("residence", "temporary")
Period = tuple[int, date | None, date | None]


class Hamlets:
    """Hamlets of the communes met so far: one per import, so that each commune is asked about once."""

    def __init__(self) -> None:
        self._names: dict[int, dict[str, list[Period]]] = {}

    async def name(self, conn: Conn, rows: list[Row]) -> None:
        """Give the homes of these rows their hamlets, as of the day each row is read by."""
        homes = [
            (row, name, place)
            for row in rows
            for name in _HOMES
            if (place := row.places.get(name)) is not None and place.unit_id is not None and place.rest
            and place.hamlet_id is None
        ]
        unknown = {place.unit_id for _, _, place in homes if place.unit_id is not None} - self._names.keys()
        if unknown:
            for unit_id, known in (await territory.hamlets_ever(conn, unknown)).items():
                self._names[unit_id] = _by_name(known)
        for row, name, place in homes:
            names = self._names[place.unit_id or 0]
            found = _named(place.rest, names, row.era) if names else None
            if found is not None:
                row.places[name] = place._replace(hamlet_id=found[0], rest=found[1])


#: A commune's people name the same few hamlets over and over.
_folded = lru_cache(maxsize=16_384)(fold_ascii)


def _by_name(known: list[Hamlet]) -> dict[str, list[Period]]:
    """Folded names -> hamlets that bore them. A number alone names a house, not the hamlet "Thôn 3"."""
    found: dict[str, list[Period]] = {}
    for one in known:
        names = {fold_ascii(name) for name in (one.name, f"{one.kind} {one.name}", *one.aliases)}
        for name in names:
            if any(letter.isalpha() for letter in name):
                found.setdefault(name, []).append((one.hamlet_id, one.valid_from, one.valid_to))
    return found


def _named(text: str, names: dict[str, list[Period]], day: date) -> tuple[int, str] | None:
    parts = [part.strip() for part in text.split(",")]
    for at in range(len(parts) - 1, -1, -1):  # the hamlet stands nearest to the commune
        hits = {
            hamlet
            for hamlet, start, end in names.get(_folded(parts[at]), ())
            if (start is None or start <= day) and (end is None or day < end)
        }
        if len(hits) == 1:
            return hits.pop(), ", ".join(part for i, part in enumerate(parts) if i != at and part)
        if hits:
            return None
    return None
