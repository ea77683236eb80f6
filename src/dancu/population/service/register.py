"""Registration of new persons."""

from __future__ import annotations

from dancu.kernel.errors import NotAllowed
from dancu.kernel.numbers import PersonalId
from dancu.kit.i18n import N_
from dancu.population.models import HouseholdRelation, KinRelation, NumberKind, PersonDraft
from dancu.population.policy import newborn, rules
from dancu.population.policy import register as rule
from dancu.population.policy.kinship import PARENTS, set_parent
from dancu.population.policy.work import Work
from dancu.population.service.act import Act, verb
from dancu.population.service.numbers import ALLOCATE, code_of_place, give_number
from dancu.population.service.residence import unit_on
from dancu.population.store import persons

REGISTER = "person.write.register"


@verb("register", REGISTER)
async def register(act: Act, draft: PersonDraft) -> Work:
    """Register somebody who lived before without a record."""
    return await _register(act, draft, birth=False)


@verb("register_birth", REGISTER)
async def register_birth(
    act: Act,
    draft: PersonDraft,
    *,
    allocate: bool = False,
    place_code: str = "",
    household_of: int | None = None,
    relation: HouseholdRelation | None = None,
) -> Work:
    """Register a new-born, whole: parents named by key learn of their child; with `allocate` a personal ID number is
    given (`place_code`: that of the place of registration where left out); with `household_of` the child joins the
    household of that person and lives there. `relation` to the head follows from the parents where left out.

    The birth stands without the number: where none can be given now, a job gives it later and the record says that
    it is waiting (finding `person.number.pending`)."""
    if allocate and not act.actor.can(ALLOCATE):
        raise NotAllowed("person.number.no_permission", N_("Tài khoản của bạn không có quyền cấp số định danh."))
    work = await _register(act, draft, birth=True, housemate=household_of)
    key = work.principal
    if household_of is not None:
        membership, household = newborn.membership_of(work, household_of)
        born = rules.birth_date(draft.birth)
        since = newborn.first_day(work, born.full() if born else None, membership, household)
        follows = newborn.relation_to_head(draft, household_of, membership.relation, household.head_key)
        newborn.settle(work, key, household, unit_on(household.unit_id, since), relation or follows, since)
    if allocate:
        await give_number(act, work, key, place_code or code_of_place(draft.birth, act.today))
    return work


async def _register(act: Act, draft: PersonDraft, *, birth: bool, housemate: int | None = None) -> Work:
    relatives = {k.relative_key for k in draft.kin if k.relative_key is not None}
    place = [r.unit_id for r in draft.residences if r.unit_id is not None]
    if (birth or not place) and draft.birth.registration_unit is not None:
        # A birth is registered where it is declared; of somebody older it is where they live that counts.
        place.append(draft.birth.registration_unit)
    await act.open({*relatives, *([housemate] if housemate is not None else [])}, place)
    (key,), _ = await persons.draw_keys(act.conn, 1)
    await act.open_new([key])
    work = await act.take(key)
    if birth and not act.preview:  # a preview shows the record that looks like the same child, with the way to it
        newborn.check_new(work, draft)
    rule.register(work, key, draft, birth=birth)
    _cross_check(work, key, draft)
    for kin in draft.kin:
        if kin.relation in PARENTS and kin.relative_key is not None:
            set_parent(work, key, KinRelation(kin.relation), kin.relative_key, ())
    return work


def _cross_check(work: Work, key: int, draft: PersonDraft) -> None:
    """A number that contradicts sex or year is kept and looked at: the law replaces numbers, it does not
    refuse people."""
    for number in draft.numbers:
        if number.kind == NumberKind.PERSONAL_ID:
            for finding in PersonalId.parse(number.number).cross_check(draft.birth.sex, draft.birth.year):
                work.notice(key, finding.code)
