"""What somebody typed into a form that came too late: sent on with one press, from the page that says so.

Only where the browser itself vouches that the form stood on our own page (`Sec-Fetch-Site: same-origin`): to anything else a
token we make anew would open what the check of it keeps shut. Secrets and files are not written into a page; the form asks
for them again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from fastapi import Request
from starlette.datastructures import FormData

from dancu.kit.web.csrf import FIELD
from dancu.kit.web.forms import POSTED

_SECRET = re.compile(r"pass|again|secret|token", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Kept:
    """`action`: where it goes again. `left_out`: something must be given anew, a secret or a file."""

    action: str
    fields: tuple[tuple[str, str], ...]
    multipart: bool
    left_out: bool


def kept(request: Request) -> Kept | None:
    """What was typed into the form of this request, as far as it may be sent again; None where nothing may."""
    data: FormData | None = request.scope.get(POSTED)
    if data is None or request.headers.get("sec-fetch-site") != "same-origin":
        return None
    given = [(name, value) for name, value in data.multi_items() if name != FIELD]
    fields = tuple((name, value) for name, value in given if isinstance(value, str) and not _SECRET.search(name))
    query = f"?{request.url.query}" if request.url.query else ""
    multipart = request.headers.get("content-type", "").startswith("multipart/")
    return Kept(request.url.path + query, fields, multipart, len(fields) < len(given))
