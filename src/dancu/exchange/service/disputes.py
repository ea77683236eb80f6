"""What a ministry holds is said to be wrong: kept here in the words of whoever says so, and told to the room of quality, which opens
a case of it with the ministry's desk."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from dancu.audit import service as audit
from dancu.exchange.events import CASE_ANSWERED, CASE_OPENED, CONNECTOR_WRONG, DISPUTE_SETTLED, DOCUMENT_MISMATCH
from dancu.exchange.models.papers import Dispute, DisputeState
from dancu.exchange.service import papers
from dancu.exchange.store import papers as store
from dancu.kernel.actor import Actor, ActorKind, Purpose
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kernel.errors import Conflict, FieldError, Invalid
from dancu.kit import events
from dancu.kit.db import Conn
from dancu.kit.i18n import N_
from dancu.kit.ring import ring
from dancu.population import service as population

REFERENCE = "exchange.dispute:"
NAME = "exchange.disputes"
_TABLE = "exchange.dispute"
_SHORTEST, _LONGEST = 5, 2000


async def open_dispute(
    conn: Conn, actor: Actor, purpose: Purpose, key: int, code: str, field: str, statement: str, *, desk: str = "",
    document: str = "", details: Mapping[str, str] | None = None,
) -> int:  # fmt: skip
    """Say that a field ("part.field", "identity.birth", or a part) of a ministry's paper is wrong; the dispute's number. `document`: the
    kind of integrated document it stands in the way of. `details`: field -> word of comparison. Raises Invalid, Conflict."""
    one, text = papers.known(code), statement.strip()
    part = field.partition(".")[0]
    if part != "identity" and one.part(part) is None:
        raise Invalid("dispute.field", N_("Hãy chọn mục bị sai."), fields=(FieldError("field", "field.choice", N_("Hãy chọn mục bị sai.")),))
    if not _SHORTEST <= len(text) <= _LONGEST:
        message = N_("Hãy viết điều cần sửa, từ 5 đến 2000 ký tự.")
        raise Invalid("dispute.statement", message, fields=(FieldError("statement", "dispute.statement", message),))
    await population.open_person(conn, actor, purpose, key, (f"paper.{code}",), papers.PERMISSION)
    note = {"verb": "dispute.open", "connector": code, "field": field}
    (entry_id,) = await audit.record(conn, actor, purpose, action="write", subjects=[key], fields=[f"paper.{code}"], note=note)
    dispute_id = await store.next_dispute(conn)
    sealed = ring().encrypt(text.encode(), table=_TABLE, row=f"{key}/{dispute_id}", column="statement")
    by = (actor.kind.value, actor.actor_id)
    if not await store.add_dispute(conn, key, dispute_id, code, field, sealed, desk, SYSTEM_CLOCK.now(), by, entry_id):
        raise Conflict("dispute.open_already", N_("Mục này đã có phản ánh đang chờ trả lời. Xem ở trang các phản ánh của tôi."))
    await events.emit(
        conn, DOCUMENT_MISMATCH if document else CONNECTOR_WRONG, key,
        {
            "group": "document" if document else code, "field": document or field, "org_code": desk or None, "source": code,
            "reporter_org": actor.org_code if actor.kind is ActorKind.STAFF else "", "ref": f"{REFERENCE}{dispute_id}",
            "details": dict(details or {}),
        },
    )  # fmt: skip
    return dispute_id


async def of_person(conn: Conn, key: int) -> list[Dispute]:
    """Those of an opened person, newest first."""
    return [_dispute(row) for row in await store.disputes_of(conn, key)]


async def said(conn: Conn, key: int, ref: str) -> str:
    """The words of a dispute (role worker, or an opened person); "" where there is none."""
    found = {str(one.dispute_id): one for one in await of_person(conn, key)}
    one = found.get(ref.removeprefix(REFERENCE))
    return one.statement if one else ""


async def handle(conn: Conn, event: events.Event) -> None:
    """News of a case that was opened of a dispute, or answered (role worker). A settled dispute is news in turn."""
    key, case_id, state = event.person_key, event.payload.get("case_id"), str(event.payload.get("state", "waiting"))
    if key is None or not isinstance(case_id, int) or state not in set(DisputeState):
        return
    if event.topic == CASE_OPENED:
        dispute_id = _number(event.payload)
    else:
        dispute_id = await store.dispute_by_case(conn, key, case_id)
    if dispute_id is None or not await store.dispute_told(conn, key, dispute_id, state, case_id, _day(event.payload.get("due"))):
        return
    if event.topic == CASE_ANSWERED and state in ("done", "refused"):
        codes = {one.dispute_id: one.connector for one in await of_person(conn, key)}
        await events.emit(conn, DISPUTE_SETTLED, key, {"dispute_id": dispute_id, "connector": codes.get(dispute_id, ""), "state": state})


async def consume(conn: Conn) -> int:
    """The next news of cases; how many were looked at (role worker)."""
    return await events.consume(conn, NAME, handle, topics=frozenset({CASE_OPENED, CASE_ANSWERED}))


def _day(text: object) -> date | None:
    """Until when the desk answers; None where the news does not say it (one of before, or an answer)."""
    try:
        return date.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None


def _number(payload: Mapping[str, Any]) -> int | None:
    ref = str(payload.get("ref", ""))
    number = ref.removeprefix(REFERENCE)
    return int(number) if ref.startswith(REFERENCE) and number.isdigit() else None


def _dispute(row: tuple[Any, ...]) -> Dispute:
    key, dispute_id, code, field, statement, desk, opened_at, state, case_id, due = row
    text = ring().decrypt(bytes(statement), table=_TABLE, row=f"{key}/{dispute_id}", column="statement").decode()
    return Dispute(key, dispute_id, code, field, text, desk, opened_at, DisputeState(state), case_id, due)
