"""Accounts follow the registry: a death locks, its correction unlocks, whatever the order and however often it is heard."""

from __future__ import annotations

from datetime import date, timedelta

import psycopg
import pytest
import pytest_asyncio

from dancu.access.service import sessions
from dancu.accounts.models import AccountState
from dancu.accounts.models.locks import Ground
from dancu.accounts.ports import subscriber
from dancu.accounts.ports.subscriber import Subscriber
from dancu.accounts.service import apply, core, locks, making, queue, recovery, upkeep
from dancu.accounts.store import applications
from dancu.cards import service as cards
from dancu.cards.service import orders
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kernel.dates import PartialDate
from dancu.kernel.errors import Conflict
from dancu.kit import events
from dancu.population import service as population
from dancu.population.models import CardKind, CardState
from tests.accounts import enrolment
from tests.accounts.protection import Holder, drain, grounds, holder, told
from tests.accounts.registration import claim, hand_in, person, says, with_jobs
from tests.accounts.registration import told as texts
from tests.kit.races import after_waiting
from tests.population.conftest import Office


@pytest_asyncio.fixture
async def worker(registry):  # type: ignore[no-untyped-def]
    conn = await psycopg.AsyncConnection.connect(registry.dsn("worker"), autocommit=True)
    yield conn
    await conn.close()


@pytest_asyncio.fixture
async def hoa(app: psycopg.AsyncConnection, office: Office) -> Holder:
    made = await holder(app, office)
    await app.commit()
    return made


async def test_a_death_locks_ends_sessions_and_tells_by_every_channel(app, worker, admin, office, hoa):
    before = await core.existing(app, hoa.key)
    await office(population.die, hoa.key, on=PartialDate(2026, 1, 4))
    await app.commit()
    assert await drain(worker)
    after = await core.existing(app, hoa.key)
    assert (after.state, after.lock_version) == (AccountState.LOCKED, before.lock_version + 1)
    assert await grounds(app, hoa.key) == {Ground.DEATH}
    assert await core.lock_versions(app, [hoa.key]) == {}
    assert await sessions.resolve(app, hoa.token) is None
    assert await told(admin, "sms", hoa.phone) == ["account.locked.death"]
    assert await told(admin, "email", "hoa@thu.example") == ["account.locked.death"]
    (entry,) = await (
        await admin.execute(
            "SELECT actor_kind, purpose, fields FROM audit.pending WHERE subject = %s AND note->>'verb' = 'account.lock.place'",
            (hoa.key,),
        )
    ).fetchall()
    assert entry == ("system", "eid_account", ["account"])


async def test_a_corrected_death_unlocks_and_old_sessions_stay_dead(app, worker, admin, office, hoa):
    await office(population.die, hoa.key, on=PartialDate(2026, 1, 4))
    await app.commit()
    await drain(worker)
    await office(population.undo_death, hoa.key)
    await app.commit()
    await drain(worker)
    account = await core.existing(app, hoa.key)
    assert account.state is AccountState.ACTIVE
    assert account.lock_version == 3
    assert await sessions.resolve(app, hoa.token) is None
    assert (await told(admin, "sms", hoa.phone))[-1] == "account.unlocked"
    assert {h.kind for h in await core.happenings(app, hoa.key)} >= {"locked", "unlocked"}


async def test_the_same_news_twice_makes_one_lock(app, worker, admin, office, hoa):
    await office(population.die, hoa.key, on=PartialDate(2026, 1, 4))
    await app.commit()
    await drain(worker)
    async with worker.transaction():
        await events.emit(worker, "population.person.died", hoa.key, {})
    await drain(worker)
    assert (await core.existing(app, hoa.key)).lock_version == 2
    assert await told(admin, "sms", hoa.phone) == ["account.locked.death"]


async def test_other_locks_outlive_the_correction(app, worker, office, police, hoa):
    from dancu.accounts.service import locks

    await locks.own_request(app, hoa.actor, locks.eid_purpose(), hoa.key, way="account")
    await app.commit()
    await office(population.die, hoa.key, on=PartialDate(2026, 1, 4))
    await office(population.undo_death, hoa.key)
    await app.commit()
    await drain(worker)
    assert (await core.existing(app, hoa.key)).state is AccountState.LOCKED
    assert await grounds(app, hoa.key) == {Ground.OWN_REQUEST}


async def test_a_revoked_card_locks_until_a_new_one_is_issued(app, worker, office, hoa):
    await office(population.issue_card, hoa.key, kind=CardKind.CHIP, number=hoa.number, issued_on=date(2025, 8, 2))
    await office(population.end_card, hoa.key, state=CardState.REVOKED, on=date(2025, 9, 1))
    await app.commit()
    await drain(worker)
    assert await grounds(app, hoa.key) == {Ground.CARD_REVOKED}
    await office(population.issue_card, hoa.key, kind=CardKind.CHIP, number=hoa.number, issued_on=date(2025, 10, 1))
    await app.commit()
    await drain(worker)
    assert await grounds(app, hoa.key) == set()
    assert (await core.existing(app, hoa.key)).state is AccountState.ACTIVE


