"""Names that are almost right: typing errors and spelling by ear, looked for only where the rest of the address says."""

from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache

from dancu.territory.matching.index import NameIndex
from dancu.territory.matching.mentions import Mention
from dancu.territory.matching.reading import Reading
from dancu.territory.matching.scoring import Scored
from dancu.territory.matching.words import LEVEL

_BY_EAR = (("ngh", "ng"), ("gh", "g"), ("gi", "d"), ("tr", "j"), ("ch", "j"), ("ph", "f"), ("qu", "kw"),
           ("y", "i"), ("x", "s"), ("c", "k"), ("q", "k"), ("z", "d"))  # fmt: skip
SHORTEST = 4
"""Letters: shorter names are not guessed at."""
MOST = 16
"""Near-names looked at for one run of words; short names have many neighbours in a province of today."""


@lru_cache(maxsize=50_000)
def by_ear(key: str) -> str:
    """The key with the letters that Vietnamese writers mix up made one: i/y, s/x, ch/tr, d/gi."""
    for written, heard in _BY_EAR:
        key = key.replace(written, heard)
    return key


def allowed(length: int) -> int:
    """Errors forgiven in a name of that many letters."""
    return 0 if length <= 4 else 1 if length <= 7 else 2 if length <= 12 else 3


class Scope:
    """A set of names to compare with, prepared once."""

    def __init__(self, names: dict[str, list[int]]) -> None:
        self.names = {k: v for k, v in names.items() if len(k) >= SHORTEST and not k.isdigit()}
        self.keys = list(self.names)
        self.heard = [by_ear(k) for k in self.keys]

    def near(self, key: str) -> list[tuple[str, float]]:
        """(known key, quality 0..1) of the names within the errors forgiven."""
        if len(key) < SHORTEST:
            return []
        from rapidfuzz import process  # here, since a command that meets no error should not wait for it
        from rapidfuzz.distance import OSA

        heard, limit = by_ear(key), allowed(len(key))
        # By ear letters are joined that belong to two words ("Đức Hồng"): so as written too.
        hits = {
            at
            for wanted, names in ((heard, self.heard), (key, self.keys))
            for _, _, at in process.extract(
                wanted, names, scorer=OSA.distance, score_cutoff=limit, limit=MOST, processor=None
            )
        }
        found = []
        for at in hits:
            known = self.keys[at]
            if known == key:
                continue
            written = OSA.distance(key, known)
            distance = min(OSA.distance(heard, self.heard[at]), written)
            quality = 0.97 - 0.055 * distance - 0.025 * (written - distance)
            if distance == 0:
                quality = 0.96
            if key[0] != known[0] and heard[0] != self.heard[at][0]:
                quality -= 0.02
            found.append((known, quality))
        return found


class Scopes:
    """Scopes by level and province group, made on first use."""

    def __init__(self, index: NameIndex) -> None:
        self.index = index
        self._made: dict[tuple[int, str], Scope] = {}

    def get(self, level: int, group: str = "") -> Scope:
        key = (level, group)
        if key not in self._made:
            index = self.index
            names = (
                index.provinces if level == 1 else (index.districts if level == 2 else index.communes).get(group, {})
            )
            self._made[key] = Scope(names)
        return self._made[key]


def approximate_mentions(reading: Reading, scopes: Scopes, runs: Iterable[tuple[int, int]], readings: list[Scored],
                         groups: frozenset[str], has_province: bool) -> list[Mention]:  # fmt: skip
    """Mentions found by likeness in the unexplained runs of words.

    Provinces and districts are compared with all; communes only with those of a province or district the address
    names: a lone name that is nearly that of one commune in ten thousand proves nothing.
    """
    found: dict[tuple[int, int, str], Mention] = {}
    if not groups:
        groups = frozenset(scopes.index.group(s.unit.unit_id) for s in readings[:8] if s.unit.level < 3)
    one_segment = reading.words[0].segment == reading.words[-1].segment
    for first, last in runs:
        for i in range(first, last):
            for j in range(i + 1, min(last, i + 5) + 1):
                # Between commas a name fills its segment: "Hòa" of "Phường Hòa Bình" is not nearly Phước Hòa.
                if not one_segment and not (j == last and _first_of_name(reading, first, i)):
                    continue
                words = reading.words[i:j]
                number = words[-1].key if j - i > 1 and words[-1].number else ""
                if any(w.number for w in (words[:-1] if number else words)):
                    continue
                named = reading.kinds[i]
                if (named is None or named[1] < first) and j - i == 1 and last - first > 2:
                    continue
                key = "".join(w.key for w in words)
                written = " ".join(w.written for w in words)
                levels = {LEVEL[k] for k in named[0]} if named else {1, 2, 3}
                for level, scope in _scopes(scopes, levels, groups, has_province):
                    for known, quality in scope.near(key):
                        if number and (not known.endswith(number) or known[-len(number) - 1].isdigit()):
                            continue  # "Hòa Bìhn 1" is not nearly Hòa Bình 2
                        ids = tuple(scope.names[known])
                        spot = (i, j, known + str(level))
                        begin = named[1] if named else i
                        kinds = named[0] if named else None
                        mention = Mention(i, j, begin, known, ids, kinds, False, quality, written)
                        old = found.get(spot)
                        if old is None or quality > old.quality:
                            found[spot] = mention
                        elif set(ids) - set(old.ids):
                            found[spot] = replace(old, ids=tuple({*ids, *old.ids}))
    return list(found.values())


def _first_of_name(reading: Reading, first: int, i: int) -> bool:
    """Is word i where the name in this run must begin: at its start, or after the kind words there?"""
    named = reading.kinds[i]
    return i == first or (named is not None and named[1] <= first)


def _scopes(
    scopes: Scopes, levels: set[int], groups: frozenset[str], has_province: bool
) -> Iterable[tuple[int, Scope]]:
    if 1 in levels and not has_province:
        yield 1, scopes.get(1)
    if 2 in levels:
        if groups:
            yield from ((2, scopes.get(2, g)) for g in groups)
        else:
            yield 2, scopes.get(2)
    if 3 in levels:
        yield from ((3, scopes.get(3, g)) for g in groups)
