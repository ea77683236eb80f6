"""The door every data service stands behind.

    @router.post("/api/v1/exchange/confirm", dependencies=[public(machine=True)])
    async def confirm(call: Annotated[Call, calling("confirm")], conn: DbConn, request: Request) -> Response:
        made = await service.confirm(conn, call, …)
        return await answered(request, conn, call, {"statement": made}, entries=[entry_id])

`calling` lets in who may ask, or refuses with a stable code; `answered` writes the call's line in the transaction of the work
(so of two calls with one message id one is answered), adds the receipt and signs. Refusals are signed too, and those of known
callers are lines of the call log; what a service itself refuses (a DancuError) becomes such a line by itself.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import orjson
from fastapi import Depends

from dancu.audit import service as audit
from dancu.exchange.models.call import Call, refused
from dancu.exchange.service import calls, receipts
from dancu.exchange.service.calls import Arrived, Exchange
from dancu.kernel.errors import DancuError, Unavailable
from dancu.kit import httpsig
from dancu.kit.db import Conn
from dancu.kit.web import Request, Response, own_address
from dancu.kit.web.transaction import RequestLease
from dancu.oidc.service import mtls
from dancu.oidc.service.provider import Provider

MOST_BYTES = 64 * 1024


def exchange_of(request: Request) -> Exchange:
    """The application's exchange, made at the first request that needs it."""
    state = request.app.state
    found: Exchange | None = getattr(state, "exchange", None)
    if found is None:
        provider: Provider | None = getattr(state, "oidc", None)
        if provider is None:
            provider = state.oidc = Provider(state.keys, lambda: state.pool.connection(), demo=bool(getattr(state, "demo", False)))
        found = state.exchange = Exchange(state.keys, provider)
    return found


def issuer_of(request: Request) -> str:
    """Our own address, as it stands in what we sign."""
    return own_address(request)


def calling(service: str, *, most: int = MOST_BYTES) -> Any:
    """The dependency that lets a call of this data service in. `most`: bytes of its body."""

    async def door(request: Request, held: RequestLease) -> AsyncIterator[Call]:
        call = await let_in(request, service, most=most)
        conn = await held.connection()
        try:
            await calls.early(conn, call)
            yield call
        except DancuError as error:
            if isinstance(error, Unavailable):
                exchange_of(request).failed(call.environment, call.org_code, call.service)
            _keep_refusal(error, call)
            raise
        except Exception:
            exchange_of(request).failed(call.environment, call.org_code, call.service)
            raise

    return Depends(door, scope="function")


async def let_in(request: Request, service: str, *, most: int = MOST_BYTES) -> Call:
    """The call behind a request. Raises Refused, Exceeded or Invalid, after the refusal of a known caller was written down."""
    exchange, now = exchange_of(request), time.time()
    arrived = await _arrived(request, most)
    known, snapshot = await exchange.caller(arrived, service, now)
    try:
        return await exchange.admit(known, snapshot, arrived, service, now)
    except DancuError as error:
        await exchange.note_refusal(known.line, error)
        raise


async def answered(
    request: Request, conn: Conn, call: Call, body: Mapping[str, Any], *, entries: Sequence[int] = (), verdict: str = "ok", status: int = 200,
    about: Mapping[int, str] | None = None,
) -> Response:  # fmt: skip
    """The signed answer with its receipt. `entries`: evidence entries of the persons it is about, recorded in this transaction;
    `about`: where in the answer each of them stands, where there are several.
    Raises Refused `exchange.replay` where the same message was answered meanwhile."""
    return with_receipt(request, call, body, await kept(conn, call, entries, verdict), status=status, about=about)


async def kept(conn: Conn, call: Call, entries: Sequence[int], verdict: str = "ok") -> Sequence[tuple[int, str]]:
    """The call's line and replay mark are written; what its receipt says of `entries` (see `with_receipt`). Raises as `answered`."""
    await calls.keep(conn, call, verdict, len(entries))
    contents = sorted(await audit.contents_of_client(conn, entries, call.client_no), key=lambda one: list(entries).index(one[0]))
    return calls.hashes(contents)


def with_receipt(
    request: Request, call: Call, body: Mapping[str, Any], entries: Sequence[tuple[int, str]], *, status: int = 200,
    about: Mapping[int, str] | None = None,
) -> Response:  # fmt: skip
    """The signed answer. `entries`: (entry_id, record hash). The receipt stands last in the body, so that who receives it can
    cut it off and has the bytes that it speaks of."""
    exchange = exchange_of(request)
    plain = orjson.dumps(body)
    claims = receipts.claims(exchange.keys, issuer_of(request), log_origin(request), call, plain, entries, about or {})
    comma = b"," if len(plain) > 2 else b""
    whole = plain[:-1] + comma + b'"receipt":"' + exchange.keys.receipt(claims).encode() + b'"}'
    return sealed(request, Response(whole, status, media_type="application/json"))


def log_origin(request: Request) -> str:
    """Name of the evidence log, "" before it has a key."""
    state = request.app.state
    known: str = getattr(state, "log_origin", "")
    if not known:
        try:
            known = state.log_origin = audit.load_verifier(state.keys).name
        except DancuError:
            return ""
    return known


def sealed(request: Request, response: Response) -> Response:
    """The same, signed as an answer to this request."""
    seal = getattr(request.state, "seal", None)
    return seal(response) if seal else response


def _seal(request: Request, exchange: Exchange, message: httpsig.Message) -> None:
    """From here on every answer to this request is signed."""

    def seal(response: Response) -> Response:
        signed = exchange.keys.sign_answer(response.status_code, bytes(response.body), message)
        response.raw_headers.extend((name.encode(), value.encode()) for name, value in signed.items())
        return response

    request.state.seal = seal


def _keep_refusal(error: DancuError, call: Call) -> None:
    before = error.evidence

    async def evidence(conn: Any) -> None:
        if before is not None:
            await before(conn)
        await calls.keep_refusal(conn, call, error)

    error.evidence = evidence


async def _arrived(request: Request, most: int) -> Arrived:
    headers: dict[str, list[str]] = {}
    for name, value in request.headers.raw:
        headers.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
    issuer, path, query = issuer_of(request), str(request.scope["path"]), bytes(request.scope.get("query_string", b""))
    target = _called(request, issuer) + path + (f"?{query.decode('latin-1')}" if query else "")
    message = httpsig.Message(headers, request.method, target)
    _seal(request, exchange_of(request), message)
    certificate = _certificate(request, headers)
    length = headers.get("content-length", ["0"])[0]
    if length.isascii() and length.isdigit() and len(length) < 12 and int(length) > most:
        raise refused("exchange.too_large")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise refused("exchange.too_large")
    return Arrived(issuer, message, path, query, bytes(body), certificate, request.state.request_id)


def _called(request: Request, issuer: str) -> str:
    """The address this call was signed for: the one where callers show certificates, when it came by there with one; else our own."""
    front = str(getattr(request.app.state, "mtls_url", ""))
    by_front = "client-cert" in request.headers and request.headers.get("host", "").lower() == urlsplit(front).netloc
    return front if front and by_front else issuer


def _certificate(request: Request, headers: Mapping[str, list[str]]) -> bytes | None:
    """The caller's certificate as one of our own proxies states it (RFC 9440). Raises Refused where anybody else states one."""
    stated = headers.get("client-cert", ())
    if not stated:
        return None
    address = request.client.host if request.client else ""
    if address not in request.app.state.settings.trusted_proxies:
        raise refused("exchange.certificate")
    return mtls.from_header(stated[0])
