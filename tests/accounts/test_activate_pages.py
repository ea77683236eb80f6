"""Activating on a phone: a button pressed twice, what makes no passcode, and a key of the phone in the same go."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from dancu.accounts.service import activate, authenticators, core
from dancu.accounts.service.check import eid_purpose
from dancu.kernel.actor import SYSTEM
from tests.accounts.browsing import Browser, Citizen, application, browsing
from tests.accounts.registration import new_number, new_phone, told
from tests.accounts.soft_key import SoftKey
from tests.accounts.test_activate import code_in
from tests.accounts.test_authenticators import options
from tests.accounts.test_strong_sign_in import Device, challenge
from tests.kit.html import form_values

PASSCODE = "739164"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def site(registry, _ring) -> AsyncIterator[object]:
    async with application(registry, _ring) as made:
        yield made


@pytest.fixture
async def an(app, office) -> Citizen:
    """Somebody whose account waits to be activated."""
    number, phone = new_number("049190"), new_phone()
    key = await office.person("Võ Văn An", number=number)
    await core.create(app, SYSTEM, eid_purpose(), key, level=1, phone=phone)
    await activate.invite(app, key)
    await app.commit()
    return Citizen(key, number, phone)


async def with_code(b: Browser, app, who: Citizen) -> str:  # type: ignore[no-untyped-def]
    """To the passcode's page; the code."""
    code = code_in((await told(app, who.phone))[0])
    await b.get("/eid/activate")
    await b.post("/eid/activate", 200, number=who.number, code=code)
    return code


def kept_codes(page: str) -> list[str]:
    return re.findall(r"<li><code>([A-Z0-9-]+)</code>", page)


async def test_who_gets_no_code_reads_whom_to_call(site):
    async with browsing(site) as b:
        assert '<a href="tel:19001234">1900 1234</a>' in await b.get("/eid/activate")
        assert "quá 7 ngày" in await b.post("/eid/activate/resend", 200, number="049190000001")


async def test_the_code_sent_twice_by_one_browser_opens_the_way_and_by_another_does_not(site, app, an):
    async with browsing(site) as b, browsing(site, address="10.9.9.9") as other:
        code = await with_code(b, app, an)
        await b.get("/eid/activate")
        assert "Chọn mật mã" in await b.post("/eid/activate", 200, number=an.number, code=code)
        await other.get("/eid/activate")
        assert "chưa đúng" in await other.post("/eid/activate", 422, number=an.number, code=code)
        wrong = f"{(int(code) + 1) % 1_000_000:06d}"
        await b.get("/eid/activate")
        assert "chưa đúng" in await b.post("/eid/activate", 422, number=an.number, code=wrong)


@pytest.mark.parametrize("own", ["number", "birth"])
async def test_what_stands_on_the_card_is_no_passcode(site, app, an, own):
    async with browsing(site) as b:
        await with_code(b, app, an)
        secret = {"number": an.number, "birth": "12041990"}[own]
        assert "không được lấy từ" in await b.post("/eid/activate/passcode", 422, passcode=secret, again=secret)
    assert not await authenticators.has_passcode(app, an.key)


async def test_the_button_pressed_twice_still_shows_codes_that_work(site, app, an):
    async with browsing(site) as b:
        await with_code(b, app, an)
        sent = {**form_values(b.page, "/eid/activate/passcode"), "passcode": PASSCODE, "again": PASSCODE}
        first = await b.client.post("/eid/activate/passcode", data=sent)
        assert not any("thêm một cách đăng nhập" in text for text in await told(app, an.phone)), "told of the activation, once"
        again = await b.client.post("/eid/activate/passcode", data=sent)
        assert "Tài khoản đã kích hoạt" in again.text
        assert len(kept_codes(again.text)) == 10
        assert kept_codes(first.text) != kept_codes(again.text)
        stranger = await b.client.post("/eid/activate/passcode", data={**sent, "passcode": "926471", "again": "926471"})
        assert "đã hết hạn" in stranger.text
        assert not kept_codes(stranger.text)


async def test_a_passkey_is_added_in_the_same_go_and_the_codes_stay(site, app, an):
    key = SoftKey()
    async with browsing(site) as b, browsing(site, address="10.9.9.8") as other:
        await with_code(b, app, an)
        page = await b.post("/eid/activate/passcode", 200, passcode=PASSCODE, again=PASSCODE)
        codes = kept_codes(page)
        page = await b.post("/eid/activate/key/passkey", 200, answer=key.create(options(page, "create")))
        assert "Đã thêm khóa truy cập" in page
        assert kept_codes(page) == codes
        page = await other.get("/eid/sign-in?acr=2&next=/account")
        await other.post("/eid/sign-in/passkey", answer=key.get(options(page, "get")))
        assert other.url == "/account"


