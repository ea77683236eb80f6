"""From a phone without a script to an account in use: registering, the desk's look, activating, signing in."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser

from dancu.demo.personas import BROTHER_IN_LAW_NUMBER, SISTER_NUMBER
from tests.journeys.conftest import POLICE, Enter, Visitor
from tests.kit.html import check_page

pytestmark = pytest.mark.journey
FACE = Path(__file__).parents[1] / "cards" / "faces" / "person_b_1.jpg"
WAIT = 40


class Plain(Visitor):
    """A browser without scripts: the page is judged as it was sent, for nothing can be asked of it."""

    def well(self) -> Visitor:
        assert self.document is not None
        check_page(self.document.text())
        return self


def on_a_phone(browser: Browser, site: str, *, scripts: bool) -> Visitor:
    context = browser.new_context(viewport={"width": 360, "height": 740}, java_script_enabled=scripts, locale="vi")
    context.set_default_timeout(15_000)
    return (Visitor if scripts else Plain)(context.new_page(), site)


def register(who: Visitor, number: str, name: str, birth: tuple[str, str, str], phone: str) -> str:
    """Fill one page after the other; the reference."""
    who.go("/eid/register").well()
    who.fill(number=number).press("Tiếp tục").well()
    who.fill(name=name, birth_day=birth[0], birth_month=birth[1], birth_year=birth[2]).press("Tiếp tục").well()
    who.fill(phone=phone).press("Tiếp tục").well()
    assert name in who.text
    who.press("Đúng, tiếp tục").well()
    who.press("Gửi đăng ký")
    assert "Hãy chụp hoặc chọn một ảnh chân dung" in who.text
    who.page.set_input_files("[name=portrait]", FACE)
    who.press("Gửi đăng ký").well()
    assert "Đã nhận hồ sơ" in who.title
    found = re.search(r"DK-[A-Z2-9]{5}-[A-Z2-9]{5}", who.text)
    assert found
    return found[0]


def messages(site: str, phone: str) -> list[str]:
    with urlopen(f"{site}/demo/outbox.json?to={phone}") as answer:
        return [one["text"] for one in json.load(answer)]


def message(site: str, phone: str, words: str) -> str:
    """The newest message to a phone with these words, once the worker has sent it."""
    until = time.monotonic() + WAIT
    while time.monotonic() < until:
        for text in messages(site, phone):
            if words in text:
                return text
        time.sleep(0.5)
    raise AssertionError(messages(site, phone))


def activate(who: Visitor, number: str, notice: str, passcode: str) -> None:
    code = re.search(r"Mã kích hoạt (\d{6})", notice)
    assert code
    who.go("/eid/activate").well()
    who.fill(number=number, code=f"{(int(code[1]) + 1) % 1_000_000:06d}").press("Tiếp tục").well()
    assert "chưa đúng" in who.text
    who.fill(number=number, code=code[1]).press("Tiếp tục").well()
    who.fill(passcode="123456", again="123456").press("Kích hoạt").well()
    assert "Tài khoản đã kích hoạt" not in who.title
    who.fill(passcode=passcode, again=passcode).press("Kích hoạt").well()
    assert "Tài khoản đã kích hoạt" in who.title, who.text


def test_a_clear_case_is_approved_and_activated_without_anybody(site: str, browser: Browser) -> None:
    who, phone = on_a_phone(browser, site, scripts=False), "0579000003"
    ref = register(who, SISTER_NUMBER, "Trần Thị Thu Thủy", ("27", "9", "1993"), phone)
    activate(who, SISTER_NUMBER, message(site, phone, "Mã kích hoạt"), "739164")
    who.go("/eid/sign-in").fill(number=SISTER_NUMBER).press("Đăng nhập")
    who.fill(passcode="739164").press("Đăng nhập")
    who.go("/account/gives").well()
    assert "Tài khoản của bạn ở mức 1" in who.text
    assert "Thẻ căn cước" in who.text
    who.go(f"/eid/application/{ref}").fill(phone=phone).press("Gửi mã cho tôi").well()
    who.fill(code=message(site, phone, "mã xem hồ sơ")[:6]).press("Xem hồ sơ").well()
    assert "đã duyệt và bạn đã kích hoạt" in who.text


def test_a_doubtful_case_is_settled_at_the_desk(site: str, browser: Browser, enter: Enter) -> None:
    who, phone = on_a_phone(browser, site, scripts=True), "0579000021"
    ref = register(who, BROTHER_IN_LAW_NUMBER, "Bhuốch", ("8", "2", "1990"), phone)
    desk = enter(POLICE)
    until = time.monotonic() + WAIT
    while ref not in desk.go("/desk/eid").text and time.monotonic() < until:
        time.sleep(0.5)
    desk.well()
    desk.page.get_by_role("link", name=ref).click()
    desk.page.wait_for_url("**/applications/*")
    desk.well()
    assert "08/02/1990" in desk.text
    assert "08/02/1991" in desk.text
    assert desk.page.locator("tr.differs .differs-word").count() >= 1
    assert desk.page.evaluate("document.querySelector('.sheet img').naturalWidth") > 100
    desk.press("Duyệt tài khoản").well()
    assert "xác minh bằng cách nào" in desk.text
    desk.fill(remark="Gặp trực tiếp, xem thẻ căn cước").press("Duyệt tài khoản").well()
    assert "Đã duyệt" in desk.text
    desk.go("/desk/eid/accounts").well()
    assert "Bhuốch" in desk.text
    desk.page.get_by_role("link", name="Bhuốch").click()
    desk.page.wait_for_url("**/accounts/*")
    desk.well()
    desk.page.select_option("[name=reason]", "away")
    desk.press("Ghi lý do").well()
    activate(who, BROTHER_IN_LAW_NUMBER, message(site, phone, "Mã kích hoạt"), "730582")
    watch = enter("Lãnh đạo tỉnh", width=360).go("/watch/eid").well()
    assert "đã kích hoạt" in watch.text
