"""POST /hooks/messages: the receipts of a gateway (text messages, notices on devices). In a demonstration also a gateway to try them with, /simulators/sms.

Both check the signature over moment and body (kit.messages.sign); the gateway's own address proves nothing.
"""

from __future__ import annotations

import json
from typing import Any

from dancu.kernel.errors import Invalid, NotAllowed, NotFound
from dancu.kit import messages
from dancu.kit.i18n import N_
from dancu.kit.web import APIRouter, DbConn, JSONResponse, Request, Response, public

router = APIRouter()
_MOST = 16 * 1024


async def _signed(request: Request) -> dict[str, Any]:
    return await signed_body(request, request.app.state.sms_secret, getattr(request.app.state, "push_secret", ""))


async def signed_body(request: Request, *secrets: str) -> dict[str, Any]:
    """The JSON object of a call signed with one of `secrets`. Raises NotAllowed, Invalid."""
    body = await request.body()
    headers = request.headers
    moment, signature = headers.get("x-dancu-timestamp", ""), headers.get("x-dancu-signature", "")
    if not any(messages.signed_by(secret, body, moment, signature) for secret in secrets):
        raise NotAllowed("message.signature", N_("Chữ ký của lời gọi không đúng hoặc đã quá năm phút."))
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Invalid("message.body", N_("Nội dung phải là một đối tượng JSON.")) from error
    if not isinstance(value, dict):
        raise Invalid("message.body", N_("Nội dung phải là một đối tượng JSON."))
    return value


@router.post("/hooks/messages", dependencies=[public(machine=True)], max_body_size=_MOST)
async def receipt(request: Request, conn: DbConn) -> Response:
    """{"ref": …, "state": "delivered"|"failed", "reason": …}. The answer says whether it changed anything; a second
    receipt for the same message does not."""
    value = await _signed(request)
    ref, state = value.get("ref"), value.get("state")
    if not isinstance(ref, str) or state not in ("delivered", "failed"):
        raise Invalid("message.receipt", N_("Biên nhận cần có ref và state (delivered hoặc failed)."))
    changed = await messages.receipt(conn, ref[:200], delivered=state == "delivered", reason=str(value.get("reason", ""))[:80])
    return JSONResponse({"changed": changed})


@router.post("/simulators/sms", dependencies=[public(machine=True)], max_body_size=_MOST)
async def simulated_gateway(request: Request) -> Response:
    """A gateway that sends nothing: it takes a message like a real one and refuses phones that end in 0000. Only in a
    demonstration."""
    if not request.app.state.settings.demo:
        raise NotFound("demo.off", N_("Chỉ bản trình diễn mới có trang này."))
    value = await _signed(request)
    if str(value.get("to", "")).endswith("0000"):
        raise Invalid("message.unknown_phone", N_("Thuê bao này không tồn tại (mô phỏng)."))
    return JSONResponse({"ref": f"sim-{value.get('id')}", "simulated": True})
