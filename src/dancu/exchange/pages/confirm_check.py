"""/check: anybody checks a confirmation or receipt, online; and takes away what checks it without a network."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.resources import files

from markupsafe import Markup

from dancu.access import service as access
from dancu.exchange.models.confirmation import Checked, ConfirmationState
from dancu.exchange.pages import confirm_words, residence_words
from dancu.exchange.pages.residence import moment, site
from dancu.exchange.service import confirmations, pdf, statements
from dancu.kernel.actor import SYSTEM, Channel
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kernel.errors import FieldError, Invalid
from dancu.kit.i18n import N_
from dancu.kit.web import (
    APIRouter,
    DbConn,
    Form,
    FormErrors,
    JSONResponse,
    Request,
    Response,
    public,
    read_form,
    render,
)
from dancu.kit.web.text import time_vn

router = APIRouter(prefix="/check")


def _page(request: Request, form: Form, result: Checked | None, errors: FormErrors | None = None) -> Response:
    return render(
        request, "exchange/confirm_check.html", base="base_citizen.html", form=form, errors=errors or FormErrors(), result=result,
        words=confirm_words, terms=residence_words.TERMS, moment=moment, status=422 if errors else 200,
    )  # fmt: skip


@router.get("", dependencies=[public()])
async def page(request: Request) -> Response:
    return _page(request, Form(), None)


@router.post("", dependencies=[public()])
async def check(request: Request, conn: DbConn) -> Response:
    form = await read_form(request)
    visitor = replace(SYSTEM, request_id=request.state.request_id, channel=Channel.WEB)
    text = form.value("text")
    if not text:
        message = N_("Hãy quét mã hoặc dán nội dung mã.")
        return _page(request, form, None, FormErrors.of(Invalid("form.invalid", message, fields=(FieldError("text", "confirm.text", message),))))
    result = await confirmations.check(conn, visitor, access.choose_purpose("identity_check"), text)
    if result.state is ConfirmationState.UNREADABLE:
        result = _receipt(text)
    return _page(request, form, result)


def _receipt(text: str) -> Checked:
    """A verification receipt says what was verified when; it does not end."""
    try:
        return Checked(ConfirmationState.VALID, statements.keys().verify(confirmations.statement_in(text), statements.VERIFICATION))
    except statements.Forged:
        return Checked(ConfirmationState.FORGED, {})
    except statements.Unreadable:
        return Checked(ConfirmationState.UNREADABLE, {})


@router.get("/keys.json", dependencies=[public(machine=True)])
async def keys() -> Response:
    """Public keys of statements, as a JWK set."""
    return JSONResponse(statements.keys().jwks(), headers={"Cache-Control": "public, max-age=3600"})


@router.get("/signer.pem", dependencies=[public(machine=True)])
async def signer() -> Response:
    """The certificate of the PDF files' signature: `pdfsig`, a PDF reader or openssl check a file against it."""
    return Response(pdf.certificates(), media_type="application/x-pem-file", headers={"Cache-Control": "public, max-age=3600"})


@router.get("/check_statement.py", dependencies=[public(machine=True)])
async def script() -> Response:
    """The stand-alone program: standard library and `cryptography`."""
    source = files("dancu.exchange").joinpath("check_statement.py").read_bytes()
    return Response(source, media_type="text/x-python", headers={"Content-Disposition": 'attachment; filename="check_statement.py"'})


@router.get("/offline.html", dependencies=[public(machine=True)])
async def offline(request: Request) -> Response:
    """The stand-alone page with today's keys in it, to be kept."""
    told = Markup(json.dumps(statements.keys().jwks(), sort_keys=True))  # noqa: S704 (our own keys: letters of base64url)
    environment = request.app.state.templates.environment
    text = environment.get_template("exchange/confirm_offline.html").render(
        keys=told, made=time_vn(SYSTEM_CLOCK.now()), site=site(request)
    )
    return Response(text, media_type="text/html; charset=utf-8", headers={"Content-Disposition": 'attachment; filename="kiem-tra-giay-xac-nhan.html"'})
