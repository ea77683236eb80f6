"""SPDCI: registries of civil status and of social protection, 1.0.0, synchronous and by callback.

Every message is signed, by us and by the sender; only a name taken at its word in a demonstration may leave that out. An
asynchronous request is answered and the answer kept in one transaction; it goes to the sender's address, which must be on the
outbound allow-list, until it is taken.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from dancu.exchange.endpoints.dialects.callers import reader_of
from dancu.exchange.endpoints.door import exchange_of
from dancu.exchange.service import spdci as service
from dancu.exchange.service.registries import Reader
from dancu.exchange.service.spdci import callbacks, envelope
from dancu.kernel.actor import ActorKind
from dancu.kernel.errors import DancuError, NotAllowed
from dancu.kit.db import Conn
from dancu.kit.outbound import Outbound, rules
from dancu.kit.web import APIRouter, DbConn, Request, Response, public

router = APIRouter(dependencies=[public(machine=True)])
_MOST_BODY: Final = 256 * 1024
_MOST_NAME: Final = 120
# (answer, what of it is kept for questions after its status)
_Answer = tuple[dict[str, Any], dict[str, Any]]


class Bad(Exception):
    """The envelope itself is wrong. `code`: of the standard."""

    def __init__(self, code: str, text: str, status: int = 400) -> None:
        super().__init__(code)
        self.code, self.text, self.status = code, text, status


@dataclass(frozen=True, slots=True)
class Envelope:
    """A message of the standard: `signature`, `header` and `message`. `sender`: its name, within its organisation."""

    signature: str
    header: Mapping[str, Any]
    message: Mapping[str, Any]
    sender: str = ""

    @property
    def sender_id(self) -> str:
        return str(self.header["sender_id"])

    @property
    def url(self) -> str:
        return str(self.header.get("sender_uri") or "")


@dataclass(frozen=True, slots=True)
class Action:
    """`name` of the request and `on` of its answer; `member` of the message that holds what is asked, of this `kind`; `kept`: a
    message of it counts once, and its status can be asked after."""

    name: str
    on: str
    member: str
    kind: type[Any]
    work: Callable[[Conn, Reader, Envelope, str], Awaitable[_Answer]]
    kept: bool = True


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


SEARCH: Final = Action("search", "on-search", "search_request", list, _search)
SUBSCRIBE: Final = Action("subscribe", "on-subscribe", "subscribe_request", list, _subscribe)
UNSUBSCRIBE: Final = Action("unsubscribe", "on-unsubscribe", "subscription_codes", list, _unsubscribe)
STATUS: Final = Action("txn-status", "txn-on-status", "txnstatus_request", dict, _status, kept=False)

# Path -> (what is asked, answered at once or by callback, summary).
PATHS: Final[Mapping[str, tuple[Action, bool, str]]] = {
    "/registry/sync/search": (SEARCH, True, "Answer a search at once"),
    "/registry/sync/txn/status": (STATUS, True, "What became of an earlier message"),
    "/registry/search": (SEARCH, False, "Acknowledge; the answer goes to sender_uri as on-search"),
    "/registry/subscribe": (SUBSCRIBE, False, "Acknowledge; the answer goes to sender_uri as on-subscribe"),
    "/registry/unsubscribe": (UNSUBSCRIBE, False, "Acknowledge; the answer goes to sender_uri as on-unsubscribe"),
    "/registry/txn/status": (STATUS, False, "Acknowledge; the answer goes to sender_uri as txn-on-status"),
}


def _endpoint(action: Action, at_once: bool) -> Callable[..., Awaitable[Response]]:
    async def endpoint(request: Request, conn: DbConn) -> Response:
        try:
            said, reader = await _let_in(request, action)
        except Bad as error:
            return _json({"errors": [{"code": error.code, "message": error.text}]}, error.status)
        return await (_sync if at_once else _async)(request, conn, action, said, reader)

    return endpoint


for _path, (_action, _at_once, _summary) in PATHS.items():
    router.post(_path, summary=_summary)(_endpoint(_action, _at_once))


async def _sync(request: Request, conn: Conn, action: Action, said: Envelope, reader: Reader) -> Response:
    correlation = str(uuid.uuid4())
    rejected = await _header_rejected(conn, said, action, correlation)
    if rejected:
        return _signed(request, _header(said, action, "rjct", rejected), _nothing(action, said, correlation))
    answer = await _worked(conn, action, said, reader, correlation)
    return _signed(request, _header(said, action, "succ"), answer)


async def _async(request: Request, conn: Conn, action: Action, said: Envelope, reader: Reader) -> Response:
    correlation = str(uuid.uuid4())
    async with Outbound(rules(request.app.state.outbound), most_connections=1) as out:
        if said.url and not out.allows(said.url):
            return _ack("NACK", correlation, Bad("err.sender_uri.invalid", "the address is not on the list of addresses that may be called"))
    if await _header_rejected(conn, said, action, correlation):
        return _ack("NACK", correlation, Bad("err.request.bad", "this message was received before, or its header is wrong"))
    answer = await _worked(conn, action, said, reader, correlation)
    if said.url:
        await callbacks.keep(
            conn, request.app.state.ring, said.sender, str(said.header["message_id"]), action.on, said.url, _header(said, action, "succ"), answer
        )
    return _ack("ACK", correlation)


async def _worked(conn: Conn, action: Action, said: Envelope, reader: Reader, correlation: str) -> dict[str, Any]:
    answer, kept = await action.work(conn, reader, said, correlation)
    if action.kept:
        await service.settle(conn, said.sender, str(said.header["message_id"]), kept)
    return answer


async def _header_rejected(conn: Conn, said: Envelope, action: Action, correlation: str) -> str:
    """The standard's code, "" where the header may pass; keeps the message."""
    if not service.is_time(said.header["message_ts"]):
        return "rjct.message_ts.invalid"
    if str(said.header.get("version", "1.0.0")).split(".")[0] != "1":
        return "rjct.version.invalid"
    if not action.kept:
        return ""
    new = await service.keep(conn, said.sender, str(said.header["message_id"]), str(said.message["transaction_id"]), correlation, action.name)
    return "" if new else "rjct.message_id.duplicate"


