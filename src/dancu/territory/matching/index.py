"""Names of units by key, and the names each unit's district and province go or went by."""

import csv
from collections import defaultdict
from datetime import date, timedelta
from functools import cached_property, lru_cache
from importlib import resources

from dancu.territory.gazetteer import REFORM, Gazetteer
from dancu.territory.matching.words import DISTRICT_ALIASES, ENDED_BEFORE_2022, PROVINCE_ALIASES
from dancu.territory.models import Unit

_ROMAN = {"i": "1", "ii": "2", "iii": "3", "iv": "4", "v": "5", "vi": "6", "vii": "7", "viii": "8"}
_BEFORE = REFORM - timedelta(days=1)


class NameIndex:
    """Compact key ("truongxuan") -> ids of all units that ever bore the name; built once per gazetteer."""

    def __init__(self, gazetteer: Gazetteer) -> None:
        self.gazetteer = gazetteer
        self.by_key: dict[str, list[int]] = defaultdict(list)
        self.former: dict[tuple[str, int], bool] = {}
        """(key, unit id) where the unit never bore the name itself: an abbreviation or a name gone before 2022."""
        for unit_id, row in gazetteer.rows():
            self.by_key[row[5].replace(" ", "")].append(unit_id)
            if row[11]:
                for spelling in row[11].split("|"):
                    self._also(fold(spelling), unit_id)
            if row[5] in _ROMAN:
                self._also(_ROMAN[row[5]], unit_id)
        self._aliases()

    def _also(self, key: str, unit_id: int, former: bool = False) -> None:
        if unit_id not in self.by_key[key]:
            self.by_key[key].append(unit_id)
            if former:
                self.former[key, unit_id] = True

    def _aliases(self) -> None:
        by_code: dict[str, list[int]] = defaultdict(list)
        for unit_id, row in self.gazetteer.rows():
            if row[2] in "12":
                by_code[row[1]].append(unit_id)
        for key, codes in PROVINCE_ALIASES.items():
            for code in codes:
                for unit_id in by_code[code]:
                    # a province that took others in does not answer to the old names of all of them
                    if self.gazetteer.unit(unit_id).valid_from != REFORM or key not in ENDED_BEFORE_2022:
                        self._also(key, unit_id, former=True)
        for key, code in DISTRICT_ALIASES.items():
            for unit_id in by_code[code]:
                self._also(key, unit_id, former=True)
        path = resources.files("dancu.territory").joinpath("data").joinpath("former_names.csv")
        with path.open(encoding="utf-8") as f:
            for row in list(csv.reader(f))[1:]:
                self._also(row[2], int(row[3]), former=True)

    # -- groups -------------------------------------------------------------------------------------------
    @cached_property
    def _group_of_province(self) -> dict[int, str]:
        g = self.gazetteer
        last = date.max
        return {p: g.successors(p, last)[0].code for p in g.level_one}

    @lru_cache(maxsize=40_000)  # noqa: B019 - lives as long as the process
    def group(self, unit_id: int) -> str:
        """Code of today's province the unit lies in: old provinces went whole into one."""
        top = unit_id
        while (parent := self.gazetteer.unit(top).parent_id) is not None:
            top = parent
        return self._group_of_province[top]

    @lru_cache(maxsize=20_000)  # noqa: B019
    def above(self, unit_id: int) -> dict[tuple[int, str], float]:
        """(level, key) by which the unit's district and province are or were called -> weight 0..1.

        Weight 1 for names of the unit's own time, less for later and earlier ones and for abbreviations.
        """
        g = self.gazetteer
        names: dict[tuple[int, str], float] = {}
        line: dict[int, float] = {unit_id: 1.0}
        queue = [unit_id]
        while queue:
            current = queue.pop()
            for before in g.before(current):
                if before not in line:
                    line[before] = 0.97
                    queue.append(before)
        for member, weight in line.items():
            parent = g.unit(member).parent_id
            while parent is not None:
                for heir, factor in self._forward(parent):
                    heir_unit = g.unit(heir)
                    if heir_unit.level == 3:
                        continue
                    for key in self._keys_of(heir):
                        w = weight * factor * (0.97 if (key, heir) in self.former else 1.0)
                        spot = (heir_unit.level, key)
                        if w > names.get(spot, 0.0):
                            names[spot] = w
                parent = g.unit(parent).parent_id
        return names

    @lru_cache(maxsize=2_000)  # noqa: B019
    def _forward(self, unit_id: int) -> tuple[tuple[int, float], ...]:
        """The unit (1.0) and all that came of it (0.98), of any level but communes."""
        seen: dict[int, float] = {unit_id: 1.0}
        queue = [unit_id]
        while queue:
            for s in self.gazetteer.successions(queue.pop()):
                heir = s.successor_id
                if heir and heir not in seen and self.gazetteer.unit(heir).level < 3:
                    seen[heir] = 0.98
                    queue.append(heir)
        return tuple(seen.items())

    @cached_property
    def _keys(self) -> dict[int, list[str]]:
        keys: dict[int, list[str]] = defaultdict(list)
        for key, ids in self.by_key.items():
            for unit_id in ids:
                if self.gazetteer.level(unit_id) < 3:
                    keys[unit_id].append(key)
        return keys

    def _keys_of(self, unit_id: int) -> list[str]:
        return self._keys.get(unit_id, [])

    # -- scopes for approximate matching ------------------------------------------------------------------
    @cached_property
    def provinces(self) -> dict[str, list[int]]:
        """Keys of level 1 -> ids."""
        return self._scope(1)[""]

    @cached_property
    def districts(self) -> dict[str, dict[str, list[int]]]:
        """Province group ("" = all) -> keys of level 2 -> ids."""
        return self._scope(2)

    @cached_property
    def communes(self) -> dict[str, dict[str, list[int]]]:
        """Province group -> keys of level 3 -> ids."""
        return self._scope(3)

    def _scope(self, level: int) -> dict[str, dict[str, list[int]]]:
        scope: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
        for key, ids in self.by_key.items():
            for unit_id in ids:
                if self.gazetteer.level(unit_id) == level:
                    scope[self.group(unit_id)][key].append(unit_id)
                    if level < 3:
                        scope[""][key].append(unit_id)
        return scope

    def best_name(self, unit: Unit) -> tuple[str, ...]:
        """The spellings the unit goes by, for comparing marks."""
        return (unit.name, *unit.spellings)


def fold(text: str) -> str:
    """Compact key of a name."""
    from dancu.kernel.names import fold_ascii

    folded = fold_ascii(text).replace("'", "")
    return "".join(w.lstrip("0") or "0" for w in "".join(c if c.isalnum() else " " for c in folded).split())


@lru_cache(maxsize=1)
def name_index(gazetteer: Gazetteer) -> NameIndex:
    """The index of the gazetteer, built on first use."""
    return NameIndex(gazetteer)
