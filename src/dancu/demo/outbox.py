"""The outbox of a demonstration: what would have gone to phones and mailboxes. Elsewhere these addresses say that there
is none, and the database shows nothing either."""

from __future__ import annotations

from datetime import UTC

from dancu.kernel.errors import DancuError, Invalid, NotFound
from dancu.kit import messages
from dancu.kit.i18n import N_, gettext
from dancu.kit.web import APIRouter, DbConn, Form, FormErrors, JSONResponse, Request, Response, public, render

router = APIRouter(include_in_schema=False, prefix="/demo")
_MOST = 50


def _only_in_a_demonstration(request: Request) -> None:
    if not request.app.state.settings.demo:
        raise NotFound("demo.off", N_("Chỉ bản trình diễn mới có trang này."))


@router.get("/outbox.json", dependencies=[public()])
async def outbox_json(request: Request, conn: DbConn, to: str = "") -> Response:
    """The latest messages, newest first: [{to, channel, text, at, kind}]. `to`: a phone or an e-mail address. A script is
    answered in JSON also where `to` is neither."""
    _only_in_a_demonstration(request)
    try:
        found = await messages.outbox(conn, to, most=_MOST)
    except Invalid as error:
        return JSONResponse({"error": error.code, "message": gettext(error.message, **error.params)}, status_code=422)
    return JSONResponse(
        [
            {"to": one.to, "channel": one.channel, "text": one.text, "at": one.at.astimezone(UTC).isoformat(), "kind": one.kind}
            for one in found
        ]
    )


@router.get("/outbox", dependencies=[public()])
async def outbox(request: Request, conn: DbConn, to: str = "") -> Response:
    _only_in_a_demonstration(request)
    errors = FormErrors()
    try:
        found = await messages.outbox(conn, to, most=_MOST)
    except DancuError as error:
        found, errors = [], FormErrors.of(error)
    return render(
        request, "demo/outbox.html", base="base_citizen.html", messages=found, form=Form.of(to=to), errors=errors,
        status=422 if errors else 200,
    )  # fmt: skip
