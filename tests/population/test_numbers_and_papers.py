"""Numbers, cards, contacts, residence rules, corrections, findings."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from dancu.kernel.errors import Conflict, DancuError, Invalid
from dancu.population import service
from dancu.population.models import (
    CardKind,
    CardState,
    ContactKind,
    DataGroup,
    NumberState,
    OtherFact,
    ResidenceKind,
    Sex,
    Source,
    Valid,
)
from dancu.population.service import numbers as number_verbs
from dancu.population.store import gate

from .conftest import HERE, NOW_HERE, draft, place


async def test_a_number_is_drawn_from_its_cell(office):
    key = await office.person()
    done = await office(service.allocate_number, key, place_code="049")
    assert done.number.startswith("049190")
    view = await office.view(key)
    assert view.personal_id.number == done.number
    assert view.missing == ()
    with pytest.raises(Conflict) as again:
        await office(service.allocate_number, key, place_code="049")
    assert again.value.code == "person.number.has_one"


async def test_a_full_cell_is_said(office, monkeypatch):
    monkeypatch.setattr(number_verbs, "serials", 3)
    given = set()
    for _ in range(3):
        done = await office(service.allocate_number, await office.person(), place_code="001", since=date(2026, 1, 1))
        given.add(done.number)
    assert given == {f"00119000000{n}" for n in range(3)}
    with pytest.raises(Conflict) as full:
        await office(service.allocate_number, await office.person(), place_code="001")
    assert full.value.code == "person.number.cell_full"
    assert "001" in full.value.text()
    # Cancelled is not free: the fourth still gets none.
    holder = (await gate.keys_of(office.conn, ["001190000001"]))[0][3]
    await office(service.cancel_number, holder, on=date(2026, 11, 1), reason="cấp sai")
    with pytest.raises(Conflict):
        await office(service.allocate_number, await office.person(), place_code="001")


async def test_cell_needs_year_and_sex(office):
    for unknown in ({"year": None, "month": None, "day": None}, {"sex": Sex.UNDETERMINED}):
        key = await office.person(**unknown)
        with pytest.raises(Invalid) as refused:
            await office(service.allocate_number, key, place_code="049")
        assert refused.value.code == "person.number.cell"


async def test_cancel_and_replace(office):
    key = await office.person(number="049190777001")
    with pytest.raises(Invalid):
        await office(service.cancel_number, key, on=date(2026, 3, 1), reason=" ")
    await office(service.correct_birth, key, values={"sex": Sex.MALE})
    done = await office(
        service.replace_number, key, place_code="049", on=date(2026, 3, 1), reason="cải chính giới tính"
    )
    assert done.number.startswith("049090")
    view = await office.view(key)
    assert view.personal_id.number == done.number
    assert {(n.number, n.state) for n in view.numbers_now} == {
        ("049190777001", NumberState.REPLACED), (done.number, NumberState.ACTIVE),
    }  # fmt: skip
    assert (await office.view(key, date(2026, 2, 28))).personal_id.number == "049190777001"
    rows = await gate.keys_of(office.conn, ["049190777001"])
    assert [(r[2], r[3]) for r in rows] == [("replaced", key)]
    with pytest.raises(Conflict) as taken:
        await office(service.register, draft(number="049190777001"))
    assert taken.value.code == "person.number.taken"


async def test_a_number_that_contradicts_is_a_finding(office):
    done = await office(service.register, draft(number="049085777002"))
    assert set(done.warnings) == {"person.number.sex", "person.number.year"}


async def test_cards(office):
    key = await office.person()
    await office(
        service.issue_card, key, kind=CardKind.CHIP, number="049190000009", issued_on=date(2023, 3, 1),
        expires_on=date(2030, 4, 12),
    )  # fmt: skip
    await office(service.issue_card, key, kind=CardKind.CAN_CUOC, number="049190000009", issued_on=date(2026, 3, 1))
    view = await office.view(key)
    assert view.card.kind == CardKind.CAN_CUOC
    assert (await office.view(key, date(2026, 2, 1))).card.kind == CardKind.CHIP
    assert CardState.REPLACED in {c.state for c in view.holding(view.cards)}
    await office(service.end_card, key, state=CardState.LOST, on=date(2026, 4, 1))
    assert (await office.view(key)).card is None
    with pytest.raises(Conflict) as none:
        await office(service.end_card, key, state=CardState.REVOKED, on=date(2026, 5, 1))
    assert none.value.code == "card.none"
    with pytest.raises(Invalid):
        await office(service.end_card, key, state=CardState.REPLACED, on=date(2026, 5, 1))


async def test_contacts(office):
    key = await office.person()
    await office(service.change_contact, key, kind=ContactKind.PHONE, value="0510 000 001", since=date(2026, 1, 1))
    assert (await office.view(key)).contact(ContactKind.PHONE).value == "+84510000001"
    await office(service.change_contact, key, kind=ContactKind.PHONE, value=None, since=date(2026, 2, 1))
    assert (await office.view(key)).contact(ContactKind.PHONE) is None
    for kind, value in ((ContactKind.PHONE, "12"), (ContactKind.EMAIL, "a@b")):
        with pytest.raises(Invalid):
            await office(service.change_contact, key, kind=kind, value=value)


async def test_residence_rules(office):
    key = await office.person()
    move = service.move
    with pytest.raises(DancuError) as future:
        await office(move, key, kind=ResidenceKind.PERMANENT, place=place(), since=date(2126, 1, 1))
    assert future.value.code == "person.date.future"
    with pytest.raises(DancuError) as ended:
        await office(
            move, key, kind=ResidenceKind.PERMANENT, place=place(), since=date(2026, 1, 1), until=date(2027, 1, 1)
        )
    assert ended.value.code == "residence.permanent.end"
    with pytest.raises(DancuError) as then:
        await office(move, key, kind=ResidenceKind.PERMANENT, place=place(HERE), since=date(2026, 1, 1))
    assert then.value.code == "residence.unit.not_then"
    with pytest.raises(DancuError) as unborn:
        await office(move, key, kind=ResidenceKind.PERMANENT, place=place(HERE), since=date(1989, 1, 1))
    assert unborn.value.code in ("person.date.before_birth", "residence.unit.not_then")
    with pytest.raises(DancuError) as same:
        await office(
            move, key, kind=ResidenceKind.PERMANENT, since=date(2026, 1, 1),
            place=place(address="Số 1 Phan Châu Trinh"),
        )  # fmt: skip
    assert same.value.code == "residence.same"
    await office(move, key, kind=ResidenceKind.TEMPORARY, place=place(), since=date(2026, 1, 1), until=date(2027, 1, 1))
    await office(
        move, key, kind=ResidenceKind.ABSENCE, place=place(None, ""), since=date(2026, 1, 1), until=date(2026, 3, 1)
    )
    await office(service.end_residence, key, kind=ResidenceKind.TEMPORARY, on=date(2026, 6, 1))
    view = await office.view(key, date(2026, 2, 1))
    assert view.permanent
    assert view.temporary
    assert view.absence
    assert (await office.view(key, date(2026, 6, 1))).temporary is None
    wrong = view.absence.stored.fact_id
    await office(service.cancel_residence, key, fact_id=wrong)
    assert (await office.view(key, date(2026, 2, 1))).absence is None
    with pytest.raises(Conflict) as gone:
        await office(service.cancel_residence, key, fact_id=wrong)
    assert gone.value.code == "fact.changed"


async def test_a_correction_rewrites_no_history(office):
    done = await office(service.register, draft())
    key = done.person_key
    await office(service.correct_birth, key, values={"year": 1991, "month": None, "day": None})
    await office(service.change_name, key, full_name="trần thị hòa bình", since=date(2026, 3, 1))
    await office(service.correct_traits, key, values={"religion": "Phật giáo"})
    await office(service.change_traits, key, values={"nationality": "FRA"}, since=date(2026, 4, 1))
    view = await office.view(key)
    assert (view.birth.year, view.birth.month) == (1991, None)
    assert view.birth.source.kind == "residence_register"
    assert view.birth.origins["year"].kind == "declaration"
    assert view.name.full_name == "Trần Thị Hòa Bình"
    assert (await office.view(key, date(2026, 2, 1))).name.full_name == "Trần Thị Hoà"
    assert (await office.view(key, date(2026, 3, 1))).trait.nationality == "VNM"
    assert view.trait.nationality == "FRA"
    assert view.trait.religion == "Phật giáo"
    then = await office.view(key, known_at=done.tick)
    assert (then.birth.year, then.birth.month, then.trait.religion) == (1990, 4, "")


async def test_correcting_any_fact(office):
    key = await office.person()
    other = OtherFact(source=Source("x"), name="mã hồ sơ", value="17")
    await office(service.correct_facts, key, replacements={}, additions=(other,))
    stored = (await office.view(key)).others[0]
    assert stored.source.kind == "declaration"
    later = replace(stored, value="18", valid=Valid(date(2020, 1, 1)))
    await office(service.correct_facts, key, replacements={stored.stored.fact_id: later})
    assert (await office.view(key)).others[0].value == "18"
    with pytest.raises(Conflict) as stale:
        await office(service.correct_facts, key, replacements={stored.stored.fact_id: None})
    assert stale.value.code == "fact.changed"
    residence = (await office.view(key)).permanent
    with pytest.raises(Conflict) as two:
        await office(service.correct_facts, key, replacements={}, additions=(residence,))
    assert two.value.code == "residence.two_permanent"


async def test_settling_a_finding(office):
    done = await office(service.register, draft(number="049085777003"))
    cursor = await office.conn.execute(
        "SELECT finding_id FROM population.finding WHERE person_key = %s::bigint", (done.person_key,)
    )
    finding = (await cursor.fetchone())[0]
    settled = await office(service.settle_finding, done.person_key, finding_id=finding)
    assert settled.entry_id > done.entry_id
    with pytest.raises(Conflict) as twice:
        await office(service.settle_finding, done.person_key, finding_id=finding)
    assert twice.value.code == "finding.settled"


async def test_nothing_changed(office):
    key = await office.person()
    with pytest.raises(Conflict) as nothing:
        await office(service.correct_traits, key, values={"ethnicity": "Kinh"})
    assert nothing.value.code in ("change.nothing",)


async def test_preview_says_what_would_change_and_writes_nothing(office):
    key = await office.person()
    before = await office.view(key)
    shown = await office.preview(service.move, key, kind=ResidenceKind.PERMANENT, place=place(), since=date(2026, 2, 1))
    (line,) = [c for c in shown.changes if c.group == DataGroup.PERMANENT_RESIDENCE]
    assert line.before.address == "Số 1 Phan Châu Trinh"
    assert line.after.address == "Số 9 Hùng Vương"
    assert {"citizen", "new_commune"} <= set(shown.told)
    assert await office.view(key) == before
    ended = await office.preview(service.end_residence, key, kind=ResidenceKind.PERMANENT, on=date(2026, 2, 1))
    (line,) = [c for c in ended.changes if c.group == DataGroup.PERMANENT_RESIDENCE]
    assert line.before.valid.end is None
    assert line.after.valid.end == date(2026, 2, 1)
    number = await office.preview(service.allocate_number, key, place_code="049")
    assert number.changes[0].after.number.startswith("049190")
    assert (await gate.keys_of(office.conn, [number.changes[0].after.number])) == []
    assert NOW_HERE


async def test_preview_of_a_new_card_shows_the_old_one_as_replaced_beside_itself(office):
    key = await office.person()
    card = {"kind": CardKind.CHIP, "number": "049190000009"}
    await office(service.issue_card, key, **card, issued_on=date(2023, 3, 1))
    shown = await office.preview(service.issue_card, key, **card, issued_on=date(2026, 3, 1))
    pairs = {(c.before and (c.before.issued_on, c.before.state), (c.after.issued_on, c.after.state)) for c in shown.changes}
    assert pairs == {
        ((date(2023, 3, 1), CardState.ACTIVE), (date(2023, 3, 1), CardState.REPLACED)),
        (None, (date(2026, 3, 1), CardState.ACTIVE)),
    }
