"""Break-glass: one person, one hour, one written reason, told at once, reviewed by somebody else."""

from __future__ import annotations

import psycopg
import pytest

from dancu.access import service
from dancu.access.service import contacts
from dancu.access.service.os_user import operator
from dancu.kernel.actor import ActorKind, Purpose
from dancu.kernel.errors import Conflict, Invalid, NotAllowed, NotFound
from tests.access.conftest import activate, administrator

REASON = "Cháu bé đi lạc ở chợ, cần tìm cha mẹ ngay"
WHY = service.choose_purpose("break_glass")


async def broken(conn, staff_id: int, person: int) -> bool:
    cursor = await conn.execute("SELECT access.broken_glass(%s::bigint, %s::bigint)", (staff_id, person))
    return (await cursor.fetchone())[0]


async def test_one_person_for_one_staff_member(app, as_persona):
    police = await as_persona("ward_police")
    assert not await broken(app, police.actor_id, 1)
    await service.break_glass(app, police, 1, REASON, WHY)
    assert await broken(app, police.actor_id, 1)
    assert not await broken(app, police.actor_id, 2)
    assert not await broken(app, police.actor_id + 1, 1)
    with pytest.raises(Conflict, match=r"glass\.open"):
        await service.break_glass(app, police, 1, REASON, WHY)


async def test_it_ends_after_an_hour(database, demo_db):
    async with await psycopg.AsyncConnection.connect(database.dsn("admin")) as conn:
        async with conn.transaction(force_rollback=True):
            token, _ = await service.enter_as(conn, "ward_police", demo=True)
            police = await service.sessions.resolve(conn, token)
            await service.break_glass(conn, police, 1, REASON, WHY)
            await conn.execute(
                "UPDATE access.break_glass SET opened_at = opened_at - interval '61 min',"
                " expires_at = expires_at - interval '61 min'"
            )
            assert not await broken(conn, police.actor_id, 1)
            with pytest.raises(psycopg.errors.CheckViolation):
                await conn.execute("UPDATE access.break_glass SET expires_at = opened_at + interval '61 min'")


async def test_the_supervisor_and_the_auditor_are_told(app, as_persona):
    police, leader, auditor = [await as_persona(c) for c in ("ward_police", "province_leader", "auditor")]
    head = await service.supervisor_of(app, police.actor_id)
    assert head.staff_id == leader.actor_id
    glass_id = await service.break_glass(app, police, 1, REASON, WHY)
    for who in (leader, auditor):
        assert await service.open_reviews(app, who) == 1
        told = await service.openings(app, who, only_open=True)
        assert [(g.glass_id, g.staff_id, g.reason) for g in told] == [(glass_id, police.actor_id, REASON)]


async def test_the_supervisor_hears_of_it_at_once(app, as_persona, monkeypatch, tmp_path):
    monkeypatch.setenv("DANCU_DATA", str(tmp_path))
    police, leader = [await as_persona(c) for c in ("ward_police", "province_leader")]
    for phone, email in (("12", ""), ("", "leader"), ("", "@"), ("", "leader@office"), ("", "the leader@tinh.example")):
        with pytest.raises(Invalid):
            await service.set_my_contacts(app, leader, phone=phone, email=email)
    await service.set_my_contacts(app, leader, phone="0905 123 456", email="lanh-dao@tinh.example")
    assert await service.my_contacts(app, leader) == {"sms": "+84905123456", "email": "lanh-dao@tinh.example"}
    told = []

    async def send(conn, **message):
        told.append(message)

    monkeypatch.setattr(contacts.messages, "send", send)
    glass_id = await service.break_glass(app, police, 1, REASON, WHY)
    assert [(one["channel"], one["to"], one["ref"]) for one in told] == [
        ("email", "lanh-dao@tinh.example", str(glass_id)), ("sms", "+84905123456", str(glass_id)),
    ]  # fmt: skip
    assert REASON not in told[0]["text"]
    assert str(glass_id) in told[0]["text"]
    assert told[0]["person_key"] is None
    rows = await (await app.execute("SELECT channel, address FROM access.staff_contact")).fetchall()
    assert all(b"905123456" not in bytes(address) and b"lanh-dao" not in bytes(address) for _, address in rows)
    await service.set_my_contacts(app, leader, phone="", email="")
    assert await service.my_contacts(app, leader) == {}


async def test_evidence_and_event_name_the_person(database, demo_db):
    async with await psycopg.AsyncConnection.connect(database.dsn("admin")) as conn:
        async with conn.transaction(force_rollback=True):
            token, _ = await service.enter_as(conn, "ward_police", demo=True)
            police = await service.sessions.resolve(conn, token)
            await conn.execute("DELETE FROM audit.pending")
            await service.break_glass(conn, police, 77, REASON, WHY)
            entry = await conn.execute("SELECT actor_id, subject, purpose, fields, note FROM audit.pending")
            event = await conn.execute("SELECT topic, person_key, payload FROM kit.outbox WHERE person_key = 77")
            actor_id, subject, purpose, fields, note = await entry.fetchone()
            topic, key, payload = await event.fetchone()
    assert (actor_id, subject, purpose, fields) == (police.actor_id, 77, "break_glass", ["break_glass"])
    assert (topic, key, payload["staff_id"]) == ("access.glass_broken", 77, police.actor_id)
    assert REASON not in str(note), "the citizen's list shows that it happened; the reason is for the review"
    assert REASON not in str(payload)


