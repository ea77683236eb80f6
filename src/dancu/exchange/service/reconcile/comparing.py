"""A chunk of rows compared with the registry: first with whoever bears the numbers they name; what that does not settle, with
whoever has the name and birth date or lives in the household; what that does not settle, with whoever else may be meant. Most
rows are settled by the first look, most others by the second: the third costs ten times as much."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dancu.exchange.matching.deciding import Decision, Scored, decide, score
from dancu.exchange.matching.weights import Weights
from dancu.exchange.models.reconcile import Declared, Outcome, Result
from dancu.kernel.actor import Actor, Purpose
from dancu.kit.db import Conn
from dancu.population.service import linkage
from dancu.population.service.linkage import Candidate, Probe
from dancu.territory import service as territory

_NOBODY = Decision(None, 0.0, sure=False)


@dataclass(frozen=True, slots=True)
class Comparing:
    """What a run compares with. `note`: of every evidence entry; `released`: fields of the agreement."""

    actor: Actor
    purpose: Purpose
    note: Mapping[str, Any]
    weights: Weights
    people: int
    released: frozenset[str]

    async def compare(self, conn: Conn, rows: Sequence[Declared]) -> list[Decision]:
        """A decision per row, in order. The persons compared have their evidence in the transaction of `conn`."""
        probes = list(map(_probe, rows))
        candidates: list[list[Scored]] = [[] for _ in rows]
        decisions: list[Decision] = [_NOBODY] * len(rows)
        self._sort(rows, candidates, await linkage.by_numbers(conn, self.actor, self.purpose, self.note, probes))
        open_lines = [place for place, row in enumerate(rows, 1) if row.problem is None]
        self._decide(open_lines, candidates, decisions)
        for widely, settled in ((False, _numbered), (True, _dated)):
            open_lines = [line for line in open_lines if not (decisions[line - 1].sure and settled(decisions[line - 1]))]
            found = await linkage.by_traits(conn, self.actor, self.purpose, self.note, probes, open_lines, widely=widely)
            self._sort(rows, candidates, found)
            self._decide(open_lines, candidates, decisions)
        return decisions

    def _decide(self, lines: Sequence[int], candidates: Sequence[list[Scored]], decisions: list[Decision]) -> None:
        for line in lines:
            if candidates[line - 1]:
                decisions[line - 1] = decide(candidates[line - 1], self.people, self.weights)

    def _sort(self, rows: Sequence[Declared], candidates: list[list[Scored]], found: Sequence[Candidate]) -> None:
        for candidate in found:
            scored = candidates[candidate.line - 1]
            if all(known.candidate.person_key != candidate.person_key for known in scored):
                hamlet = territory.hamlet_name(candidate.hamlet_id) if candidate.hamlet_id else ""
                scored.append(score(rows[candidate.line - 1], candidate, hamlet, self.weights))

    def result(self, row: Declared, decision: Decision, first_line: int) -> Result:
        """What the partner learns. `first_line`: of the row that met the same person first (this row's own, if it is)."""
        if row.problem is not None:
            return Result(row.line, row.ref, Outcome.REJECTED, code=row.problem[0])
        if not decision.sure or decision.best is None:
            if decision.score < self.weights.review:
                return Result(row.line, row.ref, Outcome.NOT_FOUND)
            return Result(row.line, row.ref, Outcome.AMBIGUOUS, round(decision.score, 4))
        best = decision.best
        differs = {field: level for field, level in differences(row, best) if field in self.released}
        again = first_line if first_line != row.line else 0
        if not best.candidate.alive:
            outcome = Outcome.DEAD
        elif again:
            outcome = Outcome.DUPLICATE
        else:
            outcome = Outcome.DIFFERS if differs else Outcome.MATCHED
        number = present_number(best.candidate) if "personal_id" in self.released else ""
        return Result(
            row.line, row.ref, outcome, round(decision.score, 4), differs, number if number != row.number else "", again
        )


def _probe(row: Declared) -> Probe:
    if row.problem is not None:
        return Probe((), "", None, None, None, "", "", "", ())
    born = row.born
    return Probe(
        row.numbers, row.ascii, born.year if born else None, born.month if born else None, born.day if born else None,
        row.head_number, row.head_name, row.head_folded, row.areas,
    )  # fmt: skip


def _numbered(decision: Decision) -> bool:
    """Number, name and birth date all speak for this person: nobody else has to be looked at."""
    best = decision.best
    return (
        best is not None
        and best.number in ("same", "old")
        and best.name not in ("given", "surname", "other")
        and best.birth not in ("other", "year_differs")
    )


def _dated(decision: Decision) -> bool:
    """Name and birth date are this person's to the letter and whoever else has both was looked at; or as much of the date as either
    knows, in the household whose head bears the number. (A name that merely came to be alike is settled against everybody it may
    have been.)"""
    best = decision.best
    if best is None or best.name not in ("same", "marks"):
        return _numbered(decision)
    return best.birth == "same" or (best.home_says == "head_number" and best.birth in ("month", "year", "vague"))


def present_number(candidate: Candidate) -> str:
    """The person's present personal number; "" where they have none."""
    return next((entry[2:] for entry in (candidate.numbers or "").split() if entry[:2] == "pa"), "")


_NAMES = {"same": "", "other": "no", "surname": "no", "given": "no"}
_BIRTHS = {"same": "", "unknown": "", "other": "no", "year_differs": "no"}
_NUMBERS = {"same": "", "none": "", "old": "old", "near": "close"}


def differences(row: Declared, best: Scored) -> list[tuple[str, str]]:
    """(field, how) of every field the row fills and the registry says otherwise."""
    candidate = best.candidate
    found = [
        ("name", _NAMES.get(best.name, "close")),
        ("birth", _birth(row, best)),
        ("sex", "no" if best.sex == "other" else ""),
        ("personal_id", _NUMBERS.get(best.number, "no") if row.number else ""),
        ("address", "no" if row.areas and candidate.in_area is False else ""),
        ("head", _head(row, candidate)),
        ("household", "no" if row.relation and candidate.relation and candidate.relation != row.relation else ""),
    ]
    return [(field, how) for field, how in found if how]


def _birth(row: Declared, best: Scored) -> str:
    """A year alone against the same year alone is no difference, though it says less for this person than a whole date would."""
    theirs = best.candidate
    if row.born and (row.born.year, row.born.month, row.born.day) == (theirs.birth_year, theirs.birth_month, theirs.birth_day):
        return ""
    return _BIRTHS.get(best.birth, "close")


def _head(row: Declared, candidate: Candidate) -> str:
    if candidate.head_number is False or candidate.head_name == 0:
        return "no"
    return "close" if candidate.head_name == 1 else ""
