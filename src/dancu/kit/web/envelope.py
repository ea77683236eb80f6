"""Around every request: its id and language on the way in; headers, metrics and one log line on the way out.

Outside even Starlette's own error handling, so that no answer leaves without headers and no exception reaches
the server, which would print its message, and a database driver's message quotes people's data.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Awaitable
from typing import Any

import psycopg
from fastapi import Request
from psycopg_pool import PoolTimeout
from starlette.types import ASGIApp, Receive, Scope, Send

from dancu.kernel.actor import ANONYMOUS
from dancu.kernel.errors import Invalid
from dancu.kit.admission import Admission
from dancu.kit.i18n import DEFAULT, LANGUAGE, LANGUAGES
from dancu.kit.log import REQUEST_ID, get_logger, log_request
from dancu.kit.metrics import REQUESTS
from dancu.kit.web.answer import Answer
from dancu.kit.web.asked import Asked
from dancu.kit.web.door import Bounded, Refusals, ready_headers, refuse
from dancu.kit.web.errors import explained, kind_of, respond, respond_unexpected
from dancu.kit.web.gate import Gate
from dancu.kit.web.headers import RawHeaders
from dancu.kit.web.incoming import Body
from dancu.kit.web.settings import WebSettings
from dancu.kit.web.shortcuts import Handler, Shortcuts, take_shortcut

log = get_logger("dancu.web")
# A UUID or a trace id. Anything freer would carry a personal number into the logs when a client numbers its requests
# by whom they are about; so would an id with the digits of a number in a row.
_SANE_ID = re.compile(r"(?!.*[0-9]{9})(?:[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}|[0-9A-Fa-f]{32})")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_LANG_COOKIE_SECONDS = 365 * 24 * 3600


class AnswerBroken(RuntimeError):
    """An answer that had begun could not be finished; what happened is in the log."""


class Envelope:
    def __init__(
        self, app: ASGIApp, settings: WebSettings, shortcuts: Shortcuts | None = None, admission: Admission | None = None
    ) -> None:
        self._app, self._https, self._gate = app, settings.https, Gate(settings)
        self._shortcuts = shortcuts or {}
        self._admission, self._refusals = admission or Admission(), Refusals()
        self._bounded = {
            where: (handler, ready_headers(handler, https=settings.https))
            for where, handler in self._shortcuts.items() if isinstance(handler, Bounded)
        }  # fmt: skip

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """What is to be awaited. No coroutine of its own, which would stand between and be woken each time another is."""
        if scope["type"] != "http":
            return self._app(scope, receive, send)
        method = scope["method"]
        where = "GET" if method == "HEAD" else method, scope["path"]
        shortcut, body = self._shortcuts.get(where), Body(scope, receive)
        if bounded := self._bounded.get(where):
            return self._at_the_door(bounded, scope, shortcut, body, send)
        return self._serve(scope, shortcut, body, send)

    async def _at_the_door(self, bounded: tuple[Bounded, RawHeaders], scope: Scope, shortcut: Handler | None, body: Body, send: Send) -> None:
        door = self._admission
        if not body.closed and not door.look():
            await body.gather()
        if wait := door.enter():
            await refuse(*bounded, wait, scope, body, send)
            self._refusals.one_more(time.monotonic(), inside=door.inside, pace=door.pace)
            return
        try:
            await self._serve(scope, shortcut, body, send)
        finally:
            door.leave()

    async def _serve(self, scope: Scope, shortcut: Handler | None, body: Body, send: Send) -> None:
        started, method = time.perf_counter(), scope["method"]
        if method == "HEAD":
            # What GET would answer, asked and recorded alike; the server keeps the body back.
            scope = {**scope, "method": "GET"}
        request = Asked(scope, body)
        state = self._open(request)
        answer = Answer(request, send, body, self._https)
        within, language = REQUEST_ID.set(state.request_id), LANGUAGE.set(state.lang)
        REQUESTS.in_flight += 1
        try:
            if refusal := self._gate.refusal(request):
                await answer.give(respond(request, refusal, 400 if isinstance(refusal, Invalid) else None))
            elif shortcut is not None:
                await answer.give(await take_shortcut(request, shortcut))
            else:
                await self._app(scope, body, answer)
        except Exception as error:
            await self._failed(request, error, answer)
        finally:
            REQUESTS.in_flight -= 1
            seconds, route, status = time.perf_counter() - started, route_of(scope), answer.status or 499
            method = method if method in _METHODS else "other"
            REQUESTS.answered(method, route, status, seconds)
            log_request(method, route, status, seconds, state.actor.kind, state.request_id, state.error_code)
            LANGUAGE.reset(language)
            REQUEST_ID.reset(within)

    def _open(self, request: Asked) -> Any:
        """Begin its state."""
        given, drawn = request.headers.get("x-request-id"), os.urandom(28).hex()
        cookies: list[str] = []
        # What is asked for wins and is remembered; then the cookie; then Vietnamese, whatever the browser prefers: the
        # phones sold here speak English out of the box to people who do not.
        lang = request.query_params.get("lang") if b"lang=" in request.scope["query_string"] else None
        if lang in LANGUAGES:
            cookies.append(f"lang={lang}; Path=/; Max-Age={_LANG_COOKIE_SECONDS}; SameSite=Lax{'; Secure' if self._https else ''}")
        else:
            lang = request.cookies.get("lang", DEFAULT)
        return request.begin(
            {
                "request_id": given if given and _SANE_ID.fullmatch(given) else drawn[:24],
                "nonce": drawn[24:],
                "actor": ANONYMOUS,
                "cookies": cookies,
                "browser": "",
                "error_code": "",
                "lang": lang if lang in LANGUAGES else DEFAULT,
            }
        )

    async def _failed(self, request: Request, error: Exception, answer: Answer) -> None:
        known = await explained(request, error) if isinstance(error, (psycopg.Error, PoolTimeout)) else None
        if known is None or answer.status:
            log.error("request failed", route=route_of(request.scope), exc_info=error)
        elif kind_of(known).status >= 500:
            log.warning("request not possible", route=route_of(request.scope), exc_info=error)
        if answer.status:
            # Half an answer is out: the server must break the connection, not end it as if it were whole.
            # It will print what it is given, so it is not given the failure itself.
            raise AnswerBroken from None
        await answer.give(respond(request, known) if known else respond_unexpected(request))


def route_of(scope: Scope) -> str:
    """The route's template ("/persons/{key}"), never the path: a path can name a person."""
    if "dancu.route" in scope:
        return str(scope["dancu.route"])
    context = scope.get("fastapi", {}).get("effective_route_context")
    path = getattr(context or scope.get("route"), "path", None)
    return str(path) if path else "unmatched"