def _header(said: Envelope, action: Action, status: str, code: str = "") -> dict[str, Any]:
    return envelope.header(action.on, status, sender=str(said.header.get("receiver_id") or ""), receiver=said.sender_id, code=code)


def _nothing(action: Action, said: Envelope, correlation: str) -> dict[str, Any]:
    base = {"transaction_id": said.message["transaction_id"], "correlation_id": correlation}
    if action is SEARCH:
        return {**base, "search_response": []}
    return {**base, "txnstatus_response": {"txn_type": said.message["txnstatus_request"].get("txn_type"), "txn_status": {**base, "search_response": []}}}


async def _let_in(request: Request, action: Action) -> tuple[Envelope, Reader]:
    """What is asked, and by whom. Raises Bad."""
    said = await _envelope(request, action)
    try:
        reader = await reader_of(request, f"spdci/{said.sender_id}"[:120])
    except NotAllowed as error:
        status = getattr(error, "status", 403)
        raise Bad("err.request.unauthorized" if status == 401 else "err.request.forbidden", error.code, status) from error
    except DancuError as error:
        raise Bad("err.request.too_many_requests", error.code, 429) from error
    known = reader.actor.kind is ActorKind.CLIENT
    if known or not _left_out(said.signature):
        await _proved(request, said, reader)
    # The name is the sender's own choice: it counts within its organisation only.
    name = f"{reader.actor.org_code}|{said.sender_id}" if known else said.sender_id
    return Envelope(said.signature, said.header, said.message, name), reader


def _left_out(signature: str) -> bool:
    """Does a message say itself that it is not signed: nothing, a stand-in, or the standard's own example with its blanks?"""
    return not signature or signature.startswith("unsigned") or "{sender_id}" in signature


