"""POST /hooks/subscriber: news of the mobile operators about a number, {"phone": "+84…", "event": "sim_changed"}, signed with
DANCU_SUBSCRIBER_SECRET as the calls the other way are (accounts.ports.subscriber). In a demonstration /simulators/subscriber/sim is an
operator to try it with, unsigned."""

from __future__ import annotations

import json
import os
from typing import Any

from dancu.accounts.pages.messages import signed_body
from dancu.accounts.ports.subscriber import SECRET
from dancu.accounts.service import sim
from dancu.kernel.errors import Invalid, NotFound
from dancu.kit.i18n import N_
from dancu.kit.web import APIRouter, DbConn, JSONResponse, Request, Response, public

router = APIRouter(include_in_schema=False)
_MOST = 4 * 1024


async def _taken(conn: DbConn, phone: Any) -> Response:
    """One answer whether the number serves an account or not."""
    if not isinstance(phone, str):
        raise Invalid("subscriber.request", N_("Yêu cầu phải có số điện thoại."))
    await sim.changed(conn, phone[:40])
    return JSONResponse({"taken": True})


@router.post("/hooks/subscriber", dependencies=[public(machine=True)], max_body_size=_MOST)
async def news(request: Request, conn: DbConn) -> Response:
    value = await signed_body(request, os.environ.get(SECRET, ""))
    if value.get("event") != "sim_changed":
        raise Invalid("subscriber.event", N_("Sự kiện phải là sim_changed."))
    return await _taken(conn, value.get("phone"))


@router.post("/simulators/subscriber/sim", dependencies=[public(machine=True)], max_body_size=_MOST)
async def simulated(request: Request, conn: DbConn) -> Response:
    if not request.app.state.settings.demo:
        raise NotFound("page.unknown", N_("Không có trang này."))
    try:
        value: Any = json.loads(await request.body())
    except (ValueError, RecursionError):
        value = None
    return await _taken(conn, value.get("phone") if isinstance(value, dict) else None)
