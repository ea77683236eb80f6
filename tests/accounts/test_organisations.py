"""Organisations: one account, a representative of level 2, staff who act by mandate."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from dancu.access import service as access
from dancu.accounts.models.organisation import OrganisationState
from dancu.accounts.service import activate, core, organisations
from dancu.accounts.service.check import eid_purpose
from dancu.kernel.actor import SYSTEM, ActorKind
from dancu.kernel.clock import SYSTEM_CLOCK, SetClock
from dancu.kernel.errors import Conflict, Invalid, NotAllowed, NotFound
from tests.accounts.registration import NAME, new_phone, person, told

CODES = iter(f"4000{n:06d}" for n in range(1, 1000))


async def citizen(office, app, *, level: int = 2):  # type: ignore[no-untyped-def]
    """(actor, number) of somebody with an account in use."""
    key, number = await person(office)
    await core.create(app, SYSTEM, eid_purpose(), key, level=level, phone=new_phone())
    await activate.invite(app, key)
    await activate.activate(app, SYSTEM, key)
    token = await access.issue_session(app, ActorKind.CITIZEN, key)
    actor = await access.sessions.resolve(app, token)
    assert actor is not None
    return actor, number


async def in_use(office, app, police):  # type: ignore[no-untyped-def]
    head, _ = await citizen(office, app)
    made = await organisations.apply(app, head, next(CODES), "Công ty Điện lực Mẫu", in_databases=True)
    await organisations.decide(app, police, eid_purpose(), made.organisation_no, approve=True)
    return head, made.organisation_no


@pytest.mark.parametrize(("known", "due"), [(True, date(2026, 11, 20)), (False, date(2026, 12, 8))])
async def test_the_time_to_answer_is_the_decrees(office, app, known, due):
    head, _ = await citizen(office, app)
    clock = SetClock(datetime(2026, 11, 17, 3, tzinfo=UTC))
    made = await organisations.apply(app, head, next(CODES), "Hợp tác xã Mẫu", in_databases=known, clock=clock)
    assert (made.state, made.due_on) == (OrganisationState.WAITING, due)


async def test_one_account_by_a_representative_of_level_two(office, app, police):
    head, _ = await citizen(office, app)
    low, _ = await citizen(office, app, level=1)
    code = next(CODES)
    with pytest.raises(NotAllowed):
        await organisations.apply(app, low, code, "Công ty Mẫu")
    with pytest.raises(Invalid):
        await organisations.apply(app, head, "12", "Công ty Mẫu")
    made = await organisations.apply(app, head, code, "Công ty Mẫu")
    with pytest.raises(Conflict):
        await organisations.apply(app, head, code, "Công ty Mẫu")
    with pytest.raises(Invalid):
        await organisations.decide(app, police, eid_purpose(), made.organisation_no, approve=False)
    await organisations.decide(app, police, eid_purpose(), made.organisation_no, approve=False, reason="Mã số thuế không đúng")
    assert await organisations.apply(app, head, code, "Công ty Mẫu"), "after a refusal one may ask again"
    ((_, who),) = [line for line in await organisations.waiting(app, police, eid_purpose()) if line[0].tax_code == code]
    assert who is not None and who.person_key == head.actor_id, "the officer sees who asks"
    assert "chưa được duyệt: Mã số thuế không đúng" in (await told(app, (await core.contacts(app, head.actor_id)).phone))[0]
    with pytest.raises(NotAllowed):
        await organisations.waiting(app, head, eid_purpose())


async def test_staff_act_by_mandate_and_no_longer_than_it(office, app, police):
    head, number = await in_use(office, app, police)
    staff, staff_number = await citizen(office, app, level=1)
    today = SYSTEM_CLOCK.today()
    assert await organisations.acts_for(app, staff.actor_id) == []
    await organisations.mandate(app, head, number, staff_number, NAME, ["submit", "nothing known"], until=today + timedelta(days=30))
    ((name, representative, powers),) = [(one.name, one.representative, one.powers) for one in await organisations.acts_for(app, staff.actor_id)]
    assert (name, representative, powers) == ("Công ty Điện lực Mẫu", False, ("submit",))
    assert [(one.representative, len(one.powers)) for one in await organisations.acts_for(app, head.actor_id)] == [(True, 4)]
    given = [one for one in await organisations.mandates(app, head, number) if one.kind == "staff"]
    assert await organisations.names(app, head, given) == {staff.actor_id: NAME}, "the representative sees whom they mandated"
    assert "giao việc thay mặt" in (await told(app, (await core.contacts(app, staff.actor_id)).phone))[0]
    ((org, held),) = await organisations.mine(app, staff)
    assert (org.organisation_no, held.powers) == (number, ("submit",))
    later = SetClock(datetime.combine(today + timedelta(days=31), datetime.min.time(), UTC))
    assert await organisations.acts_for(app, staff.actor_id, clock=later) == []
    with pytest.raises(Conflict):
        async with app.transaction():
            await organisations.mandate(app, head, number, staff_number, NAME, ["sign"])
    with pytest.raises(NotAllowed):
        await organisations.mandate(app, staff, number, staff_number, NAME, ["sign"])
    await organisations.end_mandate(app, head, number, staff.actor_id, held.mandate_id)
    assert await organisations.acts_for(app, staff.actor_id) == []


async def test_nobody_learns_by_a_mandate_whose_number_has_an_account(office, app, police):
    head, number = await in_use(office, app, police)
    _, with_account = await citizen(office, app, level=1)
    _, without = await person(office)
    said = set()
    for given, name in ((with_account, "Nguyễn Văn Khác"), (without, NAME), ("049190999998", NAME)):
        with pytest.raises(NotFound) as refused:
            async with app.transaction():
                await organisations.mandate(app, head, number, given, name, ["submit"])
        said.add((refused.value.code, refused.value.text()))
    assert len(said) == 1


async def test_mandates_are_listed_for_the_representative_alone(office, app, police):
    head, number = await in_use(office, app, police)
    other, _ = await citizen(office, app)
    assert [m.kind for m in await organisations.mandates(app, head, number)] == ["representative"]
    assert await organisations.mandates(app, other, number) == []
    await app.commit()
    assert await (await app.execute("SELECT count(*) FROM accounts.mandate")).fetchone() == (0,)
