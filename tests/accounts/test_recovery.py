"""Getting back in: no officer alone, no secret seen, nothing old works afterwards."""

from __future__ import annotations

import re
from datetime import date

import psycopg
import pytest
import pytest_asyncio

from dancu.access.service import sessions
from dancu.accounts.models import AccountState
from dancu.accounts.models.locks import Ground
from dancu.accounts.models.recovery import Needs
from dancu.accounts.policy import recovery as policy
from dancu.accounts.service import activate, authenticators, codes, contacts_change, core, hotline, locks, recovery, sim
from dancu.accounts.service.authenticators import listing
from dancu.kernel.actor import SYSTEM, Actor
from dancu.kernel.errors import Conflict, DancuError, Invalid, NotAllowed, NotFound
from tests.accounts.protection import Holder, grounds, holder, officer, told
from tests.kit.races import after_waiting

WHY = locks.eid_purpose()
CARD = ("card", "seen")
NEW = "một câu chỉ tôi biết 47"
BROWSER = recovery.holder_of_link("t-link")


@pytest_asyncio.fixture
async def hoa(app, office) -> Holder:  # type: ignore[no-untyped-def]
    return await holder(app, office)


@pytest_asyncio.fixture
async def counter(app) -> Actor:  # type: ignore[no-untyped-def]
    return await officer(app, "one_stop_officer")


def token_of(link: str) -> str:
    return link.rsplit("/", 1)[1]


async def code_for(conn: psycopg.AsyncConnection, key: int, recovery_id: int) -> str:
    """The code as the phone shows it: made anew under the same context, since only its digest is kept."""
    return await codes.new_code(conn, key, "recover", context=f"recovery {recovery_id}")


async def test_at_the_counter_with_a_code_on_the_own_phone(app, counter, police, hoa):
    await locks.suspect(app, hoa.actor, WHY, hoa.key, way="account")
    started = await recovery.begin_at_counter(app, counter, WHY, hoa.key, CARD)
    assert (started.needs, started.sent_to) == (Needs.CODE, hoa.phone[-3:])
    token = token_of(started.link)
    with pytest.raises(Conflict, match=r"recovery\.not_proved"):
        async with app.transaction():
            await recovery.finish(app, BROWSER, token, NEW, drop_others=True)
    await recovery.send_code(app, token)
    code = await code_for(app, hoa.key, started.recovery_id)
    assert not await recovery.prove_code(app, token, "000000" if code != "000000" else "111111")
    assert await recovery.prove_code(app, token, code)
    assert await recovery.finish(app, BROWSER, token, NEW, drop_others=True) == hoa.key
    account = await core.existing(app, hoa.key)
    assert account.state is AccountState.ACTIVE
    assert account.lock_version == 3
    assert await sessions.resolve(app, hoa.token) is None
    assert await authenticators.verify_passcode(app, hoa.key, NEW)
    with pytest.raises(NotFound, match=r"recovery\.link"):
        await recovery.by_link(app, token)


async def test_where_no_message_counts_a_second_officer_does(app, counter, police, hoa):
    await app.execute("UPDATE accounts.account SET contact_changed_at = now() WHERE person_key = %s", (hoa.key,))
    started = await recovery.begin_at_counter(app, counter, WHY, hoa.key, CARD)
    assert (started.needs, started.sent_to) == (Needs.SECOND, "")
    token = token_of(started.link)
    with pytest.raises(NotAllowed, match=r"recovery\.second_officer"):
        await recovery.confirm(app, counter, WHY, hoa.key, started.recovery_id)
    with pytest.raises(Conflict, match=r"recovery\.not_proved"):
        async with app.transaction():
            await recovery.finish(app, BROWSER, token, NEW, drop_others=False)
    with pytest.raises(NotAllowed, match=r"recovery\.elsewhere"):
        await recovery.confirm(app, police, WHY, hoa.key, started.recovery_id)
    await recovery.confirm(app, await officer(app, "one_stop_second"), WHY, hoa.key, started.recovery_id)
    await recovery.finish(app, BROWSER, token, NEW, drop_others=False)
    assert await authenticators.verify_passcode(app, hoa.key, NEW)


