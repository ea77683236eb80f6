"""Applying for level 1: a clear case approves itself, everything else waits with its reason, everybody hears the same."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dancu.accounts.models import AccountState
from dancu.accounts.models.application import ApplicationState, Found
from dancu.accounts.policy.registration import BARS, may_approve, reasons
from dancu.accounts.ports import subscriber
from dancu.accounts.ports.subscriber import Subscriber
from dancu.accounts.rules import RULES, rule_on
from dancu.accounts.service import apply, check, core, queue
from dancu.accounts.service.check import eid_purpose
from dancu.accounts.store import applications
from dancu.kernel.clock import SYSTEM_CLOCK, SetClock
from dancu.kernel.errors import Exceeded, Invalid, Unavailable
from dancu.population import service as population
from dancu.population.models import ContactKind, KinFact, KinRelation, Sex, Source
from tests.accounts.registration import (
    BIRTH,
    NAME,
    claim,
    hand_in,
    new_number,
    new_phone,
    person,
    rows,
    says,
    told,
    with_jobs,
)

CLEAR = Found(
    number_known=True, name="yes", birth="yes", age=36, subscriber="match", card_valid=True, portrait_checked=True
)  # fmt: skip


@pytest.fixture(autouse=True)
def _operators(registry, monkeypatch):  # type: ignore[no-untyped-def]
    with_jobs(registry.dsn("admin"))
    monkeypatch.setattr(subscriber, "check", says(Subscriber.MATCH))


@pytest.fixture(autouse=True)
async def _calm(app):  # type: ignore[no-untyped-def]
    """Throttles of one test do not slow the next."""
    await app.execute("DELETE FROM kit.throttle")


async def state_of(app, ref: str):  # type: ignore[no-untyped-def]
    return await applications.application(app, await applications.open_by_ref(app, ref))


async def test_a_clear_case_approves_itself_and_the_code_is_sent(office, app):
    key, number = await person(office)
    one = claim(number)
    ref = await hand_in(app, one)
    assert (await state_of(app, ref)).state is ApplicationState.APPROVED
    account = await core.account(app, key)
    assert (account.state, account.level, account.channel) == (AccountState.NOTIFIED, 1, "online")
    assert account.activate_by is not None
    notice, receipt = await told(app, one.phone)
    assert "Mã kích hoạt" in notice and "không phải khai lại" in notice
    assert ref in receipt
    assert await check.check(app, ref) is None, "a job that runs twice changes nothing"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"name": "Nguyễn Văn Nam"}, "name_differs"),
        ({"name": "Tran Thi Hoa"}, "name_close"),
        ({"birth": "1991-04-12"}, "birth_differs"),
        ({"birth": "1990"}, "birth_close"),
    ],
)
async def test_differences_wait_for_an_officer(office, app, changes, reason):
    key, number = await person(office)
    ref = await hand_in(app, claim(number, **changes))
    found = await state_of(app, ref)
    assert (found.state, found.reasons, found.person_key) == (ApplicationState.WAITING, (reason,), key)
    assert await core.account(app, key) is None


async def test_every_applicant_is_told_the_same(office, app):
    _, number = await person(office)
    clock = SetClock(datetime(2026, 11, 18, 3, tzinfo=UTC))
    good, stranger = claim(number), claim(new_number("049191"))
    first = await apply.submit(app, good, portrait=b"x", portrait_checked=True, network="198.51.100.1", clock=clock)
    second = await apply.submit(app, stranger, portrait=b"x", portrait_checked=True, network="198.51.100.2", clock=clock)
    assert first.due_on == second.due_on == date(2026, 11, 19)
    assert (await told(app, good.phone))[0].replace(first.ref, "") == (await told(app, stranger.phone))[0].replace(second.ref, "")
    await check.check(app, second.ref)
    assert (await state_of(app, second.ref)).reasons == ("number_unknown",)
    assert len(await told(app, stranger.phone)) == 1, "nothing more reaches whoever typed the number"


async def test_a_difference_is_told_to_the_registered_contact_alone(office, app):
    key, number = await person(office)
    known = new_phone()
    await office(population.change_contact, key, kind=ContactKind.PHONE, value=known, since=date(2025, 8, 2))
    one = claim(number, birth="1980-01-01")
    ref = await hand_in(app, one)
    (text,) = await told(app, known)
    assert ref in text and "Ngày sinh" in text and "1980" not in text
    assert all("khác" not in sent for sent in await told(app, one.phone))


async def test_the_holder_of_an_account_hears_that_somebody_tried(office, app):
    key, number = await person(office)
    mine = claim(number)
    await hand_in(app, mine)
    ref = await hand_in(app, claim(number, phone=new_phone()))
    assert "account_exists" in (await state_of(app, ref)).reasons
    said = (await told(app, mine.phone))[0]
    assert "đã có tài khoản chờ kích hoạt" in said and "/eid/activate" in said, "nobody signs in to what was never activated"
    await app.execute("UPDATE accounts.account SET state = 'active', activated_at = now() WHERE person_key = %s", (key,))
    await hand_in(app, claim(number, phone=new_phone()))
    assert "hãy đăng nhập" in (await told(app, mine.phone))[0]
    assert (await core.contacts(app, key)).phone == mine.phone


@pytest.mark.parametrize("exists", [True, False])
async def test_a_stranger_who_applies_again_and_again_does_not_flood_the_holders_phone(office, app, exists):
    key, number = await person(office)
    known = new_phone()
    await office(population.change_contact, key, kind=ContactKind.PHONE, value=known, since=date(2025, 8, 2))
    if exists:
        await hand_in(app, claim(number, phone=known))
    before = len(await told(app, known))
    for turn in range(8):
        await hand_in(app, claim(number, birth="1980-01-01", phone=new_phone()), network=f"203.0.{turn}.7")
    assert 1 <= len(await told(app, known)) - before <= 3


@pytest.mark.parametrize(("word", "reason"), [(Subscriber.DIFFERS, "subscriber_differs"), (Subscriber.UNKNOWN, "subscriber_unknown")])
async def test_somebody_elses_phone_waits(office, app, monkeypatch, word, reason):
    monkeypatch.setattr(subscriber, "check", says(word))
    _, number = await person(office)
    ref = await hand_in(app, claim(number))
    assert (await state_of(app, ref)).reasons == (reason,)


async def test_a_phone_serves_one_account(office, app):
    _, first = await person(office)
    key, second = await person(office)
    phone = new_phone()
    await hand_in(app, claim(first, phone=phone))
    ref = await hand_in(app, claim(second, phone=phone))
    assert "phone_taken" in (await state_of(app, ref)).reasons
    assert await core.account(app, key) is None


async def test_a_child_is_applied_for_by_a_parent_the_registry_knows(office, app, police):
    mother, number = await person(office)
    mine = claim(number)
    await hand_in(app, mine)
    child_number = new_number("049316")
    source = Source("birth_register", "12/2016", date(2016, 6, 1))
    kin = (KinFact(source=source, relation=KinRelation.MOTHER, relative_key=mother, relative_name=NAME),)
    child, _ = await person(
        office, name="Nguyễn Bảo Ngọc", card=False, number=child_number, sex=Sex.FEMALE, year=2016, month=5, day=1, kin=kin
    )
    alone = apply.checked_claim(child_number, "Nguyễn Bảo Ngọc", "2016-05-01", new_phone())
    assert "under_age" in (await state_of(app, await hand_in(app, alone))).reasons
    stranger, hers = await person(office)
    theirs = claim(hers)
    await hand_in(app, theirs)
    through = apply.by_guardian(alone)
    wrong = await hand_in(app, through, guardian_key=stranger)
    assert "guardian_unproved" in (await state_of(app, wrong)).reasons
    await queue.refuse(app, police, eid_purpose(), await applications.open_by_ref(app, wrong) or 0, "Không phải mẹ")
    assert (await told(app, theirs.phone))[0].startswith("Về Bảo Ngọc (bạn giám hộ): Hồ sơ định danh"), "who handed it in hears, and nothing of the registry"
    await app.execute("UPDATE accounts.application SET state = 'withdrawn' WHERE person_key = %s AND state = 'waiting'", (child,))
    right = await hand_in(app, through, guardian_key=mother)
    assert (await state_of(app, right)).reasons == ()
    account = await core.account(app, child)
    assert account.guardian_key == mother
    approved, received = (await told(app, mine.phone))[:2]
    assert "Mã kích hoạt" in approved, "the guardian gets the child's code"
    assert right in received and all(text.startswith("Về Bảo Ngọc (bạn giám hộ)") for text in (approved, received)), "and hears whose it is"
    grown, _ = await person(office)
    await core.create(app, police, eid_purpose(), grown, level=1, guardian_key=mother)
    assert await core.notify(app, grown, "activated") == 0, "who came of age is no guardian's business"
    await apply.send_state_code(app, right, mine.phone)
    shown = await apply.standing(app, right, mine.phone, (await told(app, mine.phone))[0][:6])
    assert shown.state is ApplicationState.APPROVED, "the guardian may ask how it stands"


async def test_a_lot_from_one_place_is_not_approved_by_itself_and_very_much_is_slowed(office, app):
    _, number = await person(office)
    for _ in range(12):
        await apply.submit(app, claim(new_number("049192")), network="192.0.2.9")
    ref = await hand_in(app, claim(number), network="192.0.2.9")
    assert (await state_of(app, ref)).reasons == ("busy",)
    for _ in range(27):
        await apply.submit(app, claim(new_number("049192")), network="192.0.2.9")
    with pytest.raises(Exceeded):
        await apply.submit(app, claim(new_number("049192")), network="192.0.2.9")
    _, other = await person(office)
    elsewhere = await hand_in(app, claim(other), network="192.0.2.10")
    assert (await state_of(app, elsewhere)).reasons == (), "others are not shut out"


async def test_what_was_typed_is_nowhere_in_the_clear(office, app, registry):
    _, number = await person(office)
    one = claim(number, email="hoa@thu.example")
    ref = await hand_in(app, one)
    await app.commit()
    (row,) = await rows(registry.dsn("admin"), "SELECT a::text FROM accounts.application a WHERE ref = %s", ref)
    for secret in (number, one.phone, "hoa@thu.example", NAME, BIRTH, "6a706567"):
        assert secret not in row[0]
    jobs = await rows(registry.dsn("admin"), "SELECT args::text FROM procrastinate.procrastinate_jobs")
    assert all(set(args) and number not in args for (args,) in jobs)


async def test_standing_is_shown_to_whoever_holds_the_phone(office, app):
    _, number = await person(office)
    one = claim(number, birth="1980-01-01")
    ref = await hand_in(app, one)
    await apply.send_state_code(app, ref, one.phone)
    code = (await told(app, one.phone))[0][:6]
    shown = await apply.standing(app, ref, one.phone, code)
    assert (shown.ref, shown.state) == (ref, ApplicationState.WAITING)
    with pytest.raises(Invalid):
        await apply.standing(app, ref, new_phone(), code)
    before = len(await told(app, one.phone))
    await apply.send_state_code(app, ref, new_phone())
    await apply.send_state_code(app, "DK-AAAAA-AAAAA", one.phone)
    assert len(await told(app, one.phone)) == before


async def test_standing_says_what_has_become_of_the_account(office, app):
    key, number = await person(office)
    one = claim(number)
    ref = await hand_in(app, one)
    await apply.send_state_code(app, ref, one.phone)
    code = (await told(app, one.phone))[0][:6]
    waits = await apply.standing(app, ref, one.phone, code)
    assert (waits.follows, waits.until) == ("waits", SYSTEM_CLOCK.today() + timedelta(days=7))
    for change, follows in (
        ("activate_by = now() - interval '1 hour'", "lapsed"), ("state = 'active', activated_at = now()", "in_use"), ("state = 'locked'", "locked"),
    ):  # fmt: skip
        await app.execute(f"UPDATE accounts.account SET {change} WHERE person_key = %s", (key,))
        assert (await apply.standing(app, ref, one.phone, code)).follows == follows


async def test_codes_of_standing_are_not_guessed(office, app):
    _, number = await person(office)
    one = claim(number)
    ref = await hand_in(app, one)
    await apply.send_state_code(app, ref, one.phone)
    code = (await told(app, one.phone))[0][:6]
    for wrong in range(6):
        with pytest.raises(Invalid):
            await apply.standing(app, ref, one.phone, f"{(int(code) + 1 + wrong) % 1_000_000:06d}")
    with pytest.raises(Invalid):
        await apply.standing(app, ref, one.phone, code)


def test_rules_follow_the_day():
    assert rule_on(date(2023, 4, 1)).code == "59/2022"
    assert rule_on(date(2024, 7, 1)).code == "69/2024"
    with pytest.raises(Unavailable):
        rule_on(date(2022, 10, 19))
    days = [rule.valid_from for rule in RULES]
    assert days == sorted(days)


def test_nothing_but_a_clear_case_is_clear():
    assert reasons(CLEAR, RULES[1]) == ()


@given(
    name=st.sampled_from(["yes", "no", "close", "unknown"]), birth=st.sampled_from(["yes", "no", "close", "unknown"]),
    alive=st.booleans(), age=st.integers(0, 99) | st.none(), has_account=st.booleans(), phone_taken=st.booleans(),
    subscriber=st.sampled_from(["match", "differs", "unknown"]), card_valid=st.booleans(), busy=st.booleans(),
    by_guardian=st.booleans(), guardian_proved=st.booleans(), portrait_checked=st.booleans(), another_open=st.booleans(),
)  # fmt: skip
def test_no_doubtful_case_approves_itself(**found):  # type: ignore[no-untyped-def]
    why = reasons(Found(number_known=True, **found), RULES[1])
    doubtful = (
        found["name"] != "yes" or found["birth"] != "yes" or not found["alive"] or found["has_account"] or found["phone_taken"]
        or found["busy"] or found["another_open"] or not found["portrait_checked"]
        or (not found["by_guardian"] and found["subscriber"] != "match")
        or (found["by_guardian"] and not found["guardian_proved"])
    )  # fmt: skip
    assert bool(why) or not doubtful
    if BARS & set(why):
        assert not may_approve(why)


async def test_the_button_pressed_twice_hands_in_once(office, app):
    _, number = await person(office)
    one, options = claim(number), {"portrait": b"jpeg", "portrait_checked": True, "network": "203.0.113.9", "once": "a1b2"}
    first = await apply.submit(app, one, **options)
    await check.check(app, first.ref)
    assert await apply.submit(app, one, **options) == first
    texts = await told(app, one.phone)
    assert len(texts) == 2, "received and approved; nobody is frightened by one's own second press"
    other = await apply.submit(app, claim(number, phone=one.phone, name="Trần Thị Hòa"), **options)
    again = await apply.submit(app, one, **{**options, "once": "c3d4"})
    assert len({first.ref, other.ref, again.ref}) == 3


@pytest.mark.parametrize(
    ("field", "typed"),
    [(one, "x@") for one in ("number", "birth", "phone", "email")]
    + [
        ("email", "<an>@tinh.example"), ("birth", "2990-01-01"), ("birth", "1850"), ("name", "Trần Thị H0à"), ("name", "Trần <b>Hoà</b>"),
        ("name", "Hoà 😀"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_said_beside_its_field(field, typed):
    values = {"number": new_number(), "name": NAME, "birth": BIRTH, "phone": "0905000001", "email": "", field: typed}
    with pytest.raises(Invalid) as refused:
        apply.checked_claim(**values)
    assert [error.field for error in refused.value.fields] == [field]


@pytest.mark.parametrize("name", ["Y", "H'Hen Niê", "H’Hen Niê", "Zơ Râm Nhiếu", "Nguyễn Thị Minh-Anh", "A Lăng Blao", "Tôn Nữ Thị Hoàng Anh Bảo Ngọc"])
def test_names_of_every_people_are_taken(name):
    assert apply.checked_claim(new_number(), name, BIRTH, "0905000001").name == name
