"""The desk's queue: who sees what, in which order, and what deciding does."""

from __future__ import annotations

from datetime import date, timedelta

import psycopg
import pytest

from dancu.access import service as access
from dancu.accounts.models import AccountState
from dancu.accounts.models.application import ApplicationState
from dancu.accounts.policy.registration import needs_faces
from dancu.accounts.ports import subscriber
from dancu.accounts.ports.subscriber import Subscriber
from dancu.accounts.service import core, queue
from dancu.accounts.service.check import eid_purpose
from dancu.accounts.store import applications
from dancu.cards import service as cards
from dancu.cards.models import PortraitCheck
from dancu.kernel.actor import SYSTEM
from dancu.kernel.errors import Conflict, Invalid, NotAllowed, NotFound
from dancu.population import service as population
from dancu.population.models import ContactKind
from tests.accounts.registration import claim, hand_in, new_number, new_phone, person, rows, says, told, with_jobs
from tests.population.conftest import ELSEWHERE

HOW = "Gặp trực tiếp, xem thẻ căn cước"


@pytest.fixture(autouse=True)
async def _ready(registry, app, monkeypatch):  # type: ignore[no-untyped-def]
    with_jobs(registry.dsn("admin"))
    monkeypatch.setattr(subscriber, "check", says(Subscriber.MATCH))
    await app.execute("DELETE FROM kit.throttle")


async def waiting_one(office, app, **changes):  # type: ignore[no-untyped-def]
    """(person, application id, claim) of a case that waits: the birth date differs."""
    key, number = await person(office)
    one = claim(number, **{"birth": "1990-04-13", **changes})
    ref = await hand_in(app, one)
    return key, await applications.open_by_ref(app, ref), one


async def test_claimed_stands_beside_registered(office, app, police):
    _, application_id, one = await waiting_one(office, app)
    sheet = await queue.sheet(app, police, eid_purpose(), application_id)
    rows = {term: (left, right) for term, left, right in sheet.rows}
    assert rows["Ngày sinh"] == ("13/04/1990", "12/04/1990")
    assert rows["Họ tên"][0] == rows["Họ tên"][1]
    assert (sheet.claim, sheet.portrait) == (one, b"jpeg")
    assert await queue.portrait(app, police, eid_purpose(), application_id) == b"jpeg"


async def test_approving_gives_the_account_and_says_how_the_doubt_was_settled(office, app, police):
    key, application_id, one = await waiting_one(office, app)
    with pytest.raises(Invalid):
        async with app.transaction():
            await queue.approve(app, police, eid_purpose(), application_id)
    assert await queue.approve(app, police, eid_purpose(), application_id, remark=HOW) == key
    account = await core.account(app, key)
    assert (account.state, account.level) == (AccountState.NOTIFIED, 1)
    assert "Mã kích hoạt" in (await told(app, one.phone))[0]
    found = await applications.application(app, application_id)
    assert (found.state, found.decision) == (ApplicationState.APPROVED, HOW)
    with pytest.raises(Conflict):
        await queue.approve(app, police, eid_purpose(), application_id, remark=HOW)


async def test_a_refusal_says_why_to_the_registered_contact_only(office, app, police):
    key, number = await person(office)
    known = new_phone()
    await office(population.change_contact, key, kind=ContactKind.PHONE, value=known, since=date(2025, 8, 2))
    one = claim(number, birth="1990-04-13")
    application_id = await applications.open_by_ref(app, await hand_in(app, one))
    with pytest.raises(Invalid):
        await queue.refuse(app, police, eid_purpose(), application_id, "Không")
    await queue.refuse(app, police, eid_purpose(), application_id, "Ngày sinh khai khác giấy khai sinh")
    assert "giấy khai sinh" in (await told(app, known))[0]
    assert "giấy khai sinh" not in (await told(app, one.phone))[0]
    assert await core.account(app, key) is None


async def test_what_would_not_be_theirs_is_not_approved(office, app, police):
    _, number = await person(office)
    await hand_in(app, claim(number))
    second = await applications.open_by_ref(app, await hand_in(app, claim(number)))
    with pytest.raises(Conflict) as refused:
        await queue.approve(app, police, eid_purpose(), second, remark=HOW)
    assert refused.value.code == "application.barred"


