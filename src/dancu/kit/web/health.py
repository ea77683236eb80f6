"""/healthz: the process answers. /readyz: it can do its work. /metrics: for Prometheus, where a token is set; in a demonstration,
which has made-up people only, for this machine without one."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Awaitable, Callable, Mapping, Sequence

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, PlainTextResponse, Response

from dancu.kernel.errors import NotAllowed
from dancu.kit.log import get_logger
from dancu.kit.metrics import CONTENT_TYPE, READINGS, exposition
from dancu.kit.reading import Reading
from dancu.kit.web.access import public

Check = Callable[[], Awaitable[None]]
log = get_logger("dancu.web.health")
router = APIRouter(include_in_schema=False, dependencies=[public(machine=True)])
_CHECK_SECONDS = 5.0
_LOOPBACK = frozenset({"127.0.0.1", "::1"})


@router.get("/healthz")
async def healthz() -> Response:
    return PlainTextResponse("ok\n")


@router.get("/readyz")
async def readyz(request: Request) -> Response:
    """Runs every check of `state["ready"]`; 503 names the ones that failed, not why: that stands in the log. What
    `state["minded"]` says is missing but on its way back is "degraded", which is still an answer of 200."""
    checks: Mapping[str, Check] = getattr(request.app.state, "ready", {})
    results = await asyncio.gather(*(_passes(name, check) for name, check in checks.items()))
    found = dict(zip(checks, results, strict=True))
    ok = all(results)
    minded: Mapping[str, Callable[[], bool]] = getattr(request.app.state, "minded", {})
    states = {name: "ok" if alive() else "degraded" for name, alive in minded.items()}
    checks_said = {name: "ok" if good else "failed" for name, good in found.items()} | states
    body = {"ready": ok, "degraded": "degraded" in states.values(), "checks": checks_said}
    return JSONResponse(body, status_code=200 if ok else 503)


async def _passes(name: str, check: Check) -> bool:
    try:
        await asyncio.wait_for(check(), _CHECK_SECONDS)
    except Exception as error:
        log.warning("not ready", check=name, exc_info=error)
        return False
    return True


async def _read(readings: Callable[[], Awaitable[Sequence[Reading]]] | None) -> None:
    """Ask for the figures of `state["readings"]`. Without an answer they are left out, not repeated: an old age would
    look like a healthy one."""
    READINGS.now = ()
    if readings is None:
        return
    try:
        READINGS.now = tuple(await asyncio.wait_for(readings(), _CHECK_SECONDS))
    except Exception as error:
        log.warning("figures not read", exc_info=error)


def _from_here(request: Request) -> bool:
    return request.client is not None and request.client.host in _LOOPBACK and "x-forwarded-for" not in request.headers


@router.get("/metrics")
async def metrics(request: Request) -> Response:
    """Only with the token of the configuration, and not there at all where none is set: this port is everybody's, and a
    proxy on this machine comes from loopback too. A demonstration has no such port."""
    settings = request.app.state.settings
    if settings.metrics_token:
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(given.encode(), settings.metrics_token.encode()):
            raise NotAllowed("metrics.token", "Số đo chỉ đọc được với mã riêng.")
    elif not (settings.living_page and _from_here(request)):
        raise HTTPException(404)
    await _read(getattr(request.app.state, "readings", None))
    return Response(exposition(), media_type=CONTENT_TYPE)
