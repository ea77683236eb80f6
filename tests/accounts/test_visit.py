"""A visit to the counter: who is opened, what is captured, who decides, what follows."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import date

import psycopg
import pytest
import pytest_asyncio

from dancu.accounts.models.level2 import Outcome, Stated, VisitState
from dancu.accounts.pages import words_level2
from dancu.accounts.service import activate, core, identity, offices, upkeep, visit, visit_decision
from dancu.accounts.service.visit import opening
from dancu.cards.parsing import read_text, write_mrz
from dancu.cards.service import Standing, compare_card
from dancu.kernel.actor import SYSTEM
from dancu.kernel.errors import Conflict, Invalid, NotAllowed, NotFound
from dancu.population import service as population
from dancu.population.models import CardKind, CardState, KinFact, KinRelation, Source
from dancu.population.pages import record
from dancu.quality.events import OPENING
from tests.accounts import enrolment
from tests.accounts.protection import officer
from tests.accounts.registration import told
from tests.population.conftest import ELSEWHERE

_numbers = itertools.count()


def number() -> str:
    return f"0491903{next(_numbers):05d}"


@pytest.fixture
def samples(monkeypatch):
    return enrolment.stand_in(monkeypatch)


@pytest_asyncio.fixture
async def post(app, police):
    return await enrolment.post(app, police)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def colleague(registry):
    return await enrolment.colleague(registry.dsn("admin"), registry.dsn("app"))


async def ready(app, police, post, text: str, *, phone: str = "0905000111", face: bytes = b"hoa"):  # type: ignore[no-untyped-def]
    opened = await visit.begin(app, police, post, text)
    await visit.capture(app, police, opened.visit_id, "portrait", face)
    await visit.capture(app, police, opened.visit_id, "fingerprint", b"finger")
    await visit.state(app, police, opened.visit_id, Stated(phone), documents=["health_insurance"], card_wanted=True)
    await visit.confirm(app, police, opened.visit_id, "screen")
    return opened


async def test_one_visit_does_it_all(app, police, office, post, samples):
    n = number()
    key = await enrolment.with_card(office, n)
    samples.of[key, "face"], samples.of[key, "finger"] = b"hoa", b"finger"
    opened = await ready(app, police, post, enrolment.qr(n))
    assert opened.person_key == key and opened.comparison["name"] == "yes" and opened.means == "qr"
    assert await visit_decision.submit(app, police, opened.visit_id, approve=True) is VisitState.APPROVED
    account = await core.account(app, key)
    assert account and account.level == 2 and account.channel == "counter" and account.state == "notified"
    assert samples.orders == [key]
    page = await visit.page(app, police, opened.visit_id)
    assert page.visit.card_order == 1 and page.visit.documents == ("health_insurance",)
    assert await visit.captured(app, key, opened.visit_id, "portrait") is None
    counted = await app.execute("SELECT level, channel, state, decided_by FROM accounts.application WHERE person_key = %s", (key,))
    assert await counted.fetchall() == [(2, "counter", "approved", police.actor_id)]


async def test_an_account_of_level_1_is_raised_and_what_was_issued_before_is_worthless(app, police, office, post, samples):
    n = number()
    key = await enrolment.with_card(office, n)
    samples.of[key, "face"], samples.of[key, "finger"] = b"hoa", b"finger"
    before = await core.create(app, police, visit.purpose(), key, level=1, phone="0905000222")
    opened = await ready(app, police, post, enrolment.qr(n), phone="")
    await visit_decision.submit(app, police, opened.visit_id, approve=True)
    after = await core.account(app, key)
    assert after and after.level == 2 and after.lock_version > before.lock_version


async def test_an_account_that_waits_gets_its_code_anew_and_a_wrong_phone_is_mended_by_two(app, police, office, post, samples, colleague):
    n = number()
    key = await enrolment.with_card(office, n)
    samples.of[key, "face"], samples.of[key, "finger"] = b"hoa", b"finger"
    await core.create(app, police, visit.purpose(), key, level=1, phone="0905000441")
    opened = await ready(app, police, post, enrolment.qr(n), phone="0905000442")
    assert (await visit.page(app, police, opened.visit_id)).needs_second == ("phone_mended",)
    assert await visit_decision.submit(app, police, opened.visit_id, approve=True) is VisitState.SECOND
    assert (await core.contacts(app, key)).phone.endswith("441")
    await visit_decision.second(app, colleague, opened.visit_id, approve=True)
    assert (await core.contacts(app, key)).phone.endswith("442")
    assert "mức 2 đã duyệt" in (await told(app, "0905000442"))[0]


async def test_the_phone_of_an_account_in_use_stays_whatever_is_stated(app, police, office, post, samples):
    n = number()
    key = await enrolment.with_card(office, n)
    samples.of[key, "face"], samples.of[key, "finger"] = b"hoa", b"finger"
    await core.create(app, police, visit.purpose(), key, level=1, phone="0905000443")
    await activate.invite(app, key)
    await activate.activate(app, SYSTEM, key)
    opened = await ready(app, police, post, enrolment.qr(n), phone="0905000444")
    assert await visit_decision.submit(app, police, opened.visit_id, approve=True) is VisitState.APPROVED
    assert (await core.contacts(app, key)).phone.endswith("443")
    assert "lên mức 2" in (await told(app, "0905000443"))[0]


async def test_two_officers_where_the_face_differs_and_never_the_same_twice(app, police, office, post, samples, colleague):
    n = number()
    key = await enrolment.with_card(office, n)
    samples.of[key, "face"] = b"somebody"
    opened = await ready(app, police, post, enrolment.qr(n))
    assert await visit_decision.submit(app, police, opened.visit_id, approve=True) is VisitState.SECOND
    assert await core.account(app, key) is None
    with pytest.raises(NotAllowed, match=r"visit.same_officer"):
        await visit_decision.second(app, police, opened.visit_id, approve=True)
    waiting = [line for line, _ in await visit.waiting(app, colleague)]
    assert [line.visit_id for line in waiting] == [opened.visit_id]
    assert waiting[0].due_on and "face_differs" in waiting[0].circumstances
    assert await visit_decision.second(app, colleague, opened.visit_id, approve=True) is VisitState.APPROVED
    account = await core.account(app, key)
    assert account and account.level == 2
    assert (key, "face", "counter") in samples.kept  # the new picture stands for the person from now on


async def test_a_first_sample_is_kept_and_wants_two_officers(app, police, office, post, samples, colleague):
    n = number()
    key = await enrolment.with_card(office, n)
    opened = await visit.begin(app, police, post, enrolment.qr(n))
    assert await visit.capture(app, police, opened.visit_id, "portrait", b"hoa") is Outcome.NO_REFERENCE
    page = await visit.page(app, police, opened.visit_id)
    assert "no_reference" in page.needs_second and page.missing == ("phone", "confirmed")
    await visit.state(app, police, opened.visit_id, Stated("0905000333"))
    await visit.confirm(app, police, opened.visit_id, "aloud")
    await visit_decision.submit(app, police, opened.visit_id, approve=True)
    await visit_decision.second(app, colleague, opened.visit_id, approve=True)
    assert samples.of[key, "face"] == b"hoa"


async def test_a_typed_number_opens_nobody_without_name_and_birth(app, police, office, post, samples):
    n = number()
    await enrolment.with_card(office, n)
    for name, birth in (("", ""), ("Trần Thị Hoà", ""), ("Nguyễn Văn Bình", "1990-04-12"), ("Trần Thị Hoà", "1971-01-01")):
        with pytest.raises(Invalid):
            await visit.begin(app, police, post, n, name=name, birth=birth)
    opened = await visit.begin(app, police, post, n, name="tran thi hoa", birth="1990-04-12")
    assert opened.means == "typed"
    page = await visit.page(app, police, opened.visit_id)
    assert "no_card_shown" in page.needs_second


@pytest.mark.parametrize(("name", "word"), [("Trần Thị Hoà", "yes"), ("Trần Thị Hoa", "yes"), ("Trần Thị Hoan", "close")])
async def test_the_zone_of_a_card_has_no_marks_and_needs_no_second_officer_for_that(app, police, office, post, samples, name, word):
    n = number()
    await enrolment.with_card(office, n)
    zone = write_mrz(replace(read_text(enrolment.qr(n, name=name)), expires_on=date(2040, 4, 12)))
    opened = await visit.begin(app, police, post, zone)
    needs = (await visit.page(app, police, opened.visit_id)).needs_second
    assert (opened.means, opened.comparison["name"], "card_differs" in needs) == ("mrz", word, word == "close")


async def test_a_card_of_somebody_else_opens_nothing(app, police, office, post, samples):
    n = number()
    await enrolment.with_card(office, n)
    with pytest.raises(Invalid, match=r"visit.somebody_else"):
        await visit.begin(app, police, post, enrolment.qr(n, name="Lê Quốc Dũng", birth="01021960"))


async def test_a_card_that_was_reported_lost_is_not_taken_and_its_holder_is_served_all_the_same(app, police, office, post, samples):
    n = number()
    key = await enrolment.with_card(office, n)
    await office(population.end_card, key, state=CardState.LOST, on=date(2026, 1, 2))
    with pytest.raises(Invalid, match=r"visit.card_not_in_force"):
        await visit.begin(app, police, post, enrolment.qr(n))
    assert (await visit.begin(app, police, post, n, name="Trần Thị Hoà", birth="1990-04-12")).person_key == key


async def test_a_card_that_was_replaced_proves_nothing_at_any_counter(app, police, office, post, samples):
    n = number()
    key = await enrolment.with_card(office, n, issued_on=date(2025, 1, 2))
    await office(population.issue_card, key, kind=CardKind.CHIP, number=n, issued_on=date(2025, 8, 2), expires_on=date(2040, 4, 12))
    now = enrolment.qr(n)
    for before in ("02012025", "03072021"):  # one the registry has as replaced, one it never had
        with pytest.raises(Invalid, match=r"visit.card_replaced"):
            await visit.begin(app, police, post, now.replace("02082025", before))
        with pytest.raises(Invalid, match=r"identity.card_void"):
            await identity.read_card(app, await officer(app, "one_stop_officer"), visit.purpose(), now.replace("02082025", before))
    opened = await visit.begin(app, police, post, now)
    assert opened.comparison["card"] == "yes" and "card_differs" not in (await visit.page(app, police, opened.visit_id)).needs_second


async def test_two_cards_of_one_day_are_not_told_apart_so_another_officer_looks_too(app, police, office, post, samples):
    n, day = number(), date(2025, 8, 2)
    key = await enrolment.with_card(office, n, issued_on=day)
    await office(population.end_card, key, state=CardState.LOST, on=day)
    await office(population.issue_card, key, kind=CardKind.CHIP, number=n, issued_on=day, expires_on=date(2040, 4, 12))
    opened = await visit.begin(app, police, post, enrolment.qr(n))
    assert opened.comparison["card"] == "alike" and "card_differs" in (await visit.page(app, police, opened.visit_id)).needs_second
    assert "alike" in words_level2.AGREEMENT
    assert (await compare_card(app, police, visit.purpose(), read_text(enrolment.qr(n)))).card is Standing.UNKNOWN
    lines = dict(record.sections(await population.person(app, police, visit.purpose(), key, permission="eid.enrol"), date(2026, 1, 2)))["Thẻ và liên hệ"]
    assert sorted((line.note, "Đang dùng" in line.value) for line in lines if line.group == "card") == [("thẻ cấp sau trong ngày", True), ("thẻ cấp trước trong ngày", False)]


@pytest.mark.parametrize(("until", "shown", "word"), [(date(2026, 1, 2), "02082025", "expired"), (date(2040, 4, 12), "03072026", "newer")])
async def test_a_card_that_ran_out_or_is_not_known_yet_wants_two_officers(app, police, office, post, samples, until, shown, word, monkeypatch):
    n, news = number(), []

    async def emit(conn, topic, key, payload):  # type: ignore[no-untyped-def]
        assert OPENING[topic] == "disagreement"
        news.append((key, payload["group"]))

    monkeypatch.setattr(opening.events, "emit", emit)
    await enrolment.with_card(office, n, until=until)
    opened = await visit.begin(app, police, post, enrolment.qr(n).replace("02082025", shown))
    page = await visit.page(app, police, opened.visit_id)
    assert opened.comparison["card"] == word and "card_differs" in page.needs_second
    assert news == ([(opened.person_key, "card")] if word == "newer" else []) and page.disagrees is (word == "newer")


async def test_an_office_without_a_device_says_so_and_names_the_nearest_that_has_all(app, police, office, post, samples):
    near = await enrolment.post(app, police, name="Điểm gần")
    n = number()
    await enrolment.with_card(office, n)
    opened = await visit.begin(app, police, post, enrolment.qr(n))
    assert (await visit.page(app, police, opened.visit_id)).lacks == ()
    camera = next(d for d in await offices.devices(app, post) if d.kind == "camera")
    await offices.report(app, police, camera.device_id, "broken", "Không lên hình")
    page = await visit.page(app, police, opened.visit_id)
    assert page.lacks == ("camera",) and page.elsewhere is not None
    assert page.elsewhere.kilometres == 0 and page.elsewhere.office.office_id != post, f"in the same ward, like {near}"
    await visit.state(app, police, opened.visit_id, Stated("0905000111"))
    await visit.confirm(app, police, opened.visit_id, "aloud")  # what needs no device goes on
    assert (await visit.page(app, police, opened.visit_id)).missing == ("portrait",)


async def test_any_commune_serves_whoever_comes(app, police, office, post, samples):
    n = number()
    key = await enrolment.with_card(office, n)
    from dancu.population.policy.residence import Place

    await office(population.move, key, kind="permanent", place=Place(unit_id=ELSEWHERE, address="Số 3"), since=date(2026, 1, 5))
    assert (await visit.begin(app, police, post, enrolment.qr(n))).person_key == key


async def test_nobody_dead_unknown_or_without_right(app, police, clerk, office, post, samples):
    from dancu.kernel.dates import PartialDate

    n = number()
    key = await enrolment.with_card(office, n)
    await office(population.die, key, on=PartialDate(2026, 1, 1))
    with pytest.raises(NotAllowed, match=r"level2.not_alive"):
        await visit.begin(app, police, post, enrolment.qr(n))
    with pytest.raises(NotFound):
        await visit.begin(app, police, post, enrolment.qr("049190999999"))
    with pytest.raises(NotAllowed):
        await visit.begin(app, clerk, post, enrolment.qr(n))


async def test_children_come_with_a_guardian(app, police, office, post, samples):
    n = "049214000001"
    await enrolment.with_card(office, n, name="Trần Gia Bảo", year=2014)
    text = enrolment.qr(n, name="Trần Gia Bảo", birth="12042014")
    with pytest.raises(NotAllowed, match=r"level2.with_guardian"):
        await visit.begin(app, police, post, text)
    stranger = number()
    await enrolment.with_card(office, stranger)
    with pytest.raises(NotAllowed, match=r"level2.guardian_unproved") as refused:
        await visit.begin(app, police, post, text, guardian=enrolment.qr(stranger))
    assert "giấy khai sinh" in refused.value.message, "what to bring"


async def test_a_child_comes_with_a_parent_the_registry_knows_by_the_parents_card(app, police, office, post, samples):
    mother_number, n = number(), "049216000077"
    mother = await enrolment.with_card(office, mother_number)
    await core.create(app, SYSTEM, visit.purpose(), mother, level=1, phone="0905777001", phone_verified=True)
    source = Source("birth_register", "12/2016", date(2016, 6, 1))
    kin = (KinFact(source=source, relation=KinRelation.MOTHER, relative_key=mother, relative_name="Trần Thị Hoà"),)
    child = await enrolment.with_card(office, n, name="Trần Gia Khang", year=2016, kin=kin)
    text, card = enrolment.qr(n, name="Trần Gia Khang", birth="12042016"), enrolment.qr(mother_number)
    with pytest.raises(Invalid, match=r"level2.guardian_card"):
        await visit.begin(app, police, post, text, guardian=mother_number)
    with pytest.raises(Invalid, match=r"level2.guardian_card"):
        await visit.begin(app, police, post, text, guardian=enrolment.qr(mother_number, name="Lê Văn Khác", birth="01011950"))
    opened = await visit.begin(app, police, post, text, guardian=card)
    assert opened.guardian_key == mother
    assert "phone" not in (await visit.page(app, police, opened.visit_id)).missing, "the mother's own account is told"
    samples.of[child, "face"], samples.of[child, "finger"] = b"khang", b"finger"
    await visit.capture(app, police, opened.visit_id, "portrait", b"khang")
    await visit.capture(app, police, opened.visit_id, "fingerprint", b"finger")
    await visit.confirm(app, police, opened.visit_id, "aloud")
    assert await visit_decision.submit(app, police, opened.visit_id, approve=True) is VisitState.APPROVED
    made = await core.existing(app, child)
    assert (made.level, made.guardian_key) == (2, mother)


async def test_what_was_confirmed_is_what_is_decided(app, police, office, post, samples):
    n = number()
    key = await enrolment.with_card(office, n)
    samples.of[key, "face"], samples.of[key, "finger"] = b"hoa", b"finger"
    opened = await ready(app, police, post, enrolment.qr(n))
    with pytest.raises(Invalid, match=r"person.email.format"):  # what no message can be sent to would undo the approval
        await visit.state(app, police, opened.visit_id, Stated("0905000444", "an@o-nha"))
    await visit.state(app, police, opened.visit_id, Stated("0905000444"))
    with pytest.raises(Invalid, match=r"visit.incomplete"):
        await visit_decision.submit(app, police, opened.visit_id, approve=True)
    await visit.confirm(app, police, opened.visit_id, "paper")
    await office(population.correct_name, key, full_name="Trần Thị Hoà An")
    with pytest.raises(Conflict, match=r"visit.form_changed"):
        await visit_decision.submit(app, police, opened.visit_id, approve=True)
    await visit.confirm(app, police, opened.visit_id, "paper")
    await visit_decision.submit(app, police, opened.visit_id, approve=True)
    with pytest.raises(Conflict, match=r"visit.not_open"):
        await visit.state(app, police, opened.visit_id, Stated())


async def test_a_dark_portrait_says_what_to_do(app, police, office, post, samples):
    n = number()
    await enrolment.with_card(office, n)
    opened = await visit.begin(app, police, post, enrolment.qr(n))
    with pytest.raises(Invalid, match=r"portrait.dark"):
        await visit.capture(app, police, opened.visit_id, "portrait", b"dark")


async def test_a_visit_nobody_came_back_to_is_left_and_bars_nothing(app, worker, registry, police, office, samples):
    n = number()
    post = await enrolment.post(app, police)
    key = await enrolment.with_card(office, n)
    opened = await visit.begin(app, police, post, enrolment.qr(n))
    await visit.capture(app, police, opened.visit_id, "portrait", b"hoa")
    await app.commit()
    assert await upkeep.leave_visits(worker) == 0
    async with await psycopg.AsyncConnection.connect(registry.dsn("admin"), autocommit=True) as admin:
        await admin.execute("UPDATE accounts.visit SET opened_at = now() - interval '25 hours' WHERE visit_id = %s", (opened.visit_id,))
    assert await upkeep.leave_visits(worker) == 1
    await worker.commit()
    await core.open(app, [key])
    assert await visit.captured(app, key, opened.visit_id, "portrait") is None
    assert (await visit.begin(app, police, post, enrolment.qr(n))).visit_id != opened.visit_id


async def test_a_refusal_needs_its_reason_and_tells_the_citizen(app, admin, police, office, post, samples):
    n = number()
    await enrolment.with_card(office, n)
    opened = await visit.begin(app, police, post, enrolment.qr(n))
    await visit.state(app, police, opened.visit_id, Stated("0905000555"))
    with pytest.raises(Invalid, match=r"visit.reason"):
        await visit_decision.submit(app, police, opened.visit_id, approve=False, reason="không")
    assert await visit_decision.submit(
        app, police, opened.visit_id, approve=False, reason="Người đến không phải chủ thẻ."
    ) is VisitState.REFUSED
    found = await visit.page(app, police, opened.visit_id)
    assert found.visit.decision == "Người đến không phải chủ thẻ."
