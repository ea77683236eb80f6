"""The citizen reports what is wrong and follows the answer; the desk works its list."""

from __future__ import annotations

from typing import Any

from dancu.access import service as access
from dancu.exchange.models import procedures
from dancu.kernel.actor import Purpose
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kernel.errors import DancuError
from dancu.kit.db import Conn
from dancu.kit.i18n import N_, gettext
from dancu.kit.web import (
    APIRouter,
    CurrentActor,
    DbConn,
    Form,
    FormErrors,
    MenuItem,
    RecordKey,
    Request,
    Response,
    allow,
    read_form,
    render,
    see_other,
)  # fmt: skip
from dancu.population import service as population
from dancu.quality import service
from dancu.quality.models import Case, CaseKind, CaseState, Waiting

router = APIRouter(include_in_schema=False)
MENU = (
    MenuItem("citizen", N_("Phản ánh của tôi"), "/me/cases", ("citizen.self",)),
    MenuItem("desk", N_("Phản ánh chờ trả lời"), "/desk/cases", ("case.read", "case.desk")),
    MenuItem("watch", N_("Phản ánh không ai trả lời"), "/desk/cases", ("exchange.coordinate",)),
)
READS = allow("case.read", "case.desk")
STATES = {
    "waiting": ("us", N_("Chờ cơ quan trả lời")),
    "accepted": ("us", N_("Đã nhận, đang sửa")),
    "done": ("done", N_("Đã sửa")),
    "refused": ("refused", N_("Không chấp nhận")),
    "withdrawn": ("draft", N_("Đã rút")),
}
#: Where nothing is wrong in a record: a look is explained, a habit of asking for papers is ended. Nothing is "mended" there.
_SETTLED = {**STATES, "accepted": ("us", N_("Đã nhận, đang giải quyết")), "done": ("done", N_("Đã giải quyết xong"))}
#: What a desk says of a case: of one about a record, of any other.
_SAYS = (
    [("accepted", N_("Chấp nhận, sẽ sửa")), ("done", N_("Đã sửa")), ("refused", N_("Từ chối, nêu căn cứ pháp luật"))],
    [("done", N_("Đã giải quyết xong")), ("accepted", N_("Chấp nhận, sẽ giải quyết")), ("refused", N_("Từ chối, nêu căn cứ pháp luật"))],
)
#: Words of comparison in a case's details.
WORDS = {
    "yes": N_("khớp"), "no": N_("khác"), "close": N_("gần giống"), "unknown": N_("không có để so"),
    "same": N_("đang dùng"), "other": N_("đã có thẻ khác"), "none": N_("không có thẻ đang dùng"), "old": N_("đã cũ"), "newer": N_("mới hơn thẻ trong dữ liệu dân cư"),
    "expired": N_("đã hết hạn"),
}  # fmt: skip
_OTHER = frozenset({CaseKind.QUESTION, CaseKind.OBJECTION, CaseKind.PAPER})
_ANSWERS = frozenset({"accepted", "done", "refused"})


def _state(case: Case | Waiting) -> tuple[str, str]:
    """Status and word of how a case stands."""
    return (_SETTLED if case.kind in _OTHER else STATES)[case.state]


async def _report(request: Request, conn: Conn, actor: CurrentActor, form: Form, errors: FormErrors) -> Response:
    group, field = form.value("group"), form.value("field")
    line = await population.one_line(conn, actor, access.choose_purpose("own_record"), actor.actor_id, group, field)
    return render(
        request, "quality/report.html", form=form, errors=errors, line=line, group=group, field=field, status=422 if errors else 200
    )


@router.get("/me/report", dependencies=[allow("citizen")])
async def report_form(request: Request, conn: DbConn, actor: CurrentActor, group: str = "other", field: str = "") -> Response:
    return await _report(request, conn, actor, Form.of(group=group[:40], field=field[:60]), FormErrors())


