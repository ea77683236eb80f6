"""All administrative units through time, in memory: read from the package's data once, asked as of a date.

Nothing here needs a database. Rows stay tuples until asked for, so that a command starts quickly.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from functools import cached_property, lru_cache
from pathlib import Path

from dancu.kernel.errors import NotFound
from dancu.territory.models import Kind, Succession, SuccessionKind, Unit

OLDEST_KNOWN = date(2022, 1, 1)
"""Before this day the data say nothing: a unit "of that time" is unknown."""
REFORM = date(2025, 7, 1)
"""From this day there are no districts."""


DATA = Path(__file__).parent / "data"


def read_lines(name: str) -> list[str]:
    """Lines of a data file after its header; the script sees to it that no field holds a comma or a quote, so that
    `split(",")` will do. (Every command pays for this: the csv module is slower, and 180,000 small objects slower
    still, so lines are kept whole and split when asked for.)"""
    return (DATA / f"{name}.csv").read_text(encoding="utf-8").split("\n")[1:-1]


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


class Gazetteer:
    """Units, their parents, predecessors and successors. One instance: `gazetteer()`."""

    def __init__(self) -> None:
        # Line n is the unit of id n; a line is empty where an id was given up.
        self._lines = ["", *read_lines("units")]
        self._units: dict[int, Unit] = {}
        self._count = sum(map(bool, self._lines))

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Unit]:
        return (self.unit(i) for i, line in enumerate(self._lines) if line)

    @staticmethod
    def digest() -> str:
        """SHA-256 of the data files: says whether the database holds the same."""
        import hashlib

        digest = hashlib.sha256()
        for name in ("units", "successions"):
            digest.update((DATA / f"{name}.csv").read_bytes())
        return digest.hexdigest()

    # -- one unit -----------------------------------------------------------------------------------------
    def unit(self, unit_id: int) -> Unit:
        """The unit of this id; NotFound `territory.unit.unknown` otherwise."""
        found = self._units.get(unit_id)
        if found is None:
            row = self.row(unit_id)
            if row is None:
                raise NotFound(
                    "territory.unit.unknown",
                    "Không có đơn vị hành chính mang mã nội bộ {unit_id}.",
                    unit_id=unit_id,
                )
            found = self._units[unit_id] = Unit(
                unit_id=unit_id,
                code=row[1],
                level=int(row[2]),
                kind=Kind(row[3]),
                name=row[4],
                key=row[5],
                parent_id=int(row[6]) if row[6] else None,
                valid_from=_day(row[7]),
                valid_to=_day(row[8]),
                latitude=float(row[9]) if row[9] else None,
                longitude=float(row[10]) if row[10] else None,
                spellings=tuple(row[11].split("|")) if row[11] else (),
            )
        return found

    def __contains__(self, unit_id: object) -> bool:
        return isinstance(unit_id, int) and self.row(unit_id) is not None

    def row(self, unit_id: int) -> list[str] | None:
        """The fields of units.csv as written, without building the unit."""
        line = self._lines[unit_id] if 0 < unit_id < len(self._lines) else ""
        return line.split(",") if line else None

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """(id, fields) of every unit, for indexes that must be built quickly."""
        return ((i, line.split(",")) for i, line in enumerate(self._lines) if line)

    def parent_id(self, unit_id: int) -> int | None:
        """The first parent, without building the unit."""
        first = self._lines[unit_id].split(",", 7)[6]
        return int(first) if first else None

    def level(self, unit_id: int) -> int:
        """1 province, 2 district, 3 commune, without building the unit."""
        return int(self._lines[unit_id].split(",", 3)[2])

    def key(self, unit_id: int) -> str:
        """Name without marks and capitals, words apart ("truong xuan"), without building the unit."""
        return self._lines[unit_id].split(",", 6)[5]

    @cached_property
    def _by_code(self) -> dict[str, list[int]]:
        index: dict[str, list[int]] = defaultdict(list)
        for unit_id, row in self.rows():
            index[row[1]].append(unit_id)
        return dict(index)

    def versions(self, code: str) -> tuple[Unit, ...]:
        """Every unit that ever bore this statistical (GSO) code, oldest first."""
        units = (self.unit(i) for i in self._by_code.get(code, ()))
        return tuple(sorted(units, key=lambda u: u.valid_from or date.min))

    def by_code(self, code: str, as_of: date) -> Unit | None:
        """The unit that bears the code on that day. A bare code names nothing: codes are reused."""
        return next((u for u in self.versions(code) if u.valid_on(as_of)), None)

    def all_on(self, as_of: date, level: int | None = None) -> Iterator[Unit]:
        """Every unit valid on the day, by id."""
        return (u for u in self if u.valid_on(as_of) and level in (None, u.level))

    def provinces(self, as_of: date) -> tuple[Unit, ...]:
        """Provinces and centrally run cities on the day, by code."""
        return tuple(sorted((u for u in map(self.unit, self.level_one) if u.valid_on(as_of)), key=lambda u: u.code))

    @cached_property
    def level_one(self) -> list[int]:
        return [i for i, line in enumerate(self._lines) if line and line.split(",", 3)[2] == "1"]

    # -- through time -------------------------------------------------------------------------------------
    @cached_property
    def _forward(self) -> dict[str, list[str]]:
        """Rows of successions.csv by predecessor, as written: to say what became of one place needs no more."""
        forward: dict[str, list[str]] = defaultdict(list)
        for line in read_lines("successions"):
            before, _, rest = line.partition(",")
            forward[before].append(rest)
        return dict(forward)

    @cached_property
    def _backward(self) -> dict[int, list[int]]:
        """Predecessors by successor."""
        backward: dict[int, list[int]] = defaultdict(list)
        for before, rows in self._forward.items():
            for row in rows:
                after, _, _ = row.partition(",")
                if after:
                    backward[int(after)].append(int(before))
        return dict(backward)

    @lru_cache(maxsize=20_000)  # noqa: B019 - the gazetteer lives as long as the process
    def successions(self, unit_id: int) -> tuple[Succession, ...]:
        """What became of the unit, heirs the source lists first in front; empty while it lasts."""
        found = [
            Succession(unit_id, int(b) if b else None, SuccessionKind(k), date.fromisoformat(d), main == "1", e)
            for b, k, d, main, e in (line.split(",") for line in self._forward.get(str(unit_id), ()))
        ]
        return tuple(sorted(found, key=lambda s: not s.main))

    def before(self, unit_id: int) -> tuple[int, ...]:
        """Ids of the units that directly went into this one."""
        return tuple(self._backward.get(unit_id, ()))

    def successors(self, unit_id: int, as_of: date) -> tuple[Unit, ...]:
        """The units valid on the day that the unit lives on in; itself while valid; () if unknown or not yet made.

        Several = it was split (or was a district, which lives on in communes): nobody may choose among them.
        """
        found: dict[int, None] = {}
        self._walk(self.unit(unit_id), as_of, found)
        return tuple(self.unit(i) for i in found)

    def _walk(self, unit: Unit, as_of: date, found: dict[int, None]) -> None:
        if unit.valid_to is None or as_of < unit.valid_to:
            if unit.valid_on(as_of):
                found[unit.unit_id] = None
            return
        steps = self.successions(unit.unit_id)
        if steps:
            heirs = [self.unit(s.successor_id) for s in steps if s.successor_id]
        else:  # a district ended by the reform
            heirs = list(self.children(unit.unit_id, unit.valid_to - timedelta(days=1)))
        for heir in heirs:
            self._walk(heir, as_of, found)

    def predecessors(self, unit_id: int, as_of: date) -> tuple[Unit, ...]:
        """The units valid on the earlier day of which all or a part lies in the unit; itself while valid."""
        found: dict[int, None] = {}
        self._walk_back(self.unit(unit_id), as_of, found)
        return tuple(self.unit(i) for i in found)

    def _walk_back(self, unit: Unit, as_of: date, found: dict[int, None]) -> None:
        if unit.valid_from is None or unit.valid_from <= as_of:
            if unit.valid_on(as_of):
                found[unit.unit_id] = None
            return
        for before in self.before(unit.unit_id):
            self._walk_back(self.unit(before), as_of, found)

    def counterparts(self, unit_id: int, as_of: date) -> tuple[Unit, ...]:
        """Successors or predecessors, whichever way the day lies."""
        unit = self.unit(unit_id)
        if unit.valid_from is not None and as_of < unit.valid_from:
            return self.predecessors(unit_id, as_of)
        return self.successors(unit_id, as_of)

    # -- the tree on a day --------------------------------------------------------------------------------
    @lru_cache(maxsize=20_000)  # noqa: B019 - the gazetteer lives as long as the process
    def parent(self, unit_id: int, as_of: date) -> Unit | None:
        """The parent on the day: the first parent, or the one unit of its level that took it over."""
        first = self.unit(unit_id).parent_id
        if first is None:
            return None
        parent = self.unit(first)
        if parent.valid_on(as_of):
            return parent
        heirs = [u for u in self.counterparts(first, as_of) if u.level == parent.level]
        return heirs[0] if len(heirs) == 1 else None

    def ancestors(self, unit_id: int, as_of: date) -> tuple[Unit, ...]:
        """Parent, then the parent's parent, as they were on the day."""
        found: list[Unit] = []
        above = self.parent(unit_id, as_of)
        while above is not None:
            found.append(above)
            above = self.parent(above.unit_id, as_of)
        return tuple(found)

    @cached_property
    def _by_parent(self) -> dict[int, list[int]]:
        index: dict[int, list[int]] = defaultdict(list)
        for unit_id, row in self.rows():
            if row[6]:
                index[int(row[6])].append(unit_id)
        return dict(index)

    @lru_cache(maxsize=4_000)  # noqa: B019
    def children(self, unit_id: int, as_of: date) -> tuple[Unit, ...]:
        """Units directly below on the day, by code: districts of a province (communes from 1/7/2025)."""
        level = self.unit(unit_id).level
        parents, queue = {unit_id}, [unit_id]
        while queue:  # children that kept their row while the parent changed name or was merged
            for before in self.before(queue.pop()):
                if before not in parents and self.unit(before).level == level:
                    parents.add(before)
                    queue.append(before)
        below = (self.unit(i) for p in parents for i in self._by_parent.get(p, ()))
        found = [u for u in below if u.valid_on(as_of) and self.parent(u.unit_id, as_of) is self.unit(unit_id)]
        return tuple(sorted(found, key=lambda u: u.code))

    def communes(self, unit_id: int, as_of: date) -> tuple[Unit, ...]:
        """Every commune in the unit on the day; a commune answers itself."""
        unit = self.unit(unit_id)
        if unit.level == 3:
            return (unit,) if unit.valid_on(as_of) else ()
        return tuple(c for child in self.children(unit_id, as_of) for c in self.communes(child.unit_id, as_of))

    def areas(self, unit_id: int, as_of: date) -> tuple[int, ...]:
        """Ids of every unit of the day the place may lie in: candidate communes and all above them, sorted.

        For jurisdiction: a person in a commune that was split is within reach of each heir until placed. Where the
        sources name no heir, every heir of the parent is one.
        """
        found: set[int] = set()
        units = self.counterparts(unit_id, as_of)
        first = self.unit(unit_id).parent_id
        if not units and first is not None:
            return self.areas(first, as_of)
        for unit in units:
            found.add(unit.unit_id)
            found.update(above.unit_id for above in self.ancestors(unit.unit_id, as_of))
        return tuple(sorted(found))

    # -- words --------------------------------------------------------------------------------------------
    def full_name(self, unit_id: int, as_of: date | None = None) -> str:
        """ "Phường Trường Xuân, Thành phố Tam Kỳ, Tỉnh Quảng Nam", as on the day, else on the unit's last day."""
        unit = self.unit(unit_id)
        if as_of is None or not unit.valid_on(as_of):
            as_of = unit.valid_to - timedelta(days=1) if unit.valid_to else date.max
        return ", ".join(u.title for u in (unit, *self.ancestors(unit_id, as_of)))


@lru_cache(maxsize=1)
def gazetteer() -> Gazetteer:
    """The gazetteer, read on first use and kept."""
    return Gazetteer()
