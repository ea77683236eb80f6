"""One place maps failures to HTTP: problem+json (RFC 9457) for programs, a page that says what to do next for
people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlsplit

import psycopg
from fastapi import Request
from fastapi.exceptions import RequestValidationError
from psycopg_pool import PoolTimeout
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, RedirectResponse, Response

from dancu.kernel.actor import ActorKind
from dancu.kernel.errors import Conflict, DancuError, Exceeded, FieldError, Invalid, NotAllowed, NotFound, Unavailable
from dancu.kit.db import NOT_SEQUENCED, not_sequenced
from dancu.kit.i18n import N_, error_text, gettext
from dancu.kit.versions import Versions, is_sign
from dancu.kit.web.access import is_machine
from dancu.kit.web.kept import kept
from dancu.kit.web.menu import surface_of

RETRY_AFTER = 10


class TooMany(Exceeded):
    """Too many requests; `retry_after` seconds until the next is welcome."""

    def __init__(self, retry_after: float) -> None:
        super().__init__(
            "rate.exceeded",
            N_("Bạn thao tác nhanh quá. Xin đợi {seconds} giây rồi thử lại."),
            seconds=max(1, round(retry_after + 0.5)),
        )


@dataclass(frozen=True, slots=True)
class Kind:
    """How one kind of failure is shown: HTTP status, the page's heading, and what the reader can do
    (msgids)."""

    status: int
    title: str
    next_steps: tuple[str, ...]


_HOME = N_("Về trang đầu và bắt đầu lại từ đó.")
_KINDS: Mapping[type[DancuError], Kind] = {
    Invalid: Kind(422, N_("Thông tin gửi lên chưa đúng"), (N_("Quay lại trang trước và sửa thông tin."),)),
    NotFound: Kind(
        404,
        N_("Không tìm thấy trang hoặc hồ sơ này"),
        (N_("Kiểm tra lại địa chỉ hoặc số đã nhập."), _HOME),
    ),
    NotAllowed: Kind(
        403,
        N_("Bạn không được làm việc này"),
        (N_("Nếu công việc của bạn cần quyền này, hãy hỏi người quản trị của đơn vị."), _HOME),
    ),
    Conflict: Kind(
        409,
        N_("Dữ liệu đã thay đổi"),
        (N_("Mở lại hồ sơ để xem dữ liệu mới nhất, rồi làm lại nếu vẫn cần."),),
    ),
    Unavailable: Kind(
        503,
        N_("Hệ thống tạm thời chưa trả lời được"),
        (N_("Đợi một phút rồi thử lại. Những gì đã lưu không bị mất."),),
    ),
    TooMany: Kind(429, N_("Xin chậm lại một chút"), (N_("Đợi ít giây rồi tải lại trang."),)),
    Exceeded: Kind(429, N_("Xin chậm lại một chút"), (N_("Đợi hết thời gian ghi ở trên rồi thử lại."), _HOME)),
}
_BY_CODE = {"search.too_many": Kind(429, N_("Đã đến mức tra cứu"), (N_("Tra cứu từng người bằng số định danh vẫn được."), _HOME))}
_UNEXPECTED = Kind(
    500,
    N_("Có lỗi trong hệ thống"),
    (N_("Thử lại sau ít phút."), N_("Nếu vẫn lỗi, hãy gửi mã yêu cầu bên dưới cho bộ phận hỗ trợ.")),
)
_OLD_FORM = Kind(403, N_("Trang này đã mở quá lâu"), (N_("Mở lại trang rồi điền và gửi lần nữa."),))
_OTHER_SITE = Kind(403, N_("Yêu cầu đến từ một trang khác"), (N_("Mở trang trên hệ thống này rồi làm lại từ đó."), _HOME))
_BY_CODE |= {"csrf.token": _OLD_FORM, "csrf.origin": _OTHER_SITE}
_SIGN_IN = Kind(401, N_("Xin đăng nhập"), (N_("Đăng nhập rồi mở lại trang này."),))


#: Of a refusal that has a status of its own: what was sent is wrong, which is not to say that the caller may not.
_AMISS = frozenset({400, 413, 422})


def kind_of(error: DancuError) -> Kind:
    for kind, shown in _KINDS.items():
        if isinstance(error, kind):
            return shown
    return _UNEXPECTED


def from_http(error: HTTPException) -> tuple[DancuError, int]:
    """The framework's own errors in our words, with the status they keep."""
    match error.status_code:
        case 404:
            return NotFound("page.not_found", "Địa chỉ này không có trên hệ thống."), 404
        case 405:
            return Invalid("request.method", "Địa chỉ này không nhận kiểu yêu cầu đó."), 405
        case 413:
            return Invalid("request.too_large", "Nội dung gửi lên quá lớn. Xin chia nhỏ hoặc nén lại."), 413
        case status:
            return Invalid("request.malformed", "Yêu cầu này không đọc được."), status


