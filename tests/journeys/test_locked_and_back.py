"""A death in the registry locks the account within moments; its correction opens it; a counter helps back in, in one visit,
the citizen on a phone-size screen choosing the passcode alone."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import urllib.parse
import urllib.request
from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from dancu.demo.personas import GRANDMOTHER_NUMBER
from tests.journeys.conftest import CITIZEN, CLERK, COUNTER, POLICE, Enter, Site, Visitor
from tests.journeys.test_verbs import CONFIRM

pytestmark = pytest.mark.journey
PASSCODE = "482915"
NEW = "một câu chỉ tôi biết 47"
CARD = f"{GRANDMOTHER_NUMBER}|205011872|Lê Thị Chút|01011958|Nữ|Khối phố Xuân Đông|10082021"


def sign_in(page: Page, site: str, passcode: str) -> None:
    page.goto(site + "/eid/sign-in?next=/account/history&prompt=login")
    for field, value in (("number", GRANDMOTHER_NUMBER), ("passcode", passcode)):
        page.fill(f"[name={field}]", value)
        with page.expect_navigation():
            page.click("main button.primary")


def outbox(site: str, phone: str) -> list[str]:
    with urllib.request.urlopen(f"{site}/demo/outbox.json?to={urllib.parse.quote(phone)}") as answer:
        return [one["text"] for one in json.load(answer)]


def wait_for(page: Page, met: Callable[[], bool]) -> None:
    for _ in range(60):
        if met():
            return
        page.wait_for_timeout(250)
    raise AssertionError("not within fifteen seconds")


def test_a_death_locks_its_correction_opens_and_a_counter_helps_back_in(site: Site, enter: Enter) -> None:
    phone = "0905190777"
    command = [sys.executable, "-m", "dancu", "demo", "account", "--personal-id", GRANDMOTHER_NUMBER, "--passcode", PASSCODE]
    subprocess.run([*command, "--phone", phone, "--data", str(site.data), "--json"], stdout=subprocess.DEVNULL, check=True)
    holder = enter(CITIZEN, width=360)
    page = holder.page
    sign_in(page, site, PASSCODE)
    holder.well()

    clerk = enter(CLERK)
    clerk.find(GRANDMOTHER_NUMBER).act("die", on_day="1", on_month="11", on_year="2026", doc_number="3/2026").preview()
    clerk.press(CONFIRM)
    wait_for(page, lambda: any("khai tử" in text for text in outbox(site, phone)))
    page.goto(site + "/account/history")
    assert "/eid/sign-in" in page.url or page.locator("[name=number]").count()
    sign_in(page, site, PASSCODE)
    assert "sign_in.locked" in holder.text

    police = enter(POLICE)
    police.go("/desk/eid/locks").well().fill(number=GRANDMOTHER_NUMBER).press("Mở tài khoản").well()
    assert "Có đăng ký khai tử" in police.text

    clerk.find(GRANDMOTHER_NUMBER).act("undo-death", doc_number="10/QĐ")
    clerk.page.check("[name=alive]")
    clerk.preview().press(CONFIRM)
    wait_for(page, lambda: any("đã mở khóa" in text for text in outbox(site, phone)))

    desk = enter(COUNTER)
    desk.go("/desk/eid/recover").well().fill(text=CARD).press("Bắt đầu làm").well()
    desk.press("Đúng là người trên thẻ").well()
    desk.press("Cho chọn mật mã mới").well()
    link = desk.page.get_by_role("link", name="trang chọn mật mã").get_attribute("href")
    assert link

    page.goto(link)
    holder.well().press("Gửi mã").well()
    code = re.search(r"\b\d{6}\b", outbox(site, phone)[0])
    assert code
    holder.fill(code=code[0]).press("Xác nhận").well()
    holder.fill(passcode=NEW, again=NEW).press("Đặt mật mã").well()
    sign_in(page, site, PASSCODE)
    assert "/account/history" not in page.url
    sign_in(page, site, NEW)
    assert "Đã lấy lại tài khoản" in holder.text


def test_every_page_of_protection_fits_a_phone(site: Site, enter: Enter) -> None:
    for who, paths in (
        (CITIZEN, ("/account/lock", "/eid/lock", "/eid/recover", "/eid/locked")),
        (COUNTER, ("/desk/eid/recover",)),
        (POLICE, ("/desk/eid/locks", "/desk/eid/recover")),
        ("Tổng đài viên định danh điện tử", ("/desk/hotline",)),
    ):
        visitor: Visitor = enter(who, width=360)
        for path in paths:
            visitor.go(path).well()
