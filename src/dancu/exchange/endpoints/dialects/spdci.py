"""SPDCI: registries of civil status and of social protection, 1.0.0, synchronous and by callback.

An asynchronous request is acknowledged once it is kept; its answer goes to the sender's address, which must be on the
outbound allow-list, and again a few times until it is taken.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from dancu.exchange.endpoints.dialects.callers import reader_of
from dancu.exchange.service import spdci as service
from dancu.exchange.service.registries import Reader
from dancu.kernel.errors import DancuError, NotAllowed
from dancu.kit.db import Conn
from dancu.kit.log import get_logger
from dancu.kit.outbound import Failed, Outbound, rules
from dancu.kit.web import APIRouter, DbConn, Request, Response, public

router = APIRouter(dependencies=[public(machine=True)])
log = get_logger("dancu.exchange")
OURS: Final = "dancu"
_MOST_BODY: Final = 256 * 1024
_PAUSES: Final = (1, 5, 15, 60)
_Work = Callable[[Conn, Reader, "Envelope", str], Awaitable[tuple[dict[str, Any], dict[str, Any]]]]


class Bad(Exception):
    """The envelope itself is wrong. `code`: of the standard."""

    def __init__(self, code: str, text: str, status: int = 400) -> None:
        super().__init__(code)
        self.code, self.text, self.status = code, text, status


@dataclass(frozen=True, slots=True)
class Envelope:
    """A message of the standard: `header` and `message`."""

    header: Mapping[str, Any]
    message: Mapping[str, Any]

    @property
    def sender(self) -> str:
        return str(self.header["sender_id"])


@router.post("/registry/sync/search")
async def sync_search(request: Request, conn: DbConn) -> Response:
    """Answer a search at once."""
    return await _sync(request, conn, "search", "on-search", _search)


@router.post("/registry/sync/txn/status")
async def sync_status(request: Request, conn: DbConn) -> Response:
    """What became of an earlier message."""
    return await _sync(request, conn, "txn-status", "txn-on-status", _status)


@router.post("/registry/search")
async def search(request: Request, conn: DbConn) -> Response:
    """Acknowledge; the answer goes to `sender_uri` as on-search."""
    return await _async(request, conn, "search", "on-search", _search)


@router.post("/registry/subscribe")
async def subscribe(request: Request, conn: DbConn) -> Response:
    """Acknowledge; the answer goes to `sender_uri` as on-subscribe."""
    return await _async(request, conn, "subscribe", "on-subscribe", _subscribe)


@router.post("/registry/unsubscribe")
async def unsubscribe(request: Request, conn: DbConn) -> Response:
    """Acknowledge; the answer goes to `sender_uri` as on-unsubscribe."""
    return await _async(request, conn, "unsubscribe", "on-unsubscribe", _unsubscribe)


@router.post("/registry/txn/status")
async def status(request: Request, conn: DbConn) -> Response:
    """Acknowledge; the answer goes to `sender_uri` as txn-on-status."""
    return await _async(request, conn, "txn-status", "txn-on-status", _status)


async def _search(conn: Conn, reader: Reader, envelope: Envelope, correlation: str) -> tuple[dict[str, Any], dict[str, Any]]:
    return await service.search(conn, reader, envelope.message, correlation)


async def _subscribe(conn: Conn, reader: Reader, envelope: Envelope, correlation: str) -> tuple[dict[str, Any], dict[str, Any]]:
    answer = await service.subscribe(conn, envelope.sender, str(envelope.header.get("sender_uri", "")), envelope.message, correlation)
    return answer, answer


async def _unsubscribe(conn: Conn, reader: Reader, envelope: Envelope, correlation: str) -> tuple[dict[str, Any], dict[str, Any]]:
    answer = await service.unsubscribe(conn, envelope.sender, envelope.message, correlation)
    return answer, answer


async def _status(conn: Conn, reader: Reader, envelope: Envelope, correlation: str) -> tuple[dict[str, Any], dict[str, Any]]:
    return await service.status(conn, envelope.sender, envelope.message, correlation), {}


async def _sync(request: Request, conn: DbConn, action: str, on_action: str, work: _Work) -> Response:
    try:
        envelope = await _envelope(request, action)
        reader = await _reader(request, envelope)
    except Bad as error:
        return _refused(error)
    correlation = service.correlation()
    rejected = await _header_rejected(conn, envelope, action, correlation)
    if rejected:
        return _json({"header": _header(envelope, on_action, "rjct", rejected), "message": _nothing(action, envelope, correlation)})
    answer, kept = await work(conn, reader, envelope, correlation)
    if action != "txn-status":
        await service.settle(conn, envelope.sender, str(envelope.header["message_id"]), kept)
    return _json({"header": _header(envelope, on_action, "succ"), "message": answer})


async def _async(request: Request, conn: DbConn, action: str, on_action: str, work: _Work) -> Response:
    correlation = service.correlation()
    try:
        envelope = await _envelope(request, action)
        reader = await _reader(request, envelope)
    except Bad as error:
        return _refused(error)
    url = envelope.header.get("sender_uri", "")
    async with Outbound(rules(request.app.state.outbound), most_connections=1) as out:
        if url and not out.allows(str(url)):
            return _ack("NACK", correlation, Bad("err.sender_uri.invalid", "the address is not on the list of addresses that may be called"))
    if await _header_rejected(conn, envelope, action, correlation):
        return _ack("NACK", correlation, Bad("err.request.bad", "this message was received before, or its header is wrong"))
    task = asyncio.create_task(_answer_later(request, reader, envelope, action, on_action, work, correlation))
    running: set[asyncio.Task[None]] = request.app.state.__dict__.setdefault("dialect_tasks", set())
    running.add(task)
    task.add_done_callback(running.discard)
    return _ack("ACK", correlation)


async def _answer_later(
    request: Request, reader: Reader, envelope: Envelope, action: str, on_action: str, work: _Work, correlation: str
) -> None:
    """Work and call back; what fails is logged without its data."""
    # The acknowledgement's transaction must have ended: it holds the message's row.
    await asyncio.sleep(0.05)
    try:
        async with request.app.state.pool.connection() as conn, conn.transaction():
            answer, kept = await work(conn, reader, envelope, correlation)
            if action != "txn-status":
                await service.settle(conn, envelope.sender, str(envelope.header["message_id"]), kept)
        url = str(envelope.header.get("sender_uri", ""))
        if not url:
            return
        body = json.dumps({"header": _header(envelope, on_action, "succ"), "message": answer}, ensure_ascii=False).encode()
        async with Outbound(rules(request.app.state.outbound), most_connections=1) as out:
            for pause in (*_PAUSES, 0):
                try:
                    got = await out.call("POST", url, headers={"content-type": "application/json"}, content=body)
                    if got.status < 300:
                        return
                except Failed as failed:
                    log.info("a callback failed", why=failed.code)
                await asyncio.sleep(pause)
    except Exception as error:
        log.warning("an answer by callback failed", action=action, exc_info=error)


async def _header_rejected(conn: Conn, envelope: Envelope, action: str, correlation: str) -> str:
    """The standard's code, "" where the header may pass; keeps the message."""
    if not service.is_time(envelope.header["message_ts"]):
        return "rjct.message_ts.invalid"
    if str(envelope.header.get("version", "1.0.0")).split(".")[0] != "1":
        return "rjct.version.invalid"
    if action == "txn-status":
        return ""
    new = await service.keep(
        conn, envelope.sender, str(envelope.header["message_id"]), str(envelope.message["transaction_id"]), correlation, action
    )
    return "" if new else "rjct.message_id.duplicate"