@router.post("/me/report", dependencies=[allow("citizen")])
async def report(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    form = await read_form(request)
    try:
        async with conn.transaction():
            case = await service.open_case(
                conn, actor, access.choose_purpose("own_record"), actor.actor_id, form.value("group")[:40],
                form.value("field")[:60], form.value("statement"),
            )  # fmt: skip
    except DancuError as error:
        return await _report(request, conn, actor, form, FormErrors.of(error))
    return see_other(f"/me/cases?opened={case.case_id}")


@router.get("/me/cases", dependencies=[allow("citizen")])
async def my_cases(request: Request, conn: DbConn, actor: CurrentActor, opened: int | None = None) -> Response:
    cases = await service.cases_of(conn, actor, access.choose_purpose("own_record"), actor.actor_id)
    return render(
        request, "quality/my_cases.html", cases=cases, about=service.about, found=service.found, opened=opened, state_of=_state,
        desks=await _names(conn, [code for case in cases for code in (case.desk_org, case.reporter_org)]), today=SYSTEM_CLOCK.today(),
    )  # fmt: skip


async def _names(conn: Conn, codes: list[str | None]) -> dict[str, str]:
    """Names of organisations by code; the code where it is none of the list."""
    wanted = {code for code in codes if code}
    if not wanted:
        return {}
    known = await access.organisation_names(conn)
    return {code: known.get(code, code) for code in wanted}


@router.post("/me/cases/{case_id}/withdraw", dependencies=[allow("citizen")])
async def withdraw(conn: DbConn, actor: CurrentActor, case_id: int) -> Response:
    await service.withdraw(conn, actor, access.choose_purpose("own_record"), actor.actor_id, case_id)
    return see_other("/me/cases")


async def _list(request: Request, conn: Conn, actor: CurrentActor, which: str, answered: int | None) -> Response:
    listed = service.sent if which == "sent" else service.waiting
    cases = await listed(conn, actor, access.choose_purpose("data_subject_request"))
    return render(
        request, "quality/waiting.html", about=service.about, answered=answered, cases=cases, state_of=_state, which=which,
        orgs=await _names(conn, [*(c.desk_org for c in cases), *(c.reporter_org for c in cases)]), today=SYSTEM_CLOCK.today(),
    )  # fmt: skip


@router.get("/desk/cases", dependencies=[READS])
async def waiting(request: Request, conn: DbConn, actor: CurrentActor, answered: int | None = None) -> Response:
    return await _list(request, conn, actor, "desk", answered)


@router.get("/desk/cases/sent", dependencies=[READS])
async def sent(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    """What this office found and others answer."""
    return await _list(request, conn, actor, "sent", None)


async def _case(
    request: Request, conn: Conn, actor: CurrentActor, key: int, case_id: int, form: Form, errors: FormErrors
) -> Response:
    why = access.choose_purpose("data_subject_request")
    case = await service.case_of(conn, actor, why, key, case_id)
    may_answer = await service.may_answer(conn, actor, why, key, case_id)
    return render(
        request, "quality/case.html", case=case, says=[(state, gettext(text)) for state, text in _SAYS[case.kind in _OTHER]], officer=await _officer(conn, case) if may_answer else "", about=service.about, found=service.found, term=service.term,
        line=await _line(conn, actor, why, case), form=form, errors=errors, state_of=_state, purpose=why, words=WORDS,
        may_answer=may_answer, demanded=procedures.paper(case.source) if case.kind is CaseKind.PAPER and case.source else "",
        orgs=await _names(conn, [case.desk_org, case.reporter_org]),
        purpose_title=access.purpose_title(why.code), today=SYSTEM_CLOCK.today(), status=422 if errors else 200,
    )  # fmt: skip


async def _officer(conn: Conn, case: Case) -> str:
    """Whom of the desk's own staff a citizen asks about: who answers must know whom to ask. The citizen reads the office alone."""
    number = case.details.get("officer", "") if case.kind in (CaseKind.QUESTION, CaseKind.OBJECTION) else ""
    found = await access.staff_named(conn, [int(number)]) if number.isascii() and number.isdigit() else []
    return found[0].display_name if found else ""


async def _line(conn: Conn, actor: CurrentActor, why: Purpose, case: Case) -> Any:
    """What the registry says of the field, for who may read the record; a desk of another organisation does without."""
    if case.kind not in (CaseKind.CORRECTION, CaseKind.DISAGREEMENT) or not actor.can("person.read"):
        return None
    (verdict,) = await population.look(conn, actor, why, [case.person_key])
    return await population.one_line(conn, actor, why, case.person_key, case.data_group, case.field) if verdict.ok else None


@router.get("/desk/cases/{key}/{case_id}", dependencies=[READS])
async def case(request: Request, conn: DbConn, actor: CurrentActor, key: RecordKey, case_id: int) -> Response:
    return await _case(request, conn, actor, key, case_id, Form(), FormErrors())


@router.post("/desk/cases/{key}/{case_id}", dependencies=[allow("case.answer", "case.desk")])
async def answer(request: Request, conn: DbConn, actor: CurrentActor, key: RecordKey, case_id: int) -> Response:
    form, errors = await read_form(request), FormErrors()
    state = form.choice("state", _ANSWERS, errors)
    if errors:
        return await _case(request, conn, actor, key, case_id, form, errors)
    try:
        async with conn.transaction():
            await service.answer(
                conn, actor, access.choose_purpose("data_subject_request"), key, case_id, CaseState(state),
                form.value("answer"), form.value("basis"),
            )  # fmt: skip
    except DancuError as error:
        return await _case(request, conn, actor, key, case_id, form, FormErrors.of(error))
    return see_other(f"/desk/cases?answered={case_id}")
