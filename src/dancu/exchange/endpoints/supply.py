"""Data service *supply*: births, deaths and marriages handed in by the organisation that is their source."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from dancu.exchange.endpoints.door import answered, calling
from dancu.exchange.models.call import Call
from dancu.exchange.service import supply
from dancu.kernel.errors import Conflict, Invalid, Unavailable
from dancu.kit.i18n import N_
from dancu.kit.web import APIRouter, DbConn, Request, Response, public
from dancu.kit.web.transaction import Lease, RequestLease

router = APIRouter(prefix="/api/v1/exchange/supply", tags=["exchange"], dependencies=[public(machine=True)])
_MOST_BYTES = 1024 * 1024
_TRIES = 3


@router.post("")
async def take(call: Annotated[Call, calling("supply", most=_MOST_BYTES)], held: RequestLease, request: Request) -> Response:
    """Body: `rows`, at most 200, each with `ref` (yours), `kind` and what the kind needs: death {number, name, date, document};
    marriage {first {number, name}, second, date, document}; birth {name, sex, birth, mother {number, name}, father,
    registered_at, document}; correction {number, name, field}. Answer per row: accepted, needs_verification or refused, with reasons
    and the members to mend."""
    rows = call.body.get("rows")
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        raise Invalid("supply.rows", N_("Mỗi lần gửi từ 1 đến {most} dòng."), most=supply.MOST_ROWS)
    if call.sandbox:
        return await answered(request, await held.connection(), call, {"rows": [{"ref": str(row.get("ref", "")), "outcome": "accepted", "reasons": []} for row in rows]})
    found = await _taken(held, call, rows)
    return await answered(request, await held.connection(), call, {"rows": [_shown(one) for one in found]})


async def _taken(held: Lease, call: Call, rows: list[Mapping[str, Any]]) -> list[supply.Outcome]:
    """Again from the beginning where the call and somebody else held each what the other wanted; the other is through by then. Raises
    Unavailable when that happened every time: nothing was kept, and the same message may come again."""
    for left in reversed(range(_TRIES)):
        try:
            return await supply.take(await held.connection(), call, rows)
        except Conflict as error:
            if error.code != supply.BUSY:
                raise
            if not left:
                raise Unavailable(error.code, error.message) from error
            await held.undo(error)
    raise AssertionError("the last try returns or raises")


@router.post("/state")
async def state(call: Annotated[Call, calling("supply")], conn: DbConn, request: Request) -> Response:
    """Body: `refs`. What became of rows handed in; a new-born's `number` once it was given."""
    refs = call.body.get("refs")
    if not isinstance(refs, list) or not all(isinstance(ref, str) for ref in refs) or len(refs) > supply.MOST_ROWS:
        raise Invalid("supply.rows", N_("Mỗi lần gửi từ 1 đến {most} dòng."), most=supply.MOST_ROWS)
    found = [] if call.sandbox else await supply.states(conn, call, refs)
    return await answered(request, conn, call, {"rows": [_shown(one) for one in found]})


def _shown(one: supply.Outcome) -> dict[str, Any]:
    said: dict[str, Any] = {"ref": one.ref, "outcome": one.outcome, "reasons": list(one.reasons)}
    said |= {"disagreement": one.disagreement} if one.disagreement else {}
    return {**said, **({"number": one.number} if one.number else {}), **({"members": list(one.members)} if one.members else {})}