def _header(envelope: Envelope, action: str, status: str, code: str = "") -> dict[str, Any]:
    header = {
        "version": "1.0.0", "message_id": str(uuid.uuid4()), "message_ts": service.now(), "action": action, "status": status,
        "total_count": 1, "completed_count": 1 if status == "succ" else 0, "sender_id": str(envelope.header.get("receiver_id") or OURS),
        "receiver_id": envelope.sender, "is_msg_encrypted": False,
    }  # fmt: skip
    return {**header, "status_reason_code": code, "status_reason_message": code} if code else header


def _nothing(action: str, envelope: Envelope, correlation: str) -> dict[str, Any]:
    base = {"transaction_id": envelope.message["transaction_id"], "correlation_id": correlation}
    if action == "search":
        return {**base, "search_response": []}
    return {**base, "txnstatus_response": {"txn_type": envelope.message["txnstatus_request"].get("txn_type"), "txn_status": {**base, "search_response": []}}}


_MEMBER: Final[Mapping[str, tuple[str, type[Any]]]] = {
    "search": ("search_request", list), "subscribe": ("subscribe_request", list), "unsubscribe": ("subscription_codes", list),
    "txn-status": ("txnstatus_request", dict),
}  # fmt: skip


async def _envelope(request: Request, action: str) -> Envelope:
    """Raises Bad."""
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > _MOST_BODY:
            raise Bad("err.request.bad", "the message is too large", 413)
    try:
        body = json.loads(bytes(raw), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Bad("err.request.bad", "not JSON") from error
    header = body.get("header") if isinstance(body, dict) else None
    message = body.get("message") if isinstance(body, dict) else None
    if not isinstance(header, dict) or not isinstance(message, dict):
        raise Bad("err.request.bad", "header and message are needed")
    for name in ("message_id", "message_ts", "action", "sender_id"):
        if not isinstance(header.get(name), str) or not 1 <= len(header[name]) <= 200 or not header[name].isprintable():
            raise Bad("err.sender_id.invalid" if name == "sender_id" else "err.request.bad", f"header.{name} is missing or no text")
    count = header.get("total_count")
    if not isinstance(count, int) or isinstance(count, bool):
        raise Bad("err.request.bad", "header.total_count is missing or no integer")
    if header["action"] != action:
        raise Bad("err.request.bad", f"header.action must be {action}")
    if header.get("is_msg_encrypted") is True or "ciphertext" in message:
        raise Bad("err.encryption.invalid", "encrypted messages are not agreed on here")
    _check_message(message, action)
    return Envelope(header, message)


def _check_message(message: Mapping[str, Any], action: str) -> None:
    transaction = message.get("transaction_id")
    if not isinstance(transaction, str) or not 1 <= len(transaction) <= 99 or not transaction.isprintable():
        raise Bad("err.request.bad", "message.transaction_id is missing or too long")
    member, kind = _MEMBER[action]
    found: Any = message.get(member)
    if not isinstance(found, kind) or (kind is list and not 1 <= len(found) <= service.MOST_SEARCHES):
        raise Bad("err.request.bad", f"message.{member} is missing, empty or too long")
    if kind is list and not all(isinstance(one, str if action == "unsubscribe" else dict) for one in found):
        raise Bad("err.request.bad", f"message.{member} has parts of the wrong kind")
    if action == "txn-status" and (found.get("txn_type") not in ("search", "subscribe", "unsubscribe", "receipt") or not isinstance(found.get("reference_id"), str)):
        raise Bad("err.request.bad", "txn_type or reference_id is wrong")


async def _reader(request: Request, envelope: Envelope) -> Reader:
    try:
        return await reader_of(request, f"spdci/{envelope.sender}"[:120])
    except NotAllowed as error:
        status = getattr(error, "status", 403)
        raise Bad("err.request.unauthorized" if status == 401 else "err.request.forbidden", error.code, status) from error
    except DancuError as error:
        raise Bad("err.request.too_many_requests", error.code, 429) from error


def _refused(error: Bad) -> Response:
    return _json({"errors": [{"code": error.code, "message": error.text}]}, error.status)


def _ack(word: str, correlation: str, error: Bad | None = None) -> Response:
    message: dict[str, Any] = {"ack_status": word, "timestamp": service.now(), "correlation_id": correlation}
    if error is not None:
        message["error"] = {"code": error.code, "message": error.text}
    return _json({"message": message})


def _no_constant(word: str) -> Any:
    raise ValueError(word)


def _json(body: Any, status: int = 200) -> Response:
    return Response(json.dumps(body, ensure_ascii=False), status, media_type="application/json")
