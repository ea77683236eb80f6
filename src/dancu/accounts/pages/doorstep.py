"""Trips of doorstep kits at the desk: a queue file handed in, what became of each record, conflicts on top."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

from dancu.access import service as access
from dancu.accounts.pages import words_level2 as words
from dancu.accounts.service import doorstep, kit, visit
from dancu.kernel.errors import DancuError, Invalid
from dancu.kit.i18n import N_
from dancu.kit.web import (
    APIRouter,
    CurrentActor,
    DbConn,
    FormErrors,
    Request,
    Response,
    allow,
    attempt,
    read_form,
    render,
    see_other,
)

router = APIRouter(prefix="/desk/eid/doorstep")
ENROL = allow("eid.enrol")
_MOST = 200_000_000
_ORDER = ("conflict", "unreadable", "refused", "second", "open", "received", "approved")


async def _page(request: Request, conn: DbConn, actor: CurrentActor, errors: FormErrors) -> Response:
    return render(
        request, "accounts/doorstep.html", trips=await doorstep.trips(conn, actor), words=words, errors=errors,
        key=doorstep.centre_key().hex(), status=422 if errors else 200,
    )  # fmt: skip


@router.get("", dependencies=[ENROL])
async def front(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    return await _page(request, conn, actor, FormErrors())


@router.post("", dependencies=[ENROL], max_body_size=_MOST)
async def hand_in(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    """The file `dancu doorstep pack` writes: the trip's announcement, then a record a line."""
    form = await read_form(request)
    upload = form.file("file")
    try:
        rows = list(_rows(await upload.read() if upload else b""))
        if not rows:
            raise Invalid("doorstep.file", N_("Hãy chọn tệp chuyến mà bộ thiết bị đã đóng gói."))
        async with attempt(conn):
            head = rows[0]
            state = await doorstep.begin(
                conn, actor, str(head["trip"]), bytes.fromhex(head["kit"]), [str(one) for one in head["manifest"]],
                bytes.fromhex(head["signature"]),
            )  # fmt: skip
            for row in rows[1:]:
                record = kit.SealedRecord(str(row["id"]), base64.b64decode(row["sealed"]), bytes.fromhex(row["signature"]))
                state = await doorstep.receive(conn, actor, state.trip.trip_id, record)
    except (KeyError, TypeError, ValueError, RecursionError):
        wrong = Invalid("doorstep.file", N_("Hãy chọn tệp chuyến mà bộ thiết bị đã đóng gói."))
        return await _page(request, conn, actor, FormErrors((), wrong))
    except DancuError as error:
        if error.code.startswith("permission."):
            raise
        return await _page(request, conn, actor, FormErrors((), error))
    return see_other(f"/desk/eid/doorstep/{state.trip.trip_id}")


def _rows(content: bytes) -> Iterator[dict[str, Any]]:
    for line in content.splitlines():
        row = json.loads(line)
        if not isinstance(row, dict):
            raise ValueError(line[:20])
        yield row


@router.get("/{trip}", dependencies=[ENROL])
async def show(request: Request, conn: DbConn, actor: CurrentActor, trip: str) -> Response:
    state = await doorstep.state(conn, actor, trip)
    records = sorted(state.records, key=lambda record: (_ORDER.index(record.state), record.record_id))
    why = visit.purpose()
    return render(
        request, "accounts/trip.html", state=state, records=records, words=words, purpose=why, purpose_title=access.purpose_title(why.code),
        concerned=await doorstep.concerned(conn, actor, state),
    )  # fmt: skip
