"""A partner's program that does what honest programs do not: an alert with its entries and calls, a hold, a decision."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from dancu.access import service as access
from dancu.kernel.actor import ActorKind
from dancu.kernel.clock import SYSTEM_CLOCK, VIETNAM
from dancu.kernel.errors import Conflict
from dancu.monitoring.service import accesses
from dancu.monitoring.service import alerts as service
from dancu.monitoring.service.permitted import permitted
from dancu_client import CallRefused
from tests.exchange.calling import WHY, Program, citizen, sequence, site  # noqa: F401

pytestmark = pytest.mark.asyncio(loop_scope="session")
AUDIT = access.choose_purpose("audit")


@pytest.fixture(autouse=True)
def fresh(site: Any) -> Any:
    yield
    with psycopg.connect(site.registry.dsn("admin")) as admin:
        admin.execute("DELETE FROM monitoring.alert")
        admin.execute("DELETE FROM exchange.hold")
        admin.execute("DELETE FROM access.brake")
        admin.execute("UPDATE exchange.change SET seq = seq + 1")


async def marks(site: Any, **values: float) -> None:
    for rule, value in values.items():
        await site.sql("UPDATE monitoring.threshold SET value = %s WHERE code = %s", (value, f"alert.program_{rule.replace('__', '.')}"))


async def found(site: Any) -> dict[str, service.Warned]:
    """Open alerts after everything that happened was looked at."""
    await sequence(site)
    await site.sql("UPDATE monitoring.watched SET programs_at = '-infinity'")
    async with await psycopg.AsyncConnection.connect(site.registry.dsn("worker"), autocommit=True) as worker:
        await service.weigh_programs(worker)
        while await service.detect(worker):
            pass
    async with site.conn() as conn:
        return {one.rule: one for one in await service.alerts(conn, await auditor(site, conn), AUDIT, only_open=True)}


async def auditor(site: Any, conn: Any, persona: str = "auditor") -> Any:
    token, _ = await access.enter_as(conn, persona, demo=True)
    return await access.sessions.resolve(conn, token)


async def ready(site: Any, name: str, **terms: Any) -> Program:
    program: Program = await site.program(name)
    await site.agree(program.org_code, "verify", **terms)
    site.forget()
    return program


async def test_a_burst_holds_the_program_until_somebody_decides(site: Any) -> None:
    _, number = await citizen(site)
    program = await ready(site, "Bảo hiểm Dồn Dập", quota_day=20)
    await marks(site, burst__least=3, person=15)
    for _ in range(14):
        await program.client.verify(number, {"name": "Trần Thị Hoà"}, WHY)
    raised = await found(site)
    alert = raised["program_burst"]
    assert alert.staff is None and alert.program is not None and alert.program.org_name == "Bảo hiểm Dồn Dập"
    assert alert.counted == 14 and alert.braked and len(alert.entries) == 14 and alert.program.held_until
    assert "program_person" not in raised
    await marks(site, person=14)
    over_and_over = (await found(site))["program_person"]
    assert over_and_over.counted == len(over_and_over.entries) == 14 and not over_and_over.braked
    async with site.conn() as conn:
        calls = await service.calls(conn, alert)
    assert len(calls) == 14 and {call.officer for call in calls} == {WHY.officer}
    site.forget()
    with pytest.raises(CallRefused) as refused:
        await program.client.verify(number, {"name": "Trần Thị Hoà"}, WHY)
    assert refused.value.code == "exchange.held"
    async with site.conn() as conn:
        judge = await auditor(site, conn)
        await service.decide(conn, judge, AUDIT, alert.alert_id, service.State.JUSTIFIED, "Đợt chi trả đầu tháng, đã hỏi đầu mối.")
    site.forget()
    await program.client.verify(number, {"name": "Trần Thị Hoà"}, WHY)
    again = (await found(site)).get("program_burst")
    assert again is None, "what was decided counts no more"


async def test_confirmed_keeps_it_a_day_and_nobody_decides_about_their_own(site: Any) -> None:
    program = await ready(site, "Ngân hàng Dò Số", quota_day=1000)
    await marks(site, misses=5, misses__brake=100)
    for n in range(8):
        await program.client.verify(f"0010990099{n:02d}", {"name": "Ai Đó"}, WHY)
    alert = (await found(site))["program_misses"]
    assert alert.counted == len(alert.entries) == 8 and not alert.braked
    await site.sql("UPDATE monitoring.alert SET org_code = (SELECT org_code FROM access.staff WHERE staff_id = %s)", (await _auditor_id(site),))
    async with site.conn() as conn:
        with pytest.raises(Conflict):
            await service.decide(conn, await auditor(site, conn), AUDIT, alert.alert_id, service.State.CONFIRMED, "Dò số, không giải thích được.")
    await site.sql("UPDATE monitoring.alert SET org_code = %s", (program.org_code,))
    async with site.conn() as conn:
        await service.decide(conn, await auditor(site, conn), AUDIT, alert.alert_id, service.State.CONFIRMED, "Dò số, không giải thích được.")
    site.forget()
    with pytest.raises(CallRefused) as refused:
        await program.client.verify("001099009901", {"name": "Ai Đó"}, WHY)
    assert refused.value.code == "exchange.held"


async def _auditor_id(site: Any) -> int:
    async with site.conn() as conn:
        return int((await auditor(site, conn)).actor_id)


async def test_one_case_for_many_and_numbers_in_a_row(site: Any) -> None:
    people = [await citizen(site, name=f"Nguyễn Văn {letter}") for letter in "ABCDEF"]
    program = await ready(site, "Cơ quan Một Hồ Sơ", quota_day=10_000)
    await marks(site, case=5, sequence=5)
    for _, number in people:
        await program.client.verify(number, {"name": "Nguyễn Văn A"}, WHY)
    alerts = await found(site)
    assert alerts["program_case"].counted == 6 and not alerts["program_case"].braked
    assert alerts["program_sequence"].counted == 6 and len(alerts["program_sequence"].entries) == 6


async def test_calls_outside_the_agreement(site: Any) -> None:
    _, number = await citizen(site)
    program = await ready(site, "Cơ quan Ngoài Giờ", quota_day=10_000, fields="name")
    await marks(site, outside=3)
    for _ in range(4):
        with pytest.raises(CallRefused):
            await program.client.verify(number, {"birth": "1990"}, WHY)
    await program.client.verify(number, {"name": "Trần Thị Hoà"}, WHY)
    alerts = await found(site)
    assert alerts["program_outside"].counted == 4 and not alerts["program_outside"].braked
    assert alerts["program_outside"].entries == (), "refused calls reached nobody: an answered one of the same minute is no part of it"


async def test_calls_at_hours_that_were_not_agreed(site: Any) -> None:
    _, number = await citizen(site)
    hour = SYSTEM_CLOCK.now().astimezone(VIETNAM).hour
    program = await ready(site, "Cơ quan Gọi Đêm", quota_day=10_000, hours=((hour + 12) % 24, (hour + 12) % 24 + 1))
    await marks(site, hours=3)
    for n in range(4):
        with pytest.raises(CallRefused) as refused:
            await program.client.verify(number, {"name": "Trần Thị Hoà"}, WHY)
        assert refused.value.code == "agreement.hours"
        if n == 1:
            assert "program_hours" not in await found(site)
    alerts = await found(site)
    assert alerts["program_hours"].counted == 4 and not alerts["program_hours"].braked
    outside = alerts.get("program_outside")
    assert outside is None or outside.program.client_no != program.client_no


async def test_honest_work_raises_nothing(site: Any) -> None:
    _, number = await citizen(site)
    program = await ready(site, "Cơ quan Ngay Thẳng", quota_day=10_000)
    for _ in range(5):
        await program.client.verify(number, {"name": "Trần Thị Hoà"}, WHY)
    assert all(one.program is None or one.program.client_no != program.client_no for one in (await found(site)).values())


async def test_a_citizen_reads_who_may_ask_and_who_did(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accesses, "BLOCK", 1)
    key, number = await citizen(site)
    program = await ready(site, "Bảo hiểm Hay Hỏi")
    silent = await ready(site, "Ngân hàng Im Lặng")
    for _ in range(2):
        await program.client.verify(number, {"name": "Trần Thị Hoà"}, WHY)
    await sequence(site)
    async with site.conn() as conn:
        me = await access.sessions.resolve(conn, await access.issue_session(conn, ActorKind.CITIZEN, key))
        found = await permitted(conn, me, access.choose_purpose("own_record"))
    by = {one.org_code: one for one in found}
    assert (found[0].name, found[0].looked) == ("Bảo hiểm Hay Hỏi", 2), "who asked comes first"
    assert by[silent.org_code].looked == 0 and by[silent.org_code].last is None
    assert [one.service for one in by[program.org_code].agreements] == ["verify"]


async def test_services_people_sign_in_to_are_no_programs(site: Any) -> None:
    people = [await citizen(site, name=f"Nguyễn Văn {letter}") for letter in "ABCDEF"]
    await found(site)  # what came before
    before = await site.sql("SELECT count(*) FROM monitoring.alert")
    await marks(site, case=5, sequence=5, sequence__brake=6)
    for key, _ in people:
        await site.sql(
            "SELECT audit.record(ARRAY[ROW('read', 'client', 987654, 'RP', 'online_service', '69/2024/NĐ-CP', NULL, %s::bigint,"
            " ARRAY['name'], 'r', 'api', NULL, NULL)::audit.entry_in])", (key,),
        )  # fmt: skip
    await found(site)
    assert await site.sql("SELECT count(*) FROM monitoring.alert") == before
    assert not await site.sql("SELECT 1 FROM monitoring.alert WHERE client_no = 987654")
    await marks(site, case=300, sequence=20, sequence__brake=60)


async def test_numbers_are_tried_through_relations_too_and_half_of_them_somebodys_is_honest(site: Any) -> None:
    people = [await citizen(site, name=f"Lê Thị {letter}") for letter in "ABCDEFG"]
    program = await ready(site, "Cơ quan Dò Quan Hệ", quota_day=1000)
    await site.agree(program.org_code, "events", quota_day=1000)
    site.forget()
    await marks(site, misses=6, misses__brake=12)

    async def relate(numbers: list[str]) -> list[Any]:
        persons = [{"number": number, "ref": f"r{n}"} for n, number in enumerate(numbers)]
        await program.client.call("events/relations", {"persons": persons}, WHY)
        await found(site)
        return await site.sql(
            "SELECT counted, braked, cardinality(entries) FROM monitoring.alert WHERE rule = 'program_misses' AND client_no = %s", (program.client_no,)
        )  # fmt: skip

    assert await relate([f"0010990088{n:02d}" for n in range(5)]) == []
    assert await relate([number for _, number in people[:6]] + ["001099008805"]) == [(6, False, 6)]
    await site.sql("DELETE FROM monitoring.alert")
    assert await relate([people[6][1]]) == [], "less than half are nobody's"
    assert await relate([f"0010990088{n:02d}" for n in range(6, 12)]) == [(12, True, 12)]
