"""Cases opened by news: the worker hands events of rooms below to `open_for`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from dancu.access import service as access
from dancu.audit import service as audit
from dancu.kernel.actor import Actor
from dancu.kernel.clock import SYSTEM_CLOCK, Clock
from dancu.kernel.errors import Unavailable
from dancu.kernel.workdays import add_working_days
from dancu.kit import events
from dancu.kit.db import Conn
from dancu.kit.i18n import N_
from dancu.population.service.areas import areas_kept
from dancu.quality.events import CASE_OPENED, OPENING
from dancu.quality.models import CaseKind, Opening, report_name
from dancu.quality.service import wording
from dancu.quality.store import cases as store

_MOST_DETAILS, _LONGEST_WORD = 30, 60


def opening_of(topic: str, payload: Mapping[str, Any]) -> Opening:
    """What an event says. Codes are cut to length and unknown members ignored: news never stops the queue."""
    details = payload.get("details") if isinstance(payload.get("details"), dict) else {}
    unit, org, report = payload.get("unit"), _word(payload.get("reporter_org")), _word(payload.get("report"))
    return Opening(
        CaseKind(OPENING[topic]), _word(payload.get("group")) or "other", _word(payload.get("field")),
        _word(payload.get("org_code")), unit if isinstance(unit, int) else None, org,
        _word(payload.get("source")), _word(payload.get("ref")),
        {_word(k): _word(v) for k, v in list((details or {}).items())[:_MOST_DETAILS]}, report_name(org, report) if org and report else "",
    )  # fmt: skip


def _word(value: object) -> str:
    return str(value)[:_LONGEST_WORD] if value is not None else ""


async def open_for(conn: Conn, actor: Actor, key: int, what: Opening, *, clock: Clock = SYSTEM_CLOCK) -> int | None:
    """Open a case about `key` with the desk of an organisation, of a unit, or of the person's area (role worker). The case
    id; None where the same waits already (it is counted) or there is no such person. Raises Unavailable without a time limit
    in law."""
    areas = await areas_kept(conn, key)
    if areas is None:
        return None
    today = clock.today()
    limit = await store.time_limit(conn, what.kind, today)
    if limit is None:
        raise Unavailable("case.no_time_limit", N_("Chưa có thời hạn theo luật cho loại yêu cầu này. Hãy báo người quản trị."))
    purpose = access.choose_purpose("data_quality", "", "")
    note = {"verb": "case.open", "kind": what.kind.value, "group": what.group, "field": what.field, "source": what.source}
    (entry_id,) = await audit.record(conn, actor, purpose, action="write", subjects=[key], fields=["cases"], note=note)
    due = add_working_days(today, limit.answer_working_days)
    case_id = await store.insert(
        conn, actor, key, what, await wording.statement(conn, key, what), [what.unit] if what.unit is not None else areas,
        clock.now(), limit, due, today + timedelta(days=limit.done_days), entry_id,
    )  # fmt: skip
    if case_id is None:
        await store.again(conn, key, what)
        return None
    await events.emit(conn, CASE_OPENED, key, {"case_id": case_id, "group": what.group, "field": what.field, "kind": what.kind.value, "ref": what.ref, "due": due.isoformat()})
    return case_id


async def told_more(conn: Conn, key: int, ref: str, source: str) -> None:
    """The row behind a case says more now: its waiting case is worded anew (role worker). `source`: the paper it is about."""
    words = await wording.statement(conn, key, Opening(CaseKind.PAPER, "paper", "", ref=ref[:_LONGEST_WORD]))
    await store.reword(conn, key, ref[:_LONGEST_WORD], words, source[:_LONGEST_WORD])
