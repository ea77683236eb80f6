"""Who looked at my data: every access, numbered without gaps, provable without us."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from dancu.access import service as access
from dancu.audit import note, verify_proof
from dancu.audit import service as audit
from dancu.audit.models import Query
from dancu.kernel.actor import ActorKind, Purpose
from dancu.kernel.errors import NotAllowed
from dancu.monitoring import service
from dancu.monitoring.service import accesses, looks
from dancu.population import service as population
from dancu.population.models.groups import DataGroup
from dancu.quality import service as quality
from dancu.sharing.catalogue import CONSENTS
from tests.population.conftest import app, clerk, office, officers, police, registry  # noqa: F401

OWN = Purpose("own_record", "91/2025/QH15")
CHECK = Purpose("identity_check", "26/2023/QH15", "H47.16-230405-0003")
SIGNER = note.new_signer("test.dancu/log")


@pytest.fixture
async def seen(office, app, police, registry):  # type: ignore[no-untyped-def]
    """A citizen whom an officer looked at twice; everything sequenced."""
    key = await office.person()
    await app.commit()
    for request in ("seen-1", "seen-2"):
        await population.person(app, replace(police, request_id=request), CHECK, key)
        await app.commit()
    token = await access.issue_session(app, ActorKind.CITIZEN, key)
    citizen = await access.sessions.resolve(app, token)
    await app.commit()
    await sequence(registry)
    return citizen


async def sequence(registry) -> None:  # type: ignore[no-untyped-def]
    async with await psycopg.AsyncConnection.connect(registry.dsn("worker"), autocommit=True) as conn:
        await audit.drain(conn, SIGNER)


async def test_each_access_in_plain_words(seen, app):
    found = await service.looks_of(app, seen, OWN, seen.actor_id, permission="citizen.self")
    assert [look.did for look in found.looks] == ["đã xem", "đã xem", "đã ghi thay đổi"]
    newest = found.looks[0]
    assert newest.seq == 3
    assert newest.who.startswith("Công an")
    assert newest.why == "Kiểm tra nhân thân"
    assert newest.legal_basis == "26/2023/QH15"
    assert newest.case_ref == "H47.16-230405-0003"
    assert "họ tên" in newest.saw
    assert found.gaps == ()


async def test_a_long_list_does_not_end_where_one_answer_of_the_database_does(seen, app, registry, monkeypatch):
    cursor = await app.execute("SELECT pg_get_functiondef('audit.accesses_of(bigint,integer,bigint)'::regprocedure)")
    assert f"least(how_many, {accesses.BLOCK})" in (await cursor.fetchone())[0].lower()
    monkeypatch.setattr(accesses, "BLOCK", 2)
    found = await service.looks_of(app, seen, OWN, seen.actor_id, limit=5000)
    assert [look.seq for look in found.looks] == [3, 2, 1] and found.gaps == () and found.more_before is None
    assert (await service.looks_of(app, seen, OWN, seen.actor_id, limit=2)).more_before == 2


async def test_the_looks_of_offices_alone_however_many_of_ones_own_lie_between(seen, app, registry, monkeypatch):
    monkeypatch.setattr(accesses, "BLOCK", 2)
    for n in range(5):
        await service.looks_of(app, replace(seen, request_id=f"own-{n}"), OWN, seen.actor_id)
        await app.commit()
    await sequence(registry)
    first = await service.looks_of(app, seen, OWN, seen.actor_id, limit=2, others=True)
    assert [look.seq for look in first.looks] == [3, 2] and first.gaps == () and first.more_before == 2
    assert all(look.askable for look in first.looks)
    rest = await service.looks_of(app, seen, OWN, seen.actor_id, limit=2, before=first.more_before, others=True)
    assert [look.seq for look in rest.looks] == [1] and rest.more_before is None


def test_every_group_of_the_registry_has_a_word():
    assert {group.value for group in DataGroup} - looks.FIELD.keys() == set()


def test_everything_that_is_agreed_to_has_a_word():
    """A group without one would be left out of the sentence: agreed to more than one reads."""
    assert CONSENTS.keys() - looks.FIELD.keys() == set()


async def test_ones_own_look_is_in_the_list_next_time(seen, app, registry):
    await service.looks_of(app, seen, OWN, seen.actor_id)
    await app.commit()
    await sequence(registry)
    newest = (await service.looks_of(app, seen, OWN, seen.actor_id)).looks[0]
    assert (newest.who, newest.saw) == ("Chính bạn", ("danh sách người đã xem",))


async def test_what_services_did_with_a_sign_in_is_told_apart(seen, app, registry):
    from dancu.kernel.actor import SYSTEM, Actor, Channel
    from dancu.kit.i18n import use_language
    from dancu.oidc.models import Profile
    from dancu.oidc.service import registration

    wish = registration.Wish("Bảo hiểm xã hội", ("https://service.example/back",), "bhxh", Profile.BASIC, name_en="Social insurance")
    other, _ = await registration.register(app, replace(SYSTEM, request_id="t"), wish)
    portal = Actor(kind=ActorKind.CLIENT, actor_id=4711, org_code="DEMO.TX.MC", name="Cổng", request_id="t", channel=Channel.API)
    purpose = Purpose("online_service", "69/2024/NĐ-CP")
    for did in ({"verb": "oidc.sign_in"}, {"verb": "oidc.refresh"}, {"verb": "oidc.exchange", "for": other.client_no}):
        await audit.record(app, portal, purpose, action="sign_in", subjects=[seen.actor_id], fields=None, note=did)
    agreed = {"verb": "consent.give", "client_no": other.client_no}
    await audit.record(app, seen, OWN, action="write", subjects=[seen.actor_id], fields=["name"], note=agreed)
    await app.commit()
    await sequence(registry)
    given, *rest = (await service.looks_of(app, seen, OWN, seen.actor_id, limit=4)).looks
    assert (given.who, given.did, given.saw) == ("Chính bạn", "đã đồng ý cho Bảo hiểm xã hội nhận", ("họ tên",)), "agreeing changes no name"
    found = [look.did for look in rest]
    assert found == ["đã dùng lần đăng nhập của bạn để hỏi tiếp Bảo hiểm xã hội", "đã giữ tiếp lần đăng nhập của bạn", "đã nhận bạn đăng nhập"]
    await app.commit()
    with use_language("en"):
        newest = (await service.looks_of(app, seen, OWN, seen.actor_id, limit=3)).looks[1].did
        assert {look.who for look in (await service.looks_of(app, seen, OWN, seen.actor_id)).looks if look.who.startswith("Police")}, "the officers' organisation"
    assert newest == "used your sign-in to ask Social insurance in turn"


async def test_a_deleted_entry_is_a_gap(seen, app, registry):
    async with await psycopg.AsyncConnection.connect(registry.dsn("admin")) as admin:
        await admin.execute("DELETE FROM audit.content WHERE subject = %s AND subject_seq = 2", (seen.actor_id,))
    found = await service.looks_of(app, seen, OWN, seen.actor_id)
    assert found.gaps == ((2, 2),)
    assert [look.seq for look in found.looks] == [3, 1]


async def test_the_newest_deleted_entry_is_found_by_verification(seen, app, registry):
    """The citizen's numbering cannot show what was cut off its end; the log itself can."""
    async with await psycopg.AsyncConnection.connect(registry.dsn("admin")) as admin:
        await admin.execute("DELETE FROM audit.content WHERE subject = %s AND subject_seq = 3", (seen.actor_id,))
    async with await psycopg.AsyncConnection.connect(registry.dsn("verify"), autocommit=True) as conn:
        report = await audit.verify(conn, SIGNER.verifier)
    assert not report.ok


