"""What an officer confirmed is written once, however often it was sent at the same moment."""

from __future__ import annotations

import asyncio

import psycopg

from dancu.kit.handles import handle
from tests.kit.html import form_values
from tests.security.test_records_are_not_counted import desk as desk

_WAIT = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


async def test_a_number_is_replaced_once_when_it_is_confirmed_twice_at_once(desk, office, registry):
    key = await office.person("Đặng Thị Hai Lần", number="049190000488")
    await office.conn.commit()
    async with desk("ward_police") as officer, await psycopg.AsyncConnection.connect(registry.dsn("admin"), autocommit=True) as admin:
        address = f"/desk/persons/{handle(officer.officer, key)}/do/replace-number"
        typed = {**form_values(await officer.get(address), address), "reason": "Sai giới tính", "place_code": "049", "doc_number": "7/QĐ"}
        preview = await officer.client.post(address, data={**typed, "action": "preview"})
        confirmed = {**form_values(preview.text, address), "action": "confirm"}
        assert confirmed["seal"], preview.text
        async with await psycopg.AsyncConnection.connect(registry.dsn("admin")) as holder:
            await holder.execute("SELECT FROM population.person WHERE person_key = %s FOR UPDATE", (key,))
            sent = asyncio.gather(*(officer.client.post(address, data=confirmed) for _ in range(2)))
            for _ in range(500):  # until both have come as far as they can
                waiting = await (await admin.execute(_WAIT)).fetchone()
                if waiting[0] == 2 or sent.done():
                    break
                await asyncio.sleep(0.01)
            await holder.commit()
        answers = await sent
        assert sorted(one.status_code for one in answers) == [200, 303]
        assert "đã thay đổi từ lúc xem trước" in next(one.text for one in answers if one.status_code == 200)
        row = await (await admin.execute("SELECT count(*) FROM population.directory WHERE person_key = %s", (key,))).fetchone()
        assert row[0] == 2, "the old number and one new one"
