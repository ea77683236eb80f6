"""What an officer confirmed is written once, however often it was sent at the same moment."""

from __future__ import annotations

import asyncio

import httpx
import psycopg

from dancu.kit.handles import handle
from tests.kit.html import form_values
from tests.security.test_records_are_not_counted import desk as desk

_WAIT = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


async def together(admin, calls, hold: str, *params: object) -> list[httpx.Response]:
    """The answers to calls of which each came as far as it can while another holds what `hold` locks."""
    async with await psycopg.AsyncConnection.connect(admin.info.dsn, password=admin.info.password) as holder:
        await holder.execute(hold, params)
        sent = asyncio.gather(*calls)
        for _ in range(500):
            waiting = await (await admin.execute(_WAIT)).fetchone()
            if waiting[0] == len(calls) or sent.done():
                break
            await asyncio.sleep(0.01)
        await holder.commit()
    return await sent


async def test_a_birth_two_officers_register_at_once_is_registered_once(desk, office, registry):
    """Neither parent is in the registry, and each officer has typed on a form of their own."""
    address = "/desk/new/birth"
    typed = {
        "full_name": "Đinh Thị Một Lần", "born_day": "20", "born_month": "10", "born_year": "2026", "sex": "female", "mother_name": "Lê Thị Giấy",
        "registration_place": "Trường Xuân, Đà Nẵng", "household": "none", "number": "later",
    }  # fmt: skip
    async with (
        desk("civil_status_clerk") as one, desk("ward_police") as other,
        await psycopg.AsyncConnection.connect(registry.dsn("admin"), autocommit=True) as admin,
    ):  # fmt: skip
        calls = []
        for officer, paper in ((one, "15/2026"), (other, "16/2026")):
            form = {**form_values(await officer.get(address), address), **typed, "doc_number": paper, "action": "preview"}
            preview = await officer.client.post(address, data=form)
            calls.append(officer.client.post(address, data={**form_values(preview.text, address), "action": "confirm"}))
        answers = await together(admin, calls, "LOCK TABLE population.person_name IN SHARE MODE")
        assert sorted(one.status_code for one in answers) == [200, 303]
        assert "Có thể người này đã có hồ sơ" in next(one.text for one in answers if one.status_code == 200)
        row = await (await admin.execute("SELECT count(*) FROM population.person_name WHERE full_name = %s", (typed["full_name"],))).fetchone()
        assert row[0] == 1


async def test_a_number_is_replaced_once_when_it_is_confirmed_twice_at_once(desk, office, registry):
    key = await office.person("Đặng Thị Hai Lần", number="049190000488")
    await office.conn.commit()
    async with desk("ward_police") as officer, await psycopg.AsyncConnection.connect(registry.dsn("admin"), autocommit=True) as admin:
        address = f"/desk/persons/{handle(officer.officer, key)}/do/replace-number"
        typed = {**form_values(await officer.get(address), address), "reason": "Sai giới tính", "place_code": "049", "doc_number": "7/QĐ"}
        preview = await officer.client.post(address, data={**typed, "action": "preview"})
        confirmed = {**form_values(preview.text, address), "action": "confirm"}
        assert confirmed["seal"], preview.text
        calls = [officer.client.post(address, data=confirmed) for _ in range(2)]
        answers = await together(admin, calls, "SELECT FROM population.person WHERE person_key = %s FOR UPDATE", key)
        assert sorted(one.status_code for one in answers) == [200, 303]
        assert "đã thay đổi từ lúc xem trước" in next(one.text for one in answers if one.status_code == 200)
        row = await (await admin.execute("SELECT count(*) FROM population.directory WHERE person_key = %s", (key,))).fetchone()
        assert row[0] == 2, "the old number and one new one"
