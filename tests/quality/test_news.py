"""News of other rooms becomes a case of the right desk, counted when it comes again, answered for citizen and finder."""

from __future__ import annotations

from dataclasses import replace

import psycopg
import pytest

from dancu.access import service as access
from dancu.kernel.actor import ActorKind, Purpose
from dancu.kernel.errors import NotAllowed
from dancu.kit import events
from dancu.quality import service, subscribers
from dancu.quality.models import CaseKind, CaseState
from tests.population.conftest import app, clerk, office, officers, police, registry  # noqa: F401

OWN = Purpose("own_record", "91/2025/QH15")
REQUEST = Purpose("data_subject_request", "91/2025/QH15")
COUNTER, POLICE = "DEMO.TX.MC", "DEMO.CA.TX"


@pytest.fixture
async def citizen(office, app, registry):  # type: ignore[no-untyped-def]
    key = await office.person()
    token = await access.issue_session(app, ActorKind.CITIZEN, key)
    actor = await access.sessions.resolve(app, token)
    assert actor is not None
    await app.commit()
    return actor


@pytest.fixture
async def news(app, registry):  # type: ignore[no-untyped-def]
    """Emit and let the worker consume, as its loops do."""
    async with await psycopg.AsyncConnection.connect(registry.dsn("worker"), autocommit=True) as conn:
        async def happened(topic: str, key: int, **payload: object) -> None:
            await events.emit(app, topic, key, payload)
            await app.commit()
            while await events.dispatch_once(conn):
                pass
            while await subscribers.consume(conn):
                pass

        yield happened


async def mine(app, citizen):  # type: ignore[no-untyped-def]
    found = await service.cases_of(app, citizen, OWN, citizen.actor_id)
    await app.commit()
    return found


async def test_a_disagreement_goes_to_the_desk_of_the_area_and_is_settled(app, citizen, police, officers, news):
    await news("exchange.disagreement", citizen.actor_id, group="name", field="full_name", reporter_org=COUNTER, source="qr",
               details={"name": "no", "birth": "yes"})
    (case,) = await mine(app, citizen)
    assert (case.kind, case.desk_org, case.reporter_org, dict(case.details)) == (
        CaseKind.DISAGREEMENT, None, COUNTER, {"name": "no", "birth": "yes"})  # fmt: skip
    assert service.found(case).endswith("Đưa ra bằng cách: Quét mã QR trên thẻ.")  # a wrong card, or a slip of the hand
    assert case.answer_due > case.opened_at.date()
    listed = {one.case_id for one in await service.waiting(app, police, REQUEST)}
    assert case.case_id in listed
    counter = officers["one_stop_officer"]
    assert case.case_id in {one.case_id for one in await service.sent(app, counter, REQUEST)}
    assert not await service.may_answer(app, counter, REQUEST, citizen.actor_id, case.case_id)
    with pytest.raises(NotAllowed):
        await service.answer(app, counter, REQUEST, citizen.actor_id, case.case_id, CaseState.DONE, "Đã sửa rồi.")
    await app.commit()
    await service.answer(app, police, REQUEST, citizen.actor_id, case.case_id, CaseState.DONE, "Đã cải chính họ tên.")
    await app.commit()
    (seen,) = await mine(app, citizen)
    assert (seen.state, seen.answer) == (CaseState.DONE, "Đã cải chính họ tên.")
    assert (await service.case_of(app, counter, REQUEST, citizen.actor_id, case.case_id)).answer == "Đã cải chính họ tên."


async def test_a_demanded_paper_goes_to_the_office_that_asked(app, citizen, police, officers, news):
    await news("paper.demanded", citizen.actor_id, group="paper", field="school", org_code=COUNTER, source="household_book")
    (case,) = await mine(app, citizen)
    counter = officers["one_stop_officer"]
    assert case.case_id in {one.case_id for one in await service.waiting(app, counter, REQUEST)}
    assert case.case_id not in {one.case_id for one in await service.waiting(app, police, REQUEST)}
    with pytest.raises(NotAllowed):
        await service.case_of(app, police, REQUEST, citizen.actor_id, case.case_id)
    await app.rollback()
    await service.answer(app, counter, REQUEST, citizen.actor_id, case.case_id, CaseState.ACCEPTED, "Quầy đã được nhắc, không đòi nữa.")
    await app.commit()
    assert (await mine(app, citizen))[0].state == CaseState.ACCEPTED


async def test_the_same_news_is_counted_while_its_case_waits(app, citizen, police, news):
    for _ in range(3):
        await news("document.mismatch", citizen.actor_id, group="document", field="health_card", org_code=POLICE)
    (case,) = await mine(app, citizen)
    assert case.times == 3
    await service.answer(app, police, REQUEST, citizen.actor_id, case.case_id, CaseState.REFUSED, "Không sai.", "25/2008/QH12 Điều 16")
    await app.commit()
    await news("document.mismatch", citizen.actor_id, group="document", field="health_card", org_code=POLICE)
    assert [one.times for one in await mine(app, citizen)] == [1, 3]