async def test_a_code_of_another_recovery_or_use_proves_nothing(app, counter, hoa):
    first = await recovery.begin_at_counter(app, counter, WHY, hoa.key, CARD)
    old = await code_for(app, hoa.key, first.recovery_id)
    second = await recovery.begin_at_counter(app, counter, WHY, hoa.key, CARD)
    with pytest.raises(NotFound):
        await recovery.by_link(app, token_of(first.link))
    assert not await recovery.prove_code(app, token_of(second.link), old)


async def test_a_recovery_begun_twice_at_once_is_one(app, admin, registry, counter, hoa):
    """The page an officer sees after pressing twice shows the link that works, and the holder is told once."""
    await app.commit()
    async with await psycopg.AsyncConnection.connect(registry.dsn("app")) as other:
        first = await recovery.begin_at_counter(app, counter, WHY, hoa.key, CARD, once="proof")
        again = await after_waiting(admin, app, other, recovery.begin_at_counter(other, counter, WHY, hoa.key, CARD, once="proof"))
        assert again == first and await recovery.by_link(other, token_of(again.link))
        await other.commit()
    rows = await (await admin.execute("SELECT count(*) FROM accounts.recovery WHERE person_key = %s", (hoa.key,))).fetchone()
    assert rows == (1,)
    anew = await recovery.begin_at_counter(app, counter, WHY, hoa.key, CARD, once="another proof")
    assert anew.link != first.link
    ended = await recovery.begin_at_counter(app, counter, WHY, hoa.key, CARD, once="proof")
    assert ended.link not in (first.link, anew.link), "a link that ended does not live again"


async def test_guessing_the_code_ends_after_five_tries(app, counter, hoa):
    started = await recovery.begin_at_counter(app, counter, WHY, hoa.key, CARD)
    token = token_of(started.link)
    code = await code_for(app, hoa.key, started.recovery_id)
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    for _ in range(5):
        assert not await recovery.prove_code(app, token, wrong)
    assert not await recovery.prove_code(app, token, code)


async def test_a_link_ends_with_its_time(app, admin, counter, hoa):
    started = await recovery.begin_at_counter(app, counter, WHY, hoa.key, CARD)
    await app.commit()
    await admin.execute(
        "UPDATE accounts.recovery SET started_at = started_at - interval '1 hour', expires_at = expires_at - interval '1 hour'"
        " WHERE person_key = %s", (hoa.key,),
    )  # fmt: skip
    await admin.commit()
    for token in (token_of(started.link), "x" * 32, "", "ă" * 32, "y" * 500):
        with pytest.raises(NotFound, match=r"recovery\.link"):
            await recovery.by_link(app, token)


async def test_identity_is_a_card_and_a_face(app, counter, hoa, monkeypatch):
    for checks in ((), ("card",), ("seen",), ("face",), ("answers",)):
        with pytest.raises(Invalid, match=r"recovery\.identity"):
            await recovery.begin_at_counter(app, counter, WHY, hoa.key, checks)

    async def yes(conn, key):  # type: ignore[no-untyped-def]
        return True

    monkeypatch.setattr(recovery, "has_portrait", yes)
    with pytest.raises(Invalid, match=r"recovery\.identity"):
        await recovery.begin_at_counter(app, counter, WHY, hoa.key, CARD)
    await recovery.begin_at_counter(app, counter, WHY, hoa.key, ("card", "face"))


async def test_no_counter_opens_what_death_or_police_closed(app, office, counter, hoa):
    await locks.registry_says(app, SYSTEM, hoa.key, Ground.DEATH)
    with pytest.raises(Conflict, match=r"account\.held_back"):
        await recovery.begin_at_counter(app, counter, WHY, hoa.key, CARD)