_FIELD_MESSAGES = {
    "missing": N_("Mục này cần được điền."),
    "string_too_long": N_("Nội dung này dài quá."),
    "string_too_short": N_("Nội dung này ngắn quá."),
    "int_parsing": N_("Mục này phải là một số."),
    "date_from_datetime_parsing": N_("Ngày này chưa đúng. Ví dụ: 31/12/1990."),
    "date_parsing": N_("Ngày này chưa đúng. Ví dụ: 31/12/1990."),
    "enum": N_("Xin chọn một trong các lựa chọn."),
    "literal_error": N_("Xin chọn một trong các lựa chọn."),
}
_FIELD_DEFAULT = N_("Giá trị này chưa đúng.")


def from_validation(error: RequestValidationError) -> DancuError:
    """Pydantic's findings as field errors. The value itself is never repeated: it may be somebody's data."""
    found = error.errors()
    if found and all(item["loc"][:1] == ("path",) for item in found):
        return NotFound("page.not_found", "Địa chỉ này không có trên hệ thống.")
    fields = tuple(
        FieldError(
            field=".".join(str(part) for part in item["loc"][1:]) or str(item["loc"][0]),
            code=f"field.{item['type']}",
            message=_FIELD_MESSAGES.get(item["type"], _FIELD_DEFAULT),
        )
        for item in found
    )
    return Invalid("request.invalid", "Một số mục chưa đúng. Xin xem lại từng mục.", fields=fields)


# A value no column can hold: a number beyond bigint, a day beyond the calendar, half of a character.
_IMPOSSIBLE = (
    psycopg.errors.NumericValueOutOfRange,
    psycopg.errors.DatetimeFieldOverflow,
    psycopg.errors.CharacterNotInRepertoire,
    psycopg.errors.UntranslatableCharacter,
)


def from_database(error: psycopg.Error | PoolTimeout) -> DancuError | None:
    """What a failed database call means to the person waiting; None when it is our own mistake."""
    # Without a state the driver refused the value before it was sent (a NUL in a text).
    if isinstance(error, _IMPOSSIBLE) or (isinstance(error, psycopg.DataError) and error.sqlstate is None):
        return Invalid("request.impossible_value", N_("Có số, ngày hoặc ký tự mà hệ thống không nhận. Xin kiểm tra lại."))
    if isinstance(error, (psycopg.errors.SerializationFailure, psycopg.errors.DeadlockDetected)):
        return Conflict("db.busy", "Có người vừa sửa cùng hồ sơ này. Xin thử lại.")
    if isinstance(error, psycopg.Error) and error.sqlstate == NOT_SEQUENCED:
        return not_sequenced()
    if isinstance(error, (psycopg.OperationalError, PoolTimeout)):
        return Unavailable("db.unavailable", "Cơ sở dữ liệu chưa trả lời. Xin thử lại sau một phút.")
    return None


async def explained(request: Request, error: psycopg.Error | PoolTimeout) -> DancuError | None:
    """The same; and where the statement names what the database does not have: whether it is of another version than we are."""
    known = from_database(error)
    pool = getattr(request.app.state, "pool", None)
    if known is not None or pool is None or not is_sign(error):
        return known
    state = request.app.state
    if not hasattr(state, "versions"):
        state.versions = Versions()
    versions: Versions = state.versions
    return await versions.mismatch(pool)


def wants_json(request: Request) -> bool:
    """Programs get JSON: everything under /api/ and /log/, callers who accept JSON but not HTML, who calls an address for programs by
    a method it does not have, and all of an application that has no pages."""
    if getattr(request.app.state, "no_pages", False) or _wrong_method_for_a_program(request):
        return True
    accept = request.headers.get("accept", "")
    if "text/html" in accept:
        return request.url.path.startswith(("/api/", "/log/"))
    return "json" in accept or request.url.path.startswith(("/api/", "/log/")) or _of_programs(request)


