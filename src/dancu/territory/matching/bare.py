"""A name alone that a commune of today took over from its district: "Gò Vấp" was one district and is one of its wards."""

from datetime import date
from typing import Final

from dancu.territory.gazetteer import REFORM, Gazetteer
from dancu.territory.matching.doubts import DISSOLVED
from dancu.territory.matching.scoring import Scored, Scorer
from dancu.territory.models import Candidate, Status

_HAMLETS: Final = frozenset(
    ("thon", "ban", "lang", "buon", "bon", "ap", "xom", "khom", "khoi", "kp", "tdp", "to", "phum", "soc", "plei")
)


def or_the_district(
    status: Status, note: str, candidates: tuple[Candidate, ...], top: Scored, scorer: Scorer, day: date, g: Gazetteer
) -> tuple[Status, str, tuple[Candidate, ...]]:
    """Ambiguous, and with what else became of the district, where neither kind word nor province says which is meant."""
    if status is not Status.EXACT or top.unit.level < 3 or top.support or top.mention.kinds is not None or day < REFORM:
        return status, note, candidates
    if any(word.key in _HAMLETS for word, local in zip(scorer.reading.words, scorer.local, strict=True) if local):
        return status, note, candidates  # what follows a hamlet is its commune
    index, key = scorer.index, top.mention.key
    districts = [i for i in index.by_key.get(key, ()) if index.level(i) == 2 and (key, i) not in index.former]
    heirs = {u.unit_id: u for i in districts for u in g.successors(i, day)}
    if len(heirs) < 2 or top.unit.unit_id not in heirs:
        return status, note, candidates
    first, known = candidates[0], {c.unit.unit_id for c in candidates}
    others = [u for u in heirs.values() if u.unit_id not in known]
    share = round(first.confidence / 2 / max(1, len(others)), 3)
    halved = Candidate(first.unit, round(first.confidence / 2, 3), first.via)
    found = [halved, *candidates[1:], *(Candidate(u, share, "district_dissolved") for u in others)]
    return Status.AMBIGUOUS, DISSOLVED, tuple(sorted(found, key=lambda c: (-c.confidence, c.unit.code)))
