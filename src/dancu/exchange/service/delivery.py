"""Delivering events to subscribers (role worker): each has its own place, its own pace and its own connection, so one that is
slow, dead or hostile delays nobody else.

A delivery is a batch of CloudEvents in the order of the log. 2xx: with the subscriber. A refusal (4xx) of a batch is narrowed
down to the event that is refused, which goes to the dead letters; everything else is tried again with growing pauses, and
after days the subscription is paused: its place is kept, so nothing is lost. At least once: a batch whose answer was lost
comes again.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

import orjson

from dancu.exchange.models.subscription import News, Subscription
from dancu.exchange.service import subscriptions
from dancu.exchange.service.subscriptions import cloud_event
from dancu.exchange.store import calls
from dancu.exchange.store import subscriptions as store
from dancu.kit.db import Conn
from dancu.kit.log import get_logger
from dancu.kit.outbound import Answer, Failed, Outbound, Rules

log = get_logger("dancu.exchange")

# (method, url, content type, body) -> headers to send, signed.
Sign = Callable[[str, str, str, bytes], Mapping[str, str]]
Connect = Callable[[], AbstractAsyncContextManager[Conn]]



class Teller(Protocol):
    """Tells news in the words of an outside dialect."""

    async def write(self, conn: Conn, sub: Subscription, news: Sequence[News]) -> tuple[str, bytes]:
        """(content type, body)."""

    def refused(self, answer: Answer) -> bool:
        """Does a 2xx of the dialect say that the news is not wanted?"""


PAUSES: Final = (1, 5, 15, 60, 300, 900, 3600)
GIVE_UP: Final = timedelta(days=3)
SECONDS: Final = 10.0
_LOOK_SECONDS: Final = 0.5
_WAIT_SECONDS: Final = 5.0
# Final answers: the subscriber does not want this event. 408, 425 and 429 are about time, 401 and 403 about its set-up.
REFUSED: Final = frozenset(range(400, 500)) - {401, 403, 404, 408, 425, 429}


class Deliverer:
    """`connect` gives a connection in a transaction that commits at the end; `lanes` of them are used at once. `tellers`: by
    dialect; subscriptions in others wait."""

    def __init__(
        self, connect: Connect, rules: Rules, sign: Sign, source: str, *, lanes: int = 4, tellers: Mapping[str, Teller] | None = None
    ) -> None:
        self._connect, self._rules, self._sign, self._source = connect, rules, sign, source
        self._tellers = tellers or {}
        self._lanes = asyncio.Semaphore(lanes)
        self._out: dict[str, Outbound] = {}
        self._busy: dict[str, asyncio.Task[None]] = {}

    async def run(self, stop: asyncio.Event, watch: Conn) -> None:
        """Until `stop`. `watch`: a connection of its own, which shows by a lock that this process delivers; others wait."""
        mine = False
        try:
            while not stop.is_set():
                mine = mine or await store.sole(watch)
                if mine:
                    await self.look()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), _LOOK_SECONDS if mine else _WAIT_SECONDS)
        finally:
            await self.close()

    async def look(self) -> int:
        """Start a delivery for every subscriber that is behind and due; how many are under way."""
        async with self._database() as conn:
            head, subs = await store.head(conn), await store.pushed(conn)
        now = datetime.now(UTC)
        for sub in subs:
            spoken = not sub.dialect or sub.dialect in self._tellers
            if spoken and sub.place < head and sub.due_at <= now and sub.subscription_id not in self._busy:
                task = asyncio.create_task(self._deliver(sub, head))
                self._busy[sub.subscription_id] = task
                task.add_done_callback(lambda _, name=sub.subscription_id: self._busy.pop(name, None))  # type: ignore[misc]
        for name in self._out.keys() - {sub.subscription_id for sub in subs} - self._busy.keys():
            await self._out.pop(name).close()
        return len(self._busy)

    async def settled(self) -> None:
        """Wait until what is under way has ended."""
        while self._busy:
            await asyncio.wait(list(self._busy.values()))

    async def close(self) -> None:
        for task in list(self._busy.values()):
            task.cancel()
        await asyncio.gather(*self._busy.values(), return_exceptions=True)
        for out in self._out.values():
            await out.close()
        self._out.clear()

    async def _deliver(self, sub: Subscription, head: int) -> None:
        try:
            place = sub.place
            while place < head:
                async with self._database() as conn:
                    news, upto = await subscriptions.news(conn, sub, place, sub.batch)
                # Committed: the evidence is kept, now the events may leave.
                if upto <= place:
                    return
                taken = await self._send_all(sub, news) if news else ()
                if taken is None:
                    return
                async with self._database() as conn:
                    await store.moved(conn, sub.subscription_id, upto, len(taken), taken)
                place = upto
        except Exception as error:
            log.warning("delivery failed", subscription=sub.subscription_id, exc_info=error)

    async def _send_all(self, sub: Subscription, news: Sequence[News]) -> Sequence[int] | None:
        """When every event is with the subscriber or among the dead letters: those that were taken and are not yet counted; None otherwise."""
        outcome = await self._send(sub, news)
        if outcome == "refused" and len(news) > 1:
            for one in news:
                single = await self._send(sub, [one])
                if single == "refused":
                    await self._bury(sub, one)
                elif single:
                    await self._later(sub, single)
                    return None
                else:
                    async with self._database() as conn:
                        await store.moved(conn, sub.subscription_id, one.seq, 1, [one.seq])
            return ()
        if outcome == "refused":
            await self._bury(sub, news[0])
            return ()
        if outcome:
            await self._later(sub, outcome)
            return None
        return [one.seq for one in news]

    async def _send(self, sub: Subscription, news: Sequence[News]) -> str:
        """"" when delivered, "refused", or why it failed."""
        kind, body = await self._written(sub, news)
        out = self._out.get(sub.subscription_id)
        if out is None:
            out = self._out[sub.subscription_id] = Outbound(self._rules, most_connections=1)
        try:
            answer = await out.call(
                "POST", sub.url, headers=self._sign("POST", sub.url, kind, body), content=body, seconds=SECONDS, most_bytes=16 * 1024
            )
        except Failed as failed:
            return failed.code
        if 200 <= answer.status < 300:
            return "refused" if sub.dialect and self._tellers[sub.dialect].refused(answer) else ""
        if answer.status == 410:
            async with self._database() as conn:
                await store.set_state(conn, sub.subscription_id, "paused", "answered 410 Gone")
            return "gone"
        return "refused" if answer.status in REFUSED else f"answered {answer.status}"

    async def _written(self, sub: Subscription, news: Sequence[News]) -> tuple[str, bytes]:
        """(content type, body) of a delivery."""
        if sub.dialect:
            async with self._database() as conn:
                return await self._tellers[sub.dialect].write(conn, sub, news)
        events = [cloud_event(one, self._source) for one in news]
        if sub.batch == 1:
            return "application/cloudevents+json", orjson.dumps(events[0])
        return "application/cloudevents-batch+json", orjson.dumps(events)

    async def _bury(self, sub: Subscription, one: News) -> None:
        async with self._database() as conn:
            await store.bury(conn, sub.subscription_id, one.seq, "refused by the subscriber")
            await store.moved(conn, sub.subscription_id, one.seq, 0)

    async def _later(self, sub: Subscription, why: str) -> None:
        if why == "gone":
            return
        async with self._database() as conn:
            if sub.failing_since is not None and datetime.now(UTC) - sub.failing_since > GIVE_UP:
                await store.set_state(conn, sub.subscription_id, "paused", f"gave up: {why}")
            else:
                await store.failed(conn, sub.subscription_id, why, timedelta(seconds=PAUSES[min(sub.tries, len(PAUSES) - 1)]))
        log.info("a subscriber was not reached", subscription=sub.subscription_id, why=why, tries=sub.tries + 1)

    @asynccontextmanager
    async def _database(self) -> AsyncIterator[Conn]:
        async with self._lanes, self._connect() as conn:
            yield conn


async def redeliver(
    connect: Connect, sub: Subscription, seq: int, rules: Rules, sign: Sign, source: str, *, tellers: Mapping[str, Teller] | None = None
) -> str:
    """Send one dead letter again, at the request of the subscriber's staff; "" when it was taken, else why not. `connect` gives
    a connection that commits at the end: the evidence is kept before the event leaves, and none is held meanwhile. "held": an alert
    holds the program, nothing was sent."""
    deliverer = Deliverer(connect, rules, sign, source, lanes=1, tellers=tellers)
    if sub.dialect and sub.dialect not in deliverer._tellers:
        return "outside dialect"
    async with deliverer._database() as conn:
        news, _ = await subscriptions.news(conn, sub, seq - 1, 1)
        held = None if news else await calls.held(conn, sub.client_no)
    if held:
        return "held"
    if not news or news[0].seq != seq:
        return "no longer yours"
    try:
        outcome = await deliverer._send(sub, news)
    finally:
        await deliverer.close()
    if not outcome:
        async with deliverer._database() as conn:
            await store.settle(conn, sub.subscription_id, seq, "delivered")
    return outcome


async def handshake(url: str, rules: Rules, origin: str) -> str:
    """Does the owner of this address want our events (CloudEvents HTTP webhooks §4: OPTIONS, WebHook-Request-Origin)?
    "" when it does, else why not."""
    async with Outbound(rules, most_connections=1) as out:
        if not out.allows(url):
            return "outbound.not_allowed"
        try:
            answer = await out.call("OPTIONS", url, headers={"WebHook-Request-Origin": origin}, seconds=SECONDS, most_bytes=16 * 1024)
        except Failed as failed:
            return failed.code
    allowed = answer.headers.get("webhook-allowed-origin", "")
    return "" if answer.status < 300 and allowed in ("*", origin) else f"answered {answer.status} without WebHook-Allowed-Origin"
