"""Mending the value of one fact: the wrong one stays in history, the reason with the evidence."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from dancu.kernel.errors import Invalid
from dancu.population import service
from dancu.population.models import CardKind, ContactKind, KinFact, KinRelation, Sex, Source
from dancu.population.store import facts

from .conftest import ELSEWHERE


async def mend(office, key, fact, **values):
    new = replace(fact, stored=None, **values)
    return await office(service.correct_facts, key, replacements={fact.stored.fact_id: new}, reason="typing")


async def test_each_kind_of_fact_takes_another_value(office, admin):
    key = await office.person()
    await office(service.change_contact, key, kind=ContactKind.PHONE, value="0905000001", since=date(2026, 1, 2))
    await office(service.issue_card, key, kind=CardKind.CHIP, number="1", issued_on=date(2026, 1, 3))
    await office(
        service.set_parent, key, relation=KinRelation.FATHER,
        parent=KinFact(source=Source("declaration"), relation=KinRelation.FATHER, relative_name="Trần Văn Sai"),
    )  # fmt: skip
    before = await office.view(key)
    home, phone, card, father = before.permanent, before.contacts[0], before.cards[0], before.kin[0]
    await mend(office, key, phone, value="0905 000 009")
    await mend(office, key, card, number="2", issued_by="Công an tỉnh")
    done = await mend(office, key, father, relative_name="Trần Văn Đúng", relative_birth="1950")
    await mend(office, key, home, unit_id=ELSEWHERE, address="Số 2")  # last: the record leaves the ward with it
    view = await office.view(key)
    assert (view.permanent.unit_id, view.permanent.address, view.permanent.valid) == (ELSEWHERE, "Số 2", home.valid)
    assert ELSEWHERE in view.areas
    assert view.contacts[0].value.endswith("905000009")
    assert " " not in view.contacts[0].value
    assert (view.card.number, view.card.issued_by, view.card.issued_on) == ("2", "Công an tỉnh", date(2026, 1, 3))
    assert (view.kin[0].relative_name, view.kin[0].relative_birth) == ("Trần Văn Đúng", "1950")
    assert view.kin[0].source.kind == "declaration"
    ever = await facts.load_history(office.conn, key)
    for wrong in (home, phone, card, father):
        (kept,) = (f for f in ever if f.stored and f.stored.fact_id == wrong.stored.fact_id)
        assert kept == wrong
        assert kept.stored.known_until is not None
    await office.conn.commit()
    cursor = await admin.execute("SELECT note FROM audit.pending WHERE entry_id = %s", (done.entry_id,))
    assert (await cursor.fetchone())[0]["reason"] == "typing"


async def test_what_was_declared_of_a_linked_relative_is_mended_and_the_link_stays(office):
    key = await office.person(year=2010)
    father = await office.person("Trần Văn Cha", sex=Sex.MALE, year=1970)
    await office(service.set_parent, key, relation=KinRelation.FATHER, parent=father)
    fact = (await office.view(key)).kin[0]
    await mend(office, key, fact, relative_name="Trần Văn Chà")
    view = await office.view(key)
    assert (view.kin[0].relative_key, view.kin[0].relative_name) == (father, "Trần Văn Chà")
    for values in ({"relative_key": father + 1}, {"relative_key": None}):
        with pytest.raises(Invalid) as refused:
            await mend(office, key, view.kin[0], **values)
        assert refused.value.code == "fact.own_verb"


async def test_a_reason_is_one_of_the_list(office):
    key = await office.person()
    with pytest.raises(Invalid) as refused:
        await office(service.correct_name, key, full_name="Trần Thị Hòa", reason="vì ông A nói thế")
    assert refused.value.code == "correct.reason"
    await office(service.correct_name, key, full_name="Trần Thị Hòa", reason="paper")
