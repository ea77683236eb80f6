"""/healthz: the process answers. /readyz: it can do its work. /metrics: for Prometheus, from this machine or
with a token."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Awaitable, Callable, Mapping

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from dancu.kernel.errors import NotAllowed
from dancu.kit.log import get_logger
from dancu.kit.metrics import CONTENT_TYPE, exposition
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
    """Runs every check of `state["ready"]`; 503 names the ones that failed, not why: that stands in the
    log."""
    checks: Mapping[str, Check] = getattr(request.app.state, "ready", {})
    results = await asyncio.gather(*(_passes(name, check) for name, check in checks.items()))
    found = dict(zip(checks, results, strict=True))
    ok = all(results)
    body = {"ready": ok, "checks": {name: "ok" if good else "failed" for name, good in found.items()}}
    return JSONResponse(body, status_code=200 if ok else 503)


async def _passes(name: str, check: Check) -> bool:
    try:
        await asyncio.wait_for(check(), _CHECK_SECONDS)
    except Exception as error:
        log.warning("not ready", check=name, exc_info=error)
        return False
    return True


@router.get("/metrics")
async def metrics(request: Request) -> Response:
    token: str = request.app.state.settings.metrics_token
    given = request.headers.get("authorization", "").removeprefix("Bearer ")
    local = request.client is not None and request.client.host in _LOOPBACK
    # A proxy on this machine also comes from loopback; what it forwards does not.
    local = local and "x-forwarded-for" not in request.headers
    if not local and not (token and hmac.compare_digest(given.encode(), token.encode())):
        raise NotAllowed("metrics.token", "Số đo chỉ đọc được từ chính máy chủ hoặc với mã riêng.")
    return Response(exposition(), media_type=CONTENT_TYPE)