@pytest.mark.parametrize("revoked_first", [True, False])
async def test_an_account_nobody_has_used_waits_for_the_card_and_its_code_has_all_its_days(app, worker, admin, registry, office, police, monkeypatch, revoked_first):
    """Whether the card was revoked before the account was made or after: locked in the same words, and the card opens it."""
    with_jobs(registry.dsn("admin"))
    monkeypatch.setattr(subscriber, "check", says(Subscriber.MATCH))
    key, number = await person(office)
    one = claim(number, birth="1990-04-13")
    ref = await hand_in(app, one)
    application_id = await applications.open_by_ref(app, ref)

    async def revoke() -> None:
        await office(population.end_card, key, state=CardState.REVOKED, on=date(2026, 1, 5))
        await app.commit()
        await drain(worker)

    if revoked_first:
        await revoke()
        assert (await queue.sheet(app, police, locks.eid_purpose(), application_id)).awaits_card
    await queue.approve(app, police, locks.eid_purpose(), application_id, remark="Gặp trực tiếp, đối chiếu giấy tờ")
    await app.commit()
    if not revoked_first:
        assert not any("thu hồi" in text for text in await texts(app, one.phone))
        await revoke()
    held = await core.existing(app, key)
    assert (held.state, await grounds(app, key)) == (AccountState.LOCKED, {Ground.CARD_REVOKED})
    assert (held.activate_by is None) == revoked_first
    assert (await told(admin, "sms", one.phone))[-1] == "account.held.card_revoked"
    await apply.send_state_code(app, ref, one.phone)
    code = (await texts(app, one.phone))[0][:6]
    assert (await apply.standing(app, ref, one.phone, code)).follows == "awaits_card"
    with pytest.raises(Conflict, match=r"account\.awaits_card"):
        await recovery.send_activation(app, police, locks.eid_purpose(), key, way="counter")
    await app.execute("UPDATE accounts.account SET activate_by = now() - interval '1 day' WHERE person_key = %s AND activate_by IS NOT NULL", (key,))
    await office(population.issue_card, key, kind=CardKind.CHIP, number=number, issued_on=date(2026, 1, 20), expires_on=date(2040, 4, 12))
    await app.commit()
    await drain(worker)
    found = await core.existing(app, key)
    assert found.state is AccountState.NOTIFIED and found.activate_by is not None
    assert found.activate_by > SYSTEM_CLOCK.now() + timedelta(days=6), "its days begin with the card"
    assert (await told(admin, "sms", one.phone))[-1] == "account.approved", "not asked to sign in again"


async def test_a_card_revoked_while_the_account_is_approved_locks_it_whichever_commits_first(app, worker, admin, registry, office, police, monkeypatch):
    """The approval looks at the cards again when the one who revokes has finished; the news, heard before the account was there, is not missed."""
    with_jobs(registry.dsn("admin"))
    monkeypatch.setattr(subscriber, "check", says(Subscriber.UNKNOWN))
    key, number = await person(office)
    one = claim(number, birth="1990-04-13")
    application_id = await applications.open_by_ref(app, await hand_in(app, one))
    await app.commit()
    await office(population.end_card, key, state=CardState.REVOKED, on=date(2026, 1, 5))
    async with await psycopg.AsyncConnection.connect(registry.dsn("app")) as other:
        approval = queue.approve(other, police, locks.eid_purpose(), application_id, remark="Gặp trực tiếp, đối chiếu giấy tờ")
        await after_waiting(admin, app, other, approval)
        await drain(worker)
        await other.commit()
    assert await grounds(app, key) == {Ground.CARD_REVOKED}
    assert (await told(admin, "sms", one.phone))[-1] == "account.held.card_revoked"


async def test_whom_no_news_of_a_revoked_card_reached_is_locked_and_told_once(app, worker, admin, office, police, hoa):
    """A bulk import tells no news; accounts made before decision 17 heard none. Somebody with another card, in force or lost or run out
    since, is left alone."""
    others = {end: await holder(app, office) for end in (CardState.ACTIVE, CardState.LOST, CardState.EXPIRED)}
    same_day, ran_out, last = [await holder(app, office) for _ in range(3)]
    for one in (hoa, *others.values(), same_day, ran_out, last):
        await office(population.issue_card, one.key, kind=CardKind.CHIP, number=one.number, issued_on=date(2025, 8, 2))
        await office(population.end_card, one.key, state=CardState.REVOKED, on=date(2025, 9, 1))
    for end, one in others.items():
        await office(population.issue_card, one.key, kind=CardKind.CHIP, number=one.number, issued_on=date(2025, 10, 1))
        if end is not CardState.ACTIVE:
            await office(population.end_card, one.key, state=end, on=date(2025, 11, 1))
    await office(population.issue_card, same_day.key, kind=CardKind.CHIP, number=same_day.number, issued_on=date(2025, 9, 1))
    await office(
        population.issue_card, ran_out.key, kind=CardKind.CHIP, number=ran_out.number, issued_on=date(2025, 10, 1), expires_on=date(2025, 12, 1)
    )
    assert not making.awaits_card(await population.person(app, police, locks.eid_purpose(), ran_out.key))
    await app.commit()
    await admin.execute("DELETE FROM kit.outbox")
    for _ in range(2):
        after: int | None = 0
        while after is not None:
            async with worker.transaction():
                after = await upkeep.lock_without_card(worker, after, most=1)
    assert [await grounds(app, one.key) for one in (*others.values(), same_day, ran_out)] == [set()] * 5
    for one in (hoa, last):
        assert await grounds(app, one.key) == {Ground.CARD_REVOKED}
        assert await told(admin, "sms", one.phone) == ["account.locked.card_revoked"]


