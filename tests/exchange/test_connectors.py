"""Connectors against ministries that misbehave: over the network, as in real life."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from dancu.exchange.connectors.addresses import Address, addresses
from dancu.exchange.connectors.catalogue import connectors
from dancu.exchange.connectors.client import Lines
from dancu.exchange.models.connectors import Outcome
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kit.outbound import rules
from tests.exchange.ministries import HOA, NOBODY, Ministries, ministries

EVERY = sorted(connectors())
ADULT = [code for code in EVERY if code not in ("merit", "school_results")]


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ministries]:
    with ministries(tmp_path_factory.mktemp("ministries")) as made:
        yield made


@pytest_asyncio.fixture(loop_scope="session")
async def lines(here: Ministries) -> AsyncIterator[Lines]:
    async with here.lines(seconds=2.0, failures=3, pause=0.6) as made:
        yield made
    for code in EVERY:
        here.faults(code)


@pytest.mark.parametrize("code", ADULT)
async def test_every_ministry_answers_in_our_words(lines: Lines, code: str) -> None:
    fetched = await lines.ask(code, HOA)
    assert fetched.outcome is Outcome.FOUND and fetched.content is not None
    content = fetched.content
    assert content.holder["number"] == HOA and content.unread == () and content.as_of is not None
    assert content.holder["name"].casefold() == "trần thị hoà"
    assert any(content.parts.values())
    assert (await lines.ask(code, NOBODY)).outcome is Outcome.NOBODY


async def test_dates_codes_numbers_and_pages(lines: Lines) -> None:
    book = (await lines.ask("social_insurance", HOA)).content
    assert book is not None and book.holder["birth"] == "1990-04-12" and book.holder["sex"] == "female"
    assert [row["from"] for row in book.parts["periods"]] == ["2012-08", "2014-07", "2019-06", "2024-01"]
    assert book.parts["periods"][0]["wage"] == 3_400_000
    licence = (await lines.ask("driving_licence", HOA)).content
    assert licence is not None
    (row,) = licence.parts["licences"]
    assert (row["class"], row["regime"], row["state"], row["until"]) == ("B2", "regime_before_2025", "valid", "2029-05-20")


async def test_a_list_goes_on_from_page_to_page(here: Ministries, lines: Lines) -> None:
    """More lines than a page holds, three ways of paging."""
    lengths = dict.fromkeys(("social_insurance", "medical_examination", "vehicles", "school_results"), 0)
    from contextlib import closing

    from dancu.demo.simulators import stock

    lists = {"social_insurance": "quaTrinh", "medical_examination": "entry", "vehicles": "items", "school_results": "ket_qua"}
    for code, name in lists.items():
        with closing(stock.connect(here.folder, code)) as db:
            numbers = [row[0] for row in db.execute("SELECT number FROM record")]
            longest = max(numbers, key=lambda number: len(stock.record(db, number)[name]))
            count = len(stock.record(db, longest)[name])
        fetched = await lines.ask(code, longest)
        assert fetched.content is not None
        lengths[code] = max(len(rows) for rows in fetched.content.parts.values())
        assert lengths[code] == count
    assert lengths["social_insurance"] > 5 and lengths["medical_examination"] > 3 and lengths["vehicles"] > 2 and lengths["school_results"] > 4


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [("down", Outcome.UNREACHABLE), ("cut", Outcome.UNREADABLE), ("slow", Outcome.TIMEOUT), ("wrong", Outcome.WRONG_PERSON)],
)
@pytest.mark.parametrize("code", ["social_insurance", "health_insurance"])
async def test_what_goes_wrong_is_told_apart_and_bounded(here: Ministries, code: str, fault: str, outcome: Outcome) -> None:
    here.faults(code, fault)
    async with here.lines(seconds=0.7) as lines:
        began = time.monotonic()
        fetched = await lines.ask(code, HOA)
        assert (fetched.outcome, fetched.content) == (outcome, None)
        assert time.monotonic() - began < 1.5
        here.faults(code)
        assert (await lines.ask(code, HOA)).outcome is Outcome.FOUND


@pytest.mark.parametrize("code", ADULT)
async def test_stale_old_and_contradicting_answers_are_read_for_what_they_are(here: Ministries, lines: Lines, code: str) -> None:
    whole = (await lines.ask(code, HOA)).content
    assert whole is not None
    here.faults(code, "old_codes")
    old = (await lines.ask(code, HOA)).content
    assert old is not None and old.unread == () and old.parts == whole.parts and old.holder == whole.holder
    here.faults(code, "stale")
    stale = (await lines.ask(code, HOA)).content
    assert stale is not None and stale.as_of is not None and (SYSTEM_CLOCK.today() - stale.as_of).days > 600
    here.faults(code, "contradicts")
    other = (await lines.ask(code, HOA)).content
    assert other is not None and other.holder["name"].casefold() == "trần hoà" and other.holder["birth"] != whole.holder["birth"]
    here.faults(code)


async def test_a_ministry_that_keeps_failing_is_left_alone_and_tried_again(here: Ministries, lines: Lines) -> None:
    here.faults("land", "down")
    assert [(await lines.ask("land", HOA)).outcome for _ in range(4)] == [Outcome.UNREACHABLE] * 3 + [Outcome.OPEN]
    here.faults("land")
    assert (await lines.ask("land", HOA)).outcome is Outcome.OPEN  # its pause is not over
    await asyncio.sleep(0.7)
    assert (await lines.ask("land", HOA)).outcome is Outcome.FOUND
    assert (await lines.ask("land", HOA)).outcome is Outcome.FOUND


async def test_that_nobody_is_known_is_no_failure(lines: Lines) -> None:
    assert {(await lines.ask("merit", NOBODY)).outcome for _ in range(6)} == {Outcome.NOBODY}


async def test_one_slow_ministry_slows_nobody_else(here: Ministries) -> None:
    here.faults("housing", "slow")
    async with here.lines(seconds=1.0, at_once=2, waiting=3, failures=100, per_second=1000) as lines:
        await lines.ask("electricity", HOA)
        slow = [asyncio.create_task(lines.ask("housing", HOA)) for _ in range(40)]
        await asyncio.sleep(0.1)
        spent = []
        for _ in range(20):
            began = time.monotonic()
            assert (await lines.ask("electricity", HOA)).outcome is Outcome.FOUND
            spent.append(time.monotonic() - began)
        assert max(spent) < 0.5
        outcomes = [one.outcome for one in await asyncio.gather(*slow)]
    assert outcomes.count(Outcome.BUSY) >= 35  # sent away, not kept waiting
    assert Outcome.TIMEOUT in outcomes
    here.faults("housing")


async def test_more_a_second_than_agreed_is_not_asked(here: Ministries) -> None:
    async with here.lines(per_second=1.0, at_once=2) as lines:
        outcomes = [(await lines.ask("vehicles", HOA)).outcome for _ in range(6)]
    assert outcomes[:2] == [Outcome.FOUND] * 2 and Outcome.BUSY in outcomes[2:]


async def test_a_wrong_key_and_an_address_that_is_not_on_the_list(here: Ministries) -> None:
    url = f"http://127.0.0.1:{here.port}/gplx"
    async with Lines(connectors(), {"driving_licence": Address(url, b"wrong")}, rules(f"inside:127.0.0.1:{here.port}")) as lines:
        assert (await lines.ask("driving_licence", HOA)).outcome is Outcome.REFUSED
        assert (await lines.ask("land", HOA)).outcome is Outcome.NOT_CONNECTED
    async with Lines(connectors(), {"driving_licence": Address(url, b"x")}, rules("")) as closed:
        assert (await closed.ask("driving_licence", HOA)).outcome is Outcome.UNREACHABLE


@pytest.mark.parametrize("text", ["- a", "driving_licence: x", "unheard_of: {address: 'https://a.vn'}", "a: ["])
def test_a_configuration_that_cannot_be_read_connects_nobody(tmp_path, text: str) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "c.yaml").write_text(text)
    with pytest.raises(ValueError, match="connectors"):
        addresses(str(tmp_path / "c.yaml"), tmp_path, connectors())
    with pytest.raises(ValueError, match="connectors"):
        addresses(str(tmp_path / "none.yaml"), tmp_path, connectors())
