"""What the pages of this room need of a request: which browser it is, and where passkeys are good."""

from __future__ import annotations

import re
from urllib.parse import quote

from dancu.accounts.models.sign_in import Browser
from dancu.accounts.service import helpers
from dancu.kit.authn.passkey import ANY, Attestation, Site
from dancu.kit.web import Request, Response, client_ip, token_of
from dancu.kit.web.cookies import cookie_name, give, path_cookie_name
from dancu.kit.web.csrf import bound_to
from dancu.kit.web.gate import host_name

_DEVICE_COOKIE = "dancu_eid_device"
_DEVICE_DAYS = 365
_UNSAFE = re.compile(r"[^A-Za-z0-9_.~-]+")


def browser_of(request: Request) -> Browser:
    return Browser(
        client_ip(request, request.app.state.settings.trusted_proxies),
        request.headers.get("user-agent", "")[:160],
        request.cookies.get(path_cookie_name(request, _DEVICE_COOKIE), "")[:200],
        token_of(request),
    )


def binding_of(request: Request) -> str:
    """What only this browser has: its session, else its own cookie (made now where it had none)."""
    return bound_to(request)


def site_of(request: Request) -> Site:
    """The outside address: behind a proxy that ends TLS the request itself says http."""
    host = request.headers.get("host", "localhost")
    scheme = "https" if request.app.state.settings.https else request.scope["scheme"]
    return Site(host_name(host) or request.url.hostname or "localhost", f"{scheme}://{host}")


def attestation_of(request: Request) -> Attestation:
    """Which passkeys are taken, as the settings say."""
    found: Attestation = getattr(request.app.state, "passkey_attestation", ANY)
    return found


def remember_device(request: Request, response: Response, device: str) -> None:
    name = path_cookie_name(request, _DEVICE_COOKIE)
    give(response, name, device, secure=request.app.state.settings.https, path="/eid", max_age=_DEVICE_DAYS * 86400)


def helper_of(request: Request) -> int | None:
    """The helper who guides in this browser now; None where nobody does. For every page that marks work as assisted."""
    return helpers.of_mark(request.cookies.get(cookie_name(request, helpers.COOKIE), ""))


def remember_helper(request: Request, response: Response, mark: str) -> None:
    """`mark`: from `helpers.begin`; "" where the help ended."""
    name, https = cookie_name(request, helpers.COOKIE), request.app.state.settings.https
    if mark:
        give(response, name, mark, secure=https, max_age=helpers.SECONDS)
    else:
        response.delete_cookie(name, httponly=True, samesite="lax", secure=https, path="/")


def sign_in_url(next_url: str, *, acr: int = 1, fresh: int | None = None) -> str:
    """Where to prove more, and come back. `fresh`: the proof must be at most so many seconds old."""
    # Letter by letter, as urlencode does it, the long address of a service that waits would take longer than the page around it.
    there = _UNSAFE.sub(lambda found: quote(found[0], safe=""), next_url)
    return f"/eid/sign-in?next={there}&acr={acr}" + (f"&max_age={fresh}" if fresh is not None else "")
