"""Corrections, and lawful changes of name or traits. A correction may say why (`reason`, a code of
`policy.correct.Reason`); the evidence keeps it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from dancu.kernel.numbers import PersonalId
from dancu.population.models import BirthFact, Fact, NameKind
from dancu.population.policy import correct as rule
from dancu.population.policy.work import Work
from dancu.population.service.act import Act, verb

CORRECT = "person.write.correct"


@verb("correct_name", CORRECT)
async def correct_name(act: Act, person_key: int, *, full_name: str, kind: NameKind = NameKind.BIRTH, reason: str = "") -> Work:
    """The name was written wrongly."""
    act.reason = rule.reason_of(reason)
    work = await _one(act, person_key)
    rule.correct_name(work, person_key, full_name, kind)
    return work


@verb("change_name", CORRECT)
async def change_name(
    act: Act, person_key: int, *, full_name: str, since: date, kind: NameKind = NameKind.BIRTH
) -> Work:
    """The person lawfully bears another name from `since` on."""
    work = await _one(act, person_key)
    rule.change_name(work, person_key, full_name, since, kind)
    return work


@verb("correct_birth", CORRECT)
async def correct_birth(act: Act, person_key: int, *, values: Mapping[str, Any], reason: str = "") -> Work:
    """Mend date of birth, sex or the places of birth, registration, origin: `values` by field of BirthFact. A
    personal number that now contradicts them is a finding; replacing it is a verb of its own."""
    act.reason = rule.reason_of(reason)
    work = await _one(act, person_key)
    rule.correct_birth(work, person_key, values)
    view = work.view(person_key)
    birth: BirthFact | None = view.birth
    if birth is not None and view.personal_id is not None:
        for finding in PersonalId.parse(view.personal_id.number).cross_check(birth.sex, birth.year):
            work.notice(person_key, finding.code)
    return work


@verb("correct_traits", CORRECT)
async def correct_traits(act: Act, person_key: int, *, values: Mapping[str, Any], reason: str = "") -> Work:
    """Mend ethnicity, religion, nationality or blood group on all days known: `values` by field of
    TraitFact."""
    act.reason = rule.reason_of(reason)
    work = await _one(act, person_key)
    rule.correct_traits(work, person_key, values)
    return work


@verb("change_traits", CORRECT)
async def change_traits(act: Act, person_key: int, *, values: Mapping[str, Any], since: date) -> Work:
    """Another nationality, ethnicity or religion from `since` on."""
    work = await _one(act, person_key)
    rule.change_traits(work, person_key, values, since)
    return work


@verb("correct_facts", CORRECT)
async def correct_facts(
    act: Act,
    person_key: int,
    *,
    replacements: Mapping[int, Fact | None],
    additions: Sequence[Fact] = (),
    reason: str = "",
) -> Work:
    """Say other facts otherwise (fact id -> new fact), take them back (None), or add what was left out."""
    act.reason = rule.reason_of(reason)
    work = await _one(act, person_key)
    rule.correct_facts(work, person_key, replacements, additions)
    return work


@verb("settle_finding", CORRECT)
async def settle_finding(act: Act, person_key: int, *, finding_id: int) -> Work:
    """A finding was looked at and needs nothing more. Only the finding changes; the evidence says who
    decided."""
    work = await _one(act, person_key)
    act.settled = (person_key, finding_id)
    return work


async def _one(act: Act, person_key: int) -> Work:
    await act.open([person_key])
    return await act.take(person_key)
