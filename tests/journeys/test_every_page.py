"""Every page a persona can reach by links fits an old phone, says what its cells mean, and works from the keyboard."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page

from dancu.demo.personas import HEAD_NUMBER, SON_NUMBER
from tests.journeys.conftest import CITIZEN, CLERK, COUNTER, POLICE, Enter, Visitor

pytestmark = pytest.mark.journey
LEADER, AUDITOR, REGISTRAR, ADMIN = "Lãnh đạo tỉnh", "Kiểm toán viên nhật ký", "Cán bộ nhập dữ liệu", "Quản trị viên"

# Files, other languages and what changes something are no pages to walk.
_SKIP = re.compile(r"[?&]lang=|\.py$|\.json$|\.pdf$|\.zip$|/offline\.html$|/proof$|/receipt$|/jwks$|^/(static|\.well-known)/")
# A cell without its column's title tells nothing on a phone; a table wider than its frame hides columns there.
_UNTITLED = """[...document.querySelectorAll('main table tbody td')]
  .filter(cell => cell.textContent.trim() && !cell.dataset.title).map(cell => cell.outerHTML.slice(0, 80))"""
_HIDDEN_SIDEWAYS = """[...document.querySelectorAll('.table-frame, nav ul')]
  .filter(box => box.scrollWidth > box.clientWidth + 1).map(box => box.outerHTML.slice(0, 80))"""


#: Kinds of pages looked at closely already, for whichever persona came first: rules of accessibility take most of the time.
_LOOKED_AT: set[str] = set()


def _kind(address: str) -> str:
    """Pages that differ only in a number, its mark (kit.handles), or in what is asked are one kind of page."""
    return re.sub(r"(\d+-)?[0-9a-f-]{24,}|\d+", "#", address.split("#")[0].split("?")[0])


def _links(page: Page) -> list[str]:
    found = page.eval_on_selector_all("a[href^='/']", "all => all.map(a => a.getAttribute('href'))")
    return [link for link in found if not _SKIP.search(link)]


def _walk(visitor: Visitor, start: list[str]) -> set[str]:
    ahead, seen = [*start], set[str]()
    while ahead:
        address = ahead.pop(0)
        if _kind(address) in seen:
            continue
        seen.add(_kind(address))
        visitor.go(address)
        if _kind(address) not in _LOOKED_AT:
            _LOOKED_AT.add(_kind(address))
            visitor.well()
        assert visitor.document is not None
        assert visitor.document.status == 200, address
        assert visitor.page.evaluate(_UNTITLED) == [], address
        assert visitor.page.evaluate(_HIDDEN_SIDEWAYS) == [], address
        ahead += _links(visitor.page)
    return seen


@pytest.mark.timeout(600)  # dozens of pages: a busy machine takes minutes
@pytest.mark.parametrize("persona", [CITIZEN, POLICE, CLERK, COUNTER, LEADER, AUDITOR, REGISTRAR, ADMIN])
def test_on_an_old_phone(enter: Enter, persona: str) -> None:
    visitor = enter(persona, width=360)
    visitor.page.goto(visitor.page.url + ("&" if "?" in visitor.page.url else "?") + "lang=en")  # the longer words
    start = [visitor.page.url.removeprefix(visitor.site)]
    if start[0].startswith("/desk"):
        visitor.find(HEAD_NUMBER)
        start.append(visitor.page.url.removeprefix(visitor.site))
    seen = _walk(visitor, start)
    assert len(seen) >= (20 if persona == POLICE else 4)


def test_from_search_to_a_written_change_without_a_mouse(enter: Enter) -> None:
    desk = enter(POLICE)
    keys = desk.page.keyboard
    keys.type(SON_NUMBER)
    with desk.page.expect_navigation(url="**/desk/persons/*"):
        keys.press("Enter")
    keys.press("Tab")
    assert desk.page.evaluate("document.activeElement.getAttribute('href')") == "#main"  # the first stop skips the head
    keys.press("Enter")
    _tab_to(desk, "a[href$='/do/contact']")
    with desk.page.expect_navigation():
        keys.press("Enter")
    assert desk.page.evaluate("document.activeElement.name") == "kind"
    keys.press("Space")
    keys.press("Tab")
    keys.type("0579000321")
    _tab_to(desk, "button[value=preview]")
    with desk.page.expect_navigation():
        keys.press("Enter")
    assert "Chưa có gì được ghi" in desk.text
    _tab_to(desk, "button[value=confirm]")
    with desk.page.expect_navigation():
        keys.press("Enter")
    assert "Đã ghi" in desk.text
    assert "0579 000 321" in desk.text


def _tab_to(visitor: Visitor, selector: str) -> None:
    """Every stop on the way must be seen: an outline or, for links, a ground of its own."""
    for _ in range(120):
        visitor.page.keyboard.press("Tab")
        assert visitor.page.evaluate(
            """() => { const s = getComputedStyle(document.activeElement);
            return s.outlineStyle !== 'none' || s.boxShadow !== 'none'; }"""
        ), visitor.page.evaluate("document.activeElement.outerHTML.slice(0, 80)")
        if visitor.page.evaluate("s => document.activeElement.matches(s)", selector):
            return
    raise AssertionError(f"Tab never comes to {selector}")


def test_a_refused_page_leads_back_to_where_one_may_go(enter: Enter) -> None:
    desk = enter(POLICE)
    assert desk.page.goto(desk.site + "/watch/log").status == 403  # type: ignore[union-attr]
    with desk.page.expect_navigation():
        desk.page.get_by_role("link", name="Về trang đầu").click()
    assert desk.title == "Tìm người"


def test_a_printed_record_is_a_sheet_without_the_screen(enter: Enter) -> None:
    desk = enter(POLICE)
    desk.find(HEAD_NUMBER)
    desk.page.goto(desk.page.url + "/print")
    desk.page.emulate_media(media="print")
    assert not desk.page.locator("nav.menu, .back, .on-screen, .who").first.is_visible()
    sheet = desk.page.inner_text(".sheet").casefold()
    for said in ("công an phường", "thông tin dân cư", "người in", "đại úy lê văn phước", "mục đích", "in lúc"):
        assert said in sheet
