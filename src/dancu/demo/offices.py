"""Enrolment offices of the demonstration's ward: one that serves all week, a market day, one whose reader is broken."""

from __future__ import annotations

from dataclasses import replace
from datetime import time, timedelta

from dancu.access.service.demo import demo_units
from dancu.accounts.service import offices
from dancu.kernel.actor import SYSTEM
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kit.db import connection
from dancu.territory.service import gazetteer

_OFFICE_DAY = ((time(7, 30), time(11, 30)), (time(13, 30), time(17)))


async def seed() -> int:
    """Add them; how many. Nothing where the organisation has offices already."""
    actor = replace(SYSTEM, request_id="demo.fill", org_code="DEMO.CA.TX", permissions=frozenset({"eid.office"}))
    today = SYSTEM_CLOCK.today()
    here = gazetteer().successors(demo_units()[0].unit_id, today)[0]
    async with connection("app") as conn:
        if await offices.mine(conn, actor):
            return 0
        post = await offices.save(
            conn, actor, name=f"Công an {here.title}", kind="post", unit_id=here.unit_id, place="Số 12 Trưng Nữ Vương",
            phone="02353810000", hours=dict.fromkeys(range(1, 6), _OFFICE_DAY) | {6: ((time(7, 30), time(11, 30)),)},
        )  # fmt: skip
        sunday = today + timedelta(days=7 - today.isoweekday() or 7)
        market = await offices.save(
            conn, actor, name="Chợ phiên Trường Xuân", kind="market_day", unit_id=here.unit_id, place="Nhà văn hóa khối phố, cạnh chợ",
            hours={7: ((time(6), time(10)),)}, days=[sunday + timedelta(days=7 * week) for week in range(8)],
        )  # fmt: skip
        broken = await offices.save(
            conn, actor, name="Xe định danh lưu động số 2", kind="mobile", unit_id=here.unit_id, place="Sân Ủy ban nhân dân",
            hours=dict.fromkeys((2, 4), _OFFICE_DAY),
        )  # fmt: skip
        for office_id in (post, market, broken):
            await offices.add_device(conn, actor, office_id, kind="camera", model="Máy ảnh DS-1")
            reader = await offices.add_device(conn, actor, office_id, kind="fingerprint", model="Máy thu vân tay FP-10")
        await offices.add_device(conn, actor, post, kind="card_reader", model="Đầu đọc QR và MRZ")
        await offices.report(conn, actor, reader, "broken", "Không nhận vân tay từ sáng nay")
    return 3