async def test_news_that_says_nonsense_never_stops_the_queue(app, citizen, news):
    await news("document.mismatch", 2**61, group="document", field="x")  # nobody
    await news("connector.wrong", citizen.actor_id, group=None, details=["not", "a", "mapping"], unit="here", org_code="y" * 500)
    (case,) = await mine(app, citizen)
    assert (case.kind, case.data_group, len(case.desk_org or "")) == (CaseKind.CONNECTOR, "other", 60)


async def test_looks_at_cases_are_entries(app, citizen, police, officers, news, registry):
    await news("paper.demanded", citizen.actor_id, group="paper", field="loan", org_code=COUNTER)
    (case,) = await mine(app, citizen)
    counter = replace(officers["one_stop_officer"], request_id="case-look")
    await service.case_of(app, counter, REQUEST, citizen.actor_id, case.case_id)
    await app.commit()
    refused = replace(police, request_id="case-refused")
    with pytest.raises(NotAllowed) as error:
        await service.case_of(app, refused, REQUEST, citizen.actor_id, case.case_id)
    await app.rollback()
    await error.value.evidence(app)
    await app.commit()
    async with await psycopg.AsyncConnection.connect(registry.dsn("admin")) as admin:
        rows = await (
            await admin.execute(
                "SELECT request_id, action, subject FROM audit.pending WHERE request_id IN ('case-look', 'case-refused') ORDER BY 1"
            )
        ).fetchall()
    assert rows == [("case-look", "read", citizen.actor_id), ("case-refused", "denied", citizen.actor_id)]


async def test_overdue_cases_of_an_office_reach_the_one_above(app, citizen, officers, news, registry):
    await news("paper.demanded", citizen.actor_id, group="paper", field="pension", org_code="DEMO.TX.MC.Q1")
    (case,) = await mine(app, citizen)
    counter = officers["one_stop_officer"]
    async with await psycopg.AsyncConnection.connect(registry.dsn("admin")) as admin:
        await admin.execute(
            "INSERT INTO access.organisation (org_code, name, kind, parent, valid) VALUES ('DEMO.TX.MC.Q1', 'Quầy 1', 'one_stop',"
            " 'DEMO.TX.MC', '[2020-01-01,)')"
        )
        # It has a desk of its own.
        await admin.execute(
            "WITH one AS (INSERT INTO access.staff (login, display_name, org_code) VALUES ('quay-1', 'Quầy Một', 'DEMO.TX.MC.Q1') RETURNING staff_id)"
            " INSERT INTO access.staff_right SELECT staff_id, 'case.desk', false, '{}', '2999-01-01' FROM one"
        )
    assert case.case_id not in {one.case_id for one in await service.waiting(app, counter, REQUEST)}
    await app.commit()
    async with await psycopg.AsyncConnection.connect(registry.dsn("admin")) as admin:
        await admin.execute("UPDATE quality.case SET answer_due = '2026-01-02' WHERE case_id = %s", (case.case_id,))
    assert case.case_id in {one.case_id for one in await service.waiting(app, counter, REQUEST)}


async def test_a_case_of_an_office_without_a_desk_lies_with_the_one_above_and_the_coordinator(app, citizen, officers, news, registry):
    token, _ = await access.enter_as(app, "national_coordinator", demo=True)
    coordinator = await access.sessions.resolve(app, token)
    assert coordinator is not None
    async with await psycopg.AsyncConnection.connect(registry.dsn("admin")) as admin:
        await admin.execute(
            "INSERT INTO access.organisation (org_code, name, kind, parent, valid) VALUES ('DEMO.TX.MC.Q2', 'Quầy 2', 'one_stop',"
            " 'DEMO.TX.MC', '[2020-01-01,)'), ('NOBODY', 'Tập đoàn Không Ai', 'enterprise', NULL, '[2020-01-01,)')"
        )
    for org, field in (("DEMO.TX.MC.Q2", "pension"), ("NOBODY", "school"), ("DEMO.TX.MC", "birth")):
        await news("paper.demanded", citizen.actor_id, group="paper", field=field, org_code=org)
    case = {one.desk_org: one.case_id for one in await mine(app, citizen)}
    counter = officers["one_stop_officer"]
    above = {one.case_id for one in await service.waiting(app, counter, REQUEST)}
    coordinated = {one.case_id for one in await service.waiting(app, coordinator, REQUEST)}
    assert case["DEMO.TX.MC.Q2"] in above and case["NOBODY"] not in above
    assert {case["DEMO.TX.MC.Q2"], case["NOBODY"]} <= coordinated and case["DEMO.TX.MC"] not in coordinated  # that one has a desk, and time
    assert await service.may_answer(app, coordinator, REQUEST, citizen.actor_id, case["NOBODY"])
    assert not await service.may_answer(app, counter, REQUEST, citizen.actor_id, case["NOBODY"])
