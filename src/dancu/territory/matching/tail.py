"""Units at the end of a house, street or hamlet written without commas: "so 12 ngo 3 xuan dieu quang an tay ho ha noi"."""

from dancu.territory.matching.index import NameIndex
from dancu.territory.matching.mentions import Mention, begins_local, exact_mentions
from dancu.territory.matching.reading import Reading
from dancu.territory.matching.words import STREETS

_MIDDLE = frozenset({"thi", "van"})
"""A street is not called after half a person: "Nguyễn Thị | Minh Khai"."""


def free_tail(reading: Reading, index: NameIndex, local: tuple[bool, ...]) -> tuple[bool, ...]:
    """`local` with the units freed that the last segment ends with. Freed are two or more names, each in the next, of
    which at least one is a province or district; a single name at the end may be the street's own ("12 xa lộ Hà Nội").
    """
    if not reading.segment_of:
        return local
    first, last = reading.segment_of[-1]
    start = next((i for i in range(first, last) if local[i]), last)
    if start == last:
        return local
    names = [m for m in exact_mentions(reading, index, (*local[:first], *[False] * (last - first))) if m.begin > start]
    chain: list[Mention] = []
    position = last
    for level in (1, 2, 3):
        inner = _before(position, level, chain, names, index)
        if inner is None or (level == 3 and not _stands_alone(inner, reading, start)):
            continue
        chain.append(inner)
        position = inner.begin
    if len(chain) < 2:
        return local
    return (*local[:position], *[False] * (last - position))


def _before(end: int, level: int, chain: list[Mention], names: list[Mention], index: NameIndex) -> Mention | None:
    """The longest name of a unit of that level that ends there and lies in the units of the chain."""
    fitting = [m for m in names if m.end == end and any(_lies_in(i, level, chain, index) for i in m.ids)]
    return min(fitting, key=lambda m: m.begin, default=None)


def _lies_in(unit_id: int, level: int, chain: list[Mention], index: NameIndex) -> bool:
    if index.level(unit_id) != level or (level == 3 and not chain):
        return False
    above = index.above(unit_id)
    return all(any((upper, m.key) in above for upper in (1, 2) if upper < level) for m in chain)


def _stands_alone(commune: Mention, reading: Reading, start: int) -> bool:
    """Is a whole name of a street or hamlet left before the commune? "12 Trần | Hưng Đạo" and "12 Quang Trung" are
    streets, whatever communes bear those names."""
    if commune.kinds is not None:
        return True
    words = reading.words
    sign = max(i for i in range(start, commune.begin) if i == start or words[i].number or begins_local(reading, i))
    left = words[sign + 1 : commune.begin]
    street = words[sign].number or words[sign].key in STREETS
    return len(left) >= (2 if street else 1) and left[-1].key not in _MIDDLE
