"""The ministries' addresses: `/<prefix>/…` answers Dancu's connectors that show a key, `/` and `/admin/…` the demonstration."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from dancu.demo.simulators import faults as spoiling
from dancu.demo.simulators import stock
from dancu.demo.simulators.known import Ministry
from dancu.demo.simulators.ministries import MINISTRIES
from dancu.demo.simulators.page import page
from dancu.demo.simulators.shapes import get, put

_MOST_BODY = 10_000


@dataclass
class Office:
    """A ministry that runs: its file, its faults, the digest of the key its callers show."""

    ministry: Ministry
    db: sqlite3.Connection
    key: str
    faults: frozenset[str] = frozenset()
    asked: int = 0
    mended: dict[str, str] = field(default_factory=dict)


def make(folder: Path, keys: dict[str, str]) -> Starlette:
    """`keys`: ministry -> SHA-256 (hex) of the key its callers must show."""
    offices = {code: Office(one, stock.connect(folder, code), keys.get(code, "")) for code, one in MINISTRIES.items()}
    by_prefix = {office.ministry.prefix: office for office in offices.values()}

    async def ask(request: Request) -> Response:
        office = by_prefix.get(request.path_params["prefix"])
        if office is None or f"/{request.path_params['path']}" != office.ministry.path:
            return PlainTextResponse("not found", 404)
        office.asked += 1
        if "slow" in office.faults:
            await asyncio.sleep(spoiling.SLOW_SECONDS)
        if "down" in office.faults:
            return PlainTextResponse("service unavailable", 503)
        shown = request.headers.get("authorization", "").removeprefix("Bearer ").encode()
        if not hmac.compare_digest(hashlib.sha256(shown).hexdigest(), office.key):
            return PlainTextResponse("unauthorized", 401)
        return _answer(office, dict(request.query_params))

    async def home(request: Request) -> Response:
        return page(offices)

    async def switch(request: Request) -> Response:
        """Faults of a ministry: a JSON list, or a form of tick boxes."""
        office = offices.get(request.path_params["code"])
        if office is None:
            return PlainTextResponse("not found", 404)
        if not _ours(request):
            return PlainTextResponse("forbidden", 403)
        given = await _given(request, "faults")
        office.faults = frozenset(given) & frozenset(spoiling.FAULTS)
        return _done(request, {"faults": sorted(office.faults)})

    async def record(request: Request) -> Response:
        office = offices.get(request.path_params["code"])
        found = stock.record(office.db, request.path_params["number"]) if office else None
        return JSONResponse(found) if found is not None else PlainTextResponse("not found", 404)

    async def mend(request: Request) -> Response:
        """A clerk puts a record right: {"path": "value"}, or a form with `number`, `what` (name or birth) and `value`."""
        office = offices.get(request.path_params["code"])
        if office is None:
            return PlainTextResponse("not found", 404)
        if not _ours(request):
            return PlainTextResponse("forbidden", 403)
        if _json(request):
            number, changes = request.path_params.get("number", ""), await _body(request)
        else:
            form = await request.form(max_fields=10)
            paths = {"name": office.ministry.name, "birth": office.ministry.birth}
            number, changes = str(form.get("number", "")), {paths.get(str(form.get("what")), ""): str(form.get("value", ""))}
        found = stock.record(office.db, number)
        if found is None or not isinstance(changes, dict) or any(get(found, str(path)) is None for path in changes):
            return PlainTextResponse("not found", 404)
        for path, value in changes.items():
            put(found, path, value)
        stock.mend(office.db, number, found)
        return _done(request, found)

    app = Starlette(
        routes=[
            Route("/", home),
            Route("/admin/{code}/faults", switch, methods=["POST"]),
            Route("/admin/{code}/record/{number}", record),
            Route("/admin/{code}/record/{number}/mend", mend, methods=["POST"]),
            Route("/admin/{code}/mend", mend, methods=["POST"]),
            Route("/{prefix}/{path:path}", ask),
        ]
    )
    app.state.offices = offices
    return app


def _answer(office: Office, query: dict[str, str]) -> Response:
    found = stock.record(office.db, query.get(office.ministry.asked_as, ""))
    if found is None:
        status, body, media = office.ministry.nobody()
        return Response(body, status, media_type=media)
    body, media = office.ministry.answer(spoiling.spoil(office.ministry, found, office.faults), query)
    return Response(body[: len(body) // 2] if "cut" in office.faults else body, media_type=media)


def _ours(request: Request) -> bool:
    """A page of another site must not switch faults: a browser says where a form came from."""
    origin = request.headers.get("origin")
    return origin is None or origin == f"{request.url.scheme}://{request.url.netloc}"


def _json(request: Request) -> bool:
    return request.headers.get("content-type", "").startswith("application/json")


async def _body(request: Request) -> Any:
    body = await request.body()
    try:
        return json.loads(body) if len(body) <= _MOST_BODY else None
    except ValueError:
        return None


async def _given(request: Request, name: str) -> list[str]:
    if _json(request):
        body = await _body(request)
        return [str(one) for one in body] if isinstance(body, list) else []
    return [str(one) for one in (await request.form(max_fields=20)).getlist(name)]


def _done(request: Request, body: Any) -> Response:
    return JSONResponse(body) if _json(request) else RedirectResponse("/", 303)
