"""Who is asking: cookie -> the kernel's Actor. What a session is, and where it is kept, the access room
knows; it gives `state["sessions"]`, an object with `resolve(conn, token)`."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Protocol

from fastapi import Depends, Request
from psycopg import AsyncConnection
from starlette.responses import Response

from dancu.kernel.actor import ANONYMOUS, Actor, Channel
from dancu.kit.web.cookies import cookie_name, give
from dancu.kit.web.transaction import Lease

COOKIE = "dancu_session"
_LONGEST_TOKEN = 200
_FOUND = "dancu.token"


class Sessions(Protocol):
    async def resolve(self, conn: AsyncConnection[Any], token: str) -> Actor | None:
        """The actor of a live session, or None when the token is unknown, expired or revoked."""
        ...


def token_of(request: Request) -> str:
    """The session's opaque token, "" when there is none or it cannot be one of ours: the bearer token of a program that
    calls the API, else the session cookie."""
    known: str | None = request.scope.get(_FOUND)
    if known is not None:  # the gate, the session and every form of a page ask
        return known
    token = bearer_of(request)
    if not token and (cookies := request.cookies):
        token = cookies.get(cookie_name(request, COOKIE), "")
    if token and not (token.isascii() and len(token) <= _LONGEST_TOKEN):
        token = ""
    request.scope[_FOUND] = token
    return token


def bearer_of(request: Request) -> str:
    """Programs send the token as `Authorization: Bearer …`, under /api/ only. No browser does so by itself, which is
    why such a call needs no CSRF token; where it is sent the cookie counts for nothing."""
    if not request.scope["path"].startswith("/api/"):
        return ""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


async def resolve(request: Request, held: Lease) -> Actor:
    """Find the actor of a request once and remember it; anonymous requests do not touch the database."""
    sessions: Sessions | None = getattr(request.app.state, "sessions", None)
    token = token_of(request)
    if not token or sessions is None:
        return ANONYMOUS
    actor = await sessions.resolve(await held.connection(), token)
    if actor is None:
        return ANONYMOUS
    channel = Channel.API if request.scope["path"].startswith("/api/") else Channel.WEB
    actor = replace(actor, request_id=request.state.request_id, channel=channel)
    request.state.actor = actor
    return actor


async def actor_of(request: Request) -> Actor:
    """The actor of this request. `allow`, `public` and `signed_in` have found it before any handler runs."""
    actor: Actor = request.state.actor
    return actor


CurrentActor = Annotated[Actor, Depends(actor_of)]


def start_session(request: Request, response: Response, token: str, *, max_age: int | None = None) -> None:
    """Set the session cookie. `max_age` in seconds; None ends with the browser. Always issue a NEW token at
    sign-in: a token from before it could have been planted."""
    https = request.app.state.settings.https
    name = cookie_name(request, COOKIE)
    give(response, name, token, secure=https, max_age=max_age)


def end_session(request: Request, response: Response) -> None:
    """Take the session cookie back, and have the browser forget the pages it kept of this site: the next person at a shared
    computer must not find them. Not its cookies: the chosen language and the known device outlive a session. Nor its storage: all that
    lies there are the keys of this device, which no script can read and which confirm a sign-in only beside their owner's passcode."""
    https = request.app.state.settings.https
    response.delete_cookie(cookie_name(request, COOKIE), httponly=True, samesite="lax", secure=https, path="/")
    response.headers["Clear-Site-Data"] = '"cache"'
