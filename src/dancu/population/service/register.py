"""Registration of new persons."""

from __future__ import annotations

from dancu.kernel.numbers import PersonalId
from dancu.population.models import KinRelation, NumberKind, PersonDraft
from dancu.population.policy import register as rule
from dancu.population.policy.kinship import PARENTS, set_parent
from dancu.population.policy.work import Work
from dancu.population.service.act import Act, verb
from dancu.population.store import persons

REGISTER = "person.write.register"


@verb("register", REGISTER)
async def register(act: Act, draft: PersonDraft) -> Work:
    """Register somebody who lived before without a record."""
    return await _register(act, draft, birth=False)


@verb("register_birth", REGISTER)
async def register_birth(act: Act, draft: PersonDraft) -> Work:
    """Register a new-born. Parents named by key learn of their child; a personal ID number may be in the
    draft, or be allocated later: the certificate is valid without it."""
    return await _register(act, draft, birth=True)


async def _register(act: Act, draft: PersonDraft, *, birth: bool) -> Work:
    relatives = {k.relative_key for k in draft.kin if k.relative_key is not None}
    place = [r.unit_id for r in draft.residences if r.unit_id is not None]
    if (birth or not place) and draft.birth.registration_unit is not None:
        # A birth is registered where it is declared; of somebody older it is where they live that counts.
        place.append(draft.birth.registration_unit)
    await act.open(relatives, place)
    (key,), _ = await persons.draw_keys(act.conn, 1)
    await act.open_new([key])
    work = await act.take(key)
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
