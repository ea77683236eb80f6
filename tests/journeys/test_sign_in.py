"""A citizen with a phone of their own: signs in by number, passcode and message, adds a passkey, signs in with one touch,
sees what happened. Two people at one computer each confirm with a key of their own that the browser keeps."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, CDPSession

from tests.journeys.conftest import Site, Visitor

pytestmark = pytest.mark.journey
PASSCODE = "748205"
_MAKE = """
import asyncio, json, sys
from dancu.accounts.service import authenticators, core, locks
from dancu.kernel.actor import SYSTEM
from dancu.kit.db import connection

async def make(key, phone, passcode):
    async with connection("app") as conn:
        await core.create(conn, SYSTEM, locks.eid_purpose(), key, level=1, phone=phone, phone_verified=True)
        await authenticators.set_passcode(conn, SYSTEM, locks.eid_purpose(), key, passcode)
    async with connection("admin") as conn:
        await conn.execute("UPDATE accounts.account SET state = 'active', activated_at = now() WHERE person_key = %s", (key,))
        row = await (await conn.execute(
            "SELECT number FROM population.person_number WHERE person_key = %s AND kind = 'personal_id' LIMIT 1", (key,))).fetchone()
    print(json.dumps({"number": row[0]}))
async def main():
    async with connection("admin") as conn:
        row = await (await conn.execute("SELECT person_key FROM population.person_number WHERE number = %s", (sys.argv[3],))).fetchone()
    await make(row[0], sys.argv[1], sys.argv[2])
asyncio.run(main())
"""


#: How many device keys the browser keeps.
_KEPT = """() => new Promise((resolve, reject) => {
  const asked = indexedDB.open("dancu-device-keys");
  asked.onsuccess = () => {
    const counted = asked.result.transaction("keys").objectStore("keys").count();
    counted.onsuccess = () => { asked.result.close(); resolve(counted.result); };
    counted.onerror = () => reject(counted.error);
  };
  asked.onerror = () => reject(asked.error);
})"""


@dataclass
class Account:
    number: str
    phone: str


def account_of(site: Site, nth: int, phone: str) -> Account:
    env = {**os.environ, "DANCU_DATA": str(site.data)}
    made = subprocess.run([sys.executable, "-c", _MAKE, phone, PASSCODE, site.resident(nth)], env=env, check=True, capture_output=True, text=True)
    return Account(json.loads(made.stdout)["number"], phone)


@pytest.fixture(scope="module")
def account(site: Site) -> Account:
    return account_of(site, 0, "0908777123")


@pytest.fixture
def phone(site: Site, browser: Browser) -> Iterator[Visitor]:
    """A phone's browser. Passkeys want a name, not an address: localhost."""
    context = browser.new_context(viewport={"width": 360, "height": 740}, locale="vi")
    context.set_default_timeout(15_000)
    yield Visitor(context.new_page(), site)
    context.close()


def authenticator(visitor: Visitor) -> tuple[CDPSession, str]:
    """A virtual authenticator that verifies its holder and keeps passkeys."""
    session = visitor.page.context.new_cdp_session(visitor.page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True, "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }  # fmt: skip
    return session, session.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]


def code(site: str, phone: str) -> str:
    with urllib.request.urlopen(f"{site}/demo/outbox.json?to={phone}") as answer:
        found = re.search(r"\b\d{6}\b", json.load(answer)[0]["text"])
    assert found
    return found[0]


def test_from_passcode_to_passkey(phone: Visitor, account: Account) -> None:
    session, key = authenticator(phone)
    phone.go("/eid/sign-in?acr=2&next=/account/authenticators").well()
    phone.fill(number=account.number).press("Đăng nhập").well()
    phone.fill(passcode=PASSCODE).press("Đăng nhập").well()
    assert phone.title == "Xác nhận thêm một bước"
    phone.fill(code=code(phone.site, account.phone)).press("Xác nhận").well()
    assert phone.title == "Cách đăng nhập của tôi"

    phone.fill(label="điện thoại này").press("Thêm khóa truy cập").well()
    assert "Đã thêm cách đăng nhập" in phone.text
    assert "điện thoại này" in phone.text
    assert len(session.send("WebAuthn.getCredentials", {"authenticatorId": key})["credentials"]) == 1

    phone.press("Tạo mã dự phòng mới").well()
    assert len(re.findall(r"\b[A-Z2-9]{5}-[A-Z2-9]{5}\b", phone.text)) == 10
    phone.go("/account/authenticators/totp").well()
    phone.go("/account/authenticators/passcode").well()

    phone.press("Đăng xuất")
    phone.go("/eid/sign-in?acr=2&next=/account").press("Dùng khóa truy cập (vân tay, khuôn mặt, khóa bảo mật)").well()
    assert phone.title == "Tài khoản của tôi"
    assert "mức bảo đảm 2" in phone.text
    phone.go("/account/history").well()
    assert "Thêm một khóa truy cập" in phone.text
    phone.go("/account/approvals").well()


def test_without_scripts_everything_but_passkeys_works(site: Site, browser: Browser, account: Account) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 740}, java_script_enabled=False, locale="vi")
    context.set_default_timeout(15_000)
    visitor = Visitor(context.new_page(), site).go("/eid/sign-in?next=/account")
    assert not visitor.page.get_by_text("Dùng khóa truy cập").is_visible()
    visitor.fill(number=account.number).press("Đăng nhập").fill(passcode="111222").press("Đăng nhập")
    assert "sign_in.refused" in visitor.text
    visitor.fill(passcode=PASSCODE).press("Đăng nhập")
    assert visitor.title == "Tài khoản của tôi"
    context.close()


def test_two_people_at_one_computer_have_a_key_each(site: Site, browser: Browser) -> None:
    """The browser keeps both keys; each account is offered its own, also where the other's is newer, and loses none with the other's."""
    context = browser.new_context(viewport={"width": 1366, "height": 768}, locale="vi")
    context.set_default_timeout(15_000)
    computer = Visitor(context.new_page(), site)
    first, second = account_of(site, 73, "0908777173"), account_of(site, 74, "0908777174")
    ways, confirm = "/account/authenticators", "Xác nhận bằng thiết bị này"

    def enter(who: Account) -> Visitor:
        computer.go(f"/eid/sign-in?acr=2&next={ways}").fill(number=who.number).press("Đăng nhập")
        return computer.fill(passcode=PASSCODE).press("Đăng nhập")

    def kept() -> int:
        return int(computer.page.evaluate(_KEPT))

    for n, who in enumerate((first, second), 1):
        enter(who)
        assert not computer.page.get_by_role("button", name=confirm).is_visible(), "nobody confirms with another's key"
        computer.fill(code=code(site, who.phone)).press("Xác nhận")
        computer.fill(device_label="máy ở nhà").press("Dùng thiết bị này làm bước xác nhận")
        assert "Đã thêm cách đăng nhập" in computer.text
        assert kept() == n
        computer.press("Đăng xuất")
    for who in (first, second):
        enter(who).press(confirm)
        assert computer.title == "Cách đăng nhập của tôi", "with the own key, no message and no code"
        if who is first:
            computer.press("Đăng xuất")
    with computer.page.expect_navigation():
        computer.page.locator("form[action$='/remove'] button").click()
    computer.page.get_by_role("button", name="Dùng thiết bị này làm bước xác nhận").wait_for()
    assert kept() == 1, "the browser forgets the key that was taken away, and no other"
    computer.press("Đăng xuất")
    enter(first).well().press(confirm)
    assert computer.title == "Cách đăng nhập của tôi"
    context.close()
