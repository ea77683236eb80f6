"""The web application: every room's pages and APIs, listed. Composition only."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request, Response

from dancu.access import pages as access_pages
from dancu.access import service as access
from dancu.access.service import sessions
from dancu.accounts import api as accounts_api
from dancu.accounts import pages as accounts_pages
from dancu.audit import api as audit_api
from dancu.audit import service as audit
from dancu.cards import api as cards_api
from dancu.cards import pages as cards_pages
from dancu.credentials import pages as credentials_pages
from dancu.credentials.service import carried
from dancu.demo import pages as demo_pages
from dancu.exchange import endpoints as exchange_endpoints
from dancu.exchange import pages as exchange_pages
from dancu.kernel.errors import Invalid
from dancu.kit import events, jobs
from dancu.kit.authn.passkey import Attestation
from dancu.kit.db import dsn, make_pool
from dancu.kit.log import configure
from dancu.kit.messages import unreached
from dancu.kit.reading import Reading
from dancu.kit.web import MenuItem, Surface, create_app
from dancu.kit.web.callers import Callers
from dancu.kit.web.errors import respond
from dancu.monitoring import pages as monitoring_pages
from dancu.monitoring.service import own_data
from dancu.oidc import endpoints as oidc_endpoints
from dancu.oidc import pages as oidc_pages
from dancu.population import api as population_api
from dancu.population import pages as population_pages
from dancu.population.service.finder import Finder
from dancu.quality import pages as quality_pages
from dancu.quality import service as quality
from dancu.settings import Settings
from dancu.sharing import pages as sharing_pages
from dancu.territory import api as territory_api

ROUTERS = (
    demo_pages.router,
    access_pages.router,
    population_pages.router,
    population_api.router,
    territory_api.router,
    quality_pages.router,
    cards_pages.router,
    cards_api.router,
    accounts_pages.router,
    accounts_api.router,
    sharing_pages.router,
    oidc_pages.router,
    oidc_endpoints.router,
    exchange_pages.router,
    exchange_endpoints.router,
    credentials_pages.router,
    monitoring_pages.router,
    audit_api.router,
)

SURFACES = (
    Surface("citizen", "Cổng công dân", "/", "citizen", sign_in="/eid/sign-in"),
    Surface("desk", "Bàn làm việc", "/desk", "desk"),
    Surface("watch", "Theo dõi", "/watch", "watch"),
    Surface("partner", "Đối tác kết nối", "/partner", "watch", ("exchange.join",)),
)

MENU: tuple[MenuItem, ...] = (
    *population_pages.MENU,
    *quality_pages.MENU,
    *monitoring_pages.MENU,
    *cards_pages.MENU,
    *accounts_pages.MENU,
    *sharing_pages.MENU,
    *oidc_pages.MENU,
    *exchange_pages.MENU,
    *credentials_pages.MENU,
    *access_pages.MENU,
)


def build(settings: Settings) -> FastAPI:
    """The application for these settings. Raises ClosedByDefault when a route states no permission."""
    configure(level=settings.log_level, stream=settings.log_stream())

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        pool = make_pool(dsn("app", settings.data), min_size=2, max_size=settings.pool_size, name="pages")
        await pool.open(wait=True)
        app.state.pool = pool
        async with settings.lines() as lines:
            app.state.finder = Finder(pool.connection)
            app.state.lines = lines
            app.state.callers = Callers(pool.connection, sessions.resolve)
            try:
                yield
            finally:
                await pool.close()

    async def database_answers() -> None:
        async with app.state.pool.connection() as conn:
            await conn.execute("SELECT audit.assert_alive()")

    async def key_is_the_logs() -> None:
        async with app.state.pool.connection() as conn:
            await audit.check_key(conn, settings.keys, settings.checkpoints)

    async def readings() -> list[Reading]:
        """How far the worker is: it has no port of its own, the database knows."""
        async with app.state.pool.connection() as conn:
            return [*await audit.readings(conn), *await events.readings(conn), *await jobs.readings(conn), *await unreached.readings(conn)]

    state: dict[str, Any] = {
        "sessions": sessions,
        "readings": readings,
        "unreached": population_pages.UNREACHED,
        "surfaces": SURFACES,
        "menu": MENU,
        "ready": {"database and evidence log": database_answers, "key of the evidence log": key_is_the_logs},
        "data": settings.data,
        "keys": settings.keys,
        "demo": settings.demo,
        "issuer": settings.public_url,
        "own_data": own_data.gather,
        "reported": quality.reported,
        "outbound": settings.outbound,
        "sign_in_page": accounts_pages.SIGN_IN_PAGE,
        "page_mark": accounts_pages.PAGE_MARK,
        "after_sign_in": oidc_endpoints.AFTER_SIGN_IN,
        "carried": oidc_endpoints.CARRIED,
        "approvals_want": oidc_endpoints.APPROVALS_WANT,
        "papers_carried": carried.carried,
        "own_words": oidc_endpoints.OWN_WORDS,
        "sms_secret": settings.sms_secret,
        "push_secret": settings.push_secret,
        "mtls_url": settings.mtls_url.rstrip("/"),
        "passkey_attestation": Attestation.read(settings.passkey_attestation, settings.passkey_roots),
    }
    app = create_app(
        routers=ROUTERS, settings=settings.web(), state=state, lifespan=lifespan,
        shortcuts={**population_api.SHORTCUTS, **accounts_pages.SHORTCUTS, **oidc_endpoints.SHORTCUTS, **exchange_endpoints.SHORTCUTS},
    )
    return app


def build_dialect(settings: Settings, dialect: str) -> FastAPI:
    """The application that answers in an outside dialect, on a port of its own. Raises KeyError for one that does not exist."""
    from dancu.exchange.endpoints.dialects import DIALECTS, beside, lay_down

    configure(level=settings.log_level, stream=settings.log_stream())
    router = DIALECTS[dialect]()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        pool = make_pool(dsn("app", settings.data), min_size=1, max_size=settings.pool_size, name="dialect")
        await pool.open(wait=True)
        app.state.pool = pool
        try:
            async with pool.connection() as conn, conn.transaction():
                # A database made as a demonstration holds invented people only, whoever serves it.
                app.state.demo = settings.demo or await access.is_demo(conn)
                if app.state.demo:
                    await lay_down(conn, dialect)
            async with beside(app, dialect):
                yield
        finally:
            await pool.close()

    async def database_answers() -> None:
        async with app.state.pool.connection() as conn:
            await conn.execute("SELECT audit.assert_alive()")

    state: dict[str, Any] = {
        "sessions": sessions, "surfaces": (), "menu": (), "ready": {"database and evidence log": database_answers}, "data": settings.data,
        "keys": settings.keys, "demo": settings.demo, "issuer": settings.public_url, "outbound": settings.outbound,
        "no_pages": True,
    }  # fmt: skip
    app = create_app(routers=(router,), settings=settings.web(), state=state, lifespan=lifespan)

    @app.exception_handler(Invalid)
    async def bad_request(request: Request, error: Invalid) -> Response:
        """These standards know 400 for input that is wrong, not 422."""
        return respond(request, error, 400)

    return app