async def test_the_queue_is_of_the_area_and_due_first(office, app, police, officers):
    _, here, _ = await waiting_one(office, app)
    _, soon, _ = await waiting_one(office, app)
    elsewhere_key, number = await person(office)
    await app.execute("UPDATE accounts.application SET due_on = %s WHERE application_id = %s", (date(2020, 1, 1), soon))
    far = await applications.open_by_ref(app, await hand_in(app, claim(number, birth="1990-04-13")))
    await app.execute("UPDATE accounts.application SET areas = %s WHERE application_id = %s", ([ELSEWHERE], far))
    lines = await queue.waiting(app, police, eid_purpose())
    ids = [line.application_id for line in lines]
    assert ids.index(soon) < ids.index(here)
    assert far not in ids
    assert lines[ids.index(soon)].overdue(date(2026, 1, 1))
    with pytest.raises(NotAllowed):
        await queue.sheet(app, police, eid_purpose(), far)
    with pytest.raises(NotFound):
        await queue.sheet(app, police, eid_purpose(), 999_999_999)
    with pytest.raises(NotAllowed):
        await queue.sheet(app, officers["civil_status_clerk"], eid_purpose(), here)
    assert elsewhere_key
    assert await queue.neighbours(app, police, eid_purpose(), soon) == (
        ids[ids.index(soon) - 1] if ids.index(soon) else None, ids[ids.index(soon) + 1]
    )


async def test_nobody_lists_applications_without_the_right(office, app, officers):
    await waiting_one(office, app)
    with pytest.raises(psycopg.Error) as refused:
        async with app.transaction():
            await queue.waiting(app, officers["civil_status_clerk"], eid_purpose())
    assert refused.value.sqlstate == "DA003"


async def test_without_opening_no_application_is_seen(office, app):
    _, application_id, _ = await waiting_one(office, app)
    await app.commit()
    assert await (await app.execute("SELECT count(*) FROM accounts.application")).fetchone() == (0,)
    assert await applications.application(app, application_id) is None


async def test_an_unknown_number_goes_to_its_province(office, app, registry):
    ref = await hand_in(app, claim(new_number("049193")))
    application_id = await applications.open_by_ref(app, ref)
    (areas,) = await (
        await app.execute("SELECT areas FROM accounts.application WHERE application_id = %s", (application_id,))
    ).fetchone()
    assert areas, "someone must be able to answer"
    async with await psycopg.AsyncConnection.connect(registry.dsn("app")) as conn:
        token, _ = await access.enter_as(conn, "registrar", demo=True)
        registrar = await access.sessions.resolve(conn, token)
        await app.commit()
        assert registrar is not None
        sheet = await queue.sheet(conn, registrar, eid_purpose(), application_id)
        assert not sheet.registered
        with pytest.raises(Conflict):
            await queue.approve(conn, registrar, eid_purpose(), application_id, remark=HOW)
        await queue.refuse(conn, registrar, eid_purpose(), application_id, "Số này không có; hãy mang giấy khai sinh tới công an")


async def test_overdue_is_passed_up_once_and_stands_on_top(office, app, police, worker):
    _, late, _ = await waiting_one(office, app)
    _, other, _ = await waiting_one(office, app)
    await app.commit()
    await app.execute("SELECT set_config('dancu.applications', %s, true)", (f"{{{late},{other}}}",))
    await app.execute("UPDATE accounts.application SET due_on = %s WHERE application_id = %s", (date(2026, 1, 5), other))
    await app.execute("UPDATE accounts.application SET due_on = %s WHERE application_id = %s", (date(2026, 1, 6), late))
    await app.commit()
    passed = await applications.escalate(worker, date(2026, 1, 6))
    assert [one for one, _ in passed if one in (late, other)] == [other]
    assert other not in [one for one, _ in await applications.escalate(worker, date(2026, 1, 6))]
    await worker.commit()
    lines = await queue.waiting(app, police, eid_purpose())
    ids = [line.application_id for line in lines]
    assert ids.index(other) < ids.index(late)
    assert lines[ids.index(other)].escalated_at is not None


