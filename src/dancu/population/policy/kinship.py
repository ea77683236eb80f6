"""Parents, children, representatives: written on both records where both persons have one."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import date

from dancu.kernel.errors import Conflict, Invalid
from dancu.kit.i18n import N_
from dancu.population import events
from dancu.population.models import (
    ALWAYS,
    KinFact,
    KinRelation,
    NumberKind,
    NumberState,
    Sex,
    Told,
    Valid,
)
from dancu.population.policy import rules
from dancu.population.policy.work import Work

PARENTS = (KinRelation.FATHER, KinRelation.MOTHER)
_SEX = {KinRelation.FATHER: Sex.MALE, KinRelation.MOTHER: Sex.FEMALE}


def portrait(work: Work, relation: KinRelation, relative: int, valid: Valid = ALWAYS) -> KinFact:
    """The kin fact that names `relative` as their own record does today: the law counts a relative's name,
    number and nationality among a person's data, as they were when declared."""
    view = work.view(relative)
    names = [n for n in view.names if n.kind == "birth"]
    number = next((n for n in view.numbers if n.kind == NumberKind.PERSONAL_ID and n.state == NumberState.ACTIVE), None)
    born = rules.birth_date(view.births[-1] if view.births else None)
    return KinFact(
        source=work.source,
        valid=valid,
        relation=relation,
        relative_key=relative,
        relative_name=names[-1].full_name if names else "",
        relative_number=number.number if number else "",
        relative_birth=str(born) if born else "",
        relative_nationality=view.traits[-1].nationality if view.traits else "",
    )


def set_parent(
    work: Work, child: int, relation: KinRelation, parent: int | KinFact | None, ancestors: Collection[int]
) -> None:
    """Say who the father or mother is: a person of the registry, somebody known from papers only (KinFact),
    or None to take back what was said. `ancestors`: keys of everyone above the named parent.

    A parent who would be younger than twelve at the birth is kept as a finding: years in registers are often
    wrong.
    """
    if relation not in PARENTS:
        raise Invalid("kin.relation", N_("Hãy chọn cha hoặc mẹ."))
    rules.standing(work.view(child))
    for old in work.erase(child, KinFact, ALWAYS, lambda k: k.relation == relation):
        assert isinstance(old, KinFact)
        still = {k.relative_key for k in work.facts(child, KinFact) if k.relation in PARENTS}  # a merge made father and mother one
        if old.relative_key in work.persons and old.relative_key != parent and old.relative_key not in still:
            work.erase(
                old.relative_key,
                KinFact,
                ALWAYS,
                lambda k: k.relation == KinRelation.CHILD and k.relative_key == child,
            )
            work.events.append(events.KinChanged(old.relative_key, KinRelation.CHILD, child))
    if isinstance(parent, KinFact):
        work.open(child, KinFact(
            source=work.source, relation=relation, relative_name=parent.relative_name,
            relative_number=parent.relative_number, relative_birth=parent.relative_birth,
            relative_nationality=parent.relative_nationality,
        ))  # fmt: skip
    elif parent is not None:
        _own_parent(child, parent, ancestors)
        rules.standing(work.view(parent))
        if any(k.relation in PARENTS and k.relative_key == parent for k in work.facts(child, KinFact)):
            raise Conflict("kin.both", N_("Người này đang được ghi là cha hoặc mẹ còn lại của người con. Nếu ghi nhầm, hãy bỏ chỗ ghi nhầm trước."))
        _fits(work, child, relation, parent)
        work.open(child, portrait(work, relation, parent))
        mirror = portrait(work, KinRelation.CHILD, child)
        work.erase(parent, KinFact, ALWAYS, lambda k: k.relation == KinRelation.CHILD and k.relative_key == child)
        work.open(parent, mirror)
        work.events.append(events.KinChanged(parent, KinRelation.CHILD, child))
    work.events.append(events.KinChanged(child, relation, parent if isinstance(parent, int) else None))
    work.tell(Told.CITIZEN, Told.RELATIVES, Told.SUBSCRIBERS)