def _of_programs(request: Request) -> bool:
    """Is what was called for programs? What is too large, or fails unforeseen, is refused before the endpoint's own words are there."""
    route = request.scope.get("route")
    return request.method == "POST" and (getattr(request.state, "machine", False) or (route is not None and is_machine(route)))


def _wrong_method_for_a_program(request: Request) -> bool:
    """Does this request fit no route but one for programs, by the address alone? A method that fits decides by itself: some addresses
    for programs (a sign-in's) show people a page where it fails."""
    route = request.scope.get("route")
    if route is None or request.method in (getattr(route, "methods", None) or (request.method,)):
        return False
    return is_machine(route)


def problem(error: DancuError, status: int, title: str, lang: str, request_id: str) -> dict[str, Any]:
    """The body of an RFC 9457 answer; `code` is stable, `title` and `detail` are in the reader's language."""
    body: dict[str, Any] = {
        "type": f"urn:dancu:error:{error.code}",
        "title": gettext(title, lang),
        "status": status,
        "detail": error_text(error, lang),
        "code": error.code,
        "request_id": request_id,
    }
    if error.fields:
        body["errors"] = [{"field": f.field, "code": f.code, "message": error_text(f, lang)} for f in error.fields]
    return body


def respond(request: Request, error: DancuError, status: int | None = None) -> Response:
    """The answer to an expected failure."""
    kind = _BY_CODE.get(error.code) or kind_of(error)
    if isinstance(error, NotAllowed) and _is_session_missing(request, error):
        if not wants_json(request):
            door = surface_of(request.url.path, tuple(getattr(request.app.state, "surfaces", ()))).sign_in
            return RedirectResponse(f"{door}?next={quote(return_to(request), safe='/')}", status_code=303)
        kind = _SIGN_IN
    said = status or getattr(error, "status", 0) or kind.status
    if isinstance(error, NotAllowed) and said in _AMISS:
        kind = _KINDS[Invalid]
    return _answer(request, error, kind, said)


def respond_unexpected(request: Request) -> Response:
    """The answer to a failure nobody foresaw: the request id and nothing else."""
    error = DancuError("unexpected", N_("Hệ thống gặp lỗi khi làm việc này. Chưa có gì được lưu."))
    return _answer(request, error, _UNEXPECTED, 500)


def _answer(request: Request, error: DancuError, kind: Kind, status: int) -> Response:
    from dancu.kit.web.render import render

    lang, request_id = request.state.lang, request.state.request_id
    request.state.error_code = error.code
    headers = dict(getattr(error, "headers", {}))
    if isinstance(error, Exceeded):
        headers["Retry-After"] = str(error.params["seconds"])
    elif status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = str(RETRY_AFTER)
    own = getattr(request.app.state, "own_words", {}).get(request.scope["path"])
    if own is not None:  # an endpoint whose protocol names its refusals
        answer: Response = own(request, error, status, headers)
        return answer
    if wants_json(request):
        body = problem(error, status, kind.title, lang, request_id)
        answer = JSONResponse(body, status, headers, media_type="application/problem+json")
        # An endpoint whose answers are signed has said how; its refusals are signed too.
        seal = getattr(request.state, "seal", None)
        return answer if seal is None else seal(answer)
    typed, back = (kept(request), return_to(request)) if kind is _OLD_FORM else (None, "")
    page = render(request, "kit/error.html", status=status, error=error, kind=kind, whole=True, typed=typed, back=back)
    page.headers.update(headers)
    return page


def _is_session_missing(request: Request, error: NotAllowed) -> bool:
    if error.code == "session.required":
        return True
    if error.code.startswith("csrf.") or getattr(request.state, "machine", False):
        return False
    return bool(request.state.actor.kind is ActorKind.ANONYMOUS)


def return_to(request: Request) -> str:
    """The page to come back to: this one; for a form that was sent, the page it stood on."""
    if request.method in ("GET", "HEAD"):
        query = f"?{request.url.query}" if request.url.query else ""
        return request.url.path + query
    referer = urlsplit(request.headers.get("referer", ""))
    return referer.path if referer.netloc == request.headers.get("host") and referer.path else "/"
