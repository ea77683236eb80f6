"""What every page of this room needs of its request."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from urllib.parse import quote

from dancu.access.models import SignIn, SignInState
from dancu.kit.keys import KeyRing
from dancu.kit.web import Request, Response, client_ip, see_other, start_session
from dancu.kit.web.cookies import path_cookie, path_cookie_name

_DEVICE_COOKIE = "dancu_device"
_DEVICE_DAYS = 180


def keys_of(request: Request) -> KeyRing:
    return ring(request.app.state.keys)


@lru_cache(maxsize=4)
def ring(folder: Path) -> KeyRing:
    """The key ring of a folder, read once: a rotated key is picked up at the next start."""
    return KeyRing.open(folder)


def address_of(request: Request) -> str:
    return client_ip(request, request.app.state.settings.trusted_proxies)


def agent_of(request: Request) -> str:
    return request.headers.get("user-agent", "")[:160]


def device_of(request: Request) -> str:
    return path_cookie(request, _DEVICE_COOKIE)[:200]


def remember_device(request: Request, response: Response, device: str) -> None:
    """A cookie that only tells the throttle: somebody signed in here before. It opens nothing."""
    response.set_cookie(
        path_cookie_name(request, _DEVICE_COOKIE),
        device,
        max_age=_DEVICE_DAYS * 86400,
        httponly=True,
        samesite="strict",
        secure=request.app.state.settings.https,
        path="/sign-in",
    )


def enter(request: Request, outcome: SignIn, next_url: str) -> Response:
    """Into the session: home, or to the second factor that must be set up first."""
    if outcome.state is SignInState.ENROL:
        response = see_other(f"/sign-in/second-factor?next={quote(next_url, safe='/')}")
    else:
        response = see_other(next_url)
    start_session(request, response, outcome.token)
    if outcome.device:
        remember_device(request, response, outcome.device)
    return response
