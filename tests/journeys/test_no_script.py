"""An old phone without scripts, and nobody touches it: registering, activating, signing in at a service, consent and the account page,
all by the keyboard. Every stop of the Tab key can be seen, is on the screen, and comes in the order one reads."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from playwright.sync_api import TimeoutError as TimeoutError_

from tests.journeys.conftest import Site
from tests.journeys.test_registering import FACE, Plain, message
from tests.journeys.test_sign_in import code as code_of
from tests.journeys.test_sign_on import services as services

pytestmark = pytest.mark.journey
PHONE, PASSCODE = "0905318642", "739164"
_WHO = """
import asyncio, json, sys
from dancu.kit.db import connection

async def main():
    async with connection("admin") as conn:
        row = await (await conn.execute(
            "SELECT n.full_name, b.birth_year, b.birth_month, b.birth_day FROM population.directory d JOIN population.person_name n USING (person_key)"
            " JOIN population.person_birth b USING (person_key) WHERE d.number = %s AND n.kind = 'birth' AND upper_inf(n.recorded)"
            " AND upper_inf(b.recorded)", (sys.argv[1],))).fetchone()
    print(json.dumps(row))
asyncio.run(main())
"""
_STOP = """() => {
  const e = document.activeElement, s = getComputedStyle(e), box = e.getBoundingClientRect();
  const label = e.labels && e.labels[0] ? getComputedStyle(e.labels[0]) : null;
  return {
    what: e.outerHTML.slice(0, 100), tag: e.tagName, main: !!e.closest('main'), top: box.top + scrollY,
    seen: s.outlineStyle !== 'none' || s.boxShadow !== 'none' || (label && (label.outlineStyle !== 'none' || label.boxShadow !== 'none')),
    inside: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth && box.width > 0,
  };
}"""


class Keyboard(Plain):
    """Somebody with a keyboard alone, on a narrow screen."""

    def to(self, selector: str) -> Keyboard:
        """Tab until there."""
        before = -1.0
        for _ in range(80):
            self.page.keyboard.press("Tab")
            stop = self.page.evaluate(_STOP)
            if stop["tag"] == "BODY":
                before = -1.0
                continue
            assert stop["seen"], f"nobody sees that this has the focus: {stop['what']}"
            assert stop["inside"], f"off the screen: {stop['what']}"
            if stop["main"]:
                assert stop["top"] >= before - 60, f"the order jumps back: {stop['what']}"
                before = stop["top"]
            if self.page.evaluate("s => document.activeElement.matches(s)", selector):
                return self
        raise AssertionError(f"Tab never comes to {selector} on {self.page.url}")

    def write(self, **values: str) -> Keyboard:
        """Into fields, one after the other as they stand; what is already there is replaced."""
        for name, value in values.items():
            if not self.page.evaluate("s => document.activeElement.matches(s)", f"[name={name}]"):
                self.to(f"[name={name}]")
            self.page.keyboard.press("Control+A")
            self.page.keyboard.type(value)
        return self

    def enter(self) -> Keyboard:
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")
        return self.fits()

    def fits(self) -> Keyboard:
        if self.page.url.startswith(self.site):  # another organisation's pages have rules of their own
            self.well()
        assert self.page.evaluate("document.documentElement.scrollWidth") <= 360, f"{self.page.url} is too wide"
        assert self.page.evaluate("document.querySelectorAll('[tabindex]:not([tabindex=\"0\"]):not([tabindex=\"-1\"])').length") == 0
        if folder := os.environ.get("SHOTS"):
            name = re.sub(r"[^a-z0-9]+", "-", self.page.url.partition("//")[2].partition("?")[0].partition("/")[2])
            self.page.screenshot(path=Path(folder) / f"{len(list(Path(folder).iterdir())):02d}-{name[:40]}.png", full_page=True)
        return self


@pytest.fixture
def who(site: Site, browser: Browser) -> Iterator[Keyboard]:
    context = browser.new_context(viewport={"width": 360, "height": 740}, java_script_enabled=False, locale="vi")
    context.set_default_timeout(15_000)
    yield Keyboard(context.new_page(), site)
    context.close()


@pytest.fixture(scope="module")
def adult(site: Site) -> tuple[str, str, list[str]]:
    """(number, name, [year, month, day]) of a grown-up of this journey alone: the fourth digit of a number tells the century."""
    number = next(found for found in map(site.resident, range(20, 60)) if found[3] in "01" and found[4:6] < "95")
    env = {**os.environ, "DANCU_DATA": str(site.data)}
    made = subprocess.run([sys.executable, "-c", _WHO, number], env=env, check=True, capture_output=True, text=True)
    name, *birth = json.loads(made.stdout)
    return number, name, ["" if part is None else str(part) for part in birth]


def _register(who: Keyboard, number: str, name: str, birth: list[str]) -> None:
    who.go("/eid/register")
    who.fits()
    who.write(number=number).enter()
    year, month, day = birth
    who.write(name=name, birth_day=day, birth_month=month, birth_year=year).enter()
    who.write(phone=PHONE).enter()
    who.to("main button.primary").enter()
    who.to("[name=portrait]")
    _choose(who)
    who.to("main button.primary").enter()
    assert "Đã nhận hồ sơ" in who.title, who.text


def _choose(who: Keyboard) -> None:
    """A busy browser does not always open the chooser at the first key; whoever sits there presses again."""
    for tries in (1, 2, 3):
        try:
            with who.page.expect_file_chooser(timeout=5_000) as chooser:
                who.page.keyboard.press("Enter" if tries < 3 else "Space")
        except TimeoutError_:
            continue
        chooser.value.set_files(FACE)
        return
    raise AssertionError("the key opens no chooser of files")


@pytest.mark.timeout(400)
def test_from_registering_to_the_account_without_scripts_and_without_a_mouse(
    site: Site, services: list[str], who: Keyboard, adult: tuple[str, str, list[str]]
) -> None:
    number, name, birth = adult
    _register(who, number, name, birth)
    code = re.search(r"Mã kích hoạt (\d{6})", message(site, PHONE, "Mã kích hoạt"))
    assert code
    who.go("/eid/activate")
    who.write(number=number, code=code[1]).enter()
    who.write(passcode="123456", again="123456").enter()
    assert "Tài khoản đã kích hoạt" not in who.title, "a weak one is refused, and the page can be gone on with"
    who.write(passcode=PASSCODE, again=PASSCODE).enter()
    assert "Tài khoản đã kích hoạt" in who.title, who.text
    who.to("main a[href='/eid/sign-in']").enter()
    who.write(number=number, passcode=PASSCODE).enter()

    portal, _ = services
    who.page.goto(portal)
    who.to("a.button").enter()
    assert "/oidc/" in who.page.url, who.page.url
    while "code" not in who.page.url and not who.page.locator("[name=share]").count():
        who.to("main button.primary, main a.button").enter()
    who.to("[name=share]").page.keyboard.press("Space")
    who.to("[name=term]").page.keyboard.press("Space")
    who.to("button[value=yes]").enter()
    assert who.page.url.startswith(portal), who.page.url
    assert name in who.title, "the one thing that was ticked; the rest of its form is empty"
    assert who.page.input_value("#name") == name
    assert who.page.input_value("#birthdate") == ""

    who.go("/account")
    who.fits()
    for path in ("/account/history", "/account/services", "/account/consents", "/account/gives", "/account/lock"):
        who.page.goto(who.site + "/account")
        who.to(f"main a[href='{path}']").enter()
    # The ways to sign in are changed by two factors only: the second is asked for on the way.
    who.page.goto(who.site + "/account/authenticators")
    who.to("main button.primary").enter()
    who.write(code=code_of(site, PHONE)).enter()
    assert who.title == "Cách đăng nhập của tôi", who.text
    who.to("main a[href='/account/authenticators/passcode']").enter()
    who.write(passcode="850273", again="850273").enter()
    assert "Đã đổi mật mã" in who.text
