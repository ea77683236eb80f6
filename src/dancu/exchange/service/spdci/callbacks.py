"""Answers by callback: kept sealed until the sender takes them, tried again with growing pauses, given up after three days.

Any number of processes may deliver: each takes an answer for a while before it tries. One sender's answers go one after the
other, so one that is slow or dead delays nobody else.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import orjson

from dancu.exchange.service.delivery import GIVE_UP, PAUSES, REFUSED, SECONDS, Connect
from dancu.exchange.service.receipts import AnswerKeys
from dancu.exchange.service.spdci import envelope
from dancu.exchange.service.spdci.notify import acknowledged
from dancu.exchange.store import dialects as store
from dancu.exchange.store.dialects import Callback
from dancu.kernel.errors import DancuError
from dancu.kit.db import Conn
from dancu.kit.keys import KeyRing
from dancu.kit.log import get_logger
from dancu.kit.outbound import Failed, Outbound, Rules

log = get_logger("dancu.exchange")
_LOOK_SECONDS: Final = 0.5
_AT_ONCE: Final = 16
_TABLE: Final = "exchange.dialect_callback"


async def keep(
    conn: Conn, ring: KeyRing, sender: str, message_id: str, action: str, url: str, head: Mapping[str, Any], message: Mapping[str, Any]
) -> None:  # fmt: skip
    """An answer that is to be sent, in the transaction that made it."""
    plain = orjson.dumps({"header": head, "message": message})
    sealed = ring.encrypt(plain, table=_TABLE, row=f"{sender} {message_id}", column="sealed")
    await store.call_back(conn, sender, message_id, action, url, sealed)


class Callbacks:
    """`connect` gives a connection in a transaction that commits at the end."""

    def __init__(self, connect: Connect, rules: Rules, keys: AnswerKeys, ring: KeyRing) -> None:
        self._connect, self._rules, self._keys, self._ring = connect, rules, keys, ring
        self._lanes = asyncio.Semaphore(2)
        self._busy: dict[str, asyncio.Task[None]] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`."""
        try:
            while not stop.is_set():
                try:
                    await self.look()
                except Exception as error:  # the database went away: it comes back
                    log.warning("callbacks could not be looked for", exc_info=error)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), _LOOK_SECONDS)
        finally:
            for task in list(self._busy.values()):
                task.cancel()
            await asyncio.gather(*self._busy.values(), return_exceptions=True)

    async def look(self) -> int:
        """Begin with every sender for whom something is due; how many are under way."""
        if len(self._busy) < _AT_ONCE:
            async with self._lanes, self._connect() as conn:
                waiting = await store.senders_due(conn, _AT_ONCE + len(self._busy))
            for sender in waiting:
                if sender not in self._busy and len(self._busy) < _AT_ONCE:
                    task = self._busy[sender] = asyncio.create_task(self._send_all(sender))
                    task.add_done_callback(lambda _, name=sender: self._busy.pop(name, None))  # type: ignore[misc]
        return len(self._busy)

    async def settled(self) -> None:
        """Wait until what is under way has ended."""
        while self._busy:
            await asyncio.wait(list(self._busy.values()))

    async def _send_all(self, sender: str) -> None:
        try:
            async with Outbound(self._rules, most_connections=1) as out:
                while True:
                    async with self._lanes, self._connect() as conn:
                        one = await store.take_due(conn, sender, timedelta(seconds=6 * SECONDS))
                        # Who was let in with the question may have been stopped since.
                        stopped = one is not None and await store.stopped(conn, one.sender.rpartition("|")[0])
                    if one is None:
                        return
                    outcome = "stopped" if stopped else await self._send(out, one)
                    async with self._lanes, self._connect() as conn:
                        if not await self._settle(conn, one, outcome):
                            return
        except Exception as error:
            log.warning("a callback failed", exc_info=error)

    async def _send(self, out: Outbound, one: Callback) -> str:
        """"" when taken, "refused", or why it failed."""
        try:
            said = orjson.loads(self._ring.decrypt(one.sealed, table=_TABLE, row=f"{one.sender} {one.message_id}", column="sealed"))
            body = orjson.dumps(envelope.signed(self._keys, said["header"], said["message"]))
            headers = self._keys.sign_request("POST", one.url, "application/json", body)
            answer = await out.call("POST", one.url, headers=headers, content=body, seconds=SECONDS, most_bytes=16 * 1024)
        except Failed as failed:
            return failed.code
        except DancuError as error:  # the key it was sealed with is gone
            return error.code
        if answer.status in REFUSED or acknowledged(answer) == "ERR":
            return "refused"
        return "" if 200 <= answer.status < 300 else f"answered {answer.status}"

    async def _settle(self, conn: Conn, one: Callback, outcome: str) -> bool:
        """True where the next answer may be tried at once."""
        if not outcome:
            await store.called_back(conn, one.callback_no)
            return True
        if outcome == "refused" or datetime.now(UTC) - one.made_at > GIVE_UP:
            await store.give_up(conn, one.callback_no, outcome)
            log.info("a callback was given up", action=one.action, why=outcome)
            return outcome == "refused"
        await store.call_back_later(conn, one.callback_no, outcome, timedelta(seconds=PAUSES[min(one.tries, len(PAUSES) - 1)]))
        log.info("a callback failed", why=outcome, tries=one.tries + 1)
        return False
