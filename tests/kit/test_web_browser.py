"""The shared components in a real browser: nothing overflows a phone, axe finds nothing, keys work, CSP holds."""

import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, async_playwright

from dancu.kit.ports import free_port

pytestmark = pytest.mark.journey
CHROMIUM = "/usr/bin/chromium"
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
OVERFLOWING = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
TOO_SMALL = """[...document.querySelectorAll('button, .button, .menu a, .tabs a, .pages a, summary, select, input')]
  .filter(e => { const box = e.getBoundingClientRect();
    return box.height > 0 && box.height < 43.9 && !['radio', 'checkbox', 'hidden'].includes(e.type); })
  .map(e => e.outerHTML.slice(0, 80))"""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    if not Path(CHROMIUM).exists():
        pytest.skip("no chromium")
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "uvicorn",
        "--factory",
        "--port",
        str(port),
        "tests.kit.web:living",
    ]
    server = subprocess.Popen(
        command, cwd=Path(__file__).parents[2], env={**os.environ, "PYTHONPATH": "."}, stdout=subprocess.DEVNULL
    )
    try:
        for _ in range(100):
            try:
                urlopen(f"http://127.0.0.1:{port}/healthz", timeout=1).close()
                break
            except OSError:
                time.sleep(0.2)
        yield f"http://localhost:{port}"
    finally:
        server.terminate()
        server.wait(10)


@pytest_asyncio.fixture(scope="module")
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield started
        await started.close()


@pytest_asyncio.fixture
async def browser(chromium: Browser) -> AsyncIterator[Browser]:
    """As one that was never used before: contexts share nothing."""
    yield chromium
    for context in chromium.contexts:
        await context.close()


async def _open(browser: Browser, url: str, **context) -> tuple[Page, list[str]]:
    complaints: list[str] = []
    page = await (await browser.new_context(**context)).new_page()
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    await page.goto(url)
    return page, complaints


@pytest.mark.parametrize("lang", ["vi", "en"])
@pytest.mark.parametrize("surface", ["citizen", "desk", "watch"])
async def test_a_phone(browser, address, surface, lang):
    phone = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
    page, complaints = await _open(browser, f"{address}/kit/{surface}?lang={lang}", **phone)
    assert await page.evaluate(OVERFLOWING) == 0
    assert await page.evaluate(TOO_SMALL) == []
    assert complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("surface", ["citizen", "desk", "watch"])
async def test_axe_finds_nothing(browser, address, surface, scheme):
    page, _ = await _open(
        browser, f"{address}/kit/{surface}", viewport={"width": 1366, "height": 768}, color_scheme=scheme
    )
    found = await Axe().run(page, options={"resultTypes": ["violations"]})
    assert [(v["id"], [n["html"][:120] for n in v["nodes"]]) for v in found.response["violations"]] == []


async def test_everything_is_there_without_scripts(browser, address):
    page, _ = await _open(browser, f"{address}/kit/desk", java_script_enabled=False)
    await page.get_by_text("Căn cứ pháp luật").click()
    assert await page.get_by_text("Điều 38 Luật").is_visible()
    await page.get_by_role("link", name="Số định danh phải có 12 chữ số.").click()
    assert page.url.endswith("#f-number")


async def test_keys(browser, address):
    page, complaints = await _open(browser, f"{address}/kit/desk", viewport={"width": 1366, "height": 768})
    await page.evaluate("document.activeElement.blur()")
    await page.keyboard.press("/")
    assert await page.evaluate("document.activeElement.name") == "q"
    await page.keyboard.type("j?/")
    assert await page.input_value("[data-search]") == "j?/"
    await page.keyboard.press("Escape")
    await page.keyboard.press("j")
    await page.keyboard.press("j")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("k")
    assert await page.evaluate("document.activeElement.getAttribute('href')") == "#r2"
    assert await page.locator("tr.is-at").count() == 1
    await page.keyboard.press("Enter")
    await page.wait_for_url("**#r2")
    await page.keyboard.press("?")
    assert await page.get_by_role("dialog").is_visible()
    await page.keyboard.press("Escape")
    assert not await page.locator("#keys").is_visible()
    assert complaints == []


async def test_a_number_is_copied_without_its_gaps(browser, address):
    page, _ = await _open(browser, f"{address}/kit/desk")
    copied = await page.evaluate(
        """() => { const range = document.createRange();
        range.selectNodeContents(document.querySelector('.num')); const s = getSelection();
        s.removeAllRanges(); s.addRange(range); return s.toString(); }"""
    )
    assert copied == "049190012345"


async def test_printed_without_controls(browser, address):
    page, _ = await _open(browser, f"{address}/kit/desk")
    await page.emulate_media(media="print")
    for hidden in (".languages", ".actions", ".search", ".fact-change", ".pages"):
        assert not await page.locator(hidden).first.is_visible()
    assert await page.locator(".facts").first.is_visible()
    assert len(await page.pdf()) > 10_000
