"""Registering one page at a time: the browser's way back, another window, another language."""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import parse_qs, urlsplit

import pytest
import pytest_asyncio

from dancu.accounts.present.application import FOLLOWS, STATES
from dancu.kit.i18n import gettext
from tests.accounts.browsing import Browser, application, browsing

PAGE = "/eid/register"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def site(registry, _ring) -> AsyncIterator[object]:
    async with application(registry, _ring) as made:
        yield made


async def to_phone(b: Browser, number: str = "049190012345", name: str = "Trần Thị Hoà") -> str:
    """As far as the page that asks for the phone; its address."""
    await b.get(PAGE)
    await b.post(PAGE, number=number)
    await b.get(b.url)
    await b.post(PAGE, name=name, birth_day="12", birth_month="4", birth_year="1990")
    address = b.url
    await b.get(address)
    return address


async def test_the_way_back_shows_what_was_answered_in_either_language(site):
    async with browsing(site) as b:
        address = await to_phone(b)
        before = address.replace("step=phone", "step=who")
        page = await b.get(before)
        assert 'value="Trần Thị Hoà"' in page
        assert 'value="Trần Thị Hoà"' in await b.get(before + "&lang=en")
        b.client.cookies.set("lang", "vi")
        await b.get(address)
        await b.post(PAGE, phone="0905 111 222")
        assert "0905 111 222" in await b.get(b.url)
    assert not {"Hoà", "049190012345", "111"} & set(parse_qs(urlsplit(address).query))


async def test_nothing_is_skipped_and_no_window_shows_anothers_answers(site):
    async with browsing(site) as b, browsing(site) as other:
        address = await to_phone(b)
        await b.get(address.replace("step=phone", "step=portrait"), 303)
        assert b.url == PAGE
        await other.get(address, 303)
        newer = await to_phone(b, name="Lê Thị Sáu")
        await b.get(address, 303)
        assert b.url == PAGE
        assert "Lê Thị Sáu" in await b.get(newer.replace("step=phone", "step=who"))
        await b.get(PAGE)
        await b.get(newer, 303)
        assert b.url == PAGE, "a new start forgets the old one"


async def test_what_was_answered_lies_in_the_browser_for_one_installation_of_a_machine(site):
    """Over plain http cookies do not tell ports apart, so the name does; what was begun under the old name goes on."""
    async with browsing(site) as b:
        b.client.headers["host"] = "localhost:8740"
        address = await to_phone(b)
        (kept,) = (value for name, value in b.client.cookies.items() if name == "dancu_eid_draft_8740")
        b.client.headers["host"] = "localhost:8741"
        await b.get(address, 303)
        b.client.cookies.set("dancu_eid_draft", kept, domain="localhost.local", path=PAGE)
        await b.get(address)
        await b.get(PAGE)
        await b.get(address, 303)


async def test_day_and_year_are_no_month(site):
    async with browsing(site) as b:
        await b.get(PAGE)
        await b.post(PAGE, number="049190012345")
        await b.get(b.url)
        assert "Ngày sinh chưa đúng" in await b.post(PAGE, 422, name="Hoà", birth_day="4", birth_month="", birth_year="1990")


@pytest.mark.parametrize("language", ["vi", "en"])
def test_where_an_application_stands_fits_a_phone(language):
    """A mark does not break over lines: 360 px hold some thirty letters."""
    assert all(len(gettext(word, language)) <= 24 for _, word, _ in (*STATES.values(), *FOLLOWS.values()))
