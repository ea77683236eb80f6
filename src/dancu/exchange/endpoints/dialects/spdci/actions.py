"""What may be asked in this dialect, and what is done about it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from dancu.exchange.endpoints.dialects.spdci import described
from dancu.exchange.endpoints.dialects.spdci.described import Check
from dancu.exchange.endpoints.dialects.spdci.envelopes import Envelope
from dancu.exchange.service import spdci as service
from dancu.exchange.service.registries import Reader
from dancu.kit.db import Conn

# (answer, what of it is kept for questions after its status)
_Answer = tuple[dict[str, Any], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Action:
    """`name` of the request and `on` of its answer; `form` of its message, and the `member` of it that holds what is asked; `kept`: a message
    of it counts once, and its status can be asked after."""

    name: str
    on: str
    member: str
    form: Check
    work: Callable[[Conn, Reader, Envelope, str], Awaitable[_Answer]]
    kept: bool = True
    callback: bool = False
    needed: bool = True

    def check(self, message: Mapping[str, Any]) -> None:
        """Is the message what the standard's description says? Raises Malformed."""
        self.form(message, "message")

    def count(self, message: Mapping[str, Any]) -> int:
        """How many questions it asks: a message may ask about many people."""
        found = message[self.member]
        return len(found) if isinstance(found, list) else 1


@dataclass(frozen=True, slots=True)
class Told:
    """What a registry that was asked, or subscribed to, tells whoever asked: an action of the standard that is answered here, though
    this registry asks nobody in this dialect."""

    name: str
    needed: bool = False
    callback: bool = True

    def check(self, message: Mapping[str, Any]) -> None:
        """Every message will do, nothing of it is used; but where the description has one `needed`, it must be there. Raises Malformed."""
        if self.needed and not message:
            raise described.Malformed("message is missing")

    def count(self, message: Mapping[str, Any]) -> int:
        """One message."""
        return 1


async def _search(conn: Conn, reader: Reader, said: Envelope, correlation: str) -> _Answer:
    return await service.search(conn, reader, said.message, correlation)


async def _subscribe(conn: Conn, reader: Reader, said: Envelope, correlation: str) -> _Answer:
    answer = await service.subscribe(conn, reader, said.sender, said.url, said.message, correlation)
    return answer, answer


async def _unsubscribe(conn: Conn, reader: Reader, said: Envelope, correlation: str) -> _Answer:
    answer = await service.unsubscribe(conn, reader, said.sender, said.message, correlation)
    return answer, answer


async def _status(conn: Conn, reader: Reader, said: Envelope, correlation: str) -> _Answer:
    return await service.status(conn, said.sender, said.message, correlation), {}


SEARCH: Final = Action("search", "on-search", "search_request", described.SEARCH, _search)
SUBSCRIBE: Final = Action("subscribe", "on-subscribe", "subscribe_request", described.SUBSCRIBE, _subscribe)
UNSUBSCRIBE: Final = Action("unsubscribe", "on-unsubscribe", "subscription_codes", described.UNSUBSCRIBE, _unsubscribe)
STATUS: Final = Action("txn-status", "txn-on-status", "txnstatus_request", described.STATUS, _status, kept=False)

# Path -> (what is asked, answered at once or by callback, summary).
PATHS: Final[Mapping[str, tuple[Action, bool, str]]] = {
    "/registry/sync/search": (SEARCH, True, "Answer a search at once"),
    "/registry/sync/txn/status": (STATUS, True, "What became of an earlier message"),
    "/registry/search": (SEARCH, False, "Acknowledge; the answer goes to sender_uri as on-search"),
    "/registry/subscribe": (SUBSCRIBE, False, "Acknowledge; the answer goes to sender_uri as on-subscribe"),
    "/registry/unsubscribe": (UNSUBSCRIBE, False, "Acknowledge; the answer goes to sender_uri as on-unsubscribe"),
    "/registry/txn/status": (STATUS, False, "Acknowledge; the answer goes to sender_uri as txn-on-status"),
}

# Path -> what is told there.
HEARD: Final[Mapping[str, Told]] = {
    "/registry/on-search": Told("on-search"), "/registry/on-subscribe": Told("on-subscribe", needed=True),
    "/registry/on-unsubscribe": Told("on-unsubscribe", needed=True), "/registry/txn/on-status": Told("txn-on-status"),
    "/registry/notify": Told("notify"),
}  # fmt: skip
