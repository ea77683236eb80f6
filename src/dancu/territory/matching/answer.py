"""From the best readings of an address to an answer as of a day."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import lru_cache

from dancu.territory.gazetteer import OLDEST_KNOWN, REFORM, Gazetteer
from dancu.territory.gazetteer import gazetteer as default_gazetteer
from dancu.territory.matching.agreement import name_quality
from dancu.territory.matching.approximate import Scopes, approximate_mentions
from dancu.territory.matching.bare import or_the_district
from dancu.territory.matching.behind_a_number import offered
from dancu.territory.matching.choosing import MOST, coarsest, longest, of_the_day, via, with_others
from dancu.territory.matching.doubts import (
    CONTRADICTS,
    DISSOLVED,
    MERGED,
    NO_HEIR,
    NO_SUCH_CODE,
    NOT_READ,
    PART_NOT_READ,
    SEVERAL,
    SPLIT,
    TOO_EARLY,
    doubts,
)
from dancu.territory.matching.index import NameIndex, fold, name_index
from dancu.territory.matching.mentions import exact_mentions, local_parts
from dancu.territory.matching.reading import Reading, read
from dancu.territory.matching.scoring import LONE_MARGIN, MARGIN, Scored, Scorer
from dancu.territory.matching.tail import free_tail
from dancu.territory.matching.words import FOREIGN
from dancu.territory.models import Candidate, Hamlet, Kind, Resolution, Status

OTHER_KIND = 1.5
"""How far behind a reading may be that has the kind of unit written, before a reading of another kind is sure."""
OTHER_DAY = 0.2
"""What the name of another time is worth beside a unit of the day that bears it: "Phường Bến Thành" of 2023 was smaller."""
Hamlets = Mapping[int, Sequence[Hamlet]] | Callable[[int], Sequence[Hamlet]]

_CODE = re.compile(r"^\W*(\d{2,5})\W*$")
_LEADING_CODE = re.compile(r"^\W*(\d{5})\W+(?=[^\W\d])")


@lru_cache(maxsize=2)
def _scopes(index: NameIndex) -> Scopes:
    return Scopes(index)


def resolve(text: str, as_of: date, gazetteer: Gazetteer | None = None, hamlets: Hamlets | None = None) -> Resolution:
    """Read a free-text address as the unit of that day.

    `exact`: one unit fits and nothing else comes near; `ambiguous`: several (a split commune, a name borne in several
    places, a district after 1/7/2025); `unknown`: nothing fits, a part that must name a unit cannot be read, or the day
    lies before 2022. Candidates come best first, confidence 0..1. `hamlets` (by commune unit_id) may settle a split.
    `text` may be a bare statistical code: it means the unit that bore it on that day.
    """
    g = gazetteer or default_gazetteer()
    day = max(as_of, OLDEST_KNOWN)
    code = _CODE.match(text)
    answer = _by_code(code[1], day, g) if code else _by_words(text, day, g)
    if hamlets is not None and answer.rest and answer.candidates:
        answer = _with_hamlet(answer, hamlets)
    if as_of < OLDEST_KNOWN and answer.candidates:
        later = tuple(
            replace(c, confidence=round(min(c.confidence, 0.5), 3), via="+".join(filter(None, ("later_unit", c.via))))
            for c in answer.candidates
        )
        answer = replace(answer, status=Status.UNKNOWN, candidates=later, note=TOO_EARLY)
    return answer


def _by_code(code: str, day: date, g: Gazetteer) -> Resolution:
    unit = g.by_code(code, day) or g.by_code(code.zfill(5), day)
    if unit:
        return Resolution(Status.EXACT, (Candidate(unit, 1.0, "code"),))
    versions = g.versions(code) or g.versions(code.zfill(5))
    others = {u.unit_id: u for v in versions for u in g.counterparts(v.unit_id, day)}
    candidates = tuple(Candidate(u, round(0.6 / len(others), 3), "code+moved") for u in others.values())
    return Resolution(Status.UNKNOWN, candidates[:MOST], note=NO_SUCH_CODE)


def _by_words(text: str, day: date, g: Gazetteer) -> Resolution:
    text = _LEADING_CODE.sub("", text)
    index = name_index(g)
    reading = read(text, index.words, index.dashed, index.by_key)
    if not reading.words:
        return Resolution(Status.UNKNOWN, note=NOT_READ)
    if _abroad(reading):
        return Resolution(Status.UNKNOWN, rest=reading.text.strip(), note=NOT_READ)
    local = free_tail(reading, index, local_parts(reading))
    mentions = exact_mentions(reading, index, local)
    scorer = Scorer(reading, index, day, local, mentions)
    readings = scorer.all()
    if _wants_more(readings, scorer):
        runs = _open_runs(readings[0], reading) if readings else _all_runs(reading, local)
        has_province = bool(scorer.groups) or bool(
            readings and (1 in readings[0].support or readings[0].unit.level == 1)
        )
        groups = scorer.groups or (
            frozenset({index.group(readings[0].unit.unit_id)}) if has_province else frozenset[str]()
        )
        more = approximate_mentions(reading, _scopes(index), runs, readings, groups, has_province)
        if more and not has_province:  # a province or district read by likeness opens the communes in it
            again = Scorer(reading, index, day, local, [*mentions, *more])
            ranked = again.all()
            if ranked and (1 in ranked[0].support or 2 in ranked[0].support or ranked[0].unit.level < 3):
                opened = frozenset(index.group(s.unit.unit_id) for s in ranked[:3])
                more += approximate_mentions(reading, _scopes(index), ranked[0].unread, ranked, opened, True)
        if more:
            scorer = Scorer(reading, index, day, local, [*mentions, *more])
            readings = scorer.all()
    return _answer(reading, readings, scorer, day, g)


def _abroad(reading: Reading) -> bool:
    """Does the address end with another country, in a part of its own?"""
    first, last = reading.segment_of[-1]
    return first > 0 and "".join(w.key for w in reading.words[first:last]) in FOREIGN


def _all_runs(reading: Reading, local: tuple[bool, ...]) -> tuple[tuple[int, int], ...]:
    runs = []
    for first, end in dict.fromkeys(reading.segment_of):
        start = next((i for i in range(first, end) if not local[i]), end)
        if start < end:
            runs.append((start, end))
    return tuple(runs)


def _open_runs(top: Scored, reading: Reading) -> tuple[tuple[int, int], ...]:
    """The words not read; together with the name right before them ("Mỹ An Hưhg" is rather Mỹ An Hưng than Mỹ An)."""
    runs = dict.fromkeys(top.unread)
    for start, end in top.unread:
        if start == top.mention.end and reading.segment_of[start] == reading.segment_of[start - 1]:
            runs[top.mention.begin, end] = None
        if end == top.mention.begin and top.mention.kinds is None and reading.segment_of[start][1] > end:
            runs[start, top.mention.end] = None
    return tuple(runs)


def _wants_more(readings: list[Scored], scorer: Scorer) -> bool:
    """Is anything left that a near-name might explain?"""
    if not readings:
        return True
    best = readings[0]
    if best.quality < 0.93 and best.unit.level == 3:
        return True
    if not best.unread:
        return False
    if best.unit.level == 3 and 2 not in best.support and any(scorer.index.level(i) == 2 for i in best.mention.ids):
        return True  # a ward of today that bears the name of the district, before which something is not read
    return (
        best.typed_unread
        or best.unit.level < 3
        or any(start > min(best.used) for start, _ in best.unread)
        or (not best.support)
    )


# -- from readings to units of the day --------------------------------------------------------------------
_PATTERN = {(3, 2, 1): 0.99, (3, 1): 0.97, (3, 2): 0.95, (3,): 0.8, (2, 1): 0.97, (2,): 0.9, (1,): 0.97}
"""What a reading is worth when spelt right, by the levels named."""
_SLIPS = 1.3
"""How fast confidence falls with quality: set on the labelled addresses so that it promises no more than it keeps."""


def _confidence(s: Scored) -> float:
    pattern = (s.unit.level, *sorted(s.support, reverse=True))
    return _PATTERN.get(pattern, 0.8) * float(s.quality**_SLIPS)


def _answer(reading: Reading, readings: list[Scored], scorer: Scorer, day: date, g: Gazetteer) -> Resolution:
    if not readings or readings[0].points < 1.0:
        return _elsewhere(reading, scorer, day, g)
    top = readings[0]
    lone = top.unit.level == 3 and not top.support
    near = [s for s in readings if top.points - s.points < (LONE_MARGIN if lone else MARGIN)]
    of_day = of_the_day(near, day, g)
    of_other_days = {id(s) for s in near} - {id(s) for s in of_day}
    near = of_day
    near = coarsest(near, scorer)
    whole = longest(near)
    begun, near = [s for s in near if s not in whole], whole
    top = near[0]
    far = [s for s in readings if s not in near and s not in begun and top.points - s.points < 3 and s.unit.level == top.unit.level][:8]
    # Each reading with the units of the day it means; readings that mean the same units speak with one voice.
    means = {id(s): g.counterparts(s.unit.unit_id, day) for s in (*near, *far)}
    same = {id(s): frozenset(u.unit_id for u in means[id(s)]) or frozenset({-s.unit.unit_id}) for s in (*near, *far)}
    voices: dict[frozenset[int], float] = {}
    weights: dict[int, float] = {}
    for s in (*near, *far):
        weights[id(s)] = math.exp((s.points - top.points) * 1.5) * (OTHER_DAY if id(s) in of_other_days else 1.0)
        voices[same[id(s)]] = max(voices.get(same[id(s)], 0.0), weights[id(s)])
    groups = {same[id(s)] for s in near}
    best: dict[int, Candidate] = {}
    note = ""
    for s in (*near, *far):
        units = means[id(s)]
        base = _confidence(s) * weights[id(s)] / sum(voices.values())
        main = {x.successor_id for x in g.successions(s.unit.unit_id) if x.main and x.successor_id}
        for u in units or (s.unit,):
            part = 1.0 if len(units) < 2 else (1.25 if u.unit_id in main else 1.0) / (len(units) + 0.25)
            c = Candidate(u, round(min(base * part, 1.0), 3), via(s, u, len(units), day))
            known = best.get(u.unit_id)
            if known is None or c.confidence > known.confidence:
                best[u.unit_id] = c
    candidates = tuple(sorted(best.values(), key=lambda c: (-c.confidence, c.unit.code)))[:MOST]
    targets = set().union(*groups)
    status = Status.EXACT if len(targets) == 1 and min(targets) > 0 else Status.AMBIGUOUS
    if len(targets) == 1 and min(targets) < 0:
        status, note = Status.UNKNOWN, NO_HEIR
    elif status is Status.AMBIGUOUS:
        note = _why(near, groups, day)
    if status is Status.EXACT and (_named_otherwise(top, far, same, day) or _marked_otherwise(top, far, same, scorer)):
        status, note = Status.AMBIGUOUS, SEVERAL
    status, note, candidates = doubts(status, note, candidates, top, scorer)
    status, note, candidates = or_the_district(status, note, candidates, top, scorer, day, g)
    if status is Status.UNKNOWN and note in (CONTRADICTS, PART_NOT_READ):
        candidates = with_others(candidates, top, scorer, day, g)
    elif top.unit.level == 2:
        candidates = offered(candidates, reading, top, scorer, day, g)
    return Resolution(status, candidates, _rest(reading, top, scorer.local), note)


def _elsewhere(reading: Reading, scorer: Scorer, day: date, g: Gazetteer) -> Resolution:
    """Nothing of the address lies in the province it names: what a commune and its district are elsewhere, as a hint."""
    nothing = Resolution(Status.UNKNOWN, rest=reading.text.strip(), note=NOT_READ)
    if not scorer.groups:
        return nothing
    scorer.groups = frozenset()
    found = [s for s in scorer.all() if s.unit.level == 3 and 2 in s.support and not s.approximate][:3]
    units = {u.unit_id: (u, s) for s in found for u in g.counterparts(s.unit.unit_id, day)}
    hints = tuple(Candidate(u, round(0.3 / len(units), 3), via(s, u, 1, day)) for u, s in units.values())
    return replace(nothing, candidates=hints[:MOST], note=CONTRADICTS) if hints else nothing


def _named_otherwise(top: Scored, far: list[Scored], same: dict[int, frozenset[int]], day: date) -> bool:
    """Is the unit of another kind than the address says, while one of just that kind and name became another unit ("Xã Tân
    Hiệp" for a ward of today)? A township is always one of before: there are none any more."""
    kinds = top.mention.kinds
    if not kinds or top.unit.kind in kinds:
        return False
    gone = day >= REFORM and kinds == {Kind.TOWNSHIP}
    behind, worse = (math.inf, 0.05) if gone else (OTHER_KIND, 0.0)
    return any(
        s.unit.kind in (s.mention.kinds or ()) and s.quality >= top.quality - worse and top.points - s.points < behind and same[id(s)] != same[id(top)]
        for s in far
    )  # fmt: skip


def _marked_otherwise(
    top: Scored, far: list[Scored], same: dict[int, frozenset[int]], scorer: Scorer
) -> bool:
    """Do the marks written speak against the unit, while one that bears just this name became another unit ("Đại Thành" for
    Đại Thanh of today)?"""

    def written_right(s: Scored) -> bool:
        m = s.mention
        return m.quality == 1.0 and not m.written.isascii() and name_quality(m, s.unit, scorer.index) >= 1.0

    m = top.mention
    if m.quality < 1.0 or m.written.isascii() or written_right(top):
        return False
    return any(s.support == top.support and same[id(s)] != same[id(top)] and written_right(s) for s in far)


def _why(near: list[Scored], groups: set[frozenset[int]], day: date) -> str:
    if len(groups) > 1:
        return SEVERAL
    unit = near[0].unit
    if unit.level == 2 and day >= REFORM:
        return DISSOLVED
    return SPLIT if unit.valid_to is not None and unit.valid_to <= day else MERGED


def _rest(reading: Reading, top: Scored, local: tuple[bool, ...]) -> str:
    """What was not used, as written: house, street, hamlet and anything not read."""
    pieces: list[str] = []
    start: int | None = None
    words = reading.words
    for i in range(len(words) + 1):
        free = i < len(words) and i not in top.used
        if start is not None and (not free or words[i].segment != words[i - 1].segment):
            pieces.append(reading.text[words[start].start : words[i - 1].end])
            start = None
        if free and start is None:
            start = i
    return ", ".join(pieces)


def _with_hamlet(answer: Resolution, hamlets: Hamlets) -> Resolution:
    """Find the hamlet named in the rest; if only one candidate has it, that settles the commune."""
    wanted = fold(answer.rest)
    hits: list[tuple[Candidate, Hamlet]] = []
    for c in answer.candidates:
        known = hamlets(c.unit.unit_id) if callable(hamlets) else hamlets.get(c.unit.unit_id, ())
        for h in known:
            if any(n and n in wanted for n in map(fold, (f"{h.kind} {h.name}", *h.aliases))):
                hits.append((c, h))
    if len({c.unit.unit_id for c, _ in hits}) != 1 or answer.status is Status.UNKNOWN:
        return answer
    c, h = hits[0]
    hamlet_id = h.hamlet_id if len(hits) == 1 else None
    if answer.status is Status.EXACT:
        return replace(answer, hamlet_id=hamlet_id) if c is answer.candidates[0] else answer
    chosen = replace(c, confidence=0.9, via=f"{c.via}+hamlet")
    others = tuple(x for x in answer.candidates if x.unit is not c.unit)
    return replace(answer, status=Status.EXACT, candidates=(chosen, *others), note="", hamlet_id=hamlet_id)