async def test_a_proof_checks_without_us(seen, app, tmp_path: Path):
    found = await service.looks_of(app, seen, OWN, seen.actor_id)
    proof = await audit.proof(app, found.looks[0].entry_id, vkey=SIGNER.verifier.vkey)
    path = tmp_path / "proof.json"
    path.write_text(json.dumps(proof.as_json()), "utf-8")
    good = subprocess.run([sys.executable, verify_proof.__file__, str(path)], capture_output=True, text=True, check=False)
    assert good.returncode == 0, good.stdout + good.stderr
    spoiled = json.loads(path.read_text())
    spoiled["leaf"] = spoiled["leaf"].replace("read", "raed")
    path.write_text(json.dumps(spoiled), "utf-8")
    bad = subprocess.run([sys.executable, verify_proof.__file__, str(path)], capture_output=True, text=True, check=False)
    assert bad.returncode != 0


async def test_nobody_reads_another_persons_list(seen, app):
    stranger = replace(seen, actor_id=seen.actor_id + 1)
    with pytest.raises(NotAllowed):
        await service.looks_of(app, stranger, OWN, seen.actor_id)


async def test_the_auditor_searches_and_is_recorded(seen, app, registry):
    token, _ = await access.enter_as(app, "auditor", demo=True)
    auditor = await access.sessions.resolve(app, token)
    await app.commit()
    now = datetime.now(UTC)
    query = Query(since=now - timedelta(hours=1), until=now + timedelta(hours=1), action="read", limit=200)
    found = await service.search_log(app, auditor, access.choose_purpose("audit"), query)
    assert seen.actor_id in {entry.subject for entry in found}
    await app.commit()
    async with await psycopg.AsyncConnection.connect(registry.dsn("admin")) as admin:
        row = await (await admin.execute("SELECT count(*) FROM audit.pending WHERE purpose = 'audit'")).fetchone()
    assert row[0] >= 1


async def test_an_officer_may_not_search_the_log(seen, app, police):
    now = datetime.now(UTC)
    with pytest.raises(NotAllowed):
        await service.search_log(app, police, CHECK, Query(since=now - timedelta(hours=1), until=now))