async def test_portraits_do_not_outlive_the_decision_for_long(office, app, police, worker):
    _, application_id, _ = await waiting_one(office, app)
    await queue.refuse(app, police, eid_purpose(), application_id, "Ảnh không phải của người nộp")
    await app.commit()
    await applications.drop_portraits(worker, 30)
    row = await (
        await worker.execute("SELECT portrait IS NULL FROM accounts.application WHERE application_id = %s", (application_id,))
    ).fetchone()
    assert row == (False,)
    await worker.execute(
        "UPDATE accounts.application SET decided_at = decided_at - %s WHERE application_id = %s", (timedelta(days=31), application_id)
    )
    assert await applications.drop_portraits(worker, 30) >= 1


@pytest.fixture
def biometric(registry, monkeypatch):  # type: ignore[no-untyped-def]
    monkeypatch.setenv("DANCU_DATABASE_URL_BIOMETRIC", registry.dsn("biometric"))


async def on_file(app, police, key, picture=b"kept picture"):  # type: ignore[no-untyped-def]
    """The person's portrait in the store; no detector runs."""
    face = PortraitCheck(True, (), 1, 320, 400, image=picture, embedding=bytes(512))
    await cards.keep_reference(app, police, eid_purpose(), key, "face", face, source="card", taken_on=date(2022, 4, 5))
    await app.commit()


async def test_the_portrait_on_file_is_shown_to_who_decides_a_doubtful_case_and_each_time_on_record(office, app, police, officers, registry, biometric):
    key, application_id, _ = await waiting_one(office, app)
    await app.commit()
    assert (await queue.sheet(app, police, eid_purpose(), application_id)).reference is None
    with pytest.raises(NotFound):
        await queue.reference(app, police, eid_purpose(), application_id)
    await app.commit()
    await on_file(app, police, key)
    sheet = await queue.sheet(app, police, eid_purpose(), application_id)
    assert sheet.reference is not None
    shown, kept = await queue.reference(app, police, eid_purpose(), application_id)
    assert (shown, kept.source, kept.taken_on) == (b"kept picture", "card", date(2022, 4, 5))
    with pytest.raises(NotAllowed):
        await queue.reference(app, officers["civil_status_clerk"], eid_purpose(), application_id)
    found = await rows(
        registry.dsn("admin"), "SELECT actor_id, case_ref FROM audit.pending WHERE subject = %s AND note ->> 'verb' = 'show_reference'", key
    )
    assert found == [(police.actor_id, sheet.application.ref)] * 2


async def test_no_portrait_is_shown_where_the_decision_needs_none(office, app, police, biometric):
    key, waiting, _ = await waiting_one(office, app)
    await on_file(app, police, key)
    await queue.refuse(app, police, eid_purpose(), waiting, "Ngày sinh khai khác giấy khai sinh")
    await app.commit()
    with pytest.raises(NotFound) as refused:
        await queue.reference(app, police, eid_purpose(), waiting)
    assert refused.value.code == "application.no_comparison"
    assert (await queue.sheet(app, police, eid_purpose(), waiting)).reference is None
    assert not needs_faces(("account_exists", "birth_differs"))
    assert not needs_faces(("no_card",))


async def test_whoever_gives_an_account_without_a_valid_card_says_why(office, app, police):
    key, number = await person(office, card=False)
    ref = await hand_in(app, claim(number))
    waiting = await applications.open_by_ref(app, ref)
    assert (await applications.application(app, waiting)).reasons == ("no_card",)
    with pytest.raises(Invalid) as refused:
        await queue.approve(app, police, eid_purpose(), waiting)
    assert refused.value.code == "application.remark"
    await queue.approve(app, police, eid_purpose(), waiting, remark="Thẻ mới cấp hôm qua, đã xem thẻ")
    assert await core.account(app, key) is not None


async def test_the_store_of_portraits_itself_refuses_who_may_not_decide_and_other_areas(office, app, police, officers, biometric):
    key, _, _ = await waiting_one(office, app)
    await on_file(app, police, key)
    for asking, permission in ((officers["civil_status_clerk"], "eid.application.decide"), (police, "eid.application.read"), (SYSTEM, "eid.application.decide")):
        with pytest.raises(NotAllowed):
            await cards.show_face(asking, eid_purpose(), key, permission)
