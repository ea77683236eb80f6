"""Which person a row is about, how sure that is, and which fields differ. Pure.

A person's evidence is added up in bits. How sure a match is depends on how many people there are to be mistaken for it, and on
what the other candidates have for themselves: of two equally likely ones neither is sure. What a household shares (its head,
its address) says which household, never which of its members: the person's own fields must carry the rest alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import log2

from dancu.exchange.matching.comparing import compare_birth, compare_name, compare_number
from dancu.exchange.matching.weights import Weights
from dancu.exchange.models.reconcile import Declared
from dancu.kernel.text import fold_ascii
from dancu.population.models.linkage import Candidate


@dataclass(frozen=True, slots=True)
class Scored:
    """A candidate with its levels. `own`: bits of the person's own fields; `home`: bits of the household."""

    candidate: Candidate
    name: str
    birth: str
    sex: str
    number: str
    home_says: str
    own: float
    home: float
    near_home: bool


@dataclass(frozen=True, slots=True)
class Decision:
    """`best` None: nobody worth a look. `sure`: the match stands by itself. `score`: probability, 0 to 1."""

    best: Scored | None
    score: float
    sure: bool


def score(row: Declared, candidate: Candidate, hamlet: str, w: Weights) -> Scored:
    """The evidence for one candidate; `hamlet`: name of the hamlet of their home, "" where there is none."""
    name = compare_name(row.name, row.folded, row.ascii, candidate.names) if candidate.names else "other"
    birth = "unknown"
    if row.born is not None and candidate.birth_year is not None:
        birth = compare_birth(row.born, row.vague, candidate.birth_year, candidate.birth_month, candidate.birth_day)
    sex = "unknown"
    if row.sex and candidate.sex != "undetermined":
        sex = "same" if row.sex == candidate.sex else "other"
    number = compare_number(row.number, row.head_number if row.relation != "head" else "", candidate.numbers or "")
    own = w.name_apart.get(name, 0.0)
    if name in w.name:
        own = w.of_name(row.ascii) + (w.name[name] if name != "same" else 0.0)
    own += w.birth[birth] + w.sex[sex] + w.number[number]
    says, home, near = _household(row, candidate, hamlet, w)
    return Scored(candidate, name, birth, sex, number, says, own, home, near)


def _household(row: Declared, c: Candidate, hamlet: str, w: Weights) -> tuple[str, float, bool]:
    here = bool(c.in_area)
    # Of a head of a household the head's name and number are their own, counted there.
    itself = c.relation == "head" and row.head_name == row.ascii
    head_name = None if itself else c.head_name
    if c.head_number and not (itself and row.head_number == row.number):
        says = "head_number"
    elif head_name and (here or not row.areas):
        says = "head_and_commune"
    elif head_name:
        says = "head_name"
    elif here:
        says = "commune"
    elif row.areas:
        says = "elsewhere"
    else:
        says = "nothing" if head_name is None else "head_differs"
    bits = w.household_says[says]
    if says == "commune" and head_name == 0:
        bits += w.household_says["head_differs"]
    same_hamlet = False
    if here and row.front and hamlet:
        same_hamlet = _bare(hamlet) in row.front
        bits += w.hamlet["same" if same_hamlet else "differs"] if same_hamlet or "," in row.front else 0.0
    if here and row.front and c.address and fold_ascii(c.address) in row.front.split(", "):
        bits += w.house["same"]
    return says, bits, here or says in ("head_number", "head_name")


@lru_cache(maxsize=1_024)  # a file goes from hamlet to hamlet
def _bare(hamlet: str) -> str:
    """What a hamlet is called without its kind: "Thôn Vĩnh Thành" is "vinh thanh"."""
    words = fold_ascii(hamlet).split()
    return " ".join(words[-2:]) if len(words) > 2 else words[-1]


def decide(scored: Sequence[Scored], people: int, w: Weights) -> Decision:
    """Of all candidates of a row, the one it is about. `people`: how many the registry knows."""
    if not scored:
        return Decision(None, 0.0, sure=False)
    prior = log2(w.in_registry / people)
    ranked = sorted(scored, key=lambda s: s.own + s.home, reverse=True)
    best = ranked[0]
    nobody = 1 - w.in_registry + w.in_registry * w.missed
    # The row's person may be somebody the registry does not know: of the same household, alike in what a household shares.
    weight = [2.0 ** min(prior + s.own + s.home, 60.0) for s in ranked]
    alone = w.in_registry / w.household * 2.0 ** min(best.own, 60.0)
    sure = weight[0] / (sum(weight) + nobody)
    score_ = min(sure, alone / (alone + nobody))
    return Decision(best, score_, sure=score_ >= w.accept and _consistent(best))


def _consistent(best: Scored) -> bool:
    """No match by itself against a field that speaks for somebody else, unless the number stands for it."""
    if best.number in ("same", "old", "near"):
        return not (best.name in ("surname", "other") and best.birth not in ("same", "swapped", "month"))
    if best.sex == "other":  # one wrong stroke in a list; anything else must be beyond doubt
        return best.name in ("same", "marks") and best.birth == "same" and best.near_home
    return best.name not in ("given", "surname", "other") and best.birth != "other"
