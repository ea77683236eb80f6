"""Which of the near readings count, and what else to offer beside them."""

from datetime import date

from dancu.territory.gazetteer import Gazetteer
from dancu.territory.matching.scoring import Scored, Scorer
from dancu.territory.models import Candidate, Unit

MOST = 40
"""Candidates in an answer, at most."""


def of_the_day(near: list[Scored], day: date, g: Gazetteer) -> list[Scored]:
    """Without readings as a later or earlier unit that is carried back to one that is itself read, and valid."""
    valid = {s.unit.unit_id for s in near if s.unit.valid_on(day)}
    return [
        s
        for s in near
        if s.unit.unit_id in valid
        or not any(u.unit_id in valid and u.level == s.unit.level for u in g.counterparts(s.unit.unit_id, day))
    ]


def coarsest(near: list[Scored], scorer: Scorer) -> list[Scored]:
    """Without the readings that lie inside another of the same words.

    "Lộc Ninh, Bình Phước" may be the district or the township in it: the district is right either way.
    """
    index = scorer.index
    kept = []
    for s in near:
        inside = any(
            o.unit.level < s.unit.level
            and o.mention.start == s.mention.start
            and o.mention.end == s.mention.end
            and (o.unit.level, o.mention.key) in index.above(s.unit.unit_id)
            and (o.unit.valid_on(scorer.as_of) or o.unit.level == 1)
            for o in near
        )
        if not inside:
            kept.append(s)
    return kept


def longest(near: list[Scored]) -> list[Scored]:
    """Without the readings of the beginning of a name where one of the whole of it is no worse: "Hội An Đôngg" is
    Hội An Đông with a slip rather than Hội An and a word that means nothing."""
    return [
        s
        for s in near
        if not any(
            o.unit.level == s.unit.level
            and o.points >= s.points
            and o.mention.start == s.mention.start
            and any(start == s.mention.end and end <= o.mention.end for start, end in s.unread)
            for o in near
        )
    ]


def with_others(
    candidates: tuple[Candidate, ...], top: Scored, scorer: Scorer, day: date, g: Gazetteer
) -> tuple[Candidate, ...]:
    """With what the part that contradicts the reading would mean by itself: either may be the mistake."""
    others: dict[int, Scored] = {}
    for m in scorer.mentions:
        if m.quality >= 0.97 and any(start <= m.begin and m.end <= end for start, end in top.unread):
            for i in m.ids:
                scored = scorer.score(m, g.unit(i))
                if scorer.index.level(i) > 1 and scored.support:
                    others[i] = scored
    best = sorted(others.values(), key=lambda s: -s.points)[:3]
    known = {c.unit.unit_id for c in candidates}
    found = {u.unit_id: (u, s) for s in best for u in g.counterparts(s.unit.unit_id, day) if u.unit_id not in known}
    low = min((c.confidence for c in candidates), default=1.0)
    share = round(min(0.3 / len(found), low), 3) if found else 0.0
    return (*candidates, *(Candidate(u, share, via(s, u, 1, day)) for u, s in found.values()))[:MOST]


def via(s: Scored, unit: Unit, several: int, day: date) -> str:
    parts = []
    if s.approximate:
        parts.append("approximate")
    if unit is not s.unit:
        if s.unit.valid_from is not None and day < s.unit.valid_from:
            parts.append("predecessor")
        elif s.unit.level == 2 and unit.level == 3:
            parts.append("district_dissolved")
        else:
            parts.append("split" if several > 1 else "successor")
    return "+".join(parts) or "direct"
