"""A name right behind a house or lane number, before a district: "12/3 ngõ 5 Tam Hiệp, huyện Núi Thành". Streets bear the
names of communes, so the district is what is sure; the commune of that name is offered beside it."""

from dataclasses import replace
from datetime import date
from typing import Final

from dancu.territory.gazetteer import REFORM, Gazetteer
from dancu.territory.matching.index import NameIndex
from dancu.territory.matching.mentions import Mention, exact_mentions
from dancu.territory.matching.reading import Reading
from dancu.territory.matching.scoring import Scored, Scorer
from dancu.territory.models import Candidate

_BESIDE: Final = 0.25
"""What the commune is worth beside its district, which is right either way."""
_AMONG: Final = 0.45
"""What its units of today are worth together, among those the district became: without them each is as good as the next."""


def offered(
    candidates: tuple[Candidate, ...], reading: Reading, top: Scored, scorer: Scorer, day: date, g: Gazetteer
) -> tuple[Candidate, ...]:
    """`candidates` of a reading as a district, with the commune that stands behind the number: added last while there are
    districts, put first among those the district became."""
    name = _name(reading, scorer.index, top, scorer.local)
    if name is None:
        return candidates
    units = {
        u.unit_id: u
        for i in name.ids
        if scorer.index.level(i) == 3 and (2, top.mention.key) in scorer.index.above(i)
        for u in g.counterparts(i, day)
    }
    if not units:
        return candidates
    if day < REFORM:
        low = min(c.confidence for c in candidates)
        share = round(min(_BESIDE, low) / len(units), 3)
        known = {c.unit.unit_id for c in candidates}
        return (*candidates, *(Candidate(u, share, "maybe_street") for u in units.values() if u.unit_id not in known))
    meant = [c for c in candidates if c.unit.unit_id in units]
    if not meant or len(meant) == len(candidates):
        return candidates
    total, first = sum(c.confidence for c in candidates), sum(c.confidence for c in meant)
    share = max(_AMONG, first / total)
    scale = {True: share * total / first, False: (1 - share) * total / (total - first)}
    new = [replace(c, confidence=round(c.confidence * scale[c.unit.unit_id in units], 3)) for c in candidates]
    return tuple(sorted(new, key=lambda c: (-c.confidence, c.unit.code)))


def _name(reading: Reading, index: NameIndex, top: Scored, local: tuple[bool, ...]) -> Mention | None:
    """The name of a unit between a number and the district. One that says it is a street ("12 đường Tam Hiệp") is one."""
    words, end = reading.words, top.mention.begin
    if top.unit.level != 2 or end < 2 or not local[end - 1] or not any(w.number for w in words[:end]):
        return None
    for m in exact_mentions(reading, index, (False,) * len(words)):
        if m.end == end and m.kinds is None and m.quality == 1.0 and m.begin > 0 and all(local[m.begin : m.end]):
            before = words[m.begin - 1]
            letter = len(before.key) == 1 and m.begin > 1 and words[m.begin - 2].number
            if before.number or letter:
                return m
    return None
