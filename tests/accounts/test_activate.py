"""Activation: the code of the notice, reminders, waves, and the machine of states."""

from __future__ import annotations

import asyncio
import re
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta

import psycopg
import pytest

from dancu.accounts import jobs
from dancu.accounts.models import AccountState
from dancu.accounts.service import activate, codes, core
from dancu.accounts.service.check import eid_purpose
from dancu.kernel.actor import SYSTEM
from dancu.kernel.clock import SetClock
from dancu.kernel.errors import Conflict, Invalid
from tests.accounts.registration import new_phone, person, told

NOW = datetime.now(UTC)


async def invited(office, app, **more):  # type: ignore[no-untyped-def]
    """(person, phone, code) of an account that was told of."""
    key, _ = await person(office)
    phone = new_phone()
    await core.create(app, SYSTEM, eid_purpose(), key, level=1, phone=phone, **more)
    await activate.invite(app, key)
    return key, phone, code_in((await told(app, phone))[0])


def code_in(text: str) -> str:
    return text.partition("Mã kích hoạt ")[2][:6]


async def test_the_code_of_the_notice_opens_the_way_once(office, app):
    key, _, code = await invited(office, app)
    assert not await activate.may_activate(app, key, f"{(int(code) + 1) % 1_000_000:06d}")
    assert await activate.may_activate(app, key, code)
    assert not await activate.may_activate(app, key, code), "a code is good once"
    grant = activate.grant(await core.existing(app, key))
    account = await activate.granted(app, grant)
    await activate.activate(app, SYSTEM, account.person_key)
    assert (await core.existing(app, key)).state is AccountState.ACTIVE
    with pytest.raises(Invalid):
        await activate.granted(app, grant)
    with pytest.raises(Conflict):
        await activate.activate(app, SYSTEM, key)


async def test_a_grant_is_for_one_account_and_not_forged(office, app):
    key, _, _ = await invited(office, app)
    grant = activate.grant(await core.existing(app, key))
    for wrong in ("", "zz", grant[:-2] + ("00" if grant[-2:] != "00" else "11")):
        with pytest.raises(Invalid):
            await activate.granted(app, wrong)
    await core.bump(app, key)
    with pytest.raises(Invalid):
        await activate.granted(app, grant)


async def test_a_new_invitation_makes_the_old_code_worthless(office, app):
    key, phone, old = await invited(office, app)
    await activate.invite(app, key)
    new = code_in((await told(app, phone))[0])
    assert not await activate.may_activate(app, key, old)
    assert await activate.may_activate(app, key, new)


async def test_the_time_is_seven_whole_days_in_vietnam(office, app):
    key, _ = await person(office)
    phone = new_phone()
    await core.create(app, SYSTEM, eid_purpose(), key, level=1, phone=phone)
    late_evening = SetClock(datetime(2026, 11, 22, 16, 30, tzinfo=UTC))  # 23:30 in Vietnam
    await activate.invite(app, key, clock=late_evening)
    account = await core.existing(app, key)
    assert activate.last_day(account.activate_by) == date(2026, 11, 29)
    assert "29/11/2026" in (await told(app, phone))[0]


async def test_after_the_deadline_nothing_opens(office, app):
    key, _, code = await invited(office, app)
    await app.execute("UPDATE accounts.account SET activate_by = now() - interval '1 minute' WHERE person_key = %s", (key,))
    await app.execute("UPDATE accounts.code SET expires_at = now() - interval '1 minute' WHERE person_key = %s", (key,))
    assert not await activate.may_activate(app, key, code)
    with pytest.raises(Conflict):
        await activate.activate(app, SYSTEM, key)


async def test_another_code_goes_to_the_accounts_own_phone_and_keeps_the_deadline(office, app):
    key, phone, old = await invited(office, app)
    before = (await core.existing(app, key)).activate_by
    await activate.resend(app, key)
    text = (await told(app, phone))[0]
    assert await activate.may_activate(app, key, text[:6])
    assert not await activate.may_activate(app, key, old)
    assert (await core.existing(app, key)).activate_by == before
    await activate.resend(app, 999_999_999)


async def _aged(worker, key: int, days: float) -> None:  # type: ignore[no-untyped-def]
    await worker.execute(
        "UPDATE accounts.account SET activate_by = activate_by - make_interval(secs => %s), notified_at = notified_at -"
        " make_interval(secs => %s), wave_at = wave_at - make_interval(secs => %s) WHERE person_key = %s",
        (days * 86400, days * 86400, days * 86400, key),
    )


