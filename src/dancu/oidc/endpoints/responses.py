"""How an authorization response travels back: in the address, or posted by the browser (form_post). Always with `iss`, so that a
client that talks to several providers cannot be led to mix them up (RFC 9207)."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import quote_plus, urlsplit

from dancu.kit.i18n import N_
from dancu.kit.web import Request, Response, render, render_filled
from dancu.kit.web.ready import Ready
from dancu.oidc.endpoints.wire import issuer_of
from dancu.oidc.service.errors import OAuthError

SIGNED_IN, NOT_SIGNED_IN = N_("Bạn đã đăng nhập xong."), N_("Bạn chưa đăng nhập vào dịch vụ này.")
_PLAIN = re.compile(r"[A-Za-z0-9_.~-]*", re.ASCII)
_quoted = lru_cache(64)(quote_plus)


def back(request: Request, redirect_uri: str, response_mode: str, state: str, params: dict[str, str]) -> Response:
    """Send the browser back to the client. `redirect_uri` has been checked."""
    said, issuer = {**params, **({"state": state} if state else {})}, issuer_of(request)
    if response_mode == "form_post":
        page = render(request, "oidc/form_post.html", whole=True, action=redirect_uri, fields={**said, "iss": issuer})
        page.headers["Content-Security-Policy"] = _policy(request, redirect_uri, own=False)
        return page
    joint = "&" if urlsplit(redirect_uri).query else "?"
    # Little of what is said needs quoting, and the library looks at each letter.
    if not _PLAIN.fullmatch("".join(said.values())):
        said = {name: quote_plus(text) for name, text in said.items()}
    query = "&".join(map("=".join, said.items()))
    address = f"{redirect_uri}{joint}{query}&iss={_quoted(issuer)}"
    if _after_form(request):
        return onward(request, address, SIGNED_IN if "code" in params else NOT_SIGNED_IN)
    return Ready(b"", 303, [(b"location", address.encode("latin-1"))])  # quoted already: Starlette's own would do it again


def back_with_error(request: Request, redirect_uri: str, response_mode: str, state: str, error: OAuthError) -> Response:
    request.state.error_code = f"oidc.{error.error}"
    return back(request, redirect_uri, response_mode, state, error.body())


def _after_form(request: Request) -> bool:
    """Does a browser come here through a form of ours (the sign-in) that led on? Its Content-Security-Policy lets that form
    lead nowhere else, redirects included, so the way back must begin on a page of its own."""
    path = request.scope["path"]
    return (path == "/oidc/continue" or path.startswith("/eid/sign-in")) and "sec-fetch-mode" in request.headers


def onward(request: Request, address: str, said: str) -> Response:
    """A page that goes on to `address` by itself, with a link where it does not. `said`: how it stands, one sentence."""
    host = urlsplit(address.partition("?")[0]).hostname or ""  # without its query it is one the library remembers
    return render_filled(request, "oidc/onward.html", variant=said, values={"address": address, "host": host}, whole=True, said=said)


def allow_back(request: Request, page: Response, redirect_uri: str) -> Response:
    """Let the form of `page` lead back to the client."""
    page.headers["Content-Security-Policy"] = _policy(request, redirect_uri, own=True)
    return page


def _policy(request: Request, redirect_uri: str, *, own: bool) -> str:
    parts = urlsplit(redirect_uri)
    origin = f"{parts.scheme}://{parts.netloc}"
    nonce, ours = request.state.nonce, "'self' " if own else ""
    return (
        f"default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'nonce-{nonce}'; img-src 'self'; font-src 'self'; "
        f"connect-src 'self'; manifest-src 'self'; form-action {ours}{origin}; "
        "base-uri 'none'; frame-ancestors 'none'"
    )
