"""Names of the cookies that carry authority.

Under https `__Host-`: the browser then takes the cookie only from this very host, over https, for all its paths, so that
no neighbouring subdomain can plant one. Over plain http (one machine, a demonstration) cookies do not tell ports
apart, so the name does: two installations side by side do not sign each other out.
"""

from __future__ import annotations

import re
from functools import lru_cache

from fastapi import Request, Response

_PORT = re.compile(r":([0-9]{1,5})\Z")
_PLAIN = re.compile(r"[A-Za-z0-9_.~-]+", re.ASCII)


def give(response: Response, name: str, value: str, *, secure: bool, path: str = "/", max_age: int | None = None) -> None:
    """Set a cookie that no script reads and no other site's form brings. `value`: a token of ours; `max_age`: seconds, None ends
    with the browser. Raises ValueError for a value that would have to be quoted."""
    if not _PLAIN.fullmatch(value):
        raise ValueError("a cookie's value")
    kept = "" if max_age is None else f"; Max-Age={max_age}"
    text = f"{name}={value}; HttpOnly{kept}; Path={path}; SameSite=lax{'; Secure' if secure else ''}"
    response.raw_headers.append((b"set-cookie", text.encode("ascii")))


def cookie_name(request: Request, name: str) -> str:
    """The name under which the browser keeps our cookie `name` of this address."""
    return _name(name, request.app.state.settings.https, request.headers.get("host", ""))


def path_cookie_name(request: Request, name: str) -> str:
    """As `cookie_name`, of a cookie for one path only: over https it has no `__Host-`, which browsers take for the path "/" alone."""
    return name if request.app.state.settings.https else cookie_name(request, name)


def path_cookie(request: Request, name: str) -> str:
    """The value of a cookie for one path, "" where there is none. Until it is given anew it may still have the name without the port,
    under which installations side by side took it from each other."""
    kept = request.cookies.get(path_cookie_name(request, name))
    return request.cookies.get(name, "") if kept is None else kept


@lru_cache(1024)
def _name(name: str, https: bool, host: str) -> str:
    if https:
        return f"__Host-{name}"
    port = _PORT.search(host)
    return f"{name}_{port[1]}" if port else name