async def test_a_citizen_asks_the_organisation_behind_a_look(seen, app, registry):
    """One tap: news that opens a case with that organisation's desk; one's own look is nobody's to answer for."""
    from dancu.kernel.errors import NotFound
    from dancu.kit import events
    from dancu.quality.subscribers import handle

    citizen, key = seen, seen.actor_id
    await sequence(registry)
    found = await service.looks_of(app, citizen, OWN, key)
    theirs = next(look for look in found.looks if look.askable)
    mine = next((look for look in found.looks if not look.askable), None)
    await service.ask(app, citizen, OWN, theirs.seq, objection=True)
    await app.commit()
    async with await psycopg.AsyncConnection.connect(registry.dsn("worker"), autocommit=True) as worker:
        while await events.dispatch_once(worker):
            pass
        rows = await (await worker.execute("SELECT seq, topic, person_key, payload, at FROM kit.event WHERE topic = 'look.objected'")).fetchall()
        async with worker.transaction():
            await handle(worker, events.Event(*rows[-1]))
    async with await psycopg.AsyncConnection.connect(registry.dsn("admin")) as admin:
        (kind, desk, days) = (await (await admin.execute(
            "SELECT kind, desk_org, done_due - opened_at::date FROM quality.case WHERE person_key = %s AND source = 'looks'", (key,))).fetchall())[-1]
    assert (kind, desk) == ("objection", "DEMO.CA.TX") and days >= 14
    (case,) = [one for one in await quality.cases_of(app, citizen, OWN, key) if one.kind == "objection"]
    assert f"Lượt xem số {theirs.seq} lúc " in quality.found(case) and "Kiểm tra nhân thân" in quality.found(case)  # which look it is about
    assert case.details["officer"].isdigit()  # told to the office alone
    await app.commit()
    for seq in (0, 10**9, *( [mine.seq] if mine else [])):
        with pytest.raises(NotFound):
            await service.ask(app, citizen, OWN, seq, objection=False)
        await app.rollback()


async def test_the_copy_of_ones_own_data_has_every_part_and_is_evidence(seen, app, registry):
    from dancu.access.service import sessions
    from dancu.exchange.models.connectors import Content
    from dancu.exchange.service import paper_demands, papers
    from dancu.monitoring.service.own_data import gather
    from dancu.sharing import service as sharing

    await sharing.give(app, seen, 4711, {"name"}, OWN, datetime.now(UTC) + timedelta(days=3), client_name="Ngân hàng Thử", org_name="Ngân hàng Thử")
    await paper_demands.report(app, seen, OWN, org_code="DEMO.TX.MC", org_name="", procedure="school", paper="household_book", said="Quầy 3.")
    await app.commit()
    await population.open_person(app, seen, OWN, seen.actor_id, fields=("paper.medical_examination",))
    exam = Content({"name": "Ai"}, {"examinations": ({"place": "Trung tâm Y tế Thử"},)}, None, ())
    await app.execute("SELECT exchange.keep_paper(%s::bigint, 'medical_examination', true, %s, NULL, now(), 1)", (seen.actor_id, papers.seal(seen.actor_id, "medical_examination", exam)))
    parts = {one.code: one for one in await gather(app, seen)}
    await app.commit()
    assert list(parts) == ["accesses", "consents", "agreements", "cases", "documents", "confirmations", "paper_demands", "verifications", "papers"]
    ((_, office, more),) = parts["paper_demands"].lines
    assert "Trung tâm" in office and more == "Tuyển sinh đầu cấp · Sổ hộ khẩu · Quầy 3."  # names, not our codes: it is read on paper
    ((_, answered, _),) = parts["papers"].lines  # what ministries answered is kept, so it is handed over, health data too
    assert answered == "Nơi khám: Trung tâm Y tế Thử"
    assert len(parts["accesses"].data) >= 2 and "Ngân hàng Thử" in str(parts["consents"].lines) and parts["paper_demands"].data[0]["said"] == "Quầy 3."
    assert parts["consents"].data[0]["claims"] == ["name"] and json.dumps([one.data for one in parts.values()])
    assert "person_key" not in json.dumps([one.data for one in parts.values()])
    await sequence(registry)
    async with await psycopg.AsyncConnection.connect(registry.dsn("admin")) as admin:
        rows = await admin.execute("SELECT action, fields, note FROM audit.content WHERE subject = %s AND note ->> 'verb' = 'own.download'", (seen.actor_id,))
        ((action, fields, note),) = await rows.fetchall()
    assert action == "export" and set(fields) == set(parts) and note["parts"]["consents"] == 1
    token = await sessions.issue_session(app, ActorKind.CITIZEN, seen.actor_id + 1)
    with pytest.raises(NotAllowed):
        await gather(app, replace(await sessions.resolve(app, token), actor_id=seen.actor_id))
    await app.rollback()


async def test_nobody_keeps_others_from_their_papers_by_taking_copies(seen, app):
    from dancu.kernel.errors import Exceeded
    from dancu.population.pages.me import not_again

    for _ in range(5):
        await not_again(app, seen)
    with pytest.raises(Exceeded) as again:
        await not_again(app, seen)
    assert again.value.code == "own_data.again" and 0 < again.value.params["seconds"] <= 30
    await app.rollback()
