"""A citizen says a fact is wrong; the desk of the commune answers in the time the law gives."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import psycopg
import pytest

from dancu.access import service as access
from dancu.kernel.actor import Actor, ActorKind, Purpose
from dancu.kernel.clock import SetClock
from dancu.kernel.errors import Conflict, Invalid, NotAllowed
from dancu.kernel.workdays import add_working_days, is_working_day
from dancu.quality import service
from dancu.quality.models import CaseState
from tests.population.conftest import app, clerk, office, officers, police, registry  # noqa: F401

OWN = Purpose("own_record", "91/2025/QH15")
REQUEST = Purpose("data_subject_request", "91/2025/QH15")


@pytest.fixture
async def citizen(office, app, registry):  # type: ignore[no-untyped-def]
    key = await office.person()
    token = await access.issue_session(app, ActorKind.CITIZEN, key)
    actor = await access.sessions.resolve(app, token)
    assert actor is not None
    await app.commit()
    return actor


async def open_one(app, citizen: Actor, field: str = "origin_unit", **more):  # type: ignore[no-untyped-def]
    return await service.open_case(app, citizen, OWN, citizen.actor_id, "birth", field, "Quê quán đúng là Tiên Phước.", **more)


async def test_from_report_to_answer(app, citizen, police):
    case = await open_one(app, citizen)
    assert case.state == CaseState.WAITING
    listed = await service.waiting(app, police, REQUEST)
    assert case.case_id in {one.case_id for one in listed}
    await service.answer(app, police, REQUEST, citizen.actor_id, case.case_id, CaseState.DONE, "Đã sửa theo giấy khai sinh.")
    (seen,) = await service.cases_of(app, citizen, OWN, citizen.actor_id)
    assert (seen.state, seen.answer) == (CaseState.DONE, "Đã sửa theo giấy khai sinh.")
    assert case.case_id not in {one.case_id for one in await service.waiting(app, police, REQUEST)}


@pytest.mark.parametrize(
    ("at", "answer_due", "done_due", "law"),
    [
        (datetime(2025, 12, 30, 3, tzinfo=UTC), date(2026, 1, 6), date(2026, 1, 2), "13/2023/NĐ-CP"),  # 2/1 was swapped for Saturday 10/1
        (datetime(2026, 2, 13, 3, tzinfo=UTC), date(2026, 2, 24), date(2026, 2, 23), "356/2025/NĐ-CP"),
        (datetime(2026, 11, 20, 3, tzinfo=UTC), date(2026, 11, 24), date(2026, 11, 30), "356/2025/NĐ-CP"),
    ],
)
async def test_time_limits_are_those_of_the_day(app, citizen, at, answer_due, done_due, law):
    case = await open_one(app, citizen, clock=SetClock(at))
    assert (case.answer_due, case.done_due, case.legal_basis) == (answer_due, done_due, law)


async def test_a_refusal_cites_the_law(app, citizen, police):
    case = await open_one(app, citizen)
    with pytest.raises(Invalid) as refused:
        await service.answer(app, police, REQUEST, citizen.actor_id, case.case_id, CaseState.REFUSED, "Không có căn cứ.")
    assert refused.value.code == "case.refusal_basis"
    await service.answer(
        app, police, REQUEST, citizen.actor_id, case.case_id, CaseState.REFUSED, "Không có căn cứ.", "60/2014/QH13 Điều 7"
    )


async def test_one_waiting_case_a_fact(app, citizen):
    await open_one(app, citizen)
    with pytest.raises(Conflict) as refused:
        await open_one(app, citizen)
    assert refused.value.code == "case.open_already"
    await open_one(app, citizen, "sex")


async def test_an_answered_case_is_closed(app, citizen, police):
    case = await open_one(app, citizen)
    await service.withdraw(app, citizen, OWN, citizen.actor_id, case.case_id)
    with pytest.raises(Conflict):
        await service.answer(app, police, REQUEST, citizen.actor_id, case.case_id, CaseState.DONE, "Đã sửa rồi.")


async def test_a_number_no_case_can_have_is_bad_input(app, citizen):
    with pytest.raises(psycopg.errors.NumericValueOutOfRange):  # answered 422; written into the evidence first, it was a 500
        await service.withdraw(app, citizen, OWN, citizen.actor_id, 10**20)
    await app.rollback()


async def test_only_the_citizen_and_the_area_see_it(app, citizen, officers):
    await open_one(app, citizen)
    await app.commit()
    (count,) = await (await app.execute("SELECT count(*) FROM quality.case")).fetchone()
    assert count == 0
    stranger = replace(citizen, actor_id=citizen.actor_id + 1)
    with pytest.raises(NotAllowed):
        await service.cases_of(app, stranger, OWN, citizen.actor_id)
    with pytest.raises(NotAllowed):
        await service.answer(
            app, officers["one_stop_officer"], REQUEST, citizen.actor_id, 1, CaseState.DONE, "Không phải việc của tôi."
        )


async def test_everyone_listed_is_an_entry(app, citizen, police, registry):
    await open_one(app, citizen)
    me = replace(police, request_id="list-1")
    listed = await service.waiting(app, me, REQUEST)
    await app.commit()
    async with await psycopg.AsyncConnection.connect(registry.dsn("admin")) as admin:
        rows = await (await admin.execute("SELECT subject FROM audit.pending WHERE request_id = 'list-1'")).fetchall()
    assert {row[0] for row in rows} == {one.person_key for one in listed}


def test_working_days():
    assert not is_working_day(date(2026, 2, 17))  # first day of Tết Bính Ngọ
    assert not is_working_day(date(2026, 9, 2))
    assert is_working_day(date(2026, 11, 23))
    assert add_working_days(date(2026, 11, 20), 2) == date(2026, 11, 24)  # over a weekend
    assert add_working_days(date(2026, 4, 29), 1) == date(2026, 5, 4)  # 30/4, 1/5, weekend
