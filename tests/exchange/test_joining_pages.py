"""Joining in pages: apply, try, be approved, agree, be stopped; what the law gives each side."""

from __future__ import annotations

import base64
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from typing import Any

import httpx
import psycopg
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from dancu.access import service as access
from dancu.access.service import sessions
from dancu.exchange.catalogue import checklist
from dancu.exchange.pages import MENU, portal, portal_agreements, review, roadmap
from dancu.exchange.service import partners
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kit.db import make_pool
from dancu.kit.web import APIRouter, Surface, WebSettings, create_app
from dancu.kit.web.session import COOKIE
from dancu.sharing.service import data_agreements
from tests.accounts.browsing import Browser
from tests.exchange.calling import csr_of
from tests.kit.web import UNLIMITED
from tests.population.conftest import registry

__all__ = ["registry"]
pytestmark = pytest.mark.asyncio(loop_scope="session")
DESK = "/watch/exchange/partners"
ORG = "DEMO.CDS"
PURPOSE = "social_insurance|41/2024/QH15"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def app(registry: Any, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DANCU_DATA", str(tmp_path_factory.mktemp("joining")))
        pool = make_pool(registry.dsn("app"), min_size=1, max_size=4)
        await pool.open()
        router = APIRouter(include_in_schema=False)
        for module in (portal, portal_agreements, review, roadmap):
            router.include_router(module.router)
        surfaces = (
            Surface("citizen", "Cổng công dân", "/", "citizen", sign_in="/eid/sign-in"), Surface("watch", "Theo dõi", "/watch", "watch"),
            Surface("partner", "Đối tác kết nối", "/partner", "watch", ("exchange.join",)),
        )  # fmt: skip
        settings = WebSettings(secret=b"s" * 32, ip_rate=UNLIMITED, session_rate=UNLIMITED)
        state = {"sessions": sessions, "pool": pool, "surfaces": surfaces, "menu": MENU, "demo": True, "issuer": "http://localhost"}
        try:
            yield create_app(routers=[router], settings=settings, state=state)
        finally:
            await pool.close()


@asynccontextmanager
async def at(app: Any, registry: Any, persona: str, language: str = "vi") -> AsyncIterator[Browser]:
    async with await psycopg.AsyncConnection.connect(registry.dsn("app")) as conn:
        token, _ = await access.enter_as(conn, persona, demo=True)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost", cookies={COOKIE: token, "lang": language}) as client:
        yield Browser(client)


async def sql(registry: Any, query: str, *values: Any) -> list[Any]:
    async with await psycopg.AsyncConnection.connect(registry.dsn("admin")) as conn:
        cursor = await conn.execute(query, values)
        return await cursor.fetchall() if cursor.description else []


def declared(level: int = 3, **changes: str) -> dict[str, str]:
    fields = {f"check_{code}": "yes" for code in checklist.items(level)}
    for role in ("business", "technical", "security"):
        fields |= {f"{role}_name": "Phạm Thị Hồng Ngân", f"{role}_phone": "0905123456", f"{role}_email": "ngan@example.vn"}
    return {**fields, **changes}


async def test_join_try_be_approved_agree_and_be_stopped(app: Any, registry: Any) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    async with at(app, registry, "integrator") as maker, at(app, registry, "connection_reviewer") as judge:
        assert "Nộp hồ sơ" in await maker.get("/partner")
        await maker.get("/partner/apply")
        assert "Cần họ tên" in await maker.post("/partner/apply", 422, **declared(business_name=""))
        assert "8 đến 15 chữ số" in await maker.post("/partner/apply", 422, **declared(technical_phone="abc"))
        assert "Chưa trả lời mục “Đã quét lỗ hổng trong 12 tháng qua”" in await maker.post("/partner/apply", 422, **declared(check_scan=""))
        # Another level is another checklist; what was typed stays.
        page = await maker.post("/partner/apply", 200, **declared(to_level="4", business_name="Đỗ Thị Ở Lại"))
        assert "Đã kiểm thử xâm nhập" in page and "Đỗ Thị Ở Lại" in page
        await maker.get("/partner/apply")
        await maker.post("/partner/apply", 303, **declared(check_scan="no", note_scan="Quét xong trước 15/12/2026"))
        # Works at once: a program with certificate, in the sandbox.
        await maker.get("/partner/systems/new")
        assert "EC P-256" in await maker.post("/partner/systems/new", 422, system="Một cửa điện tử", csr_text="no request")
        await maker.post("/partner/systems/new", 303, system="Một cửa điện tử", csr_text=csr_of(key).decode())
        made = maker.url
        await maker.get("/partner/systems/new")
        await maker.post("/partner/systems/new", 303, system="Một cửa điện tử", csr_text=csr_of(key).decode())
        assert maker.url == made, "the same form sent again is the program there is"
        page = await maker.get(maker.url)
        client_no = int(re.findall(r"/partner/systems/(\d+)/certificates", page)[0])
        assert "Chạy thử (người giả định)" in page
        assert "000190000001" in page and "dancu-client doctor" in page, "whom to ask about, and how"
        # Taken up, asked, answered; what must be met stops it.
        page = await judge.get(f"{DESK}/{ORG}")
        assert "Quét xong trước 15/12/2026" in page
        assert "Chưa có ngày nào được đối chiếu" in await judge.get(f"{DESK}/{ORG}/logs")
        await judge.get(f"{DESK}/NOBODY/logs", 404)
        await judge.get(f"{DESK}/{ORG}")
        await judge.post(f"{DESK}/{ORG}/check", 303)
        assert "danh mục an toàn: Đã quét lỗ hổng" in (await judge.get(f"{DESK}/{ORG}")) + await judge.post(f"{DESK}/{ORG}/pass", 422)
        await judge.get(f"{DESK}/{ORG}")
        await judge.post(f"{DESK}/{ORG}/ask", 303, reason="Khi nào quét lỗ hổng xong?")
        assert "Khi nào quét lỗ hổng xong?" in await maker.get("/partner")
        await maker.post("/partner/answer", 303, reason="Đã quét xong hôm nay.")
        await maker.get("/partner/apply")
        await maker.post("/partner/apply", 303, **declared())
        await judge.get(f"{DESK}/{ORG}")
        await judge.post(f"{DESK}/{ORG}/pass", 303)
        await maker.get("/partner")
        await maker.post("/partner/live", 303)
        await judge.get(f"{DESK}/{ORG}")
        await judge.post(f"{DESK}/{ORG}/approve", 303)
        assert "Dữ liệu thật" in await maker.get(f"/partner/systems/{client_no}")
        # An agreement, signed by both.
        await maker.get("/partner/agreements/new")
        page = await maker.get("/partner/agreements/new?service=verify")
        assert 'value="birth"' in page and 'value="household"' not in page, "only what is compared is offered"
        wish = {"fields": ["name", "birth"], "purposes": [PURPOSE], "until_day": "31", "until_month": "12", "until_year": str(SYSTEM_CLOCK.today().year + 1)}
        assert "Số lượt" in await maker.post("/partner/agreements/new", 422, **{**wish, "quota_day": "0"})  # type: ignore[arg-type]
        page = await maker.post("/partner/agreements/new", 422, **{**wish, "fields": ["religion"]}, quota_day="5000")  # type: ignore[arg-type]
        assert "Thực hiện chế độ bảo hiểm xã hội cần người dân đồng ý" in page and "cho: Tôn giáo" in page, "no codes for people"
        await maker.post("/partner/agreements/new", 303, **wish, quota_day="5000")  # type: ignore[arg-type]
        place = maker.url.split("?")[0]
        await maker.get(place)
        terms = (await maker.client.get(f"{place}/terms.json")).content
        assert "/partner/agreements/verify/1" in await maker.get("/partner/agreements/new?service=verify"), "said before the form"
        await maker.get(place)
        page = await judge.get(f"{DESK}/{ORG}/agreements/verify/1")
        assert '/agree"' not in page and "Trung tâm Chuyển đổi số" in page, "nothing to press that would be refused; whose turn it is"
        assert "không khớp" in await maker.post(f"{place}/sign", 422, seal_text=base64.b64encode(b"something").decode())
        await maker.post(f"{place}/sign", 303, seal_text=base64.b64encode(key.sign(terms, ec.ECDSA(hashes.SHA256()))).decode())
        await judge.get(f"{DESK}/{ORG}/agreements/verify/1")
        await judge.post(f"{DESK}/{ORG}/agreements/verify/1/agree", 303)
        assert (await maker.client.get(f"{place}/sealed.jwt")).text.count(".") == 2
        # Stopped and gone.
        before = (await sql(registry, "SELECT exchange.changed()"))[0][0]
        await judge.get(f"{DESK}/{ORG}")
        assert await judge.post(f"{DESK}/{ORG}/suspend", 422, reason="")
        await judge.get(f"{DESK}/{ORG}")
        await judge.post(f"{DESK}/{ORG}/suspend", 303, reason="Nhiều lượt tra cứu bất thường")
        assert (await sql(registry, "SELECT exchange.changed()"))[0][0] > before
        assert "Nhiều lượt tra cứu bất thường" in await maker.get("/partner")
        assert (await sql(registry, "SELECT state FROM oidc.client WHERE client_no = %s", client_no))[0][0] == "suspended"
        await judge.get(f"{DESK}/{ORG}")
        await judge.post(f"{DESK}/{ORG}/resume", 303)
        await judge.get(f"{DESK}/{ORG}")
        await judge.post(f"{DESK}/{ORG}/revoke", 303, reason="Dự án kết thúc")
        crl = await maker.client.get("/exchange/ca.crl")
        assert crl.status_code == 200
        from cryptography import x509

        revoked = x509.load_der_x509_crl(crl.content)
        assert len(list(revoked)) == 1
        assert (await sql(registry, "SELECT state FROM sharing.data_agreement"))[0][0] == "ended"


@pytest.mark.parametrize("language", ["vi", "en"])
async def test_every_page_opens_for_who_may_and_for_nobody_else(app: Any, registry: Any, language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roadmap, "_WALL_ROWS", 1)
    for persona, paths in {
        "integrator": ["/partner", "/partner/agreements/new?service=lookup", "/watch/exchange/roadmap"],
        "connection_reviewer": [DESK, f"{DESK}/{ORG}", "/watch/exchange/roadmap?sort=name&group=ministry"],
        "national_coordinator": [DESK, "/watch/exchange/roadmap"],
        "duty_officer": [DESK, "/watch/exchange/roadmap?wall=1"],
        "province_leader": ["/watch/exchange/roadmap"],
    }.items():
        async with at(app, registry, persona, language) as one:
            pages = [await one.get(path) for path in paths]
        if persona == "connection_reviewer":
            assert "Digital Transformation Centre" not in pages[1] if language == "vi" else "Trung tâm Chuyển đổi số" not in pages[1]
    async with at(app, registry, "ward_police", language) as other:
        for path in ("/partner", DESK, "/watch/exchange/roadmap"):
            assert (await other.client.get(path)).status_code == 403
    async with at(app, registry, "duty_officer", language) as watcher:
        # A wall turns its pages by itself, stopped with a button; without scripts they are links and the first renews itself.
        page = await watcher.get("/watch/exchange/roadmap?wall=1")
        assert "refresh" in page and "<noscript>" in page and "page=2" in page and f'data-wall-seconds="{roadmap._WALL_SECONDS}"' in page
        second = await watcher.get("/watch/exchange/roadmap?wall=1&page=2")
        assert 'aria-current="page">1</a>' in page and 'aria-current="page">2</a>' in second
        listed = [re.findall(r"<tr[^>]*><td[^>]*>([^<]+)</td>", one) for one in (page, second)]
        assert len(listed[0]) == len(listed[1]) == 1 and listed[0] != listed[1]
        for odd in ("99", "0", "-1", "x", "٢", "9" * 40):
            await watcher.get(f"/watch/exchange/roadmap?wall=1&page={odd}")


async def test_the_coordinator_notes_promises(app: Any, registry: Any) -> None:
    async with at(app, registry, "national_coordinator") as one:
        await one.get("/watch/exchange/roadmap")
        assert await one.post("/watch/exchange/roadmap/promises", 422, org_code=ORG, title="")
        await one.get("/watch/exchange/roadmap")
        day = {"due_day": "1", "due_month": "9", "due_year": "2026"}
        await one.post("/watch/exchange/roadmap/promises", 303, org_code=ORG, title="Kho kết quả giải quyết thủ tục", owner="Phòng Dữ liệu", **day)
        page = await one.get("/watch/exchange/roadmap")
        assert "Quá hạn" in page and "Phòng Dữ liệu" in page
        number = (await sql(registry, "SELECT promise_no FROM exchange.promise"))[0][0]
        await one.post(f"/watch/exchange/roadmap/promises/{number}/delivered", 303)
        assert "Có từ" in await one.get("/watch/exchange/roadmap")


async def test_silence_about_an_agreement_is_on_the_roadmap_and_first_on_the_desk(app: Any, registry: Any) -> None:
    await sql(registry, "INSERT INTO exchange.partner (org_code, state, live_at) VALUES ('DEMO.BHXH', 'live', now()) ON CONFLICT DO NOTHING")
    await sql(registry, "INSERT INTO exchange.partner (org_code, state, due) VALUES ('DEMO.BV', 'applied', current_date + 2) ON CONFLICT DO NOTHING")
    insert = (
        "INSERT INTO sharing.data_agreement (org_code, service, version, fields, purposes, valid, state, proposed_by, proposed_org, proposed_at,"
        " proposed_entry, due, partner_seal, escalated_at) VALUES ('DEMO.BHXH', %s, 1, '{name}', jsonb_build_object('public_service', '278/2025/NĐ-CP'),"
        " '[2020-01-01,2099-01-01)', 'proposed', 0, 'x', now(), 1, (now() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date - %s, %s, now())"
    )
    await sql(registry, insert, "verify", 6, "signed")
    await sql(registry, insert, "lookup", 9, "")
    async with at(app, registry, "national_coordinator") as one:
        page = await one.get("/watch/exchange/roadmap")
        (row,) = [row for row in page.split("<tr>") if "partners/DEMO.BHXH" in row]
        assert "Quá hạn 6 ngày" in row and "Ở điều phối viên quốc gia" in row, "what it has not signed itself is no silence of ours"
        desk = (await one.get("/watch/exchange/partners")).partition("<h2>Các cơ quan")[0]
        assert desk.index("DEMO.BHXH/agreements/lookup") < desk.index("DEMO.BHXH/agreements/verify") < desk.index("DEMO.BV")
    await sql(registry, "DELETE FROM sharing.data_agreement WHERE org_code = 'DEMO.BHXH'")
    await sql(registry, "DELETE FROM exchange.partner WHERE org_code IN ('DEMO.BHXH', 'DEMO.BV')")


async def test_who_applied_does_not_approve_and_the_root_is_public(app: Any, registry: Any) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as anybody:
        root = await anybody.get("/exchange/ca.pem")
        assert "BEGIN CERTIFICATE" in root.text
    assert partners.endpoints("https://x.example/")["token"] == "https://x.example/oidc/token"
    assert data_agreements.answer_by(date(2026, 11, 20)) == date(2026, 11, 27), "five working days over one weekend"
