"""How well a unit explains an address: points for each name found in its place, taken off for what stays unexplained.

A fully explained name is worth 5 whatever its level, so that "Lộc Ninh, Bình Phước" read as a district and read as a
township stay close; what decides between readings is kind words, marks, the district and province beside the name.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from dancu.territory.gazetteer import REFORM
from dancu.territory.matching.agreement import kind_points, name_quality
from dancu.territory.matching.index import NameIndex
from dancu.territory.matching.mentions import Mention
from dancu.territory.matching.reading import Reading
from dancu.territory.matching.words import LEVEL, NOISE, WRITTEN
from dancu.territory.models import Kind, Unit

NAME = 5.0
STEEPNESS = 15.0
"""Points lost for a whole loss of quality: one wrong mark (0.08) weighs more than `MARGIN`."""
MARGIN = 0.79
"""Readings closer than this are not told apart."""
LONGER = 0.3
"""For each word, when choosing by which mention a parent is named: "Quảng Nam - Đà Nẵng" rather than "Quảng Nam"."""
CUT_SHORT = 2.2
"""Points lost where the name goes on to a longer one that is known: "Đức Hòa Hạ" of before is not Đức Hòa of today."""
LONE_MARGIN = 1.5
"""The same for a commune named without district or province: kind word and marks alone do not settle it."""


@dataclass(frozen=True, slots=True)
class Scored:
    """A reading of the address as `unit`. `used`: indexes of the words explained. `support`: levels named above."""

    unit: Unit
    points: float
    quality: float
    used: frozenset[int]
    support: frozenset[int]
    mention: Mention
    unread: tuple[tuple[int, int], ...]
    """Runs of words in the part of the address where units stand that nothing explains."""
    typed_unread: bool
    """A kind of unit is named before a name that could not be read ("xã …")."""
    approximate: bool
    anchored: bool
    """At least one name in it is spelt right."""


class Scorer:
    """Scores every unit mentioned in one address as of one day."""

    def __init__(
        self, reading: Reading, index: NameIndex, as_of: date, local: tuple[bool, ...], mentions: Sequence[Mention]
    ) -> None:
        self.reading, self.index, self.as_of, self.local = reading, index, as_of, local
        self.mentions = mentions
        self.by_key: dict[str, list[Mention]] = {}
        for m in mentions:
            self.by_key.setdefault(m.key, []).append(m)
        # where the longest name that begins at a word, letter for letter, ends
        self._whole: dict[int, int] = {}
        for m in mentions:
            if m.quality == 1.0 and len(self.reading.words[m.start : m.end]) > 1:
                self._whole[m.start] = max(m.end, self._whole.get(m.start, 0))
        self.groups = self._sure_province()

    def _sure_province(self) -> frozenset[str]:
        """Groups of the province the address ends (or begins) with, where that is beyond doubt; else empty."""
        segments = self.reading.segment_of
        if not segments:
            return frozenset()
        first, last = segments[0], segments[-1]
        at_end = [m for m in self.mentions if m.end == last[1] and m.begin in {s[0] for s in segments}]
        at_start = [m for m in self.mentions if m.begin == 0 and m.end in {s[1] for s in segments}]
        groups: set[str] = set()
        for edge in (at_end, at_start) if first != last else ():
            # the longest first: "Quảng Nam - Đà Nẵng" lies in two segments
            for m in sorted(edge, key=lambda m: m.begin - m.end):
                tops = [i for i in m.ids if self.index.level(i) == 1] if m.quality == 1.0 else []
                if tops:
                    # "Quảng Ninh" may also be the district in Quảng Bình, unless the kind says otherwise
                    also = [i for i in m.ids if self.index.level(i) == 2] if m.kinds is None else []
                    groups.update(self.index.group(i) for i in (*tops, *also))
                    break
        return frozenset(groups)

    def all(self) -> list[Scored]:
        """Every reading, best first."""
        found: dict[int, Scored] = {}
        for skip in (True, False):
            for m in self.mentions:
                for unit_id in m.ids:
                    if skip and self.groups and self.index.group(unit_id) not in self.groups:
                        continue
                    scored = self.score(m, self.index.gazetteer.unit(unit_id))
                    known = found.get(unit_id)
                    if known is None or scored.points > known.points:
                        found[unit_id] = scored
            if found or not self.groups:
                break
        return sorted(found.values(), key=lambda s: -s.points)

    def score(self, m: Mention, unit: Unit) -> Scored:
        quality = name_quality(m, unit, self.index)
        points = NAME - STEEPNESS * (1 - quality) + kind_points(m, unit)
        used = set(m.span())
        support: set[int] = set()
        supports: list[Mention] = []
        approximate, anchored = m.quality < 0.97, m.quality >= 0.97
        for level, found, s_points, s_quality in self._supports(m, unit):
            points += s_points
            quality *= s_quality
            used.update(found.span())
            support.add(level)
            supports.append(found)
            approximate |= found.quality < 0.97
            anchored |= found.quality >= 0.97
            if level == 1 and self._later_province(unit, found):
                points -= MARGIN + 0.1
        used.update(self._said_again(unit, used))
        points += self._form(m, unit, support, supports)
        unread, typed = self._unread(m, used, supports)
        begun = min(used)  # the province, where it is written first: what follows it is no street
        points -= sum(1.5 if start > begun else 1.0 if unit.level == 1 else 0.0 for start, _ in unread)
        if m.kinds is None and any(end == m.start and self._joined(end) for _, end in unread):
            points -= 0.8  # "Bắc Trà My" is not Trà My: a longer name that fits is better
        if m.end < self._whole.get(m.start, 0) and any(start == m.end for start, _ in unread):
            points -= CUT_SHORT
        if typed:
            points -= 2.5
        return Scored(
            unit, points, quality, frozenset(used), frozenset(support), m, unread, typed, approximate, anchored
        )

    def _supports(self, m: Mention, unit: Unit) -> list[tuple[int, Mention, float, float]]:
        """The names of district and province that stand with the unit: (level, mention, points, quality).

        Chosen together: in "Nam Địhn, Nam Định" the name spelt right must stay free for the province.
        """
        if unit.level == 1:
            return []
        taken = set(m.span())
        provinces = self._support(m, unit, 1, taken)
        if unit.level == 2:
            return [(1, *max(provinces, key=lambda x: x[1]))] if provinces else []
        districts = self._support(m, unit, 2, taken)
        best: list[tuple[int, Mention, float, float]] = []
        best_points = 0.0
        for d in (*districts, None):
            for p in (*provinces, None):
                if d and p and not set(d[0].span()).isdisjoint(p[0].span()):
                    continue
                total = sum(x[1] + LONGER * len(x[0].span()) for x in (d, p) if x)
                if total > best_points:
                    best_points = total
                    best = [(level, *x) for level, x in ((2, d), (1, p)) if x]
        return best

    def _said_again(self, unit: Unit, used: set[int]) -> set[int]:
        """Words by which a parent is named once more, by its name of another time: "Hà Nam (nay thuộc Ninh Bình)"."""
        if len(used) == len(self.reading.words) or (unit.level == 1 and self.as_of < REFORM):
            return set()
        if unit.level == 1:  # "Quảng Nam (nay là Đà Nẵng)"
            return {
                at
                for m in self.mentions
                if m.quality == 1.0 and used.isdisjoint(m.span()) and self._went_into(m, unit)
                for at in m.span()
            }
        above = self.index.above(unit.unit_id)
        again: set[int] = set()
        for m in self.mentions:
            if m.quality == 1.0 and used.isdisjoint(m.span()) and any((x, m.key) in above for x in self._levels_named(m, above)):
                again.update(m.span())
        return again

    def _levels_named(self, m: Mention, above: Mapping[tuple[int, str], float]) -> set[int]:
        """Levels of district and province the kind word leaves open: "TP Yên Bái" is the province of a unit only if that lies
        in the city too (in "TP Q.Ngãi" the letters stand for both)."""
        if m.kinds is None:
            return {1, 2}
        levels = {LEVEL[k] for k in m.kinds}
        if Kind.CITY not in m.kinds or self._a_city(m):
            return levels
        keys = {self.index.key(i) for i in m.ids if self.index.level(i) == 1}
        return levels if any((2, key) in above for key in keys) else levels - {1}

    def _went_into(self, m: Mention, unit: Unit) -> bool:
        index = self.index
        return any(index.level(i) == 1 and index.group(i) == index.group(unit.unit_id) for i in m.ids)

    def _support(self, m: Mention, unit: Unit, level: int, taken: set[int]) -> list[tuple[Mention, float, float]]:
        """Every mention by which the unit's parent of that level may be named: (mention, points, quality)."""
        above = self.index.above(unit.unit_id)
        found = []
        for key, mentions in self.by_key.items():
            known = above.get((level, key))
            if known is None:
                continue
            for s in mentions:
                if not taken.isdisjoint(s.span()):
                    continue
                typed = s.kinds is not None and not any(LEVEL[k] == level or k is Kind.CITY for k in s.kinds)
                if typed and not (level == 1 and Kind.PROVINCIAL_CITY in (s.kinds or ())):
                    continue
                if not any(self.index.level(i) == level for i in s.ids):
                    continue
                if level == 1 and s.kinds is not None and Kind.CITY in s.kinds and not self._a_city(s):
                    continue  # "TP Cà Mau" is the city in the province
                points = NAME - STEEPNESS * (1 - s.quality * known) * 0.6 + (0.3 if s.kinds else 0.0)
                points -= 0.1 if s.start < m.start else 0.0
                found.append((s, points, s.quality * (0.5 + known / 2)))
        return found

    def _a_city(self, s: Mention) -> bool:
        """Was a province of this name ever a city?"""
        units = (self.index.gazetteer.unit(i) for i in s.ids)
        return any(u.kind is Kind.CITY for u in units)

    def _later_province(self, unit: Unit, s: Mention) -> bool:
        """Does the name mean another province on the day than the one the unit lies in?"""
        g = self.index.gazetteer
        meant = {i for i in s.ids if self.index.level(i) == 1 and g.unit(i).valid_on(self.as_of)}
        above = g.ancestors(unit.unit_id, self.as_of) if unit.valid_on(self.as_of) else ()
        return bool(meant and above) and above[-1].unit_id not in meant

    def _form(self, m: Mention, unit: Unit, support: set[int], supports: list[Mention]) -> float:
        """For completeness and for fitting the time asked about."""
        points = 0.0
        old_form = unit.valid_from is None or unit.valid_from < REFORM
        if unit.level == 3:
            points -= 0.0 if 1 in support else 0.5 if support else 1.0
            if old_form:
                points -= 0.0 if 2 in support else 1.0
            elif 2 in support:
                points -= 1.5  # a new commune beside a district: people mix, but an old reading fits better
            if 2 not in support and not unit.valid_on(self.as_of):
                # beside a province that is gone too, the name is rather one of its time
                points -= 0.7 if self._old_province(unit, supports) else 1.2 if 1 in support else 0.6
            elif not old_form and self._old_province(unit, supports):
                points -= 0.5
        elif unit.level == 2:
            points -= 0.0 if 1 in support else 1.0
            typed = m.kinds is not None
            if self.as_of >= REFORM and not typed and not self._old_province(unit, supports):
                points -= 2.0
        elif not unit.valid_on(self.as_of):
            # the name of a province that is gone is still used; one that does not exist yet is not
            points -= 0.2 if unit.valid_to and unit.valid_to <= self.as_of else 2.0
        order = [m.start, *(s.start for s in supports)]
        if order not in (sorted(order), sorted(order, reverse=True)):
            points -= 0.5
        return points

    def _old_province(self, unit: Unit, supports: list[Mention]) -> bool:
        """Is the province named beside the unit one that ended with the reform?"""
        index = self.index
        for s in supports:
            for i in s.ids:
                named = index.gazetteer.unit(i)
                # "QN" is Quảng Nam beside Tam Kỳ, whatever else it may stand for
                meant = named.level == 1 and index.group(i) == index.group(unit.unit_id)
                if meant and named.valid_on(self.as_of) and not index.gone_by(s.key, i):
                    return False
        return bool(supports)

    def _unread(self, m: Mention, used: set[int], supports: list[Mention]) -> tuple[tuple[tuple[int, int], ...], bool]:
        """Runs of unexplained words outside house, street and hamlet; and whether a kind word stands in one."""
        words, runs, start = self.reading.words, [], None
        for i in range(len(words) + 1):
            free = i < len(words) and i not in used and not self.local[i] and words[i].written not in NOISE
            if start is not None and (not free or words[i].segment != words[start].segment):
                runs.append((start, i))
                start = None
            if free and start is None:
                start = i
        typed = False
        for first, end in runs:
            for i in range(first, end):
                k = self.reading.kinds[i]
                if k and k[2] and k[1] >= first:  # k[1] == i: "Ben Thanh Ward"
                    typed |= k[1] == i or words[k[1]].key in WRITTEN or words[i].number or self._dotted(k[1])
        return tuple(runs), typed

    def _joined(self, i: int) -> bool:
        """Does word i follow the word before it with nothing between?"""
        words = self.reading.words
        return 0 < i < len(words) and words[i].segment == words[i - 1].segment

    def _dotted(self, i: int) -> bool:
        return self.reading.text[self.reading.words[i].end :][:1] == "."
