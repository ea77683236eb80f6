"""Households as the rows of one chunk show them: new ones, and who is their head. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from dancu.population import models as m
from dancu.population.importing import assemble
from dancu.population.importing.matching import Known, household_number
from dancu.population.importing.plan import Plan
from dancu.population.importing.row import Row


@dataclass(frozen=True, slots=True)
class Head:
    """A household that had no head gets one: its known version is closed, `version` is opened."""

    known: m.HouseholdFact
    version: m.HouseholdFact
    person_key: int


def households_of(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """Household number -> the rows of its members, the head's first."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        if number := household_number(row):
            found.setdefault(number, []).append(row)
    return found


def settle(plan: Plan, known: Known) -> tuple[list[m.HouseholdFact], list[Head]]:
    """Versions of households nobody knew, and heads for those without one. A household has one head: who claims to be
    a second one is a member of unknown relation, with a finding."""
    members: dict[str, list[tuple[Row, int, bool]]] = {}
    for row, draft in plan.new:
        if (number := household_number(row)) and draft.person_key is not None:
            members.setdefault(number, []).append((row, draft.person_key, True))
    for change in plan.changes:
        row_of_change = change.row
        joins = any(isinstance(f, m.MemberFact) and f.valid.end is None for f in change.found.opens)
        if row_of_change is not None and joins and (number := household_number(row_of_change)):
            members.setdefault(number, []).append((row_of_change, change.view.person_key, False))
    versions: list[m.HouseholdFact] = []
    heads: list[Head] = []
    demoted: set[int] = set()
    keys = {d.person_key: d.memberships[0].household_key for _, d in plan.new if d.memberships}
    for change in plan.changes:
        for fact in change.found.opens:
            if isinstance(fact, m.MemberFact) and fact.valid.end is None:
                keys[change.view.person_key] = fact.household_key
    for number, some in members.items():
        claims = [member for member in some if member[0].get("relation") == m.HouseholdRelation.HEAD]
        version = known.households.get(number)
        if version is None:
            row, key, _ = (claims or some)[0]
            versions.append(assemble.household(row, keys[key], key if claims else None))
            surplus = claims[1:]
        elif version.head_key is None and claims:
            key = claims[0][1]
            heads.append(Head(version, replace(version, head_key=key, source=claims[0][0].source, stored=None), key))
            surplus = claims[1:]
        else:
            surplus = [claim for claim in claims if version.head_key != claim[1]]
        for row, key, _ in surplus:
            row.note("import.two_heads", "household_relation")
            demoted.add(key)
    if demoted:
        plan.new = [(row, _demoted(d) if d.person_key in demoted else d) for row, d in plan.new]
        for change in plan.changes:
            if change.view.person_key in demoted:
                change.found.opens = [
                    replace(f, relation=m.HouseholdRelation.UNKNOWN) if isinstance(f, m.MemberFact) else f
                    for f in change.found.opens
                ]
    return versions, heads


def _demoted(draft: m.PersonDraft) -> m.PersonDraft:
    return replace(
        draft,
        memberships=tuple(replace(f, relation=m.HouseholdRelation.UNKNOWN) for f in draft.memberships),
    )
