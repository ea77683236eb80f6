"""Envelopes as they come: read, checked, and whose they are."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from dancu.exchange.endpoints.dialects.callers import SERVICE, reader_for, reader_of
from dancu.exchange.endpoints.dialects.spdci import described
from dancu.exchange.endpoints.dialects.spdci.described import Malformed
from dancu.exchange.endpoints.dialects.spdci.holders import Holder, holder_of
from dancu.exchange.endpoints.door import exchange_of
from dancu.exchange.service.registries import Reader
from dancu.exchange.service.spdci import envelope, is_time
from dancu.kernel.actor import ActorKind
from dancu.kernel.errors import DancuError, NotAllowed, Unavailable
from dancu.kit.web import Request

_MOST_BODY: Final = 256 * 1024
_MOST_NAME: Final = 120
_MOST_NAMES: Final = 10_000


class Bad(Exception):
    """The envelope itself is wrong. `code`: of the standard, and `reason`, its code for the header of an answer, where it has one."""

    def __init__(self, code: str, text: str, status: int = 400, reason: str = "") -> None:
        super().__init__(code)
        self.code, self.text, self.status, self.reason = code, text, status, reason


@dataclass(frozen=True, slots=True)
class Envelope:
    """A message of the standard: `signature`, `header` and `message`. `sender`: its name, within its organisation."""

    signature: str
    header: Mapping[str, Any]
    message: Mapping[str, Any]
    sender: str = ""

    @property
    def sender_id(self) -> str:
        return str(self.header.get("sender_id") or "")

    @property
    def url(self) -> str:
        return str(self.header.get("sender_uri") or "")


class Wanted(Protocol):
    """What an envelope must hold. `name`: its action; `callback`: it answers or tells; `needed`: it must have a message. Who tells without
    one has the header of answers, with its status."""

    @property
    def name(self) -> str: ...

    @property
    def callback(self) -> bool: ...

    @property
    def needed(self) -> bool: ...

    def check(self, message: Mapping[str, Any]) -> None:
        """Raises Malformed."""

    def count(self, message: Mapping[str, Any]) -> int:
        """How many questions a message that was checked asks."""


async def let_in(request: Request, wanted: Wanted) -> tuple[Envelope, Reader]:
    """What is asked, and by whom. Raises Bad."""
    said = await _envelope(request, wanted)
    name, count = f"spdci/{said.sender_id}"[:120], wanted.count(said.message)
    try:
        if "client-cert" not in request.headers and (holder := await holder_of(request)):
            # Before anything is counted: a token alone is not yet its holder.
            await _proved(request, said, holder.client_no, holder)
            return _within(await reader_for(request, holder.client_no, name, SERVICE, count), said)
        reader = await reader_of(request, name, count=count)
    except NotAllowed as error:
        status = getattr(error, "status", 403)
        raise Bad("err.request.unauthorized" if status == 401 else "err.request.forbidden", error.code, status) from error
    except Unavailable as error:
        raise Bad("err.service.unavailable", error.code, 503) from error
    except DancuError as error:
        raise Bad("err.request.too_many_requests", error.code, 429) from error
    known = reader.actor.kind is ActorKind.CLIENT
    if not known:
        _as_before(request, said.sender_id)
    if known or not _left_out(said.signature):
        await _proved(request, said, reader.actor.actor_id if known else None)
    return _within(reader, said) if known else (Envelope(said.signature, said.header, said.message, said.sender_id), reader)


def _within(reader: Reader, said: Envelope) -> tuple[Envelope, Reader]:
    """The name is the sender's own choice: it counts within its organisation only."""
    return Envelope(said.signature, said.header, said.message, f"{reader.actor.org_code}|{said.sender_id}"), reader


def _as_before(request: Request, name: str) -> None:
    """The standard has every message carry `Authorization`. A name taken at its word may leave it out, but not once it came with
    it: nobody else here takes the name up more easily than its owner. Raises Bad."""
    names: set[str] = request.app.state.authorized
    if request.headers.get("authorization"):
        if len(names) < _MOST_NAMES:
            names.add(name)
    elif name in names:
        raise Bad("err.request.unauthorized", "this sender_id came with an Authorization header before, and must again", 401)


