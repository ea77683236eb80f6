"""Composes the web application from what the program gives it: routers, settings, state."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import psycopg
from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from psycopg_pool import PoolTimeout
from starlette.datastructures import State
from starlette.exceptions import HTTPException
from starlette.middleware.errors import ServerErrorMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from dancu import __version__
from dancu.kernel.errors import DancuError
from dancu.kit.admission import Admission
from dancu.kit.files import package_dir
from dancu.kit.web import api_docs, health, living
from dancu.kit.web.access import demand_access
from dancu.kit.web.asked import Values
from dancu.kit.web.envelope import Envelope
from dancu.kit.web.errors import explained, from_http, from_validation, respond
from dancu.kit.web.render import Templates
from dancu.kit.web.settings import WebSettings
from dancu.kit.web.shortcuts import COMPRESSION, SMALLEST_COMPRESSED, Shortcuts, checked_shortcuts
from dancu.kit.web.statics import Assets, static_folders, static_router

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[Any]]
_OWN = Path(__file__).resolve().parent


class Application(FastAPI):
    """FastAPI inside the envelope. The envelope stands outside Starlette's error handling, see there."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # The framework asks at every request whether somebody traces it; our own metrics are the envelope's.
        if scope["type"] == "http":
            await self.entry(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)

    def entry(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """A request, for our own server (`app.state.entry`), which does not have to be told by a coroutine that this is ASGI 3."""
        if self.middleware_stack is None:
            self.middleware_stack = self.build_middleware_stack()
        scope["app"] = self
        return self.middleware_stack(scope, receive, send)

    def build_middleware_stack(self) -> ASGIApp:
        stack = super().build_middleware_stack()
        # Starlette's outermost layer answers failures with its own plain text and raises them again.
        inner = stack.app if isinstance(stack, ServerErrorMiddleware) else stack
        return Envelope(inner, self.state.settings, self.state.shortcuts, self.state.admission)


def create_app(
    *,
    routers: Sequence[APIRouter],
    settings: WebSettings,
    state: Mapping[str, Any],
    lifespan: Lifespan | None = None,
    template_folders: Sequence[Path] = (),
    shortcuts: Shortcuts | None = None,
) -> FastAPI:
    """The application. Raises ClosedByDefault with the list of routes that state no access.

    `state` is put on `app.state`: `sessions` (session.Sessions), `pool` (may be set by the lifespan), `ready`
    (name -> async check), `surfaces` (menu.Surface), `menu` (menu.MenuItem), `own_words` (path -> (request, error, status, headers) ->
    answer: of endpoints whose protocol names its refusals). `template_folders` are searched
    before the rooms'. `shortcuts`: hot machine endpoints, see there.
    """
    app = Application(
        title="Dancu", version=__version__, lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None
    )
    kept: State = Values(dict(state))
    app.state = kept
    assets = Assets(static_folders(package_dir(), _OWN / "static"))
    folders = [*template_folders, *sorted(package_dir().glob("*/templates")), _OWN / "templates"]
    app.state.settings, app.state.assets, app.state.admission = settings, assets, Admission()
    app.state.entry = app.entry
    app.state.templates = Templates(folders, assets)
    own = [health.router, static_router(assets), api_docs.router]
    if settings.living_page:
        own.append(living.router)
    for router in (*routers, *own):
        # A route's own `max_body_size=` is more specific and wins.
        app.include_router(router, max_body_size=settings.max_body)
    app.state.access = demand_access(app.routes)
    app.state.shortcuts = checked_shortcuts(shortcuts or {}, app.state.access)
    _answer_errors(app)
    app.add_middleware(GZipMiddleware, minimum_size=SMALLEST_COMPRESSED, compresslevel=COMPRESSION)
    return app


def _answer_errors(app: FastAPI) -> None:
    @app.exception_handler(DancuError)
    async def expected(request: Request, error: DancuError) -> Response:
        return respond(request, error)

    @app.exception_handler(HTTPException)
    async def framework(request: Request, error: HTTPException) -> Response:
        known, status = from_http(error)
        response = respond(request, known, status)
        response.headers.update(error.headers or {})
        return response

    @app.exception_handler(RequestValidationError)
    async def validation(request: Request, error: RequestValidationError) -> Response:
        return respond(request, from_validation(error))

    @app.exception_handler(psycopg.Error)
    @app.exception_handler(PoolTimeout)
    async def database(request: Request, error: psycopg.Error | PoolTimeout) -> Response:
        known = await explained(request, error)
        if known is None:
            raise error
        return respond(request, known)