async def test_whom_something_is_recorded_of_just_now_is_locked_at_the_next_look(app, worker, admin, office, hoa):
    await office(population.issue_card, hoa.key, kind=CardKind.CHIP, number=hoa.number, issued_on=date(2025, 8, 2))
    await office(population.end_card, hoa.key, state=CardState.REVOKED, on=date(2025, 9, 1))
    await app.commit()
    await admin.execute("DELETE FROM kit.outbox")
    await office(population.issue_card, hoa.key, kind=CardKind.CHIP, number=hoa.number, issued_on=date(2025, 10, 1))
    async with worker.transaction():
        await upkeep.lock_without_card(worker, hoa.key - 1)
    await app.commit()
    assert await grounds(app, hoa.key) == set()


async def test_whom_no_news_of_a_new_card_reached_is_opened_and_told_once(app, worker, admin, office, hoa):
    """A card of an import tells no news either. Whoever has none again stays locked."""
    still, soon = [await holder(app, office) for _ in range(2)]
    for one in (hoa, still, soon):
        await office(population.issue_card, one.key, kind=CardKind.CHIP, number=one.number, issued_on=date(2025, 8, 2))
        await office(population.end_card, one.key, state=CardState.REVOKED, on=date(2025, 9, 1))
    await app.commit()
    await drain(worker)
    for one in (hoa, soon):
        await office(population.issue_card, one.key, kind=CardKind.CHIP, number=one.number, issued_on=date(2025, 10, 1))
    await app.commit()
    await admin.execute("DELETE FROM kit.outbox")
    before = await told(admin, "sms", hoa.phone)
    await office(population.end_card, soon.key, state=CardState.LOST, on=date(2025, 11, 1))
    for _ in range(2):
        after: int | None = 0
        while after is not None:
            async with worker.transaction():
                after = await upkeep.open_with_card(worker, after, most=1)
        await app.commit()
    assert await grounds(app, hoa.key) == set()
    assert [await grounds(app, one.key) for one in (still, soon)] == [{Ground.CARD_REVOKED}] * 2
    assert (await told(admin, "sms", hoa.phone))[len(before) :] == ["account.unlocked"]


async def test_a_lost_card_is_told_and_locks_nothing_nor_does_a_person_without_account(app, worker, admin, office, hoa):
    await office(population.issue_card, hoa.key, kind=CardKind.CHIP, number=hoa.number, issued_on=date(2025, 8, 2))
    await office(population.end_card, hoa.key, state=CardState.LOST, on=date(2025, 9, 1))
    other = await office.person("Lê Thị Bông")
    await office(population.die, other, on=PartialDate(2026, 1, 4))
    await app.commit()
    await drain(worker)
    assert await grounds(app, hoa.key) == set()
    assert await told(admin, "sms", hoa.phone) == ["account.card.lost"]
    assert await core.account(app, other) is None


async def test_an_absorbed_record_takes_its_account_out_of_use(app, worker, office, hoa):
    twin = await office.person("Trần Thị Hoà")
    async with worker.transaction():
        await events.emit(worker, "population.person.merged", hoa.key, {"kept_key": twin})
    await drain(worker)
    assert await grounds(app, hoa.key) == {Ground.RECORD_MERGED}
    async with worker.transaction():
        await events.emit(worker, "population.person.merge_undone", hoa.key, {"kept_key": twin})
    await drain(worker)
    assert await grounds(app, hoa.key) == set()


async def test_a_contact_that_cannot_be_read_keeps_no_lock_from_standing(app, worker, admin, office, hoa):
    other = await holder(app, office)
    await app.execute("UPDATE accounts.account SET phone = 'rubbish' WHERE person_key = %s", (hoa.key,))
    for one in (hoa, other):
        await office(population.die, one.key, on=PartialDate(2026, 1, 4))
    await app.commit()
    await drain(worker)
    assert await grounds(app, hoa.key) == {Ground.DEATH}
    assert await grounds(app, other.key) == {Ground.DEATH}
    assert await told(admin, "sms", other.phone) == ["account.locked.death"]


async def test_a_card_that_came_is_told_with_where_to_collect_it(app, worker, admin, police, hoa):
    post = await enrolment.post(app, police, name="Công an phường Xuân Đông")
    await cards.order_card(app, police, locks.eid_purpose(), hoa.key, office_id=post)
    await app.commit()
    assert await orders.simulate_production(worker) >= 1
    assert await drain(worker)
    assert await told(admin, "sms", hoa.phone) == ["account.card.ready"]
    assert any("Công an phường Xuân Đông" in text for text in await texts(app, hoa.phone))
