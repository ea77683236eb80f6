"""Hot machine endpoints, answered without the framework's routing and dependency machinery.

That machinery costs several times what a batched look-up does. A shortcut is the handler of an ordinary route, which
stays in the router (and in the OpenAPI description) and states there that machines call it (`public(machine=True)`);
the envelope hands the request straight to it. Ids, rate limits, security headers, errors and the log line are the
envelope's and stay the same.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from fastapi import Request
from starlette.responses import Response

from dancu.kernel.errors import DancuError, Invalid
from dancu.kit.i18n import N_
from dancu.kit.web.access import Access, ClosedByDefault
from dancu.kit.web.errors import respond

Handler = Callable[[Request], Awaitable[Response]]
Shortcuts = Mapping[tuple[str, str], Handler]
_MAX_BODY = 64 * 1024


def checked_shortcuts(shortcuts: Shortcuts, access: Mapping[str, list[Access]]) -> Shortcuts:
    """The same. Raises ClosedByDefault for one whose route does not say that machines call it."""
    for method, path in shortcuts:
        stated = access.get(f"{method} {path}", [])
        if not any(one.machine for one in stated):
            raise ClosedByDefault(f"shortcut {method} {path} needs a route with public(machine=True)")
    return shortcuts


async def take_shortcut(request: Request, handler: Handler) -> Response:
    """Call the handler; expected failures become answers as everywhere."""
    request.state.machine = True
    request.scope["dancu.route"] = request.scope["path"]
    # A look sends no body; what else comes says how long it is.
    length = request.headers.get("content-length", "0" if request.method == "GET" else "")
    # Only ASCII digits, and few: int() takes "²" and thousands of digits for errors of its own.
    if not (length.isascii() and length.isdigit() and len(length) < 10) or int(length) > _MAX_BODY:
        return respond(request, Invalid("request.too_large", N_("Nội dung gửi lên quá lớn. Xin chia nhỏ hoặc nén lại.")), 413)
    try:
        return await handler(request)
    except DancuError as error:
        return respond(request, error)