async def test_a_lock_between_start_and_end_holds(app, counter, hoa):
    started = await recovery.begin_at_counter(app, counter, WHY, hoa.key, CARD)
    token = token_of(started.link)
    assert await recovery.prove_code(app, token, await code_for(app, hoa.key, started.recovery_id))
    await locks.registry_says(app, SYSTEM, hoa.key, Ground.DEATH)
    with pytest.raises(Conflict, match=r"account\.held_back"):
        await recovery.finish(app, BROWSER, token, NEW, drop_others=True)


async def test_the_passcode_sent_twice_at_once_is_set_and_the_other_page_says_so(app, admin, registry, counter, hoa):
    started = await recovery.begin_at_counter(app, counter, WHY, hoa.key, CARD)
    token = token_of(started.link)
    assert await recovery.prove_code(app, token, await code_for(app, hoa.key, started.recovery_id))
    await app.commit()
    async with await psycopg.AsyncConnection.connect(registry.dsn("app")) as other:
        await recovery.finish(app, BROWSER, token, NEW, drop_others=False)
        with pytest.raises(NotFound, match=r"recovery\.link"):
            await after_waiting(admin, app, other, recovery.finish(other, BROWSER, token, NEW, drop_others=False))


async def test_a_weak_passcode_leaves_the_recovery_open(app, counter, hoa):
    started = await recovery.begin_at_counter(app, counter, WHY, hoa.key, CARD)
    token = token_of(started.link)
    assert await recovery.prove_code(app, token, await code_for(app, hoa.key, started.recovery_id))
    with pytest.raises(Invalid):
        async with app.transaction():
            await recovery.finish(app, BROWSER, token, "123456", drop_others=True)
    assert (await recovery.by_link(app, token)).proved
    assert await recovery.finish(app, BROWSER, token, NEW, drop_others=True)


async def test_who_has_no_right_recovers_nobody(app, clerk, hoa):
    for call in (
        recovery.begin_at_counter(app, clerk, WHY, hoa.key, CARD),
        recovery.confirm(app, clerk, WHY, hoa.key, 1),
        recovery.for_second(app, clerk, WHY),
        recovery.reissue(app, clerk, WHY, hoa.key, CARD),
        contacts_change.request_at_desk(app, clerk, WHY, hoa.key, "phone", "0912345678", CARD),
        hotline.check(app, clerk, WHY, hoa.number, {"name": "x", "birth": "1990", "phone": "1", "email": "2"}),
    ):
        with pytest.raises(NotAllowed):
            await call


async def test_the_database_refuses_to_finish_what_is_not_proved(app, counter, hoa):
    started = await recovery.begin_at_counter(app, counter, WHY, hoa.key, CARD)
    for change in (
        "UPDATE accounts.recovery SET state = 'done', done_at = now() WHERE recovery_id = %s",
        "UPDATE accounts.recovery SET second_by = started_by, second_at = now() WHERE recovery_id = %s",
    ):
        with pytest.raises(psycopg.errors.CheckViolation):
            async with app.transaction():
                await app.execute(change, (started.recovery_id,))
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        async with app.transaction():
            await app.execute("UPDATE accounts.recovery SET needs = 'second' WHERE recovery_id = %s", (started.recovery_id,))


async def test_another_passcode_by_passkey_ends_the_other_sessions(app, hoa):
    await recovery.by_passkey(app, hoa.actor, NEW)
    assert await authenticators.verify_passcode(app, hoa.key, NEW)
    assert (await core.existing(app, hoa.key)).lock_version == 2
    assert await sessions.resolve(app, hoa.token) is None


async def test_an_activation_code_again_at_any_counter(app, office, counter):
    key = await office.person("Lê Văn Tư", number="049085000911")
    await core.create(app, SYSTEM, WHY, key, level=1, phone="0905777001")
    with pytest.raises(Conflict, match=r"account\.not_activated"):
        await recovery.begin_at_counter(app, counter, WHY, key, CARD)
    await recovery.reissue(app, counter, WHY, key, CARD)
    await app.execute("UPDATE accounts.account SET activate_by = now() - interval '1 day' WHERE person_key = %s", (key,))
    await recovery.reissue(app, counter, WHY, key, CARD)
    found = await core.existing(app, key)
    assert found.state is AccountState.NOTIFIED
    assert found.activate_by is not None


