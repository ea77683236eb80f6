"""A client asks, the citizen answers: with two factors, once, in time, seeing who asks and what for."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import psycopg
import pytest
import pytest_asyncio

from dancu.accounts.models.approvals import Wanted
from dancu.accounts.service import approvals, core
from dancu.kernel.errors import Exceeded, Invalid
from tests.accounts.browsing import Citizen, application, browsing, citizen
from tests.kit.races import after_waiting

ASK = {
    "client_no": 7, "client_name": "Quầy 3", "org_name": "Ngân hàng mẫu", "kind": "ciba", "text": "Rút tiền, số 4821",
    "purpose": "online_service", "seconds": 300,
}  # fmt: skip


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def site(registry, _ring) -> AsyncIterator[object]:
    async with application(registry, _ring) as made:
        yield made


@pytest.fixture
async def sau(app, office) -> Citizen:
    made = await citizen(app, office)
    await app.commit()
    return made


async def asked(app, who: Citizen, **changed) -> str:
    made = await approvals.ask(app, who.key, **{**ASK, **changed})
    await app.commit()
    return made


async def test_the_citizen_sees_who_asks_and_approves_with_two_factors(site, app, sau, registry):
    async with await psycopg.AsyncConnection.connect(registry.dsn("admin"), autocommit=True) as admin:
        await admin.execute(
            "INSERT INTO access.organisation (org_code, name, name_en, kind, valid) VALUES ('BANK', 'Ngân hàng mẫu', 'Sample bank', 'enterprise', '[2020-01-01,)')"
        )
    one = await asked(app, sau, client_name_en="Counter 3", org_code="BANK")
    assert await approvals.state(app, one) == "pending"
    async with browsing(site) as b:
        assert "Ngân hàng mẫu" in (await b.texts(sau.phone))[0]
        await b.sign_in(sau, next="/account/approvals")
        page = await b.get("/account/approvals")
        assert "Rút tiền, số 4821" in page and "Quầy 3" in page
        english = await b.get("/account/approvals?lang=en")
        assert "Counter 3" in english and "Quầy 3" not in english
        assert "Sample bank" in english and "Ngân hàng mẫu" not in english and "Ngân hàng mẫu" in page
        for line in ({"org": "Sở cũ"}, {"org": "Quầy 4", "org_en": "Counter 4"}, {"org": "Quầy 5", "org_en": ""}):
            await core.happened(app, sau.key, "approval_asked", **line)
        await app.commit()
        history = await b.get("/account/history?lang=en")
        assert [name for name in ("Sample bank", "Sở cũ", "Counter 4", "Quầy 5") if f"{name} asked for your approval" not in history] == []
        assert "Ngân hàng mẫu" not in history and "Ngân hàng mẫu hỏi" in await b.get("/account/history?lang=vi")
        await b.get("/account/approvals")
        await b.post(f"/account/approvals/{one}", answer="yes")
        assert b.url.startswith("/eid/sign-in?next=%2Faccount%2Fapprovals&acr=2")
        assert await approvals.state(app, one) == "pending"
        await app.rollback()
        await b.get(b.url)
        await b.post("/eid/sign-in/way", 200)
        await b.post("/eid/sign-in/code", code=await b.code(sau.phone))
        await b.get("/account/approvals")
        await b.post(f"/account/approvals/{one}", answer="yes")
        await b.get("/account/approvals?done=approved")
        async with await psycopg.AsyncConnection.connect(registry.dsn("admin"), autocommit=True) as admin:
            await admin.execute("UPDATE accounts.account SET language = 'en' WHERE person_key = %s", (sau.key,))
        await asked(app, sau, org_code="BANK")
        assert any("Sample bank" in text for text in await b.texts(sau.phone)), "the message too, where the holder reads English"
    found = await approvals.answer(app, one)
    assert (found.state, found.acr, found.amr, found.client_no, found.person_key) == ("approved", 2, ("pin", "sms", "mfa"), 7, sau.key)


async def test_refusing_needs_one_factor_and_is_final(site, app, sau):
    one = await asked(app, sau)
    async with browsing(site) as b:
        await b.sign_in(sau)
        await b.get("/account/approvals")
        token = re.search(r'name="csrf_token" value="([^"]+)"', b.page)[1]
        await b.post(f"/account/approvals/{one}", answer="no")
        assert await approvals.state(app, one) == "denied"
        answer = await b.client.post(f"/account/approvals/{one}", data={"csrf_token": token, "answer": "no"})
        assert answer.headers["location"] == "/account/approvals?done=denied", "the button pressed twice"
        await b.get("/eid/sign-in?next=/account/approvals&acr=2")
        await b.post("/eid/sign-in/way", 200)
        await b.post("/eid/sign-in/code", code=await b.code(sau.phone))
        await b.get("/account/approvals")
        token = re.search(r'name="csrf_token" value="([^"]+)"', b.page)[1]
        answer = await b.client.post(f"/account/approvals/{one}", data={"csrf_token": token, "answer": "yes"})
        assert answer.status_code == 422
        assert "approval.closed" in answer.text
        for nonsense in ("x", "00000000-0000-0000-0000-000000000000"):
            answer = await b.client.post(f"/account/approvals/{nonsense}", data={"csrf_token": token, "answer": "no"})
            assert answer.status_code == 422


async def test_nobody_answers_for_somebody_else(site, app, office, sau):
    other = await citizen(app, office)
    one = await asked(app, sau)
    async with browsing(site) as b:
        await b.sign_in(other)
        page = await b.get("/account/approvals")
        assert "Ngân hàng mẫu" not in page
        token = re.search(r'name="csrf_token" value="([^"]+)"', b.page)[1]
        await b.client.post(f"/account/approvals/{one}", data={"csrf_token": token, "answer": "no"})
    assert await approvals.state(app, one) == "pending"


async def test_too_late_is_expired(app, sau):
    one = await asked(app, sau, seconds=-1)
    assert await approvals.state(app, one) == "expired"
    assert await approvals.state(app, "nonsense") == "expired"


async def test_nobody_is_drowned_in_requests(app, sau):
    for _ in range(approvals.MOST_WAITING):
        await asked(app, sau)
    with pytest.raises(Exceeded):
        await asked(app, sau)


async def test_asking_all_at_once_drowns_nobody_either(app, sau, registry, admin):
    for _ in range(approvals.MOST_WAITING):
        await approvals.ask(app, sau.key, **ASK)
    async with await psycopg.AsyncConnection.connect(registry.dsn("app")) as another:
        with pytest.raises(Exceeded):
            await after_waiting(admin, app, another, approvals.ask(another, sau.key, **ASK))


async def test_asking_for_nobody_looks_the_same(app, sau):
    one = await approvals.ask(app, 0, **ASK)
    assert await approvals.state(app, one) == "pending"


async def test_what_people_write_is_no_address(app, sau):
    for text in ("Rút 1.500.000 đ tại TP.HCM", "Ngày 22.11.2026, quầy số 3.", "P.Tân Lập, Q.Đống Đa"):
        await approvals.ask(app, sau.key, **{**ASK, "text": text})


async def test_the_page_shows_what_the_asking_room_says_and_wants_its_level(site, app, sau, monkeypatch):
    one, other = await asked(app, sau), await asked(app, sau)

    async def said(request, conn, actor, ids):
        want = Wanted((("payment", [("amount", "50.000.000"), ("to", "<b>Ai</b>")]),), ("Giới tính",), True, 3)
        return {one: want} if one in ids else {}

    monkeypatch.setattr(site.state, "approvals_want", said, raising=False)
    async with browsing(site) as b:
        await b.sign_in(sau)
        page = await b.get("/account/approvals")
        headings = re.findall(r'<h2 id="a-\d+">([^<]+)<', page)
        assert len(headings) == len(set(headings)) == 2, headings
        for text in ("Việc bạn đồng ý: payment", "50.000.000", "&lt;b&gt;Ai", "Đồng ý thì ứng dụng thấy:", "Giới tính", "khi bạn không ở đó"):
            assert page.count(text) == 1, text
        await b.post(f"/account/approvals/{one}", answer="yes")
        assert b.url.endswith("&acr=3")
        await b.get("/account/approvals")
        await b.post(f"/account/approvals/{other}", answer="yes")
        assert b.url.endswith("&acr=2")
        await b.get("/account/approvals")
        await b.post(f"/account/approvals/{one}", answer="no")
        assert await approvals.state(app, one) == "denied"


@pytest.mark.parametrize("text", ["", "x" * 121, "Vào https://evil.example", "Vào WWW.evil.example", "dòng\nmới", "Xem evil.com", "bit.ly", "x.example/a", "gửi a@b.cd", "mở t.me/x.", "đảo\u202engược"])
async def test_the_message_cannot_carry_an_address(app, sau, text):
    with pytest.raises(Invalid):
        await approvals.ask(app, sau.key, **{**ASK, "text": text})
