"""Asking ministries. Each connector has its own connections, its own places and its own circuit."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from dancu.exchange.connectors import reading
from dancu.exchange.connectors.addresses import Address
from dancu.exchange.connectors.guard import Breaker, Bulkhead, Busy, Open
from dancu.exchange.models.connectors import Connector, Content, Fetched, Outcome
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kit.limits import Rate, TokenBuckets
from dancu.kit.outbound import Failed, Outbound, Rules

_FAILED = {"outbound.timeout": Outcome.TIMEOUT, "outbound.too_large": Outcome.UNREADABLE, "outbound.broken": Outcome.UNREADABLE}


class Line:
    """The way to one ministry."""

    def __init__(self, connector: Connector, address: Address, rules: Rules) -> None:
        limits = connector.limits
        self.connector, self._address = connector, address
        self._out = Outbound(rules, most_connections=limits.at_once)
        self._places = Bulkhead(limits.at_once, limits.waiting)
        self._pace = TokenBuckets(Rate(limits.per_second, max(limits.per_second, limits.at_once)), capacity=1)
        self.breaker = Breaker(limits.failures, limits.pause)
        self.asked = self.failed = 0

    async def close(self) -> None:
        await self._out.close()

    async def ask(self, number: str) -> Fetched:
        """What it says of the person with this number. Never raises for what the ministry does."""
        began = time.monotonic()
        self.asked += 1
        try:
            if self._pace.take(self.connector.code):
                raise Busy
            async with self._places.place(self.connector.limits.seconds):
                self.breaker.enter()
                outcome, content = Outcome.UNREACHABLE, None
                try:
                    outcome, content = await self._answered(number, began + self.connector.limits.seconds)
                    self.breaker.leave(ok=outcome not in _BAD)
                except BaseException:
                    self.breaker.give_up()
                    raise
        except Busy:
            outcome, content = Outcome.BUSY, None
        except Open:
            outcome, content = Outcome.OPEN, None
        self.failed += not outcome.answered
        return Fetched(outcome, content, SYSTEM_CLOCK.now(), int((time.monotonic() - began) * 1000))

    async def _answered(self, number: str, until: float) -> tuple[Outcome, Content | None]:
        try:
            pages = await self._pages(number, until)
            if pages is None:
                return Outcome.NOBODY, None
            content = reading.content(self.connector, pages)
        except Failed as failed:
            return _FAILED.get(failed.code, Outcome.UNREACHABLE), None
        except _Refused:
            return Outcome.REFUSED, None
        except reading.Unreadable:
            return Outcome.UNREADABLE, None
        if content.holder.get("number") != number:
            return Outcome.WRONG_PERSON, None
        return Outcome.FOUND, content

    async def _pages(self, number: str, until: float) -> list[Any] | None:
        """Every page of the answer; None where it knows nobody."""
        connector, paging = self.connector, self.connector.paging
        pages: list[Any] = []
        following: dict[str, str] = {}
        while True:
            answer = await self._page({connector.asked_as: number, **following}, until)
            if answer is None or not reading.somebody(connector, answer):
                return pages or None
            pages.append(answer)
            if paging is None or len(pages) >= paging.most:
                return pages
            after = _after(connector, answer, pages)
            if after is None or after == following.get(paging.param):
                return pages
            following = {paging.param: after}

    async def _page(self, query: Mapping[str, str], until: float) -> Any:
        left = until - time.monotonic()
        if left <= 0:
            raise Failed("outbound.timeout", "no answer in time")
        answer = await self._out.call(
            "GET", f"{self._address.url}{self.connector.path}?{urlencode(query)}", seconds=left, most_bytes=self.connector.limits.bytes,
            headers={"authorization": f"Bearer {self._address.key.decode('ascii', 'replace')}", "accept": f"application/{self.connector.format}"},
        )  # fmt: skip
        if answer.status in self.connector.nobody:
            return None
        if answer.status in (401, 403, 429) or 300 <= answer.status < 400:
            raise _Refused
        if answer.status != 200:
            raise Failed("outbound.unreachable", f"answered {answer.status}")
        return reading.parse(answer.body, self.connector.format)


def _after(connector: Connector, answer: Any, pages: list[Any]) -> str | None:
    """How the next page is asked for; None where this was the last."""
    paging = connector.paging
    assert paging is not None
    if paging.kind == "cursor":
        found = reading.get(answer, paging.next)
        return str(found) if found else None
    total = reading.get(answer, paging.total)
    count = int(total) if str(total).isdigit() else 0
    if paging.kind == "pages":
        return str(len(pages) + 1) if len(pages) < count else None
    rows = sum(len(reading.get(reading.get(one, connector.root), connector.paged) or ()) for one in pages)
    return str(rows) if 0 < rows < count else None


class _Refused(Exception):
    """It answered, but not to us."""


#: After these it is asked less; that somebody is not known, or that too many ask, says nothing against it.
_BAD = frozenset({Outcome.TIMEOUT, Outcome.UNREACHABLE, Outcome.REFUSED, Outcome.UNREADABLE})


class Lines:
    """The ways to all ministries that are connected."""

    def __init__(self, connectors: Mapping[str, Connector], addresses: Mapping[str, Address], rules: Rules) -> None:
        self.lines = {code: Line(connectors[code], address, rules) for code, address in addresses.items() if code in connectors}
        self.desks = {code: address.desk for code, address in addresses.items() if address.desk}

    async def __aenter__(self) -> Lines:
        return self

    async def __aexit__(self, *_: object) -> None:
        for line in self.lines.values():
            await line.close()

    async def ask(self, code: str, number: str) -> Fetched:
        line = self.lines.get(code)
        return await line.ask(number) if line else Fetched(Outcome.NOT_CONNECTED, None, SYSTEM_CLOCK.now())
