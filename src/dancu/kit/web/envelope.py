"""Around every request: its id and language on the way in; headers, metrics and one log line on the way out.

Outside even Starlette's own error handling, so that no answer leaves without headers and no exception reaches
the server, which would print its message, and a database driver's message quotes people's data.
"""

from __future__ import annotations

import os
import re
import time

import psycopg
from fastapi import Request
from psycopg_pool import PoolTimeout
from starlette.types import ASGIApp, Receive, Scope, Send

from dancu.kernel.actor import ANONYMOUS
from dancu.kernel.errors import Invalid
from dancu.kit.admission import Admission
from dancu.kit.i18n import DEFAULT, LANGUAGE, LANGUAGES
from dancu.kit.log import REQUEST_ID, get_logger, log_request
from dancu.kit.metrics import REQUESTS, part_of
from dancu.kit.web.answer import Answer, Body
from dancu.kit.web.asked import Asked
from dancu.kit.web.door import Bounded, Refusals, ready_headers, refuse
from dancu.kit.web.errors import explained, kind_of, respond, respond_unexpected
from dancu.kit.web.gate import Gate
from dancu.kit.web.settings import WebSettings
from dancu.kit.web.shortcuts import MAX_BODY, Shortcuts, take_shortcut

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
        self._app, self._settings, self._gate = app, settings, Gate(settings)
        self._shortcuts = shortcuts or {}
        self._admission, self._refusals = admission or Admission(), Refusals()
        self._bounded = {
            where: (handler, ready_headers(handler, https=settings.https))
            for where, handler in self._shortcuts.items() if isinstance(handler, Bounded)
        }  # fmt: skip

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        bounded, body = self._bounded.get((method, scope["path"])), Body(scope, receive)
        if bounded is None:
            await self._serve(scope, body, send)
            return
        door = self._admission
        if not body.closed and not door.look():
            await body.gather(MAX_BODY)
        if wait := door.enter():
            await refuse(*bounded, wait, scope, body, send)
            self._refusals.one_more(time.monotonic(), inside=door.inside, pace=door.pace)
            return
        try:
            await self._serve(scope, body, send)
        finally:
            door.leave()

    async def _serve(self, scope: Scope, body: Body, send: Send) -> None:
        method = scope["method"]
        if method == "HEAD":
            # What GET would answer, asked and recorded alike; the server keeps the body back.
            scope = {**scope, "method": "GET"}
        request = Asked(scope, body)
        if body.whole is not None:
            request._body = body.whole  # where the framework keeps what it read itself
        self._open(request)
        started = time.perf_counter()
        answer = Answer(request, send, body, https=self._settings.https)
        within, language = REQUEST_ID.set(request.state.request_id), LANGUAGE.set(request.state.lang)
        REQUESTS.in_flight += 1
        try:
            await self._run(request, body, answer)
        finally:
            REQUESTS.in_flight -= 1
            self._report(request, method, answer, time.perf_counter() - started)
            LANGUAGE.reset(language)
            REQUEST_ID.reset(within)

    def _open(self, request: Asked) -> None:
        given = request.headers.get("x-request-id", "")
        cookies: list[str] = []
        drawn = os.urandom(28).hex()
        request.begin(
            request_id=given if given and _SANE_ID.fullmatch(given) else drawn[:24],
            nonce=drawn[24:],
            actor=ANONYMOUS,
            cookies=cookies,
            browser="",
            error_code="",
            lang=self._language(request, cookies),
        )

    def _language(self, request: Request, cookies: list[str]) -> str:
        """?lang= wins and is remembered; then the cookie; then Vietnamese, whatever the browser prefers: the
        phones sold here speak English out of the box to people who do not."""
        asked = request.query_params.get("lang", "") if b"lang=" in request.scope["query_string"] else ""
        if asked in LANGUAGES:
            secure_flag = "; Secure" if self._settings.https else ""
            cookies.append(f"lang={asked}; Path=/; Max-Age={_LANG_COOKIE_SECONDS}; SameSite=Lax{secure_flag}")
            return asked
        kept = request.cookies.get("lang", DEFAULT)
        return kept if kept in LANGUAGES else DEFAULT

    async def _run(self, request: Request, receive: Receive, answer: Answer) -> None:
        try:
            if refusal := self._gate.refusal(request):
                status = 400 if isinstance(refusal, Invalid) else None
                await answer.give(respond(request, refusal, status))
                return
            shortcut = self._shortcuts.get((request.method, request.scope["path"]))
            if shortcut is not None:
                await answer.give(await take_shortcut(request, shortcut))
                return
            await self._app(request.scope, receive, answer)
        except Exception as error:
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

    def _report(self, request: Request, method: str, answer: Answer, seconds: float) -> None:
        route, status = route_of(request.scope), answer.status or 499
        method = method if method in _METHODS else "other"
        REQUESTS.answered(method, part_of(route), status, seconds)
        log_request(
            method=method,
            route=route,
            status=status,
            ms=round(seconds * 1000, 1),
            actor_kind=request.state.actor.kind,
            request_id=request.state.request_id,
            error_code=request.state.error_code,
        )


def route_of(scope: Scope) -> str:
    """The route's template ("/persons/{key}"), never the path: a path can name a person."""
    if "dancu.route" in scope:
        return str(scope["dancu.route"])
    context = scope.get("fastapi", {}).get("effective_route_context")
    path = getattr(context or scope.get("route"), "path", None)
    return str(path) if path else "unmatched"
