"""Kin across records: the mirror of a link in the relative's record, and what a relative's record lets us propose.
Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from dancu.population import models as m

_MIRROR: Final = {
    m.KinRelation.FATHER: m.KinRelation.CHILD,
    m.KinRelation.MOTHER: m.KinRelation.CHILD,
    m.KinRelation.SPOUSE: m.KinRelation.SPOUSE,
}


def mirror(draft: m.PersonDraft, fact: m.KinFact, view: m.PersonView) -> m.KinFact | None:
    """What the record of `view`, named by `fact` as a relative of the new person, gets; None where it knows it."""
    relation = _MIRROR.get(fact.relation)
    if relation is None or draft.person_key is None:
        return None
    if any(k.relation == relation and k.relative_key == draft.person_key for k in view.kin):
        return None
    if relation == m.KinRelation.SPOUSE and view.spouse is not None:
        return None  # whoever that is: only a marriage record may change it
    birth = draft.birth
    born = "-".join(
        [str(birth.year)] + [f"{part:02}" for part in (birth.month, birth.day) if part is not None]
        if birth.year is not None
        else []
    )
    number = next((n.number for n in draft.numbers if n.kind == m.NumberKind.PERSONAL_ID), "")
    return m.KinFact(
        source=fact.source,
        relation=relation,
        relative_key=draft.person_key,
        relative_name=draft.names[0].full_name,
        relative_number=number,
        relative_birth=born,
        relative_nationality=draft.traits[0].nationality if draft.traits else "",
    )


def proposed(draft: m.PersonDraft, origins: dict[int, tuple[int | None, str]]) -> m.PersonDraft:
    """The draft with a finding that proposes a place of origin: the father's, or the mother's where the father's is
    not known (by agreement of the parents or by custom; Law on Civil Status 2014, art. 4)."""
    if draft.birth.origin_unit or draft.birth.origin_place:
        return draft
    for relation in (m.KinRelation.FATHER, m.KinRelation.MOTHER):
        for fact in draft.kin:
            if fact.relation == relation and fact.relative_key in origins:
                unit, text = origins[fact.relative_key]
                params: tuple[tuple[str, object], ...] = (("from", relation.value), ("relative_key", fact.relative_key))
                if unit is not None:
                    params = (*params, ("unit", unit))
                elif text:
                    params = (*params, ("place", text))
                found = m.Noticed("person.origin.proposal", params, fact.source.ref)
                return replace(draft, findings=(*draft.findings, found))
    return draft