async def test_reminders_come_on_days_one_three_and_six_once_each(office, app, worker):
    key, phone, _ = await invited(office, app)
    await app.commit()
    heard = []
    for _day in range(9):
        await activate.remind(worker)
        await activate.remind(worker)
        await worker.commit()
        heard.append(sum("chờ kích hoạt" in text for text in await told(app, phone)))
        await _aged(worker, key, 1)
        await worker.commit()
    steps = [day for day in range(1, 9) if heard[day] > heard[day - 1]]
    assert steps == [1, 3, 6]
    assert heard[-1] == 3


async def test_lapsed_ones_are_told_in_waves_and_not_without_end(office, app, worker):
    key, phone, _ = await invited(office, app)
    await app.commit()
    heard = 0
    for _ in range(20):
        await _aged(worker, key, 10)
        await activate.wave(worker)
        await worker.commit()
        await app.commit()
        heard = sum("hết hạn" in text for text in await told(app, phone))
    assert heard == 4


async def test_whom_the_phone_does_not_reach_is_told_by_mail_and_nobody_at_the_phone(office, app, worker):
    with_mail, phone, _ = await invited(office, app, email="kim@thu.example")
    without, silent, _ = await invited(office, app)
    for key in (with_mail, without):
        await activate.note_idle(app, SYSTEM, eid_purpose(), key, "wrong_phone")
    await app.commit()
    for key in (with_mail, without):
        await _aged(worker, key, 10)
    await activate.wave(worker)
    await worker.commit()
    assert ["hết hạn" in text for text in await told(app, "kim@thu.example")].count(True) == 1
    assert not any("hết hạn" in text for text in [*await told(app, phone), *await told(app, silent)])


async def test_the_worker_names_the_child_and_tells_no_guardian_of_who_has_come_of_age(office, app, worker):
    (mother, _), theirs = await person(office), new_phone()
    await core.create(app, SYSTEM, eid_purpose(), mother, level=1, phone=theirs)
    for name, year in (("Trần Gia Khang", 2016), ("Trần Gia Bảo", 2001)):
        child, _ = await person(office, name=name, year=year, card=False)
        await core.create(app, SYSTEM, eid_purpose(), child, level=1, guardian_key=mother)
        await activate.invite(app, child)
        for days, work in ((1, activate.remind), (10, activate.wave)):
            await app.commit()
            await _aged(worker, child, days)
            await work(worker)
            await worker.commit()
    heard = await told(app, theirs)
    assert [text.partition(":")[0] for text in heard] == ["Về Gia Khang (bạn giám hộ)"] * 3, heard
    looks = await worker.execute("SELECT count(*) FROM audit.pending WHERE subject = %s AND actor_kind = 'system' AND action = 'read'", (child,))
    assert (await looks.fetchone()) == (3,), "who was not told of was looked at all the same, on record"


async def test_a_morning_reminds_all_who_are_due_however_many_and_nobody_twice(office, app, worker, monkeypatch):
    @asynccontextmanager
    async def own(role: str):  # type: ignore[no-untyped-def]
        yield worker
        await worker.commit()

    monkeypatch.setattr(jobs, "connection", own)
    monkeypatch.setattr(activate, "MOST", 2)
    phones = []
    for days in (6, 6, 6, 6.5, 3, 3, 3, 10, 10, 10):
        key, phone, _ = await invited(office, app)
        await app.commit()
        await _aged(worker, key, days)
        phones.append(phone)
    await worker.commit()
    await jobs.remind(0)
    assert [sum("Mã kích hoạt định danh đã hết hạn" in t or "chờ kích hoạt" in t for t in await told(app, phone)) for phone in phones] == [1] * 10


async def test_a_phone_that_fails_is_found_among_those_that_wait_longer_and_hears_no_reminder(office, app, worker):
    for _ in range(3):  # nothing is wrong with these, and they wait longer
        await invited(office, app)
    key, phone, _ = await invited(office, app, email="kim2@thu.example")
    await app.commit()
    await worker.execute("UPDATE kit.message SET state = 'failed', settled_at = now() WHERE person_key = %s AND channel = 'sms'", (key,))
    assert await activate.note_undelivered(worker) == 1
    await _aged(worker, key, 1)
    await activate.remind(worker)
    await worker.commit()
    assert not any("chờ kích hoạt" in text for text in await told(app, phone)), "nobody's phone, or somebody else's"
    assert any("chờ kích hoạt" in text for text in await told(app, "kim2@thu.example"))


async def test_a_worker_that_stood_still_sends_one_wave_a_night(office, app, worker):
    key, phone, _ = await invited(office, app)
    await app.commit()
    await _aged(worker, key, 90)
    for _ in range(3):
        await activate.wave(worker)
    await worker.commit()
    assert sum("hết hạn" in text for text in await told(app, phone)) == 1