# Contacts ---------------------------------------------------------------------------------------------------------------


async def test_another_phone_needs_two_officers_and_cools(app, counter, police, hoa):
    change = await contacts_change.request_at_desk(app, counter, WHY, hoa.key, "phone", "0912 000 111", CARD)
    assert [(line.kind, line.item_id) for line in await recovery.for_second(app, counter, WHY)][-1:] == [("contact", change)]
    with pytest.raises(NotAllowed, match=r"recovery\.second_officer"):
        await contacts_change.decide_at_desk(app, counter, WHY, hoa.key, change, grant=True)
    with pytest.raises(Conflict, match=r"contact\.waiting"):
        await contacts_change.request_at_desk(app, counter, WHY, hoa.key, "phone", "0912 000 112", CARD)
    assert (await core.contacts(app, hoa.key)).phone.endswith(hoa.phone[1:])
    await contacts_change.decide_at_desk(app, police, WHY, hoa.key, change, grant=True, checks=CARD)
    assert (await core.contacts(app, hoa.key)).phone == "+84912000111"
    ways = await listing.ways(app, hoa.key)
    assert ways.sms_from
    assert "sms" not in {way.value for way in ways.ways}
    started = await recovery.begin_at_counter(app, counter, WHY, hoa.key, CARD)
    assert started.needs is Needs.SECOND


async def test_another_office_goes_on_with_what_one_began(app, admin, counter, police, hoa):
    """Whoever stands at another office sees it there; its officer proves anew who that is, and is the second one or ends it."""
    change = await contacts_change.request_at_desk(app, counter, WHY, hoa.key, "phone", "0912 000 118", CARD)
    assert [(one.change_id, value) for one, value in await contacts_change.all_waiting(app, hoa.key)] == [(change, "+84912000118")]
    for checks in ((), ("card",), ("seen",)):
        with pytest.raises(Invalid, match=r"recovery\.identity"):
            await contacts_change.decide_at_desk(app, police, WHY, hoa.key, change, grant=True, checks=checks)
        with pytest.raises(Invalid, match=r"recovery\.identity"):
            await contacts_change.withdraw_at_desk(app, police, WHY, hoa.key, change, checks)
    await contacts_change.decide_at_desk(app, police, WHY, hoa.key, change, grant=True, checks=("card", "face"))
    assert (await core.contacts(app, hoa.key)).phone == "+84912000118"
    assert not (await listing.ways(app, hoa.key)).sms_from, "the face the second office compared is a strong factor too"
    assert await contacts_change.all_waiting(app, hoa.key) == []


async def test_what_waits_is_ended_by_one_officer_and_begun_anew(app, admin, counter, police, hoa):
    """A number mistyped, an office too far away: at any office, by the first officer too; the holder hears that it ended."""
    for officer_there in (counter, police):
        change = await contacts_change.request_at_desk(app, counter, WHY, hoa.key, "email", "hoa.moi@thu.example", CARD)
        await contacts_change.withdraw_at_desk(app, officer_there, WHY, hoa.key, change, CARD)
        with pytest.raises(Conflict, match=r"contact\.decided"):
            await contacts_change.withdraw_at_desk(app, officer_there, WHY, hoa.key, change, CARD)
    again = await contacts_change.request_at_desk(app, police, WHY, hoa.key, "email", "hoa.dung@thu.example", CARD)
    await contacts_change.decide_at_desk(app, counter, WHY, hoa.key, again, grant=False, checks=CARD)
    assert (await core.contacts(app, hoa.key)).email == "hoa@thu.example"
    await app.commit()
    heard = await told(admin, "sms", "+84" + hoa.phone[1:])
    assert [kind for kind in heard if "contact" in kind] == ["account.contact.changing", "account.contact.kept"] * 3


