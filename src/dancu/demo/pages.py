"""The start page: what Dancu is, which surfaces exist, and, in a demonstration, whom to step in as."""

from __future__ import annotations

from dancu.access import service as access
from dancu.demo import outbox, samples
from dancu.kit.web import APIRouter, DbConn, Request, Response, public, render

router = APIRouter(include_in_schema=False)
router.include_router(outbox.router)
router.include_router(samples.router)


@router.get("/", dependencies=[public()])
async def start(request: Request, conn: DbConn) -> Response:
    personas = await access.demo_personas(conn, demo=request.app.state.settings.demo)
    services = getattr(request.app.state, "services", [])
    return render(request, "demo/start.html", personas=personas, services=services)