async def test_a_message_that_does_not_arrive_marks_the_phone(office, app, worker):
    key, _, _ = await invited(office, app)
    await app.commit()
    assert await activate.note_undelivered(worker) == 0
    await worker.execute("UPDATE kit.message SET state = 'failed', settled_at = now() WHERE person_key = %s", (key,))
    await activate.note_undelivered(worker)
    row = await (await worker.execute("SELECT idle_reason FROM accounts.account WHERE person_key = %s", (key,))).fetchone()
    assert row == ("wrong_phone",)


async def test_reasons_are_of_the_list_and_only_while_it_waits(office, app, police):
    key, _, _ = await invited(office, app)
    with pytest.raises(Invalid):
        await activate.note_idle(app, police, eid_purpose(), key, "vì thế")
    await activate.note_idle(app, police, eid_purpose(), key, "away")
    await activate.activate(app, SYSTEM, key)
    with pytest.raises(Conflict):
        await activate.note_idle(app, police, eid_purpose(), key, "away")


async def test_every_invitation_says_what_the_account_gives(office, app, worker, monkeypatch):
    monkeypatch.setenv("DANCU_HOTLINE", "1900 1234")
    key, phone, _ = await invited(office, app)
    await app.commit()
    await _aged(worker, key, 2)
    await activate.remind(worker)
    await _aged(worker, key, 10)
    await activate.wave(worker)
    await worker.commit()
    texts = await told(app, phone)
    assert len(texts) == 3
    assert all("không phải khai lại" in text for text in texts)
    assert [text for text in texts if "1900 1234" in text] == [text for text in texts if "tổng đài" in text.lower()] != []


async def test_the_database_itself_refuses_an_active_account_that_was_not_activated(office, app):
    key, _, _ = await invited(office, app)
    with pytest.raises(psycopg.errors.CheckViolation):
        async with app.transaction():
            await core.set_state(app, key, AccountState.ACTIVE)
    assert NOW - timedelta(days=1) < (await core.existing(app, key)).approved_at


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10 ** len(code):0{len(code)}d}"


async def test_a_strangers_wrong_tries_end_the_short_code_and_a_long_one_reaches_the_holder(office, app):
    key, phone, code = await invited(office, app)
    for _ in range(codes.SHORT_TRIES - 1):
        assert not await activate.may_activate(app, key, wrong(code))
    assert len(await told(app, phone)) == 1, "nothing is sent before"
    assert not await activate.may_activate(app, key, wrong(code))
    assert not await activate.may_activate(app, key, code), "the short code is worth nothing any more"
    texts = await told(app, phone)
    assert len(texts) == 2, "once"
    long = re.search(r"\d{4} \d{3} \d{3}", texts[0])[0]
    for _ in range(3 * codes.SHORT_TRIES):
        assert not await activate.may_activate(app, key, wrong(long.replace(" ", "")))
    assert await activate.may_activate(app, key, long)


async def test_many_who_find_the_short_code_worn_out_at_once_send_one_long_code(office, app, registry):
    key, phone, code = await invited(office, app)
    for _ in range(codes.SHORT_TRIES - 1):
        await activate.may_activate(app, key, wrong(code))
    await app.execute("UPDATE accounts.code SET tries = %s WHERE person_key = %s", (codes.SHORT_TRIES, key))
    await app.commit()

    async def tried() -> bool:
        async with await psycopg.AsyncConnection.connect(registry.dsn("app")) as conn, conn.transaction():
            return await activate.may_activate(conn, key, wrong(code))

    assert await asyncio.gather(*(tried() for _ in range(4))) == [False] * 4
    assert len(await told(app, phone)) == 2, "none of them is counted with the messages that are limited"


async def test_a_new_code_asked_for_by_a_stranger_gives_no_new_tries(office, app):
    key, phone, code = await invited(office, app)
    for _ in range(codes.SHORT_TRIES // 2):
        await activate.may_activate(app, key, wrong(code))
    await activate.resend(app, key)
    code = re.search(r"\b\d{6}\b", (await told(app, phone))[0])[0]
    for _ in range(codes.SHORT_TRIES // 2):
        await activate.may_activate(app, key, wrong(code))
    assert not await activate.may_activate(app, key, code)
    await app.execute("DELETE FROM kit.throttle")
    await activate.resend(app, key)
    assert re.search(r"\d{4} \d{3} \d{3}", (await told(app, phone))[0]), "and what is sent from now on is long"
    await activate.invite(app, key)
    assert await activate.may_activate(app, key, code_in((await told(app, phone))[0])), "an officer begins anew"


def test_guessing_both_codes_to_the_end_succeeds_once_in_twenty_thousand():
    assert codes.SHORT_TRIES / 10**6 + codes.LONG_TRIES / 10**codes.LONG_DIGITS <= 1 / 20_000
