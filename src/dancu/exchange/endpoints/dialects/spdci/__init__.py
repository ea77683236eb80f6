"""SPDCI: registries of civil status and of social protection, 1.0.0, synchronous and by callback.

Every message is signed, by us and by the sender; only a name taken at its word in a demonstration may leave that out. An
asynchronous request is answered and the answer kept in one transaction; it goes to the sender's address, which must be on the
outbound allow-list, until it is taken.
"""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from typing import Any, Final

from dancu.exchange.endpoints.dialects.spdci import replies
from dancu.exchange.endpoints.dialects.spdci.actions import HEARD, PATHS, Action, Told
from dancu.exchange.endpoints.dialects.spdci.envelopes import Bad, Envelope, let_in
from dancu.exchange.service import spdci as service
from dancu.exchange.service.registries import Reader
from dancu.exchange.service.spdci import callbacks
from dancu.kit.db import Conn
from dancu.kit.outbound import Outbound, rules
from dancu.kit.web import APIRouter, DbConn, Request, Response, public

router = APIRouter(dependencies=[public(machine=True)])
_UNASKED: Final = Bad("err.request.not_found", "this registry asks nobody here: what is told is not used")


def _asked(action: Action, at_once: bool) -> Callable[..., Awaitable[Response]]:
    async def endpoint(request: Request, conn: DbConn) -> Response:
        try:
            said, reader = await let_in(request, action)
        except Bad as error:
            return replies.refused(error, action.on if at_once else None)
        return await (_sync if at_once else _async)(request, conn, action, said, reader)

    return endpoint


def _heard(told: Told) -> Callable[..., Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            await let_in(request, told)
        except Bad as error:
            return replies.refused(error, None)
        return replies.ack("NACK", str(uuid.uuid4()), _UNASKED)

    return endpoint


for _path, (_action, _at_once, _summary) in PATHS.items():
    router.post(_path, summary=_summary)(_asked(_action, _at_once))
for _path, _told in HEARD.items():
    router.post(_path, summary="Taken, and not used: this registry asks nobody in this dialect")(_heard(_told))


async def _sync(request: Request, conn: Conn, action: Action, said: Envelope, reader: Reader) -> Response:
    correlation = str(uuid.uuid4())
    rejected = await _header_rejected(conn, said, action, correlation)
    if rejected:
        return replies.signed(request, replies.header(said, action, "rjct", rejected), replies.nothing(action, said, correlation))
    answer = await _worked(conn, action, said, reader, correlation)
    return replies.signed(request, replies.header(said, action, "succ"), answer)


async def _async(request: Request, conn: Conn, action: Action, said: Envelope, reader: Reader) -> Response:
    correlation = str(uuid.uuid4())
    async with Outbound(rules(request.app.state.outbound), most_connections=1) as out:
        if said.url and not out.allows(said.url):
            return replies.ack("ERR", correlation, Bad("err.sender_uri.invalid", "the address is not on the list of addresses that may be called"))
    if unpaged := service.unpaged(said.message):  # told at once: nobody need wait for the answer
        return replies.ack("ERR", correlation, Bad("err.request.bad", unpaged))
    if rejected := await _header_rejected(conn, said, action, correlation):
        code = "err.version.not_supported" if rejected == "rjct.version.invalid" else "err.request.bad"
        return replies.ack("ERR", correlation, Bad(code, rejected))
    answer = await _worked(conn, action, said, reader, correlation)
    if said.url:
        await callbacks.keep(
            conn, request.app.state.ring, said.sender, str(said.header["message_id"]), action.on, said.url, replies.header(said, action, "succ"), answer
        )  # fmt: skip
    return replies.ack("ACK", correlation)


async def _worked(conn: Conn, action: Action, said: Envelope, reader: Reader, correlation: str) -> dict[str, Any]:
    answer, kept = await action.work(conn, reader, said, correlation)
    if action.kept:
        await service.settle(conn, said.sender, str(said.header["message_id"]), kept)
    return answer


async def _header_rejected(conn: Conn, said: Envelope, action: Action, correlation: str) -> str:
    """The standard's code, "" where the header may pass; keeps the message."""
    if str(said.header.get("version", "1.0.0")).split(".")[0] != "1":
        return "rjct.version.invalid"
    if not action.kept:
        return ""
    new = await service.keep(conn, said.sender, str(said.header["message_id"]), str(said.message["transaction_id"]), correlation, action.name)
    return "" if new else "rjct.message_id.duplicate"
