"""The electricity company: a service that had accounts of its own long before, and links them (docs/linking.md)."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import httpx
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from dancu.demo.relying_parties.config import Config
from dancu.demo.relying_parties.counter import Counter
from dancu.demo.relying_parties.customers import Customers
from dancu.demo.relying_parties.web import Service
from dancu.kit.i18n import N_
from dancu.kit.limits import Rate, TokenBuckets

TITLE = N_("Điện lực")
# Guesses of one account's old password: five, then one every half minute.
_TRY_RATE = Rate(1 / 30, 5)
_BATCH, _TRIES, _PAUSE_SECONDS = 200, 10, 2.0


def make(config: Config, folder: Path) -> Starlette:
    customers = Customers(folder / "customers.db")
    tries = TokenBuckets(_TRY_RATE)

    def signed_in(request: Request, claims: Mapping[str, Any]) -> None:
        customers.link_expected(claims["sub"])

    service = Service(config, TITLE, signed_in)

    async def home(request: Request) -> Response:
        session = request.session
        accounts = customers.of(session["sub"]) if "sub" in session else []
        old = session.get("old")
        bills = customers.bills([one.customer_no for one in accounts] or ([old] if old else []))
        return service.page(
            request, "electricity.html", claims=session.get("claims"), accounts=accounts, old=old, bills=bills,
            wrong=request.query_params.get("wrong", ""), forms=True,
        )  # fmt: skip

    async def old_sign_in(request: Request) -> Response:
        """The way in of before, for those who have not linked yet; or, signed in, the proof that an account is theirs."""
        form = await service.form(request)
        number, password = form.get("customer_no", "").upper(), form.get("password", "")
        if not form:
            return RedirectResponse("/", 303)
        if customers.retired(number):
            return RedirectResponse("/?wrong=retired", 303)
        if tries.take(number):
            return RedirectResponse("/?wrong=wait", 303)
        if not await asyncio.to_thread(customers.check, number, password):
            return RedirectResponse("/?wrong=password", 303)
        if "sub" in request.session:
            await asyncio.to_thread(customers.link_proved, request.session["sub"], number, password)
        else:
            request.session["old"] = number
            request.scope["fresh"] = True
        return RedirectResponse("/", 303)

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        task = asyncio.create_task(_match_soon(config, customers))
        yield
        task.cancel()

    counter = Counter(config, service, customers)
    app = service.app([Route("/", home), Route("/old-sign-in", old_sign_in, methods=["POST"]), *counter.routes()])
    app.router.lifespan_context = lifespan
    return app


async def _match_soon(config: Config, customers: Customers) -> None:
    """Compare what is not compared yet; the provider may still be starting."""
    for _ in range(_TRIES):
        with contextlib.suppress(httpx.HTTPError, AuthlibBaseError):
            await match(config, customers)
            return
        await asyncio.sleep(_PAUSE_SECONDS)


async def match(config: Config, customers: Customers) -> int:
    """The bulk match: every customer not compared yet, in batches, each kept as it comes. Returns how many. May be repeated:
    what was answered is not asked again."""
    rows = customers.to_match()
    if not rows:
        return 0
    async with AsyncOAuth2Client(config.client_id, config.secret, scope="linking.match") as client:
        await client.fetch_token(f"{config.issuer}/oidc/token", grant_type="client_credentials")
        for begin in range(0, len(rows), _BATCH):
            answer = await client.post(f"{config.issuer}/oidc/linking/match", json={"rows": rows[begin : begin + _BATCH]})
            answer.raise_for_status()
            customers.keep_matches(answer.json()["results"])
    return len(rows)
