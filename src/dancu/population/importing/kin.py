"""Kin across records: families within one file, the mirror of a link in the relative's record, and what a relative's
record lets us propose. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from dancu.kernel.names import ascii_key
from dancu.population import models as m
from dancu.population.importing.matching import household_number
from dancu.population.importing.row import Row

New = Sequence[tuple[Row, m.PersonDraft]]

PARENTS: Final = (m.KinRelation.FATHER, m.KinRelation.MOTHER)
_MIRROR: Final = {
    m.KinRelation.FATHER: m.KinRelation.CHILD,
    m.KinRelation.MOTHER: m.KinRelation.CHILD,
    m.KinRelation.SPOUSE: m.KinRelation.SPOUSE,
}


#: A parent is at least so many years older; who is not, is linked by a person or not at all: no file makes anybody their own
#: ancestor.
_GENERATION: Final = 12
_PARENT_OF_SEX: Final = {m.Sex.MALE: m.KinRelation.FATHER, m.Sex.FEMALE: m.KinRelation.MOTHER}


def together(new: New) -> list[tuple[Row, m.PersonDraft]]:
    """The new persons with links to each other, both ways, where one's number names the other; keys have been drawn."""
    if not any(fact.relative_number for _, draft in new for fact in draft.kin):
        return list(new)
    bearers = {number.number: at for at, (_, draft) in enumerate(new) for number in draft.numbers}
    kin = [list(draft.kin) for _, draft in new]
    for at, (row, draft) in enumerate(new):
        for place, fact in enumerate(draft.kin):
            other = bearers.get(fact.relative_number) if fact.relative_key is None and fact.relative_number else None
            if other is None or other == at:
                continue
            relative = new[other][1]
            if fact.relation != m.KinRelation.SPOUSE and not _older(relative, draft):
                row.note("kin.age", fact.relation.value)
                continue
            kin[at][place] = replace(fact, relative_key=relative.person_key)
            told = any(f.relation == m.KinRelation.SPOUSE for f in relative.kin) and fact.relation == m.KinRelation.SPOUSE
            if not told and (relation := _MIRROR.get(fact.relation)) is not None:
                kin[other].append(_portrait(draft, relation, fact))
    return [(row, replace(draft, kin=tuple(facts))) for (row, draft), facts in zip(new, kin, strict=True)]


def _older(parent: m.PersonDraft, child: m.PersonDraft) -> bool:
    born, at = parent.birth.year, child.birth.year
    return born is not None and at is not None and at - born >= _GENERATION


def at_home(new: New) -> dict[int, list[tuple[m.KinRelation, m.PersonDraft]]]:
    """Key of a new person without a place of origin -> parents among the new persons: those linked, then, for a child of the
    head, the head and the spouse where the row names nobody else as that parent. Enough to propose by, not to link by."""
    homes: dict[str, list[m.PersonDraft]] = {}
    for row, draft in new:
        if row.get("relation") in ("head", "spouse") and (number := household_number(row)):
            homes.setdefault(number, []).append(draft)
    by_key = {draft.person_key: draft for _, draft in new}
    found: dict[int, list[tuple[m.KinRelation, m.PersonDraft]]] = {}
    for row, draft in new:
        if draft.person_key is None or draft.birth.origin_unit or draft.birth.origin_place:
            continue
        parents: list[tuple[m.KinRelation, m.PersonDraft]] = [
            (f.relation, by_key[f.relative_key]) for f in draft.kin if f.relation in PARENTS and f.relative_key in by_key
        ]
        if row.get("relation") == "child":
            named = {f.relation: f for f in draft.kin}
            for adult in homes.get(household_number(row), ()):
                relation = _PARENT_OF_SEX.get(adult.birth.sex)
                if relation is not None and _older(adult, draft) and _may_be(named.get(relation), adult):
                    parents.append((relation, adult))
        if parents:
            found[draft.person_key] = parents
    return found


def _may_be(declared: m.KinFact | None, adult: m.PersonDraft) -> bool:
    if declared is None:
        return True
    if declared.relative_key is not None or declared.relative_number:
        return False  # a number says who it is
    same = ascii_key(declared.relative_name) == ascii_key(adult.names[0].full_name)
    return same and declared.relative_birth[:4] in ("", str(adult.birth.year))


def mirror(draft: m.PersonDraft, fact: m.KinFact, view: m.PersonView) -> m.KinFact | None:
    """What the record of `view`, named by `fact` as a relative of the new person, gets; None where it knows it."""
    relation = _MIRROR.get(fact.relation)
    if relation is None or draft.person_key is None:
        return None
    if any(k.relation == relation and k.relative_key == draft.person_key for k in view.kin):
        return None
    if relation == m.KinRelation.SPOUSE and view.spouse is not None:
        return None  # whoever that is: only a marriage record may change it
    return _portrait(draft, relation, fact)


def _portrait(draft: m.PersonDraft, relation: m.KinRelation, said: m.KinFact) -> m.KinFact:
    """What a relative's record says of the new person, as the person's own row has it."""
    birth = draft.birth
    born = "-".join(
        [str(birth.year)] + [f"{part:02}" for part in (birth.month, birth.day) if part is not None]
        if birth.year is not None
        else []
    )
    number = next((n.number for n in draft.numbers if n.kind == m.NumberKind.PERSONAL_ID), "")
    return m.KinFact(
        source=said.source,
        relation=relation,
        relative_key=draft.person_key,
        relative_name=draft.names[0].full_name,
        relative_number=number,
        relative_birth=born,
        relative_nationality=draft.traits[0].nationality if draft.traits else "",
    )


def proposed(
    draft: m.PersonDraft, origins: dict[int, tuple[int | None, str]], home: dict[int, list[tuple[m.KinRelation, m.PersonDraft]]]
) -> m.PersonDraft:
    """The draft with a finding that proposes a place of origin: the father's, or the mother's where the father's is
    not known (by agreement of the parents or by custom; Law on Civil Status 2014, art. 4). `origins`: of persons of the
    registry; `home`: see `at_home`."""
    if draft.birth.origin_unit or draft.birth.origin_place:
        return draft
    for relation in PARENTS:
        known = [(f.relative_key, origins[f.relative_key]) for f in draft.kin if f.relation == relation and f.relative_key in origins]
        for one, parent in home.get(draft.person_key or 0, ()):
            if one == relation and parent.person_key is not None and (parent.birth.origin_unit or parent.birth.origin_place):
                known.append((parent.person_key, (parent.birth.origin_unit, parent.birth.origin_place)))
        for key, (unit, text) in known:
            params: tuple[tuple[str, object], ...] = (("from", relation.value), ("relative_key", key))
            if unit is not None:
                params = (*params, ("unit", unit))
            elif text:
                params = (*params, ("place", text))
            found = m.Noticed("person.origin.proposal", params, draft.birth.source.ref)
            return replace(draft, findings=(*draft.findings, found))
    return draft