def link_parent(work: Work, child: int, relation: KinRelation, parent: int, ancestors: Collection[int]) -> None:
    """Put the record behind a parent whom the child's facts name by their number; the parent's record names the child. What
    was said stays as it was said, with its source: nobody is told of anything new."""
    (said,) = work.facts(child, KinFact, lambda k: k.relation == relation and k.relative_key is None)
    _own_parent(child, parent, ancestors)
    work.close(child, said)
    work.open(child, replace(said, relative_key=parent))
    if not work.facts(parent, KinFact, lambda k: k.relation == KinRelation.CHILD and k.relative_key == child):
        work.open(parent, replace(portrait(work, KinRelation.CHILD, child), source=said.source))
        work.events.append(events.KinChanged(parent, KinRelation.CHILD, child))
    work.events.append(events.KinChanged(child, relation, parent))


def _own_parent(child: int, parent: int, ancestors: Collection[int]) -> None:
    if child == parent:
        raise Invalid("kin.oneself", N_("Một người không thể là cha hoặc mẹ của chính mình."))
    if child in ancestors:
        raise Conflict("kin.cycle", N_("Người được ghi là cha hoặc mẹ lại là con cháu của người này. Hãy xem lại."))


def circular(parents: Mapping[int, Collection[int]]) -> bool:
    """Does anybody descend from themselves? `parents`: those of everyone who matters."""
    left = {key: {p for p in above if p in parents} for key, above in parents.items()}
    while top := [key for key, above in left.items() if not above & left.keys()]:
        for key in top:
            del left[key]
    return bool(left)


def _fits(work: Work, child: int, relation: KinRelation, parent: int) -> None:
    born = rules.birth_date(next(iter(work.view(child).births), None))
    birth = next(iter(work.view(parent).births), None)
    parent_born = rules.birth_date(birth)
    if born and parent_born and parent_born.age_on(born.latest())[1] < rules.PARENT_LEAST_YEARS:
        work.notice(child, "kin.parent_too_young", relation=relation.value)
    if birth and birth.sex not in (_SEX[relation], Sex.UNDETERMINED):
        work.notice(child, "kin.parent_sex", relation=relation.value)


def set_representative(
    work: Work, person: int, representative: int | KinFact, since: date, until: date | None = None
) -> None:
    """Somebody acts for `person` by law from `since` on (guardian, parent of a minor under a decision)."""
    rules.living(work.view(person))
    rules.happened(since, work.today)
    valid = rules.period(since, until)
    if isinstance(representative, KinFact):
        work.open(person, KinFact(
            source=work.source, valid=valid, relation=KinRelation.REPRESENTATIVE,
            relative_name=representative.relative_name, relative_number=representative.relative_number,
            relative_birth=representative.relative_birth, relative_nationality=representative.relative_nationality,
        ))  # fmt: skip
    else:
        if representative == person:
            raise Invalid("kin.own_representative", N_("Một người không thể là người đại diện của chính mình."))
        rules.living(work.view(representative))
        for key, relative, relation in (
            (person, representative, KinRelation.REPRESENTATIVE),
            (representative, person, KinRelation.REPRESENTED),
        ):
            work.put(key, portrait(work, relation, relative, valid))
            work.events.append(events.KinChanged(key, relation, relative))
    work.tell(Told.CITIZEN, Told.RELATIVES, Told.SUBSCRIBERS)


def end_representation(work: Work, person: int, on: date) -> None:
    """Nobody acts for `person` from `on` on."""
    rules.standing(work.view(person))
    ended = work.end(person, KinFact, on, lambda k: k.relation == KinRelation.REPRESENTATIVE)
    if not ended:
        raise Conflict("kin.no_representative", N_("Người này không có người đại diện vào ngày đó."))
    for kin in ended:
        assert isinstance(kin, KinFact)
        if kin.relative_key in work.persons:
            work.end(
                kin.relative_key,
                KinFact,
                on,
                lambda k: k.relation == KinRelation.REPRESENTED and k.relative_key == person,
            )
            work.events.append(events.KinChanged(kin.relative_key, KinRelation.REPRESENTED, person))
    work.events.append(events.KinChanged(person, KinRelation.REPRESENTATIVE, None))
    work.tell(Told.CITIZEN, Told.RELATIVES, Told.SUBSCRIBERS)