async def test_what_nobody_confirmed_in_a_day_ends_and_all_are_told(app, admin, worker, counter, police, hoa):
    change = await contacts_change.request_at_desk(app, counter, WHY, hoa.key, "phone", "0912 000 121", CARD)
    await app.commit()
    await admin.execute("UPDATE accounts.contact_change SET expires_at = now() WHERE change_id = %s", (change,))
    await admin.commit()
    assert await contacts_change.lapse(worker) >= 1
    assert await contacts_change.lapse(worker) == 0
    await worker.commit()
    assert (await told(admin, "sms", "+84" + hoa.phone[1:]))[-1] == "account.contact.lapsed"
    listed = [(line.kind, line.item_id) for line in await recovery.for_second(app, counter, WHY)]
    assert ("lapsed", change) in listed and ("contact", change) not in listed
    with pytest.raises(Conflict, match=r"contact\.decided"):
        await contacts_change.decide_at_desk(app, police, WHY, hoa.key, change, grant=True, checks=CARD)
    again = await contacts_change.request_at_desk(app, counter, WHY, hoa.key, "phone", "0912 000 121", CARD)
    listed = [(line.kind, line.item_id) for line in await recovery.for_second(app, counter, WHY)]
    assert ("contact", again) in listed and ("lapsed", change) not in listed, "begun anew"


async def test_a_lock_in_between_holds_a_change_of_contact_back(app, counter, police, hoa):
    change = await contacts_change.request_at_desk(app, counter, WHY, hoa.key, "phone", "0912000119", CARD)
    await locks.registry_says(app, SYSTEM, hoa.key, Ground.DEATH)
    with pytest.raises(Conflict, match=r"account\.held_back"):
        await contacts_change.decide_at_desk(app, police, WHY, hoa.key, change, grant=True, checks=CARD)
    await contacts_change.decide_at_desk(app, police, WHY, hoa.key, change, grant=False, checks=CARD)
    assert (await core.contacts(app, hoa.key)).phone == "+84" + hoa.phone[1:]


async def test_a_compared_face_needs_no_cooling(app, counter, police, hoa):
    change = await contacts_change.request_at_desk(app, counter, WHY, hoa.key, "phone", "0912000113", ("card", "face"))
    await contacts_change.decide_at_desk(app, police, WHY, hoa.key, change, grant=True, checks=CARD)
    assert not (await listing.ways(app, hoa.key)).sms_from
    await sim.changed(app, "0912000113")
    assert (await listing.ways(app, hoa.key)).sms_from
    change = await contacts_change.request_at_desk(app, counter, WHY, hoa.key, "phone", "0912000113", ("card", "face"))
    await contacts_change.decide_at_desk(app, police, WHY, hoa.key, change, grant=True, checks=CARD)
    assert not (await listing.ways(app, hoa.key)).sms_from, "who cannot wait confirms the number at a counter"


async def test_a_wrong_phone_mended_before_activation_gets_the_code_and_the_old_one_loses_it(app, admin, office, counter, police):
    key = await office.person("Lê Thị Sáu", number="049190177001")
    await core.create(app, SYSTEM, WHY, key, level=1, phone="0912000130")
    await activate.invite(app, key)
    code = await codes.new_code(app, key, "activate")
    await activate.note_idle(app, counter, WHY, key, "wrong_phone")
    change = await contacts_change.request_at_desk(app, counter, WHY, key, "phone", "0912000131", CARD)
    await contacts_change.decide_at_desk(app, police, WHY, key, change, grant=True, checks=CARD)
    assert not await activate.may_activate(app, key, code)
    row = await (await app.execute("SELECT idle_reason, state FROM accounts.account WHERE person_key = %s", (key,))).fetchone()
    assert row == ("", "notified")
    assert (await listing.ways(app, key)).sms_from is None, "nobody has used it: there is nothing to wait for"
    await app.commit()
    assert await told(admin, "sms", "+84912000131") == ["account.contact_changed", "account.approved"]


@pytest.fixture
def heard(monkeypatch) -> list[tuple[str, str]]:  # type: ignore[no-untyped-def]
    """(address, text) of every message, as the phone shows them."""
    from dancu.kit import messages

    kept: list[tuple[str, str]] = []
    send = messages.send

    async def listen(conn, **fields):  # type: ignore[no-untyped-def]
        kept.append((fields["to"], fields["text"]))
        return await send(conn, **fields)

    monkeypatch.setattr(messages, "send", listen)
    return kept


