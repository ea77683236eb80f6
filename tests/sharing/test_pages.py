"""The citizen's page of consents, as the browser gets it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import psycopg
import pytest_asyncio

from dancu.access import service as access
from dancu.access.service import sessions
from dancu.kernel.actor import ActorKind, Purpose
from dancu.kit.db import make_pool
from dancu.kit.limits import Rate
from dancu.kit.web import Surface, WebSettings, create_app
from dancu.kit.web.csrf import FIELD
from dancu.sharing import pages, service
from dancu.sharing.models import Terms
from tests.kit.html import check_page

KEY = 91


@pytest_asyncio.fixture(loop_scope="session")
async def browser(registry):  # type: ignore[no-untyped-def]
    pool = make_pool(registry.dsn("app"), min_size=1, max_size=3)
    await pool.open()
    unlimited = Rate(0, 0)
    state: dict[str, Any] = {
        "sessions": sessions, "pool": pool, "surfaces": (Surface("citizen", "Cổng công dân", "/", "citizen"),), "menu": pages.MENU,
    }  # fmt: skip
    app = create_app(
        routers=[pages.router], settings=WebSettings(secret=b"s" * 32, ip_rate=unlimited, session_rate=unlimited), state=state
    )
    async with await psycopg.AsyncConnection.connect(registry.dsn("app")) as conn:
        token = await access.issue_session(conn, ActorKind.CITIZEN, KEY)
        actor = await sessions.resolve(conn, token)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://localhost", cookies={"dancu_session": token}
    ) as client:
        yield client, actor
    await pool.close()


async def test_from_nothing_shared_to_withdrawn(browser, app, admin, system):
    client, actor = browser
    page = await client.get("/account/consents")
    assert page.status_code == 200
    check_page(page.text)
    assert "Bạn chưa chia sẻ gì" in page.text
    until = datetime.now(UTC) + timedelta(days=9)
    sooner = until - timedelta(days=4)
    law = Terms(frozenset({"address"}), {"public_service": "118/2025/NĐ-CP"}, consent_needed=False)
    await service.set_agreement(app, system, 99, law, client_name="Một cửa xã", client_name_en="Commune desk", org_code="x", org_name="UBND xã")
    made = await service.give(
        app, actor, 7, {"name", "phone"}, Purpose("online_service", "69/2024/NĐ-CP"), until,
        ends={"phone": sooner}, client_name="Điện lực", client_name_en="Electricity company", org_code="x", org_name="UBND xã",
    )  # fmt: skip
    await app.commit()
    await admin.execute("INSERT INTO access.organisation (org_code, name, name_en, kind, valid) VALUES ('x', 'UBND xã', 'Commune committee', 'committee', '[2020-01-01,)')")
    await admin.commit()
    page = await client.get("/account/consents")
    check_page(page.text)
    assert page.text.count("UBND xã") == 2 and "Commune committee" not in page.text
    ends = [f"{at.astimezone(ZoneInfo('Asia/Ho_Chi_Minh')):%d/%m/%Y}" for at in (until, sooner)]
    each = f"Họ và tên: đến hết {ends[0]}", f"Số điện thoại: đến hết {ends[1]}"
    for text in ("Điện lực", *each, "Rút lại", "Một cửa xã", "Nơi thường trú"):
        assert text in page.text, text
    english = (await client.get("/account/consents", headers={"Cookie": f"dancu_session={client.cookies['dancu_session']}; lang=en"})).text
    assert "Electricity company" in english and "Commune desk" in english and "Điện lực" not in english
    assert english.count("Commune committee") == 2 and "UBND xã" not in english
    receipt = await client.get(f"/account/consents/{made.consent_id}/receipt")
    assert (receipt.text, receipt.headers["content-type"]) == (made.receipt, "application/jwt")
    token = page.text.split(f'name="{FIELD}" value="')[1].split('"')[0]
    done = await client.post(f"/account/consents/{made.consent_id}/withdraw", data={FIELD: token})
    assert (done.status_code, done.headers["location"]) == (303, "/account/consents?done=withdrawn")
    page = await client.get(done.headers["location"])
    check_page(page.text)
    assert "bạn rút lại" in page.text
    again = await client.post(f"/account/consents/{made.consent_id}/withdraw", data={FIELD: token})
    assert (again.status_code, again.headers["location"]) == (303, "/account/consents?done=gone"), "another window was first"
    assert "đã rút hoặc đã hết" in (await client.get(again.headers["location"])).text


async def test_nobody_else_gets_in_and_the_keys_are_public(browser):
    client, _ = browser
    client.cookies.clear()
    assert (await client.get("/account/consents", headers={"Accept": "application/json"})).status_code in (401, 403)
    keys = (await client.get("/.well-known/dancu-receipts")).json()["keys"]
    assert {key["alg"] for key in keys} == {"ES256"}
    assert not any("d" in key for key in keys)
