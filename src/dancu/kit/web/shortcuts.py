"""Hot endpoints, answered without the framework's routing and dependency machinery.

That machinery costs several times what a batched look-up does. A shortcut is the handler of an ordinary route, which
stays in the router (and in the OpenAPI description) and states there who calls it: machines (`public(machine=True)`), or,
for a `PageShortcut`, anybody (`public()`). The envelope hands the request straight to it. Ids, rate limits, security headers,
errors and the log line are the envelope's and stay the same; for a page so do session, CSRF, the one transaction
committed before the answer leaves, and compression.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from fastapi import Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from dancu.kernel.errors import DancuError, Invalid
from dancu.kit.i18n import N_
from dancu.kit.web.access import Access, ClosedByDefault
from dancu.kit.web.csrf import SAFE, check_csrf
from dancu.kit.web.errors import from_http, respond
from dancu.kit.web.headers import put
from dancu.kit.web.incoming import MAX_BODY
from dancu.kit.web.moulds import FilledPage
from dancu.kit.web.session import resolve, token_of
from dancu.kit.web.transaction import Lease

# As the application's own middleware does it.
SMALLEST_COMPRESSED, COMPRESSION = 1024, 5
# (bits of the window, level of memory) for an answer that fits the window, else the usual: clearing the usual's tables costs several
# times what compressing a short page does, and finds nothing more in it.
_SHORT, _SHORT_TABLES, _USUAL_TABLES = 1 << 13, (13, 6), (15, 8)


@dataclass(frozen=True, slots=True)
class PageShortcut:
    """A page of a route that states `public()`. The handler is called once session and CSRF were looked at; what it takes
    from the lease is one transaction, committed when it returns and rolled back when it raises."""

    handler: Callable[[Request, Lease], Awaitable[Response]]


Handler = Callable[[Request], Awaitable[Response]] | PageShortcut
Shortcuts = Mapping[tuple[str, str], Handler]


def checked_shortcuts(shortcuts: Shortcuts, access: Mapping[str, list[Access]]) -> Shortcuts:
    """The same. Raises ClosedByDefault for one whose route does not say who calls it, as its kind must."""
    for (method, path), handler in shortcuts.items():
        stated = access.get(f"{method} {path}", [])
        if isinstance(handler, PageShortcut):
            if not stated or not all(one.anybody and not one.machine for one in stated):
                raise ClosedByDefault(f"shortcut {method} {path} needs a route with public() and nothing more")
        elif not any(one.machine for one in stated):
            raise ClosedByDefault(f"shortcut {method} {path} needs a route with public(machine=True)")
    return shortcuts


async def take_shortcut(request: Request, handler: Handler) -> Response:
    """Call the handler; expected failures become answers as everywhere."""
    page = isinstance(handler, PageShortcut)
    request.state.machine = not page
    request.scope["dancu.route"] = request.scope["path"]
    length = request.headers.get("content-length")
    try:
        if length is None:  # a look, which sends no body, or one that does not say how long it is
            fits = request.method == "GET" or await _gathered(request)
        else:
            # Only ASCII digits, and few: int() takes "²" and thousands of digits for errors of its own.
            fits = length.isascii() and length.isdigit() and len(length) < 10 and int(length) <= MAX_BODY
        if not fits:
            answer = _too_large(request)
        elif isinstance(handler, PageShortcut):
            held = Lease(getattr(request.app.state, "pool", None))
            try:
                if token_of(request):
                    await resolve(request, held)
                if request.method not in SAFE:
                    await check_csrf(request)
                answer = await handler.handler(request, held)
            except BaseException as error:
                await held.close(type(error), error, sys.exc_info()[2])
                raise
            if held.taken:
                await held.close(None, None, None)
        else:
            answer = await handler(request)
    except DancuError as error:
        answer = respond(request, error)
    except HTTPException as error:  # a form that cannot be read
        known, status = from_http(error)
        answer = respond(request, known, status)
    if page and len(answer.body) >= SMALLEST_COMPRESSED:
        _compress(request, answer)
    return answer


def _too_large(request: Request) -> Response:
    return respond(request, Invalid("request.too_large", N_("Nội dung gửi lên quá lớn. Xin chia nhỏ hoặc nén lại.")), 413)


def _compress(request: Request, answer: Response) -> None:
    """What the application's middleware does to a whole answer of text, without taking its message apart again."""
    headers = answer.raw_headers
    stated = dict(headers)
    varies = stated.get(b"vary")
    put(headers, b"vary", varies + b", Accept-Encoding" if varies else b"Accept-Encoding")
    if "gzip" not in request.headers.get("accept-encoding", "") or b"content-encoding" in stated:
        return
    if isinstance(answer, FilledPage):
        answer.body = answer.gzipped()
    else:
        bits, memory = _SHORT_TABLES if len(answer.body) <= _SHORT else _USUAL_TABLES
        packer = zlib.compressobj(COMPRESSION, zlib.DEFLATED, 16 + bits, memory)
        answer.body = packer.compress(answer.body) + packer.flush()
    headers.append((b"content-encoding", b"gzip"))
    put(headers, b"content-length", b"%d" % len(answer.body))


async def _gathered(request: Request) -> bool:
    """Whether the body, if there is one, was no longer than it may be. It is kept for the handler."""
    if "transfer-encoding" not in request.headers:
        return True
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MAX_BODY:
            return False
    request._body = bytes(body)  # where the framework keeps what it read itself
    return True
