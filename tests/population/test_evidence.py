"""Each act is evidence: one entry per person, with the digest of the rows it wrote, and one event without
personal data."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import psycopg
import pytest

from dancu.audit import service as audit
from dancu.audit.note import new_signer
from dancu.kernel.actor import Document, Purpose
from dancu.kernel.dates import PartialDate
from dancu.kernel.errors import Invalid, NotAllowed, Unavailable
from dancu.population import events, service
from dancu.population.models import CardKind, KinRelation, ResidenceKind, Sex

from .conftest import PAPER, RESIDENCE, draft, place
from .test_store import everything

SIGNER = new_signer("test.dancu.vn/log")


async def a_busy_year(office, last="1"):
    he = (await office(service.register, draft("Nguyễn Văn An", sex=Sex.MALE, number=f"04909000000{last}"))).person_key
    full = everything()
    numbers = tuple(replace(n, number=n.number[:-1] + last) for n in full.numbers)
    she = (await office(service.register, replace(full, numbers=numbers))).person_key
    child = await office.person("Nguyễn Con", year=2015)
    await office(service.found_again, she, on=date(2026, 2, 1))
    await office(service.create_household, he, place=place(), since=date(2026, 1, 1), members={child: "child"})
    await office(service.marry, he, spouse_key=she, on=date(2026, 3, 8))
    await office(service.set_parent, child, relation=KinRelation.FATHER, parent=he)
    await office(service.correct_birth, she, values={"day": 12, "origin_place": "Quảng Trị"})
    await office(service.change_name, child, full_name="Nguyễn Thị Con", since=date(2026, 4, 1))
    await office(service.move, she, kind=ResidenceKind.PERMANENT, place=place(), since=date(2026, 4, 2))
    await office(service.issue_card, he, kind=CardKind.CHIP, number="049090000001", issued_on=date(2026, 4, 3))
    await office(service.replace_number, he, place_code="049", on=date(2026, 4, 4), reason="trùng")
    await office(service.die, he, on=PartialDate(2026, 5))
    await office(service.undo_death, he)
    twice = await office.person("Nguyễn Văn An", sex=Sex.MALE)
    await office(service.merge, twice, kept_key=he)
    await office(service.undo_merge, twice)
    return he, she, child


async def test_the_log_commits_to_every_fact(office, registry):
    he, she, _ = await a_busy_year(office)
    await office.conn.commit()
    async with await psycopg.AsyncConnection.connect(registry.dsn("worker"), autocommit=True) as worker:
        await audit.drain(worker, SIGNER)
    async with await psycopg.AsyncConnection.connect(registry.dsn("verify")) as conn:
        report = await audit.verify(conn, SIGNER.verifier, facts=True)
    assert report.ok, (report.counts, report.findings)
    assert report.facts > 30
    async with await psycopg.AsyncConnection.connect(registry.dsn("admin")) as admin:
        await admin.execute("UPDATE population.residence SET address = 'Số 0' WHERE person_key = %s", (she,))
        await admin.commit()
    async with await psycopg.AsyncConnection.connect(registry.dsn("verify")) as conn:
        report = await audit.verify(conn, SIGNER.verifier, facts=True)
    assert "facts.altered" in report.counts
    assert he


async def test_news_holds_no_personal_data(office, worker):
    await a_busy_year(office, "2")
    await office.conn.commit()
    cursor = await worker.execute("SELECT topic, person_key, payload FROM kit.outbox WHERE topic LIKE 'population.%'")
    rows = await cursor.fetchall()
    assert {t for t, _, _ in rows} <= events.topics()
    assert all(key is not None for _, key, _ in rows)
    text = str(rows)
    for secret in ("Nguyễn", "Trần", "0490", "Phan Châu Trinh", "Quảng"):
        assert secret not in text


async def test_refusals(office, officers):
    key = await office.person()
    with pytest.raises(NotAllowed):
        await service.die(office.conn, officers["one_stop_officer"], RESIDENCE, PAPER, key, on=PartialDate(2026))
    with pytest.raises(Invalid) as paper:
        await service.correct_name(office.conn, office.police, RESIDENCE, Document(" "), key, full_name="A")
    assert paper.value.code == "document.missing"
    wrong = Purpose("statistics", "89/2015/QH13")
    with pytest.raises(NotAllowed) as purpose:
        await service.correct_name(office.conn, office.police, wrong, PAPER, key, full_name="A")
    assert purpose.value.code == "person.no_purpose"
    with pytest.raises(Invalid) as basis:
        await service.correct_name(office.conn, office.police, Purpose("civil_status", " "), PAPER, key, full_name="A")
    assert basis.value.code == "purpose.no_basis"


async def test_no_evidence_no_act(office, admin):
    """Nobody sequences the log: the verb says so and does nothing."""
    key = await office.person()
    await office.conn.commit()
    await admin.execute("UPDATE audit.sequencer SET caught_up_at = '-infinity'")
    await admin.execute(
        "INSERT INTO audit.pending (at, action, actor_kind, actor_id, org_code, purpose, legal_basis)"
        " VALUES (now() - interval '2 minutes', 'system', 'system', 0, 'x', 'x', 'x')"
    )
    await admin.execute("UPDATE audit.pending SET entry_id = 0 WHERE at < now() - interval '1 minute'")
    await admin.commit()
    try:
        with pytest.raises(Unavailable):
            await office(service.correct_name, key, full_name="Trần Thị Hai")
        await office.conn.rollback()
    finally:
        await admin.execute("DELETE FROM audit.pending WHERE entry_id = 0")
        await admin.execute("UPDATE audit.sequencer SET caught_up_at = now() + interval '1 day'")
        await admin.commit()