async def _proved(request: Request, said: Envelope, reader: Reader) -> None:
    """Is the message signed with a key of the program that sends it? Raises Bad."""
    snapshot = await exchange_of(request).directory.current()
    try:
        found = envelope.read(said.signature)
        certificate, key = snapshot.certificates.get(found.key), snapshot.key(found.key) if found.key in snapshot.certificates else None
        if certificate is None or key is None or not certificate.holds(datetime.now(UTC)):
            raise envelope.Unsigned("err.signature.invalid", "the key is not known here")
        if reader.actor.kind is ActorKind.CLIENT and certificate.client_no != reader.actor.actor_id:
            raise envelope.Unsigned("err.signature.invalid", "the key is another program's")
        envelope.check(found, key, said.header, said.message, time.time())
    except envelope.Unsigned as error:
        raise Bad(error.code, error.text, 401) from error


async def _envelope(request: Request, action: Action) -> Envelope:
    """Raises Bad."""
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > _MOST_BODY:
            raise Bad("err.request.bad", "the message is too large", 413)
    body = _parsed(bytes(raw))
    header = body.get("header") if isinstance(body, dict) else None
    message = body.get("message") if isinstance(body, dict) else None
    signature = body.get("signature") if isinstance(body, dict) else None
    if not isinstance(header, dict) or not isinstance(message, dict):
        raise Bad("err.request.bad", "header and message are needed")
    if not isinstance(signature or "", str):
        raise Bad("err.signature.invalid", "signature is no text")
    for name in ("message_id", "message_ts", "action", "sender_id"):
        if not isinstance(header.get(name), str) or not 1 <= len(header[name]) <= 200 or not header[name].isprintable():
            raise Bad("err.sender_id.invalid" if name == "sender_id" else "err.request.bad", f"header.{name} is missing or no text")
    if len(header["sender_id"]) > _MOST_NAME or "|" in header["sender_id"]:
        raise Bad("err.sender_id.invalid", "header.sender_id is too long, or has a | in it")
    count = header.get("total_count")
    if not isinstance(count, int) or isinstance(count, bool):
        raise Bad("err.request.bad", "header.total_count is missing or no integer")
    if header["action"] != action.name:
        raise Bad("err.request.bad", f"header.action must be {action.name}")
    if header.get("is_msg_encrypted", False) is not False or "ciphertext" in message:
        raise Bad("err.encryption.invalid", "encrypted messages are not agreed on here")
    _check_message(message, action)
    return Envelope(signature or "", header, message)


def _parsed(raw: bytes) -> Any:
    """Raises Bad."""
    try:
        body = json.loads(raw, parse_constant=_no_constant)
        # What no database keeps and no signature covers: numbers beyond all bounds, lone surrogates, the zero character.
        json.dumps(body, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError) as error:
        raise Bad("err.request.bad", "not JSON") from error
    if b"\\u0000" in raw:
        raise Bad("err.request.bad", "the zero character")
    return body


def _check_message(message: Mapping[str, Any], action: Action) -> None:
    transaction = message.get("transaction_id")
    if not isinstance(transaction, str) or not 1 <= len(transaction) <= 99 or not transaction.isprintable():
        raise Bad("err.request.bad", "message.transaction_id is missing or too long")
    found: Any = message.get(action.member)
    if not isinstance(found, action.kind) or (action.kind is list and not 1 <= len(found) <= service.MOST_SEARCHES):
        raise Bad("err.request.bad", f"message.{action.member} is missing, empty or too long")
    if action.kind is list and not all(isinstance(one, str if action is UNSUBSCRIBE else dict) for one in found):
        raise Bad("err.request.bad", f"message.{action.member} has parts of the wrong kind")
    if action is STATUS and (found.get("txn_type") not in ("search", "subscribe", "unsubscribe", "receipt") or not isinstance(found.get("reference_id"), str)):
        raise Bad("err.request.bad", "txn_type or reference_id is wrong")


def _signed(request: Request, header: Mapping[str, Any], message: Mapping[str, Any]) -> Response:
    return _json(envelope.signed(exchange_of(request).keys, header, message))


def _ack(word: str, correlation: str, error: Bad | None = None) -> Response:
    message: dict[str, Any] = {"ack_status": word, "timestamp": envelope.now(), "correlation_id": correlation}
    if error is not None:
        message["error"] = {"code": error.code, "message": error.text}
    return _json({"message": message})


def _no_constant(word: str) -> Any:
    raise ValueError(word)


def _json(body: Any, status: int = 200) -> Response:
    return Response(json.dumps(body, ensure_ascii=False), status, media_type="application/json")
