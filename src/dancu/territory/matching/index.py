"""Names of units by key, and the names each unit's district and province go or went by."""

import re
from collections import defaultdict
from datetime import date
from functools import cached_property, lru_cache

from dancu.kernel.names import fold_ascii
from dancu.territory.gazetteer import REFORM, Gazetteer, read_lines
from dancu.territory.matching.words import (
    DISTRICT_ALIASES,
    DISTRICTS_ENDED_BEFORE_2022,
    ENDED_BEFORE_2022,
    PROVINCE_ALIASES,
)
from dancu.territory.models import Unit

_ROMAN = {"i": "1", "ii": "2", "iii": "3", "iv": "4", "v": "5", "vi": "6", "vii": "7", "viii": "8"}
_NUMERALS = {**_ROMAN, **{number: roman for roman, number in _ROMAN.items()}}
"""Hải Châu I is also written Hải Châu 1, An Thạnh 1 also An Thạnh I."""
_IN_WORDS = {
    **dict.fromkeys(("i", "1"), ("mot", "nhat")),
    **dict.fromkeys(("ii", "2"), ("hai", "nhi")),
    **dict.fromkeys(("iii", "3"), ("ba",)),
    **dict.fromkeys(("iv", "4"), ("bon", "tu")),
}
_I_OR_Y = re.compile(r"\b([hklmst]|qu)([iy])\b")
"""Syllables written with i or y at the writer's choice: Mĩ and Mỹ, Lí and Lý, Quí and Quý."""
_LONG_VOWEL = re.compile(r"([aeu])\1")
"""Long vowels of the highlands, which many write once: La Dêê and La Dê."""


def _other_i(found: re.Match[str]) -> str:
    return found[1] + ("y" if found[2] == "i" else "i")


