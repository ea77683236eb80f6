"""Requests that change something must come from our own pages.

Two checks: the browser's own word (Sec-Fetch-Site, else Origin), and a token bound to the session (before
sign-in: to a cookie of the browser) that a foreign page can neither read nor make. The token is salted anew
for every page, so that compression does not leak it.
"""

from __future__ import annotations

import hmac
from urllib.parse import urlsplit

from fastapi import Request

from dancu.kernel.errors import NotAllowed
from dancu.kit.i18n import N_
from dancu.kit.keyed import keyed
from dancu.kit.tokens import new_token
from dancu.kit.web.cookies import cookie_name
from dancu.kit.web.forms import posted
from dancu.kit.web.session import bearer_of, token_of

FIELD = "csrf_token"
HEADER = "x-csrf-token"
COOKIE = "dancu_browser"
SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data", "text/plain", "")


def csrf_token(request: Request) -> str:
    """A token for a form of this answer. Without a session it makes the browser's cookie."""
    binding = bound_to(request)
    salt = new_token(9)
    return f"{salt}.{_sign(request, binding, salt)}"


def bound_to(request: Request) -> str:
    """What only this browser has: its session, else its own cookie (made now where it had none)."""
    state = request.state
    binding: str = getattr(state, "browser", "")
    if binding:
        return binding
    binding = token_of(request) or request.cookies.get(name := cookie_name(request, COOKIE), "")
    if not binding:
        binding, secure = new_token(18), "; Secure" if request.app.state.settings.https else ""
        state.cookies.append(f"{name}={binding}; Path=/; HttpOnly; SameSite=Lax{secure}")
    state.browser = binding
    return binding


def _sign(request: Request, binding: str, salt: str) -> str:
    return keyed(request.app.state.settings.secret).digest(f"csrf|{salt}|{binding}".encode()).hex()


async def check_csrf(request: Request) -> None:
    """Raises NotAllowed "csrf.origin" or "csrf.token" for an unsafe request that is not from our own
    pages."""
    if request.method in SAFE or bearer_of(request):
        return
    if not _same_origin(request):
        raise NotAllowed("csrf.origin", N_("Yêu cầu này đến từ một trang khác nên không được nhận."))
    session = token_of(request)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not session and kind not in _FORMS:
        return  # No cookie gives this call authority, and no foreign form can send such a body.
    given = request.headers.get(HEADER, "")
    if not given and kind in _FORMS[:2]:
        value = (await posted(request)).get(FIELD, "")
        given = value if isinstance(value, str) else ""
    salt, _, signature = given.partition(".")
    binding = session or request.cookies.get(cookie_name(request, COOKIE), "")
    if not binding or not hmac.compare_digest(signature.encode(), _sign(request, binding, salt).encode()):
        raise NotAllowed("csrf.token", N_("Trang được mở trước khi bạn đăng nhập lại, hoặc trình duyệt đã xóa cookie. Chưa có gì được lưu."))


def _same_origin(request: Request) -> bool:
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("origin")
    if origin is None:
        return True  # Neither header: not a browser of this decade; the token decides.
    return origin != "null" and urlsplit(origin).netloc == request.headers.get("host", "")
