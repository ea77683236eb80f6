"""A case from the citizen's report to the desk's answer."""

from __future__ import annotations

from datetime import timedelta

from dancu.audit import service as audit
from dancu.kernel.actor import Actor, ActorKind, Purpose
from dancu.kernel.clock import SYSTEM_CLOCK, Clock
from dancu.kernel.errors import Conflict, FieldError, Invalid, NotAllowed, NotFound, Unavailable
from dancu.kernel.workdays import add_working_days
from dancu.kit import events
from dancu.kit.db import Conn
from dancu.kit.i18n import N_
from dancu.population import service as population
from dancu.quality.events import CASE_ANSWERED, CASE_OPENED
from dancu.quality.models import Case, CaseKind, CaseState, Opening, Waiting
from dancu.quality.store import cases as store
from dancu.quality.store import desk

_SHORTEST, _LONGEST = 5, 2000


async def open_case(
    conn: Conn, actor: Actor, purpose: Purpose, key: int, group: str, field: str, statement: str, *, clock: Clock = SYSTEM_CLOCK
) -> Case:
    """A citizen (or the desk for them) says a fact is wrong. Raises Invalid for an empty statement, Conflict where the
    same fact has a case waiting."""
    text = statement.strip()
    if not _SHORTEST <= len(text) <= _LONGEST:
        message = N_("Hãy viết điều cần sửa, từ 5 đến 2000 ký tự.")
        raise Invalid("case.statement", message, fields=(FieldError("statement", "case.statement", message),))
    view = await population.person(conn, actor, purpose, key)
    today = clock.today()
    limit = await store.time_limit(conn, CaseKind.CORRECTION, today)
    if limit is None:
        raise Unavailable("case.no_time_limit", N_("Chưa có thời hạn theo luật cho loại yêu cầu này. Hãy báo người quản trị."))
    note = {"verb": "case.open", "group": group, "field": field}
    (entry_id,) = await audit.record(conn, actor, purpose, action="write", subjects=[key], fields=["cases"], note=note)
    case_id = await store.insert(
        conn, actor, key, Opening(CaseKind.CORRECTION, group, field), text, list(view.areas), clock.now(), limit,
        add_working_days(today, limit.answer_working_days), today + timedelta(days=limit.done_days), entry_id,
    )  # fmt: skip
    if case_id is None:
        raise Conflict("case.open_already", N_("Mục này đã có phản ánh đang chờ trả lời. Xem ở trang các phản ánh của tôi."))
    await events.emit(conn, CASE_OPENED, key, {"case_id": case_id, "group": group, "field": field})
    return next(case for case in await store.of_person(conn, key) if case.case_id == case_id)


async def cases_of(conn: Conn, actor: Actor, purpose: Purpose, key: int, permission: str = "person.read") -> list[Case]:
    """All cases of one person, newest first."""
    await population.open_person(conn, actor, purpose, key, fields=("cases",), permission=permission)
    return await store.of_person(conn, key)


async def case_of(conn: Conn, actor: Actor, purpose: Purpose, key: int, case_id: int) -> Case:
    """One case: the citizen's own, or one that reaches the officer's desk. Raises NotFound where this person has none of
    that number, NotAllowed where it is another desk's."""
    if actor.kind is ActorKind.CITIZEN:
        await population.open_person(conn, actor, purpose, key, fields=("cases",))
    elif await desk.open_case(conn, actor, purpose, key, case_id) == "none":
        raise _not_yours(actor, purpose, key, case_id)
    case = await store.one(conn, key, case_id)
    if case is None:
        raise NotFound("case.unknown", N_("Không có phản ánh này."))
    return case


def _not_yours(actor: Actor, purpose: Purpose, key: int, case_id: int) -> NotAllowed:
    error = NotAllowed("case.not_yours", N_("Phản ánh này không thuộc địa bàn hoặc cơ quan của bạn."))

    async def evidence(other: Conn) -> object:
        return await desk.open_case(other, actor, purpose, key, case_id)

    error.evidence = evidence
    return error


async def may_answer(conn: Conn, actor: Actor, purpose: Purpose, key: int, case_id: int) -> bool:
    """Whether this officer answers the case, or only reads it."""
    return await desk.open_case(conn, actor, purpose, key, case_id) == "answer"


async def waiting(conn: Conn, actor: Actor, purpose: Purpose, *, limit: int = 50) -> list[Waiting]:
    """Open cases of the officer's area and organisation, what falls due first on top; one evidence entry per person listed."""
    return await desk.cases(conn, actor, purpose, "desk", limit)


async def sent(conn: Conn, actor: Actor, purpose: Purpose, *, limit: int = 50) -> list[Waiting]:
    """What the officer's organisation found and others answer, newest first."""
    return await desk.cases(conn, actor, purpose, "sent", limit)


async def figures(conn: Conn, actor: Actor) -> tuple[int, int, int]:
    """(waiting, overdue, answered) cases of the actor's area. Needs `dashboard.read`."""
    return await desk.figures(conn, actor)


async def answer(
    conn: Conn, actor: Actor, purpose: Purpose, key: int, case_id: int, state: CaseState, text: str, basis: str = "",
    *, clock: Clock = SYSTEM_CLOCK,
) -> None:  # fmt: skip
    """The desk's answer. A refusal cites the law. Raises Invalid, Conflict where somebody was faster."""
    if state not in (CaseState.ACCEPTED, CaseState.DONE, CaseState.REFUSED):
        raise Invalid("case.state", N_("Hãy chọn chấp nhận, đã sửa hoặc từ chối."))
    if len(text.strip()) < _SHORTEST:
        message = N_("Hãy viết câu trả lời cho công dân, ít nhất 5 ký tự.")
        raise Invalid("case.answer", message, fields=(FieldError("answer", "case.answer", message),))
    if state == CaseState.REFUSED and not basis.strip():
        message = N_("Từ chối phải nêu căn cứ pháp luật.")
        raise Invalid("case.refusal_basis", message, fields=(FieldError("basis", "case.refusal_basis", message),))
    if not await may_answer(conn, actor, purpose, key, case_id):
        raise _not_yours(actor, purpose, key, case_id)
    note = {"verb": "case.answer", "case_id": case_id, "state": state.value}
    (entry_id,) = await audit.record(conn, actor, purpose, action="write", subjects=[key], fields=["cases"], note=note)
    if not await store.answer(conn, actor, key, case_id, state, text.strip(), basis.strip(), clock.now(), entry_id):
        raise Conflict("case.closed", N_("Phản ánh này đã được trả lời hoặc đã rút."))
    await events.emit(conn, CASE_ANSWERED, key, {"case_id": case_id, "state": state.value})


async def withdraw(conn: Conn, actor: Actor, purpose: Purpose, key: int, case_id: int) -> None:
    """The citizen takes a waiting case back."""
    await population.open_person(conn, actor, purpose, key, fields=("cases",))
    if not await store.withdraw(conn, key, case_id):
        raise Conflict("case.closed", N_("Phản ánh này đã được trả lời hoặc đã rút."))
    note = {"verb": "case.withdraw", "case_id": case_id}
    await audit.record(conn, actor, purpose, action="write", subjects=[key], fields=["cases"], note=note)