def links(heard: list[tuple[str, str]], path: str) -> list[str]:
    return [found[1] for _, text in heard if (found := re.search(rf"/eid/{path}/([\w-]+)", text))]


async def test_the_old_contact_objects_before(app, counter, police, hoa, heard):
    change = await contacts_change.request_at_desk(app, counter, WHY, hoa.key, "phone", "0912000114", CARD)
    assert {to for to, text in heard if "/eid/objection/" in text} == {"+84" + hoa.phone[1:], "hoa@thu.example"}
    await contacts_change.object_to(app, BROWSER, links(heard, "objection")[0])
    with pytest.raises(Conflict, match=r"contact\.decided"):
        await contacts_change.decide_at_desk(app, police, WHY, hoa.key, change, grant=True, checks=CARD)
    assert await grounds(app, hoa.key) == set()
    with pytest.raises(NotFound):
        await contacts_change.object_to(app, BROWSER, links(heard, "objection")[0])


async def test_the_old_contact_objects_after_and_the_account_is_locked(app, counter, police, hoa, heard):
    change = await contacts_change.request_at_desk(app, counter, WHY, hoa.key, "phone", "0912000115", CARD)
    await contacts_change.decide_at_desk(app, police, WHY, hoa.key, change, grant=True, checks=CARD)
    await contacts_change.object_to(app, BROWSER, links(heard, "objection")[0])
    assert await grounds(app, hoa.key) == {Ground.SUSPICION}
    assert (await core.existing(app, hoa.key)).state is AccountState.LOCKED


async def test_the_holder_with_two_factors_changes_alone(app, hoa, heard):
    with pytest.raises(NotAllowed, match=r"contact\.second_factor"):
        await contacts_change.by_holder(app, hoa.actor, WHY, hoa.key, "phone", "0912000116", "1", acr=1, amr=["pin"])
    kept = await contacts_change.ask_new(app, hoa.key, "phone", "0912000116")
    code = next(text[:6] for to, text in heard if to == kept)
    assert not await contacts_change.by_holder(app, hoa.actor, WHY, hoa.key, "phone", "0912000117", code, acr=2, amr=["pin", "otp"])
    assert await contacts_change.by_holder(app, hoa.actor, WHY, hoa.key, "phone", kept, code, acr=2, amr=["pin", "sms"])
    assert (await listing.ways(app, hoa.key)).sms_from
    assert not await contacts_change.by_holder(app, hoa.actor, WHY, hoa.key, "phone", kept, code, acr=2, amr=["pin", "sms"])


async def test_a_phone_taken_at_the_last_moment_leaves_no_half_of_a_change(app, office, hoa, heard, monkeypatch):
    other = await holder(app, office)
    kept = await contacts_change.ask_new(app, hoa.key, "phone", other.phone)
    code = next(text[:6] for to, text in heard if to == kept)

    async def free_a_moment_ago(conn, phone):  # type: ignore[no-untyped-def]
        return None

    monkeypatch.setattr(core, "by_phone", free_a_moment_ago)
    with pytest.raises(Conflict, match=r"account\.phone_taken"):
        await contacts_change.by_holder(app, hoa.actor, WHY, hoa.key, "phone", kept, code, acr=2, amr=["pin", "otp"])
    rows = await (await app.execute("SELECT count(*) FROM accounts.contact_change WHERE person_key = %s", (hoa.key,))).fetchone()
    assert rows == (0,)


async def test_whose_phone_it_is_hears_only_who_holds_it(app, office, hoa, heard):
    other = await holder(app, office)
    kept = await contacts_change.ask_new(app, hoa.key, "phone", other.phone)
    assert not await contacts_change.by_holder(app, hoa.actor, WHY, hoa.key, "phone", kept, "000000", acr=2, amr=["pin", "otp"])
    code = next(text[:6] for to, text in heard if to == kept)
    with pytest.raises(Conflict, match=r"account\.phone_taken"):
        await contacts_change.by_holder(app, hoa.actor, WHY, hoa.key, "phone", kept, code, acr=2, amr=["pin", "otp"])


