"""Level 2 from the phone, and the counter's pages: as a browser sees them."""

from __future__ import annotations

import hashlib
import itertools
from datetime import date

import psycopg
import pytest
import pytest_asyncio

from dancu.access import service as access
from dancu.access.service import sessions
from dancu.accounts.service import core, level2, locks
from dancu.accounts.service.level2 import TRIES_A_DAY
from dancu.kernel.actor import SYSTEM, ActorKind
from dancu.kit.web.session import COOKIE
from tests.accounts import enrolment
from tests.accounts.browsing import application, browsing
from tests.kit.html import form_values

_numbers = itertools.count()


@pytest.fixture
def samples(monkeypatch):
    return enrolment.stand_in(monkeypatch)


@pytest_asyncio.fixture
async def site(registry, _ring):
    async with application(registry, _ring) as app:
        yield app


@pytest_asyncio.fixture
async def post(app, police):
    made = await enrolment.post(app, police)
    await app.commit()
    return made


async def signed_in(app, office, browser, *, acr: int = 2, level: int = 1, **card):  # type: ignore[no-untyped-def]
    """Somebody of level 1 with a chip card, signed in in this browser."""
    n = f"0491904{next(_numbers):05d}"
    key = await enrolment.with_card(office, n, **card)
    await core.create(app, SYSTEM, locks.eid_purpose(), key, level=level, phone=f"09071{next(_numbers):05d}", phone_verified=True)
    await app.execute("UPDATE accounts.account SET state = 'active', activated_at = now() WHERE person_key = %s", (key,))
    token = await sessions.issue_session(app, ActorKind.CITIZEN, key)
    await app.execute(
        "INSERT INTO accounts.sign_in (person_key, session_hash, sid, acr, amr, lock_version) VALUES (%s, %s, %s, %s, %s, 1)",
        (key, hashlib.sha256(token.encode()).digest(), token[:12], acr, ["pin", "sms"]),
    )
    await app.commit()
    browser.client.cookies.set(COOKIE, token)
    return key


async def photo(browser, image: bytes, status: int):  # type: ignore[no-untyped-def]
    answer = await browser.client.post(
        "/eid/level-2", data=form_values(browser.page, "/eid/level-2"), files={"image": ("me.jpg", image, "image/jpeg")}
    )
    return browser._seen(answer, status)


async def test_a_card_of_the_rules_days_and_the_right_face_give_level_2(app, office, site, samples):
    async with browsing(site) as browser:
        key = await signed_in(app, office, browser)
        samples.of[key, "face"] = b"hoa"
        assert "Ảnh chân dung" in await browser.get("/eid/level-2")
        token = browser.client.cookies[COOKIE]
        assert "đã lên mức 2" in await photo(browser, b"hoa", 200)
        assert await sessions.resolve(app, token) is None, "the page says that earlier sessions ended"
    account = await core.account(app, key)
    assert account and (account.level, account.lock_version) == (2, 2)


async def test_a_card_from_before_names_an_office_its_hours_and_what_to_bring(app, office, site, post, samples):
    async with browsing(site) as browser:
        key = await signed_in(app, office, browser, issued_on=date(2021, 12, 1))
        samples.of[key, "face"] = b"hoa"
        page = await browser.get("/eid/level-2")
        assert "01/04/2022" in page and "Công an phường" in page and "Mở cửa gần nhất" in page and "Thẻ căn cước" in page


@pytest.mark.parametrize(("who", "says"), [({"until": date(2026, 1, 2)}, "đã hết hạn"), ({"year": 2015}, "Cha, mẹ hoặc người giám hộ đi cùng")])
async def test_a_card_that_ran_out_and_a_child_are_told_what_to_bring(app, office, site, post, samples, who, says):
    async with browsing(site) as browser:
        await signed_in(app, office, browser, **who)
        page = await browser.get("/eid/level-2")
        assert says in page and "Thẻ căn cước" in page and "Giấy khai sinh" not in page