def _left_out(signature: str) -> bool:
    """Does a message say itself that it is not signed: nothing, a stand-in, or the standard's own example with its blanks?"""
    return not signature or signature.startswith("unsigned") or "{sender_id}" in signature


async def _proved(request: Request, said: Envelope, client_no: int | None, holder: Holder | None = None) -> None:
    """Is the message signed with a key of the program that sends it, `client_no`, and with the one its token is bound to? None: of any
    program. Raises Bad."""
    directory = exchange_of(request).directory
    snapshot = await directory.current()
    try:
        found = envelope.read(said.signature)
        if client_no is not None and found.key not in snapshot.certificates:
            snapshot = await directory.as_of_now()
        certificate, key = snapshot.certificates.get(found.key), snapshot.key(found.key) if found.key in snapshot.certificates else None
        if certificate is None or key is None or not certificate.holds(datetime.now(UTC)):
            raise envelope.Unsigned("err.signature.invalid", "the key is not known here")
        if client_no is not None and certificate.client_no != client_no:
            raise envelope.Unsigned("err.signature.invalid", "the key is another program's")
        if holder is not None and not holder.owns(found.key, certificate):
            raise envelope.Unsigned("err.signature.invalid", "the access token is bound to another key")
        envelope.check(found, key, said.header, said.message, time.time())
    except envelope.Unsigned as error:
        raise Bad(error.code, error.text, 401) from error


async def _envelope(request: Request, wanted: Wanted) -> Envelope:
    """Raises Bad."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise Bad("err.request.bad", "messages are application/json; files are not taken here", 415)
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > _MOST_BODY:
            raise Bad("err.request.bad", "the message is too large", 413)
    body = _parsed(bytes(raw))
    header = body.get("header") if isinstance(body, dict) else None
    message = body.get("message", {} if wanted.callback else None) if isinstance(body, dict) else None
    signature = body.get("signature") if isinstance(body, dict) else None
    if not isinstance(header, dict) or not isinstance(message, dict):
        raise Bad("err.request.bad", "header and message are needed")
    if not isinstance(signature or "", str):
        raise Bad("err.signature.invalid", "signature is no text")
    for name in ("message_id", "message_ts", "action", *(() if wanted.callback and "sender_id" not in header else ("sender_id",))):
        if not isinstance(header.get(name), str) or not 1 <= len(header[name]) <= 200 or not header[name].isprintable():
            raise Bad("err.sender_id.invalid" if name == "sender_id" else "err.request.bad", f"header.{name} is missing or no text")
    if len(header.get("sender_id", "")) > _MOST_NAME or "|" in header.get("sender_id", ""):
        raise Bad("err.sender_id.invalid", "header.sender_id is too long, or has a | in it")
    count = header.get("total_count")
    if (count is not None or not wanted.callback) and (not isinstance(count, int) or isinstance(count, bool)):
        raise Bad("err.request.bad", "header.total_count is missing or no integer", reason="rjct.total_count.invalid")
    if header["action"] != wanted.name:
        raise Bad("err.request.bad", f"header.action must be {wanted.name}", reason="rjct.action.invalid")
    if not is_time(header["message_ts"]):
        raise Bad("err.request.bad", "header.message_ts is no date-time with its zone", reason="rjct.message_ts.invalid")
    if header.get("is_msg_encrypted", False) is not False or "ciphertext" in message:
        raise Bad("err.encryption.invalid", "encrypted messages are not agreed on here")
    try:
        (described.TOLD_HEADER if wanted.callback and not wanted.needed else described.HEADER)(header, "header")
        wanted.check(message)
    except Malformed as error:
        raise Bad("err.request.bad", error.text, reason=error.reason) from error
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


def _no_constant(word: str) -> Any:
    raise ValueError(word)