async def test_a_phone_of_another_account_is_not_taken(app, office, counter, hoa):
    other = await holder(app, office)
    with pytest.raises(Conflict, match=r"account\.phone_taken"):
        await contacts_change.request_at_desk(app, counter, WHY, hoa.key, "phone", other.phone, CARD)
    for kind, value in (("phone", "12"), ("email", "không phải thư"), ("fax", "1")):
        with pytest.raises(Invalid):
            await contacts_change.request_at_desk(app, counter, WHY, hoa.key, kind, value, CARD)


# The hotline ------------------------------------------------------------------------------------------------------------

RIGHT = {"name": "Trần Thị Hoà", "birth": "1990-04-12", "moved": "2025", "children": "0"}


@pytest_asyncio.fixture
async def agent(app) -> Actor:  # type: ignore[no-untyped-def]
    return await officer(app, "eid_hotline")


async def test_the_card_alone_is_never_enough():
    assert not policy.answers_enough({"name": "yes", "birth": "yes"})
    assert not policy.answers_enough({"name": "yes", "birth": "yes", "phone": "yes"})
    assert not policy.answers_enough({"name": "yes", "birth": "yes", "phone": "yes", "email": "yes", "moved": "no"})
    assert not policy.answers_enough({"name": "yes", "birth": "close", "phone": "yes", "email": "yes"})
    assert not policy.answers_enough({"name": "yes", "birth": "yes", "phone": "unknown", "email": "yes"})
    assert policy.answers_enough({"name": "close", "birth": "yes", "phone": "yes", "email": "yes"})


async def test_the_former_number_stands_in_the_cards_code_and_proves_nothing(app, agent, hoa):
    with pytest.raises(Invalid, match=r"hotline\.too_few"):
        await hotline.check(app, agent, WHY, hoa.number, {**RIGHT, "moved": "", "old_number": hoa.number})


async def test_a_phone_is_understood_as_people_say_it(app, office, agent, hoa):
    from dancu.population import service as population
    from dancu.population.models import ContactKind

    await office(population.change_contact, hoa.key, kind=ContactKind.PHONE, value="0905 111 222", since=date(2025, 8, 2))
    answers = {"name": "TRAN THI HOA", "birth": "1990-04-12", "children": "0"}
    assert not (await hotline.check(app, agent, WHY, hoa.number, {**answers, "phone": "0905 111 223"})).enough
    assert (await hotline.check(app, agent, WHY, hoa.number, {**answers, "phone": "0905.111.222"})).enough


async def test_a_verified_caller_locks_and_recovers(app, agent, hoa, heard):
    call = await hotline.check(app, agent, WHY, hoa.number, RIGHT)
    assert call.enough and not call.unused
    assert await hotline.lock(app, agent, WHY, hoa.key, call.call_id)
    started = await hotline.recover(app, agent, WHY, hoa.key, call.call_id)
    assert (started.link, started.needs) == ("", Needs.CODE)
    assert await hotline.recover(app, agent, WHY, hoa.key, call.call_id) == started
    (token,) = links(heard, "recover")  # pressed twice: one message
    assert {to for to, text in heard if "/eid/recover/" in text} == {"+84" + hoa.phone[1:]}
    assert await recovery.prove_code(app, token, await code_for(app, hoa.key, started.recovery_id))
    await recovery.finish(app, BROWSER, token, NEW, drop_others=True)
    assert await grounds(app, hoa.key) == set()


async def test_the_agent_learns_one_word_whatever_was_wrong(app, office, agent, hoa):
    nobody = await office.person("Lê Thị Bông", number="049190777123", year=1988, month=2, day=3)
    assert nobody
    results = [
        await hotline.check(app, agent, WHY, hoa.number, {**RIGHT, "moved": "1999"}),
        await hotline.check(app, agent, WHY, "049190777123", {**RIGHT, "name": "Lê Thị Bông", "birth": "1988-02-03"}),
        await hotline.check(app, agent, WHY, "001099999999", RIGHT),
    ]
    assert {(one.enough, one.person_key, one.call_id) for one in results} == {(False, 0, 0)}


