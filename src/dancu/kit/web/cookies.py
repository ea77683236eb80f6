"""Names of the cookies that carry authority.

Under https `__Host-`: the browser then takes the cookie only from this very host, over https, for all its paths, so that
no neighbouring subdomain can plant one. Over plain http (one machine, a demonstration) cookies do not tell ports
apart, so the name does: two installations side by side do not sign each other out.
"""

from __future__ import annotations

import re
from functools import lru_cache

from fastapi import Request

_PORT = re.compile(r":([0-9]{1,5})\Z")


def cookie_name(request: Request, name: str) -> str:
    """The name under which the browser keeps our cookie `name` of this address."""
    return _name(name, request.app.state.settings.https, request.headers.get("host", ""))


@lru_cache(1024)
def _name(name: str, https: bool, host: str) -> str:
    if https:
        return f"__Host-{name}"
    port = _PORT.search(host)
    return f"{name}_{port[1]}" if port else name