class NameIndex:
    """Compact key ("truongxuan") -> ids of all units that ever bore the name; built once per gazetteer."""

    def __init__(self, gazetteer: Gazetteer) -> None:
        self.gazetteer = gazetteer
        self.by_key: dict[str, list[int]] = defaultdict(list)
        self._groups: dict[int, str] = {}
        self._codes_above: dict[str, list[int]] = defaultdict(list)
        self._keys_above: dict[int, list[str]] = defaultdict(list)
        self._levels: dict[int, int] = {}
        self.former: dict[tuple[str, int], bool] = {}
        """(key, unit id) where the unit never bore the name itself: an abbreviation or a name gone before 2022."""
        by_key, levels, above = self.by_key, self._levels, self._keys_above
        for unit_id, row in gazetteer.rows():
            key = row[5].replace(" ", "")
            by_key[key].append(unit_id)
            if row[2] != "3":
                self._codes_above[row[1]].append(unit_id)
                above[unit_id].append(key)
                levels[unit_id] = 1 if row[2] == "1" else 2
            last = row[5].rpartition(" ")[2]
            if last in _NUMERALS and len(last) < len(row[5]):
                self._also(key[: -len(last)] + _NUMERALS[last], unit_id)
                for word in _IN_WORDS.get(last, ()):
                    self._also(key[: -len(last)] + word, unit_id)
            if _I_OR_Y.search(row[5]):
                self._also(_I_OR_Y.sub(_other_i, row[5]).replace(" ", ""), unit_id)
            if _LONG_VOWEL.search(row[5]):
                self._also(_LONG_VOWEL.sub(r"\1", key), unit_id)
            if row[11]:
                for spelling in row[11].split("|"):
                    self._also(fold(spelling), unit_id)
        for roman, number in _ROMAN.items():
            for unit_id in by_key.get(roman, ()):
                self._also(number, unit_id)
        self._aliases()

    def _also(self, key: str, unit_id: int, former: bool = False) -> None:
        if unit_id not in self.by_key[key]:
            self.by_key[key].append(unit_id)
            if unit_id in self._levels:
                self._keys_above[unit_id].append(key)
            if former:
                self.former[key, unit_id] = True

    def _aliases(self) -> None:
        by_code = self._codes_above
        for key, codes in PROVINCE_ALIASES.items():
            for code in codes:
                for unit_id in by_code[code]:
                    # a province that took others in does not answer to the old names of all of them
                    if self.gazetteer.unit(unit_id).valid_from != REFORM or key not in ENDED_BEFORE_2022:
                        self._also(key, unit_id, former=True)
        districts = {key: (code,) for key, code in DISTRICT_ALIASES.items()} | DISTRICTS_ENDED_BEFORE_2022
        for key, codes in districts.items():
            for code in codes:
                for unit_id in by_code[code]:
                    self._also(key, unit_id, former=True)
        for row in self._with_a_dash:
            for part in row[4].split(" - ") if row[2] == "3" else ():
                key, unit_id = fold(part), int(row[0])
                # "Xuân Hương" alone is Xuân Hương - Đà Lạt; "Đà Lạt" alone is the city, and an old ward is an old ward
                if not any(self.level(i) == 2 or self.group(i) == self.group(unit_id) for i in self.by_key.get(key, ())):
                    self._also(key, unit_id, former=True)
        for _, _, key, heir in (line.split(",") for line in read_lines("former_names")):
            self._also(key, int(heir), former=True)

    @cached_property
    def initials(self) -> dict[str, list[int]]:
        """Initials of districts and provinces, read only after a kind word or alone: "Q.GV", "TP LX", "…, AG"."""
        found: dict[str, list[int]] = defaultdict(list)
        for unit_id in self._levels:
            key = self.initials_of(unit_id)
            if len(key) > 1 and key not in self.by_key and key not in self.words:
                found[key].append(unit_id)
        for key, ids in found.items():
            for unit_id in ids:
                self.former[key, unit_id] = True
        return found

    @cached_property
    def shortened(self) -> dict[str, list[int]]:
        """Names of districts and provinces with a letter for the first of two words: "B.Ninh", "TP L.Xuyên". Read only where
        that letter is a word of its own."""
        found: dict[str, list[int]] = defaultdict(list)
        for unit_id in self._levels:
            key = self.short_of(unit_id)
            if key and key not in self.by_key:
                found[key].append(unit_id)
                self.former[key, unit_id] = True
        return found

    def short_of(self, unit_id: int) -> str:
        """A letter for the first of two words, and the second; "" for other names."""
        first, _, last = self.gazetteer.key(unit_id).partition(" ")
        return first[0] + last if len(last) > 1 and " " not in last else ""

    def gone_by(self, key: str, unit_id: int) -> bool:
        """Is it a name that was given up before 2022? Letters that stand for a name ("TPHCM") are as old as the name."""
        short = key in (self.initials_of(unit_id), self.short_of(unit_id)) or (key in PROVINCE_ALIASES and key not in ENDED_BEFORE_2022)
        return (key, unit_id) in self.former and not short

    def initials_of(self, unit_id: int) -> str:
        """Initials of a name."""
        return "".join(word[0] for word in self.gazetteer.key(unit_id).split())

    @cached_property
    def words(self) -> frozenset[str]:
        """Every word of a name, and every name in one word, folded."""
        return frozenset((*self.by_key, *(word for _, row in self.gazetteer.rows() for word in row[5].split())))

    @cached_property
    def _with_a_dash(self) -> list[list[str]]:
        return [row for _, row in self.gazetteer.rows() if " - " in row[4]]

    @cached_property
    def dashed(self) -> frozenset[tuple[tuple[str, ...], tuple[str, ...]]]:
        """Names with a dash in them, as the folded words before and after it."""
        named = (row[4].split(" - ") for row in self._with_a_dash)
        return frozenset((tuple(fold_ascii(a).split()), tuple(fold_ascii(b).split())) for a, b in named)

    # -- groups -------------------------------------------------------------------------------------------
    @cached_property
    def _group_of_province(self) -> dict[int, str]:
        g = self.gazetteer
        last = date.max
        return {p: g.successors(p, last)[0].code for p in g.level_one}

    def group(self, unit_id: int) -> str:
        """Code of today's province the unit lies in: old provinces went whole into one."""
        found = self._groups.get(unit_id)
        if found is None:
            parent = self.gazetteer.parent_id(unit_id)
            found = self._group_of_province[unit_id] if parent is None else self.group(parent)
            self._groups[unit_id] = found
        return found

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
                    initials = (self.initials_of(heir), self.short_of(heir)) if " " in heir_unit.key else ()
                    for key in (*self._keys_above[heir], *initials):
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

    def key(self, unit_id: int) -> str:
        """Compact key of the unit's own name."""
        return self.gazetteer.key(unit_id).replace(" ", "")

    def level(self, unit_id: int) -> int:
        """1 province, 2 district, 3 commune."""
        return self._levels.get(unit_id, 3)

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
        scope: dict[str, dict[str, list[int]]] = defaultdict(dict)
        for key, ids in self.by_key.items():
            for unit_id in ids:
                if self.level(unit_id) == level:
                    scope[self.group(unit_id)].setdefault(key, []).append(unit_id)
                    if level < 3:
                        scope[""].setdefault(key, []).append(unit_id)
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
