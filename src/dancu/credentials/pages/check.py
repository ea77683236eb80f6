"""/desk/check-document: an officer checks what a citizen shows."""

from __future__ import annotations

from dancu.access import service as access
from dancu.credentials import keys, present
from dancu.credentials.rules import KINDS
from dancu.credentials.service import screens
from dancu.exchange.service import paper_words as words
from dancu.kernel.errors import DancuError, FieldError, Invalid
from dancu.kit.i18n import N_
from dancu.kit.web import (
    APIRouter,
    CurrentActor,
    DbConn,
    Form,
    FormErrors,
    JSONResponse,
    Request,
    Response,
    allow,
    attempt,
    public,
    read_form,
    render,
)

router = APIRouter()
HOME = "/desk/check-document"
#: What this desk checks documents for: a hospital's desk does not choose it for each patient. No personal data.
COOKIE = "dancu_checks_for"


def _offered() -> list[tuple[str, str]]:
    """(code, title) of the purposes for which documents are checked."""
    return [(one.code, access.purpose_title(one.code)) for one, _ in access.purposes(serving=(screens.PERMISSION,))]


@router.get(HOME, dependencies=[allow(screens.PERMISSION)])
async def check_form(request: Request, actor: CurrentActor, code: str = "") -> Response:
    """Opened by scanning the picture, the form holds its code already: pressing the button is the check, opening is not."""
    return render(
        request, "credentials/check.html", form=Form.of(code=code[:1000], purpose=request.cookies.get(COOKIE, "")), errors=FormErrors(), purposes=_offered(), found=None, present=present,
        words=words, kinds=KINDS,
    )  # fmt: skip


@router.post(HOME, dependencies=[allow(screens.PERMISSION)])
async def check(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    form = await read_form(request)
    found, errors, code = None, FormErrors(), form.value("purpose")
    try:
        async with attempt(conn):
            if code not in dict(_offered()):
                raise Invalid("document.purpose", N_("Hãy chọn mục đích trong danh sách."))
            if not form.value("code"):
                message = N_("Hãy quét mã, hoặc nhập 8 chữ số trên màn hình của người dân.")
                raise Invalid("form.invalid", message, fields=(FieldError("code", "document.code", message),))
            found = await screens.check(conn, actor, access.choose_purpose(code, "", form.value("case_ref")[:80]), form.value("code"))
    except DancuError as error:
        errors = FormErrors.of(error)
    answer = render(
        request, "credentials/check.html", form=Form.of(purpose=code, case_ref=form.value("case_ref") if errors else ""), errors=errors,
        purposes=_offered(), found=found, present=present, words=words, kinds=KINDS, status=422 if errors else 200,
    )  # fmt: skip
    if code in dict(_offered()):
        answer.set_cookie(
            COOKIE, code, max_age=30 * 86400, httponly=True, samesite="lax", secure=request.app.state.settings.https, path=HOME
        )
    return answer


@router.get("/.well-known/dancu-documents", dependencies=[public(machine=True)])
async def jwks() -> Response:
    """The public key (JWK Set) of shown documents."""
    return JSONResponse(keys.jwks(), headers={"Cache-Control": "public, max-age=3600", "Access-Control-Allow-Origin": "*"})