async def test_another_face_is_refused_counted_and_bounded(app, office, site, post, samples):
    async with browsing(site) as browser:
        key = await signed_in(app, office, browser)
        samples.of[key, "face"] = b"hoa"
        await browser.get("/eid/level-2")
        for _ in range(TRIES_A_DAY + 1):
            assert "Còn 5 lần" in await photo(browser, b"dark", 422), "no face was compared"
        for _ in range(TRIES_A_DAY):
            page = await photo(browser, b"somebody", 422)
            assert "chưa khớp" in page and "Công an phường" in page
            await browser.get("/eid/level-2")
        assert "thử nhiều lần" in browser.page
        answer = await browser.client.post(
            "/eid/level-2", data={"csrf": "x"}, files={"image": ("me.jpg", b"hoa", "image/jpeg")}
        )
        assert answer.status_code in (403, 422)
    account = await core.account(app, key)
    assert account and account.level == 1


async def test_pictures_that_show_no_face_are_bounded_too(app, office, site, post, samples, monkeypatch):
    monkeypatch.setattr(level2, "PICTURES_A_DAY", 2)
    async with browsing(site) as browser:
        key = await signed_in(app, office, browser)
        samples.of[key, "face"] = b"hoa"
        await browser.get("/eid/level-2")
        for image, says in ((b"heic", "HEIC"), (b"dark", "tối"), (b"hoa", "chưa rõ mặt. Hãy thử lại sau 720 phút")):
            assert says in await photo(browser, image, 422)
    account = await core.account(app, key)
    assert account and account.level == 1


async def test_a_picture_the_applicant_sent_is_no_reference(app, office, site, post, samples):
    async with browsing(site) as browser:
        key = await signed_in(app, office, browser)
        samples.of[key, "face"], samples.source = b"hoa", "online"
        assert "Chưa có ảnh làm thẻ" in await browser.get("/eid/level-2")


@pytest.mark.parametrize("acr", [None, 1])
async def test_a_weak_sign_in_is_asked_for_more(app, office, site, acr, samples):
    async with browsing(site) as browser:
        if acr:
            await signed_in(app, office, browser, acr=acr)
        await browser.get("/eid/level-2", 303)
        assert browser.url.startswith("/eid/sign-in?next=/eid/level-2")


async def test_the_counter_from_scan_to_decision(app, registry, office, site, post, samples):
    n = f"0491904{next(_numbers):05d}"
    key = await enrolment.with_card(office, n)
    await app.commit()
    samples.of[key, "face"], samples.of[key, "finger"] = b"hoa", b"finger"
    async with browsing(site) as browser:
        async with await psycopg.AsyncConnection.connect(registry.dsn("app")) as conn:
            token, _ = await access.enter_as(conn, "ward_police", demo=True)
        browser.client.cookies.set(COOKIE, token)
        await browser.get("/desk/eid/counter")
        page = await browser.post("/desk/eid/counter", 422, text="not a card", office=str(post))
        assert "thẻ căn cước" in page and ">not a card</textarea>" not in page
        for birth in ("", "32/13/1990"):
            page = await browser.post("/desk/eid/counter", 422, text=n, name="Trần Thị Hoà", birth=birth, office=str(post))
            assert f">{n}</textarea>" in page and 'id="e-birth"' in page, "what was typed stays, the mistake is beside its field"
        await browser.post("/desk/eid/counter", text=enrolment.qr(n), name="", birth="", office=str(post))
        here = browser.url
        page = await browser.get(here)
        assert "khớp" in page and "chụp chân dung" in page
        for kind, image in (("portrait", b"hoa"), ("fingerprint", b"finger")):
            data = {**form_values(browser.page, f"{here}/capture"), "kind": kind}
            answer = await browser.client.post(f"{here}/capture", data=data, files={"image": ("x.jpg", image, "image/jpeg")})
            assert answer.status_code == 303, answer.text[:2000]
            await browser.get(here)
        await browser.post(f"{here}/state", phone="0905111222", documents="tax_code", card_wanted="1")
        form = await browser.get(f"{here}/form")
        assert "0905 111 222" in form or "0905111222" in form or "+84905111222" in form
        await browser.post(f"{here}/confirm", how="screen")
        assert "Cảm ơn" in await browser.get(f"{here}/form")
        await browser.get(here)
        await browser.post(f"{here}/decide", decision="approve")
        assert "Đã duyệt định danh mức 2" in await browser.get(here)
    account = await core.account(app, key)
    assert account and account.level == 2
