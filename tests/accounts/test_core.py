"""The account itself: contacts encrypted, one phone one account, versions, history; an activated one for demonstrations."""

from __future__ import annotations

import psycopg
import pytest

from dancu.accounts.models import AccountState
from dancu.accounts.service import activate, authenticators, codes, core, demo
from dancu.accounts.service.check import eid_purpose
from dancu.kernel.actor import SYSTEM
from dancu.kernel.dates import PartialDate
from dancu.kernel.errors import Conflict, Invalid, NotAllowed, NotFound
from dancu.population import service as population
from tests.accounts.registration import new_phone, person, rows, told


async def made(office, app, **more):  # type: ignore[no-untyped-def]
    key, _ = await person(office)
    options = {"level": 1, "phone": new_phone(), **more}
    await core.create(app, SYSTEM, eid_purpose(), key, **options)
    return key


async def test_contacts_are_kept_encrypted_and_read_back(office, app, registry):
    phone = new_phone()
    key = await made(office, app, phone=phone, email="Hoa@Thu.example")
    assert (await core.contacts(app, key)).phone == phone
    assert (await core.contacts(app, key)).email == "Hoa@Thu.example"
    await app.commit()
    ((text,),) = await rows(registry.dsn("admin"), "SELECT a::text FROM accounts.account a WHERE person_key = %s", key)
    assert phone[3:] not in text and "Thu.example" not in text
    assert await core.by_phone(app, phone.replace("+84", "0")) == key


async def test_an_account_that_was_not_opened_is_not_seen(office, app):
    key = await made(office, app)
    await app.commit()
    assert await (await app.execute("SELECT count(*) FROM accounts.account")).fetchone() == (0,)
    assert await core.account(app, key) is not None
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        async with app.transaction():
            await app.execute("SELECT * FROM accounts.phone_directory")


async def test_one_phone_one_account(office, app):
    phone = new_phone()
    key = await made(office, app, phone=phone)
    with pytest.raises(Conflict) as refused:
        async with app.transaction():
            await made(office, app, phone=phone)
    assert refused.value.code == "account.phone_taken"
    other = new_phone()
    await core.set_contact(app, SYSTEM, eid_purpose(), key, phone=other)
    assert (await core.by_phone(app, phone), await core.by_phone(app, other)) == (None, key)
    assert (await core.existing(app, key)).contact_changed_at is not None
    await made(office, app, phone=phone)


async def test_a_person_has_one_account(office, app):
    key = await made(office, app)
    with pytest.raises(Conflict):
        async with app.transaction():
            await core.create(app, SYSTEM, eid_purpose(), key, level=1, phone=new_phone())


async def test_a_higher_level_moves_the_lock_version_and_only_up(office, app):
    key = await made(office, app)
    before = (await core.existing(app, key)).lock_version
    assert await core.raise_level(app, SYSTEM, eid_purpose(), key, 2) == before + 1
    with pytest.raises(Conflict):
        await core.raise_level(app, SYSTEM, eid_purpose(), key, 2)
    with pytest.raises(NotFound):
        await core.raise_level(app, SYSTEM, eid_purpose(), 999_999_999, 2)


async def test_lock_versions_are_those_of_usable_accounts(office, app):
    one, two = await made(office, app), await made(office, app)
    assert await core.lock_versions(app, [one, two]) == {}
    await activate.invite(app, one)
    await activate.activate(app, SYSTEM, one)
    version = (await core.existing(app, one)).lock_version
    assert await core.lock_versions(app, [one, two, 5]) == {one: version}
    locked = await core.set_state(app, one, AccountState.LOCKED)
    assert locked == version + 1
    assert await core.lock_versions(app, [one]) == {}


async def test_use_is_counted_once_and_kept_to_the_hour(office, app):
    key = await made(office, app)
    await core.record_use(app, key)
    first = await core.existing(app, key)
    await core.record_use(app, key)
    assert (await core.existing(app, key)).last_used_at == first.last_used_at
    assert first.used_at is not None


async def test_notices_are_in_the_accounts_language(office, app):
    phone = new_phone()
    key = await made(office, app, phone=phone, language="en")
    await core.notify(app, key, "level", level=2)
    (text,) = await told(app, phone)
    assert "Tài khoản" not in text
    assert "2" in text


async def test_a_demonstration_account_can_be_used_at_once(office, app):
    key, number = await person(office)
    shown = await demo.account(app, number, level=1, passcode="123456")
    assert (shown.level, shown.state, shown.created) == (1, "active", True)
    assert await authenticators.verify_passcode(app, key, "123456")
    again = await demo.account(app, number, level=2, passcode="654321")
    assert (again.level, again.state, again.created, again.phone) == (2, "active", False, shown.phone)
    assert not await authenticators.verify_passcode(app, key, "123456")
    await codes.send_code(app, key, "sign_in")
    assert (await told(app, shown.phone))[0][:6].isdigit()
    with pytest.raises(NotFound):
        await demo.account(app, "049190999999", level=1, passcode="123456")
    with pytest.raises(Invalid):
        await demo.account(app, number, level=3, passcode="123456")


async def test_no_demonstration_account_of_the_dead_nor_of_one_that_is_locked(office, app):
    dead, number = await person(office)
    await office(population.die, dead, on=PartialDate(2026, 1, 4))
    with pytest.raises(Conflict):
        await demo.account(app, number, level=1, passcode="123456")
    key, number = await person(office)
    await demo.account(app, number, level=1, passcode="123456")
    await core.set_state(app, key, AccountState.LOCKED)
    with pytest.raises(Conflict):
        await demo.account(app, number, level=2, passcode="123456")


async def test_no_such_account_outside_a_demonstration(make_database):
    async with await psycopg.AsyncConnection.connect(make_database().dsn("app")) as conn:
        with pytest.raises(NotAllowed):
            await demo.account(conn, "049190012345", level=1, passcode="123456")
