"""What became of the disagreements that a partner's calls filed: data services *residence* and *supply*."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any, Protocol

from dancu.exchange.endpoints.door import answered, calling
from dancu.exchange.models.call import Call
from dancu.kernel.actor import Actor, Purpose
from dancu.kernel.errors import Invalid
from dancu.kit.db import Conn
from dancu.kit.i18n import N_
from dancu.kit.web import APIRouter, DbConn, Request, Response, public

router = APIRouter(tags=["exchange"], dependencies=[public(machine=True)])
_MOST, _LONGEST = 100, 40


class Case(Protocol):
    """What is told of a case. The room of cases lies above this one and hands `reported` in (app.state.reported)."""

    data_group: str
    field: str
    state: str
    opened_at: datetime
    answer_due: date
    done_due: date
    answered_at: datetime | None
    answered_org: str | None
    answer: str | None
    answer_basis: str | None


Reported = Callable[[Conn, Actor, Purpose, Sequence[str]], Awaitable[tuple[Mapping[str, Case], list[int]]]]


async def _told(call: Call, conn: Conn, request: Request) -> Response:
    names = call.body.get("disagreements")
    if not isinstance(names, list) or len(names) > _MOST or not all(isinstance(name, str) and len(name) <= _LONGEST for name in names):
        raise Invalid("exchange.disagreements", N_("disagreements là danh sách mã của các điểm khác nhau đã gửi, tối đa {most} mã."), most=_MOST)
    if call.sandbox:
        return await answered(request, conn, call, {"disagreements": []})
    reported: Reported = request.app.state.reported
    found, entries = await reported(conn, call.actor, call.reason, names)
    return await answered(request, conn, call, {"disagreements": [_shown(name, case) for name, case in found.items()]}, entries=entries)


@router.post("/api/v1/exchange/residence/disagreements")
async def of_residence(call: Annotated[Call, calling("residence")], conn: DbConn, request: Request) -> Response:
    """What became of disagreements that were filed. Body: `disagreements`, the ids that answers of *residence* gave, at most 100. Answer,
    of each that has become a case: `state` (waiting, accepted, done, refused, withdrawn), `about`, until when it is answered and done,
    and the desk's answer with the law a refusal rests on."""
    return await _told(call, conn, request)


@router.post("/api/v1/exchange/supply/disagreements")
async def of_supply(call: Annotated[Call, calling("supply")], conn: DbConn, request: Request) -> Response:
    """What became of rows that a person had to look at. Body: `disagreements`, the ids beside rows with outcome needs_verification, at
    most 100. Answer as of *residence*."""
    return await _told(call, conn, request)


def _shown(name: str, case: Case) -> dict[str, Any]:
    return {
        "id": name, "state": str(case.state), "about": f"{case.data_group}.{case.field}", "opened_at": case.opened_at.isoformat(),
        "answer_due": case.answer_due.isoformat(), "done_due": case.done_due.isoformat(),
        "answered_at": case.answered_at.isoformat() if case.answered_at else None, "answered_by": case.answered_org,
        "answer": case.answer, "legal_basis": case.answer_basis,
    }  # fmt: skip