async def test_a_browser_becomes_the_second_factor_in_the_same_go(site, app, an):
    async with browsing(site) as b:
        await with_code(b, app, an)
        page = await b.post("/eid/activate/passcode", 200, passcode=PASSCODE, again=PASSCODE)
        page = await b.post("/eid/activate/key/device", 200, answer=Device().create(challenge(page)))
        assert "bước xác nhận thứ hai" in page
        assert "device" in await authenticators.has(app, an.key)


@pytest.mark.parametrize("kind", ["passkey", "device"])
async def test_the_page_of_a_key_loaded_anew_says_the_same_and_another_key_with_its_challenge_is_refused(site, app, an, kind):
    async with browsing(site) as b:
        await with_code(b, app, an)
        page = await b.post("/eid/activate/passcode", 200, passcode=PASSCODE, again=PASSCODE)
        answer, other = (
            (made.create(options(page, "create")) if kind == "passkey" else made.create(challenge(page)))
            for made in ((SoftKey(), SoftKey()) if kind == "passkey" else (Device(), Device()))
        )
        action = f"/eid/activate/key/{kind}"
        sent = {**form_values(page, action), "answer": answer}
        first = await b.client.post(action, data=sent)
        again = await b.client.post(action, data=sent)
        assert (again.status_code, kept_codes(again.text)) == (200, kept_codes(first.text))
        assert "Đã thêm khóa" in again.text or "bước xác nhận thứ hai" in again.text
        assert "error-summary" not in again.text
        assert (await b.client.post(action, data={**sent, "answer": other})).status_code == 422
    assert sum(one.kind == kind for one in await authenticators.listed(app, an.key)) == 1


async def test_no_key_without_the_page_and_none_once_the_account_is_locked(site, app, an):
    async with browsing(site) as b:
        await with_code(b, app, an)
        grant = form_values(b.page, "/eid/activate/passcode")["grant"]
        page = await b.post("/eid/activate/passcode", 200, passcode=PASSCODE, again=PASSCODE)
        answer = SoftKey().create(options(page, "create"))
        forged = {**form_values(page, "/eid/activate/key/passkey"), "sealed": grant, "answer": answer}
        assert (await b.client.post("/eid/activate/key/passkey", data=forged)).status_code == 422
        await app.rollback()
        await core.bump(app, an.key)
        await app.commit()
        assert "hãy đăng nhập" in await b.post("/eid/activate/key/passkey", 422, answer=answer)
    assert "passkey" not in await authenticators.has(app, an.key)


async def test_a_child_gets_no_key_of_the_guardians_phone(site, app, office):
    number, phone = new_number("049315"), new_phone()
    parent, key = await office.person("Võ Văn Ba", number=new_number()), await office.person("Võ Bé", number=number, year=2015)
    await core.create(app, SYSTEM, eid_purpose(), parent, level=1, phone=phone)
    await core.create(app, SYSTEM, eid_purpose(), key, level=1, guardian_key=parent)
    await activate.invite(app, key)
    await app.commit()
    async with browsing(site) as b:
        await with_code(b, app, Citizen(key, number, phone))
        page = await b.post("/eid/activate/passcode", 200, passcode=PASSCODE, again=PASSCODE)
    assert len(kept_codes(page)) == 10
    assert "data-passkey" not in page


async def test_a_stranger_who_guesses_is_slowed_and_the_holder_elsewhere_is_not(site, app, an):
    code = code_in((await told(app, an.phone))[0])
    guess = f"{(int(code) + 1) % 1_000_000:06d}"
    async with browsing(site, address="10.66.6.6") as stranger, browsing(site, address="10.66.7.7") as holder:
        await stranger.get("/eid/activate")
        for _ in range(5):
            assert "chưa đúng" in await stranger.post("/eid/activate", 422, number=an.number, code=guess)
        assert "Xin đợi" in await stranger.post("/eid/activate", 422, number=an.number, code=code)
        await holder.get("/eid/activate")
        assert "Chọn mật mã" in await holder.post("/eid/activate", 200, number=an.number, code=code)


async def test_a_number_nobody_has_waits_like_any_other(site, an):
    number = new_number("049190")
    async with browsing(site, address="10.66.8.8") as b:
        await b.get("/eid/activate")
        for _ in range(5):
            assert "chưa đúng" in await b.post("/eid/activate", 422, number=number, code="123456")
        assert "Xin đợi" in await b.post("/eid/activate", 422, number=number, code="123456")