async def test_guessing_by_telephone_is_slow(app, agent, hoa):
    for _ in range(3):
        assert not (await hotline.check(app, agent, WHY, hoa.number, {**RIGHT, "children": "7"})).enough
    with pytest.raises(DancuError, match=r"hotline\.wait"):
        await hotline.check(app, agent, WHY, hoa.number, RIGHT)


async def test_a_call_is_the_agents_own_and_short(app, admin, agent, police, hoa):
    call = await hotline.check(app, agent, WHY, hoa.number, RIGHT)
    other = await holder(app, _office(app, police), phone="")
    with pytest.raises(NotAllowed, match=r"hotline\.no_call"):
        await hotline.lock(app, agent, WHY, other.key, call.call_id)
    await app.commit()
    await admin.execute("UPDATE accounts.hotline_call SET at = at - interval '16 minutes' WHERE call_id = %s", (call.call_id,))
    await admin.commit()
    with pytest.raises(NotAllowed, match=r"hotline\.no_call"):
        await hotline.recover(app, agent, WHY, hoa.key, call.call_id)


async def test_by_telephone_only_where_a_message_counts(app, agent, hoa):
    call = await hotline.check(app, agent, WHY, hoa.number, RIGHT)
    await app.execute("UPDATE accounts.account SET contact_changed_at = now() WHERE person_key = %s", (hoa.key,))
    with pytest.raises(Conflict, match=r"recovery\.phone_new"):
        await hotline.recover(app, agent, WHY, hoa.key, call.call_id)
    await app.execute("UPDATE accounts.account SET contact_changed_at = NULL, phone_verified_at = NULL WHERE person_key = %s", (hoa.key,))
    with pytest.raises(Conflict, match=r"recovery\.no_phone"):
        await hotline.recover(app, agent, WHY, hoa.key, call.call_id)


async def test_after_the_days_of_activation_the_hotline_sends_a_code(app, office, agent, heard):
    key = await office.person("Lê Văn Tư", number="049085000922")
    await core.create(app, SYSTEM, WHY, key, level=1, phone="0905777002")
    await app.execute(
        "UPDATE accounts.account SET state = 'notified', notified_at = now() - interval '9 days',"
        " activate_by = now() - interval '2 days' WHERE person_key = %s", (key,),
    )  # fmt: skip
    call = await hotline.check(app, agent, WHY, "049085000922", {**RIGHT, "name": "Lê Văn Tư"})
    assert call.enough and call.unused, "the page offers a code and no way back"
    assert await hotline.lock(app, agent, WHY, key, call.call_id)
    assert await hotline.call(app, agent, key, call.call_id) == call
    for _ in range(3):  # pressed again: the code that was just sent stays good
        await hotline.reissue(app, agent, WHY, key, call.call_id)
    found = await core.existing(app, key)
    assert found.activate_by is not None
    (code,) = [code[0] for to, text in heard if to == "+84905777002" and (code := re.search(r"\b\d{6}\b", text))]
    assert await activate.may_activate(app, key, code)


async def test_answers_are_kept_nowhere(app, admin, agent, hoa):
    await hotline.check(app, agent, WHY, hoa.number, {**RIGHT, "email": "bi.mat@thu.example"})
    await app.commit()
    rows = await (await admin.execute("SELECT note::text FROM audit.pending WHERE subject = %s", (hoa.key,))).fetchall()
    rows += await (await admin.execute("SELECT note::text FROM accounts.happening WHERE person_key = %s", (hoa.key,))).fetchall()
    text = " ".join(str(row[0]) for row in rows)
    assert "hotline.check" in text
    assert not any(word in text for word in ("bi.mat", "Hoà", "1990", hoa.number, hoa.phone))


def _office(app, police):  # type: ignore[no-untyped-def]
    from tests.population.conftest import Office

    return Office(app, police, police)


