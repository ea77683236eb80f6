"""One sign-in for two services of other organisations: in a browser, with the program and both services as processes."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page

from dancu.demo import personas
from tests.journeys.conftest import Site

pytestmark = pytest.mark.journey
PASSCODE = "482915"


@pytest.fixture(scope="module")
def services(site: Site) -> list[str]:
    """Addresses of portal and electricity company, as the start page links them once they run."""
    for _ in range(120):
        with urllib.request.urlopen(site) as answer:
            found = re.findall(r'href="(http://localhost:\d+)"', answer.read().decode())
        if len(found) == 2:
            return [_up(address) for address in found]
        time.sleep(0.25)
    raise AssertionError("the services did not start")


def _up(address: str) -> str:
    for _ in range(120):
        try:
            urllib.request.urlopen(address + "/health").close()
            return address
        except OSError:
            time.sleep(0.25)
    raise AssertionError(address)


def account(data: Path, number: str, *more: str) -> None:
    """An activated account."""
    command = [sys.executable, "-m", "dancu", "demo", "account", "--personal-id", number, "--level", "2", "--passcode", PASSCODE, *more]
    subprocess.run([*command, "--data", str(data), "--json"], stdout=subprocess.DEVNULL, check=True)


def resident(site: Site, nth: int) -> str:
    """Somebody of this journey alone, with an account."""
    number = site.resident(nth)
    account(site.data, number, "--phone", f"05790005{nth:02d}")
    return number


def sign_in(page: Page, number: str) -> None:
    page.fill("input[name=number]", number)
    page.click("main button.primary")
    page.fill("input[name=passcode]", PASSCODE)
    page.click("main button.primary")
    page.wait_for_load_state()


def agree(page: Page) -> list[str]:
    """Tick everything; what was ticked beforehand is returned."""
    page.wait_for_selector("input[name=share]")
    boxes = page.query_selector_all("input[name=share]")
    before = [str(box.get_attribute("value")) for box in boxes if box.is_checked()]
    for box in boxes:
        box.check()
    page.check("input[name=term][value=half_year]")
    page.click("button[value=yes]")
    return before


def test_sign_in_once_use_both_leave_both(site: Site, services: list[str], browser: Browser):
    portal, electricity = services
    account(site.data, personas.HEAD_NUMBER)
    page = browser.new_context(viewport={"width": 360, "height": 740}).new_page()
    page.goto(portal)
    page.click("a.button")
    page.get_by_text("Đăng nhập để dùng Cổng dịch vụ công").wait_for()
    sign_in(page, personas.HEAD_NUMBER)
    assert agree(page) == []
    page.wait_for_url(f"{portal}/")
    assert page.input_value("#name") == "Trần Thị Hoà"
    assert page.input_value("#birthdate") == "12/04/1990"
    assert "Trường Xuân" in page.input_value("#address")

    page.goto(electricity)
    page.click("main a.button")
    agree(page)  # no number, no passcode: only whether this service may know
    page.wait_for_url(f"{electricity}/")
    text = page.inner_text("main")
    assert "PC05001234" in text
    assert "Đã gộp PC05007788" in text
    cookies = {str(cookie.get("name")) for cookie in page.context.cookies()}
    assert {f"portal_session_{portal.rpartition(':')[2]}", f"electricity_session_{electricity.rpartition(':')[2]}"} <= cookies

    page.goto(portal)
    page.click("header button.quiet")
    page.wait_for_url(re.compile(re.escape(portal) + "/signed-out.*"))
    for _ in range(40):
        page.goto(electricity)
        if page.query_selector("a[href='/sign-in']"):
            break
        time.sleep(0.5)
    assert page.query_selector("a[href='/sign-in']"), "the electricity company was not told"
    page.click("a[href='/sign-in']")
    page.wait_for_selector("input[name=number]")


def test_what_the_match_left_open_is_proved_once(site: Site, services: list[str], browser: Browser):
    electricity = services[1]
    number = resident(site, 2)
    page = browser.new_context().new_page()
    page.goto(electricity)
    page.click("main a.button")
    sign_in(page, number)
    agree(page)
    page.wait_for_url(f"{electricity}/")
    page.fill("#customer_no", "PC05002345")
    page.fill("#password", "dien-2019")
    page.click("main button.second")
    assert "Khách hàng PC05002345" in page.inner_text("main")
    page.context.clear_cookies()
    page.goto(electricity)
    page.click("summary")
    page.fill("#customer_no", "PC05002345")
    page.fill("#password", "dien-2019")
    page.click("main button.second")
    assert "mật khẩu cũ không dùng nữa" in page.inner_text("main")


def test_a_consent_taken_back_is_asked_for_again(site: Site, services: list[str], browser: Browser):
    portal = services[0]
    number = resident(site, 3)
    page = browser.new_context().new_page()
    page.goto(portal)
    page.click("a.button")
    sign_in(page, number)
    agree(page)
    page.wait_for_url(f"{portal}/")
    page.goto(f"{site}/account/consents")
    assert "Cổng dịch vụ công tỉnh" in page.inner_text("main")
    page.click("main button.danger")
    assert "Đã rút lại" in page.inner_text("main")
    page.goto(f"{portal}/sign-in")
    page.wait_for_selector("input[name=share]")


def test_ending_one_service_signs_out_there_alone(site: Site, services: list[str], browser: Browser):
    """The worker carries the news: the service ends its own session, the other one goes on."""
    portal, electricity = services
    number = resident(site, 4)
    page = browser.new_context().new_page()
    page.goto(portal)
    page.click("a.button")
    sign_in(page, number)
    agree(page)
    page.wait_for_url(f"{portal}/")
    page.goto(electricity)
    page.click("main a.button")
    agree(page)
    page.wait_for_url(f"{electricity}/")
    page.goto(f"{site}/account/services")
    page.click("form[action*='demo-portal'] button")
    page.wait_for_load_state()
    for _ in range(60):
        page.goto(portal)
        if page.query_selector("a[href='/sign-in']"):
            break
        time.sleep(0.5)
    assert page.query_selector("a[href='/sign-in']"), "the portal was not told"
    page.goto(electricity)
    assert not page.query_selector("a[href='/sign-in']"), "the other service goes on"


def test_on_the_phone_stands_what_a_counter_asked_for(site: Site, browser: Browser):
    """CIBA: the page of the answer shows what the yes brings about, which the provider knows and the account's page does not."""
    number, grant = resident(site, 63), "urn:openid:params:grant-type:ciba"
    command = [sys.executable, "-m", "dancu", "oidc", "client", "add", "--name", "Quầy giao dịch", "--grant-type", grant, "--detail-type", "payment"]
    made = subprocess.run([*command, "--data", str(site.data), "--json"], capture_output=True, text=True, check=True)
    client = json.loads(made.stdout)
    asked = httpx.post(
        f"{site}/oidc/bc-authorize", auth=(client["client_id"], client["client_secret"]),
        data={"scope": "openid", "login_hint": number, "binding_message": "Mã 7281", "authorization_details": '[{"type": "payment", "amount": "50.000.000 đ"}]'},
    )  # fmt: skip
    assert asked.status_code == 200, asked.text
    page = browser.new_context(viewport={"width": 360, "height": 740}).new_page()
    page.goto(f"{site}/eid/sign-in?next=/account/approvals")
    sign_in(page, number)
    page.wait_for_url("**/account/approvals")
    text = page.inner_text("main")
    for shown in ("Quầy giao dịch", "Mã 7281", "Việc bạn đồng ý: payment", "50.000.000 đ"):
        assert shown in text
    page.click("button[value=no]")
    assert "Bạn đã từ chối" in page.inner_text("main")