@pytest.mark.parametrize(
    "persona", ["civil_status_clerk", "one_stop_officer", "province_leader", "auditor", "admin", "citizen"]
)
async def test_it_is_a_permission_of_its_own(app, as_persona, persona):
    with pytest.raises(NotAllowed, match=r"permission\.missing"):
        await service.break_glass(app, await as_persona(persona), 1, REASON, WHY)


async def test_reason_and_purpose_are_demanded(app, as_persona):
    police = await as_persona("ward_police")
    with pytest.raises(Invalid, match=r"glass\.reason"):
        await service.break_glass(app, police, 1, "khẩn cấp", WHY)
    for purpose in (service.choose_purpose("residence_management"), Purpose("break_glass", "68/2020/QH14")):
        with pytest.raises(NotAllowed, match=r"glass\.purpose"):
            await service.break_glass(app, police, 1, REASON, purpose)


async def test_where_nobody_can_be_told_nothing_opens(app):
    await service.add_organisation(app, operator(), "CO-DON", "Đồn xa", "police", parent="DEMO")
    staff, _ = await service.add_staff(app, await administrator(app), "mot.minh", "Một Mình", "CO-DON")
    await service.assign(app, await administrator(app), staff.staff_id, "ward_police", unit_ids=[13789], head=True)
    await activate(app, staff.staff_id)
    await app.execute("UPDATE access.organisation SET parent = NULL WHERE org_code = 'CO-DON'")
    token = await service.issue_session(app, ActorKind.STAFF, staff.staff_id, "CO-DON")
    actor = await service.sessions.resolve(app, token)
    with pytest.raises(Conflict, match=r"glass\.nobody_to_tell"):
        await service.break_glass(app, actor, 1, REASON, WHY)
    assert not await broken(app, staff.staff_id, 1)


async def test_the_review(app, as_persona):
    police, leader, auditor = [await as_persona(c) for c in ("ward_police", "province_leader", "auditor")]
    glass_id = await service.break_glass(app, police, 1, REASON, WHY)
    for finding, comment in (("fine", "được"), ("justified", "  ")):
        with pytest.raises(Invalid):
            await service.review(app, leader, glass_id, finding, comment)
    await service.review(app, leader, glass_id, "unjustified", "Có thể chờ đến sáng.")
    with pytest.raises(Conflict, match=r"glass\.reviewed"):
        await service.review(app, auditor, glass_id, "justified", "Đồng ý.")
    assert await service.open_reviews(app, auditor) == 0
    (seen,) = await service.openings(app, auditor)
    assert (seen.finding, seen.reviewed_by) == ("unjustified", leader.actor_id)


async def test_only_who_was_told_reviews(app, as_persona):
    police = await as_persona("ward_police")
    glass_id = await service.break_glass(app, police, 1, REASON, WHY)
    other, _ = await service.add_staff(app, await administrator(app), "kt.khac", "Kiểm toán khác", "DEMO.CDS")
    await service.assign(app, await administrator(app), other.staff_id, "auditor")
    await activate(app, other.staff_id)
    stranger = await service.sessions.resolve(app, await service.issue_session(app, ActorKind.STAFF, other.staff_id))
    with pytest.raises(NotFound):
        await service.review(app, stranger, glass_id, "justified", "Được.")
    with pytest.raises(NotAllowed):
        await service.review(app, police, glass_id, "justified", "Được.")


async def test_the_database_refuses_a_review_by_oneself(database, demo_db):
    async with await psycopg.AsyncConnection.connect(database.dsn("admin")) as conn:
        async with conn.transaction(force_rollback=True):
            token, _ = await service.enter_as(conn, "ward_police", demo=True)
            await service.break_glass(conn, await service.sessions.resolve(conn, token), 1, REASON, WHY)
            with pytest.raises(psycopg.errors.CheckViolation):
                await conn.execute(
                    "UPDATE access.break_glass SET reviewed_at = now(), reviewed_by = staff_id, finding = 'justified',"
                    " comment = 'tốt'"
                )


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE access.break_glass SET expires_at = now() + interval '10 minutes'",
        "UPDATE access.break_glass SET reason = 'một lý do khác, viết lại về sau'",
        "DELETE FROM access.break_glass",
        "DELETE FROM access.notice",
        "UPDATE access.notice SET to_staff = 1",
    ],
)
async def test_what_was_opened_cannot_be_rewritten(app, as_persona, statement):
    police = await as_persona("ward_police")
    await service.break_glass(app, police, 1, REASON, WHY)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        async with app.transaction():
            await app.execute(statement)


async def test_reading_the_openings_is_an_entry_of_each_citizen(database, demo_db):
    """The list says whose record was opened and why; once per citizen, however many openings. The database records it."""
    async with await psycopg.AsyncConnection.connect(database.dsn("admin")) as conn:
        async with conn.transaction(force_rollback=True):
            police, auditor = [
                await service.sessions.resolve(conn, (await service.enter_as(conn, code, demo=True))[0])
                for code in ("ward_police", "auditor")
            ]
            for person in (1, 2):
                await service.break_glass(conn, police, person, REASON, WHY)
            await conn.execute("DELETE FROM audit.pending")
            assert len(await service.openings(conn, auditor)) == 2
            rows = await conn.execute("SELECT action, actor_id, purpose, subject, fields FROM audit.pending ORDER BY subject")
            assert await rows.fetchall() == [
                ("read", auditor.actor_id, "audit", person, ["break_glass"]) for person in (1, 2)
            ]
