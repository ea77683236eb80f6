"""What follows from a birth in the same step: a household and a home. Civil status, residence and the number are
registered together (Decree 63/2024/ND-CP on linked procedures for births)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from dancu.kernel.errors import Conflict
from dancu.kit.i18n import N_
from dancu.population.models import (
    HouseholdFact,
    HouseholdRelation,
    KinFact,
    KinRelation,
    MemberFact,
    PersonDraft,
    ResidenceFact,
    ResidenceKind,
    Valid,
)
from dancu.population.policy import rules
from dancu.population.policy.household import join
from dancu.population.policy.work import Work

#: What the child of a member is to the head, by what the member is. What is not here is not guessed.
OF_A_MEMBERS_CHILD: Mapping[HouseholdRelation, HouseholdRelation] = {
    HouseholdRelation.HEAD: HouseholdRelation.CHILD,
    HouseholdRelation.CHILD: HouseholdRelation.GRANDCHILD,
    HouseholdRelation.CHILD_IN_LAW: HouseholdRelation.GRANDCHILD,
    HouseholdRelation.GRANDCHILD: HouseholdRelation.OTHER_RELATIVE,
    HouseholdRelation.SIBLING: HouseholdRelation.OTHER_RELATIVE,
    HouseholdRelation.PARENT: HouseholdRelation.SIBLING,
    HouseholdRelation.GUEST: HouseholdRelation.GUEST,
}


def check_new(work: Work, draft: PersonDraft) -> None:
    """Raises Conflict `birth.registered` where one of the parents has a child of that name, born that day: twins are named apart."""
    names, born = {one.full_name for one in draft.names}, rules.birth_date(draft.birth)
    for parent in {k.relative_key for k in draft.kin if k.relative_key is not None}:
        for kin in work.facts(parent, KinFact, lambda k: k.relation == KinRelation.CHILD):
            if kin.relative_name in names and born is not None and kin.relative_birth == str(born):
                raise Conflict("birth.registered", N_("Cha hoặc mẹ đã có người con cùng họ tên, cùng ngày sinh: khai sinh này đã được đăng ký. Hãy tìm hồ sơ đó."))


def relation_to_head(draft: PersonDraft, member: int, relation: HouseholdRelation, head: int | None) -> HouseholdRelation:
    """What the new-born is to the head of the household that `member` belongs to as `relation`."""
    parents = {k.relation: k.relative_key for k in draft.kin if k.relation in (KinRelation.MOTHER, KinRelation.FATHER)}
    if head is not None and head in parents.values():
        return HouseholdRelation.CHILD
    if member not in parents.values():
        return HouseholdRelation.UNKNOWN
    if relation == HouseholdRelation.SPOUSE:
        # A child born in marriage is the spouses' common child (52/2014/QH13 art. 88) unless another father is named.
        return HouseholdRelation.OTHER_RELATIVE if len(parents) > 1 else HouseholdRelation.CHILD
    return OF_A_MEMBERS_CHILD.get(relation, HouseholdRelation.UNKNOWN)


def membership_of(work: Work, member: int) -> tuple[MemberFact, HouseholdFact]:
    """The household that `member` belongs to on the registry's day. Conflict `household.none` without one."""
    view = work.view(member)
    membership, household = view.membership, view.household
    if membership is None or household is None:
        raise Conflict(
            "household.none", N_("Người được chọn không thuộc hộ nào vào ngày đó."), field="household_of",
        )  # fmt: skip
    return membership, household


def first_day(work: Work, born: date | None, membership: MemberFact, household: HouseholdFact) -> date:
    """From when the new-born belongs there: from birth, if the parent and the household as it is now did so then."""
    starts = [d for d in (born, membership.valid.start, household.valid.start) if d is not None]
    return min(max(starts, default=work.today), work.today)


def settle(
    work: Work, key: int, household: HouseholdFact, unit_id: int | None, relation: HouseholdRelation, since: date
) -> None:
    """Member of the household from `since`, living permanently where it stands unless another home was registered.
    `unit_id`: the household's unit as it is called on that day."""
    join(work, key, household.household_key, relation, since)
    homes = work.facts(key, ResidenceFact, lambda r: r.kind == ResidenceKind.PERMANENT)
    if not homes and (unit_id is not None or household.address):
        work.open(
            key,
            ResidenceFact(
                source=work.source, valid=Valid(since), kind=ResidenceKind.PERMANENT, unit_id=unit_id,
                hamlet_id=household.hamlet_id if unit_id == household.unit_id else None, address=household.address,
                file_number=household.file_number,
            ),
        )  # fmt: skip
