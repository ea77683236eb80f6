"""Alerts: patterns in the evidence log that honest work rarely makes. The database finds them (migrations/0186_tried_numbers.sql), an
auditor decides them, the gravest hold the staff member's reading until then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from dancu.access import service as access
from dancu.audit import service as audit
from dancu.audit.models import FoundEntry, Query
from dancu.exchange.models.traffic import Called, Program
from dancu.exchange.service import programs
from dancu.kernel.actor import Actor, Purpose
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kernel.errors import Conflict, Invalid, NotFound
from dancu.kernel.workdays import holidays
from dancu.kit.db import Conn
from dancu.kit.i18n import N_
from dancu.monitoring import store
from dancu.monitoring.service.unusual import StaffName

RULES: Final[Mapping[str, tuple[str, str]]] = {
    "burst": (N_("Mở dồn dập"), N_("Mở hồ sơ của rất nhiều người trong mười phút.")),
    "night": (N_("Mở ban đêm"), N_("Mở hồ sơ nhiều người từ 22 giờ đến 5 giờ.")),
    "free_day": (N_("Mở ngày nghỉ"), N_("Mở hồ sơ nhiều người trong một ngày thứ bảy, chủ nhật hoặc ngày lễ.")),
    "sequence": (N_("Dò số liên tiếp"), N_("Mở các số định danh nối tiếp nhau trong một giờ.")),
    "misses": (N_("Dò số không có người"), N_("Từ một nửa trở lên số đã thử trong một giờ không phải của ai: có thể đang dò số.")),
    "outside": (N_("Ngoài địa bàn"), N_("Mở hồ sơ nhiều người không thuộc địa bàn phụ trách trong một ngày.")),
    "famous": (N_("Người được bảo vệ đặc biệt"), N_("Mở hồ sơ của người nổi tiếng hoặc người cần bảo vệ.")),
    "own": (N_("Người thân, hộ của mình"), N_("Mở hồ sơ của chính mình, người thân (cả anh chị em ở nơi khác) hoặc người cùng hộ.")),
    "neighbours": (N_("Hàng xóm của mình"), N_("Mở hồ sơ nhiều người cùng thôn, tổ dân phố với nơi mình ở trong một ngày.")),
    "no_case": (N_("Không có hồ sơ"), N_("Mở hồ sơ nhiều người trong một ngày mà không ghi mã hồ sơ đang giải quyết.")),
    "program_burst": (N_("Gọi dồn dập"), N_("Chương trình hỏi về rất nhiều người trong mười phút so với hạn mức ngày của thỏa thuận.")),
    "program_sequence": (N_("Gọi theo số liên tiếp"), N_("Chương trình hỏi về các số định danh nối tiếp nhau trong một giờ.")),
    "program_misses": (N_("Dò số không có người"), N_("Từ một nửa trở lên số đã hỏi trong một giờ không phải của ai: có thể đang dò số.")),
    "program_case": (N_("Một hồ sơ, nhiều người"), N_("Trong một ngày hỏi về rất nhiều người dưới cùng một mã hồ sơ, hoặc không có mã.")),
    "program_person": (N_("Hỏi mãi về một người"), N_("Trong một giờ hỏi hàng trăm lần về cùng một người.")),
    "program_hours": (N_("Gọi ngoài giờ thỏa thuận"), N_("Nhiều lượt gọi bị từ chối vì ngoài giờ của thỏa thuận.")),
    "program_outside": (N_("Gọi ngoài thỏa thuận"), N_("Nhiều lượt gọi bị từ chối vì trường dữ liệu, mục đích hoặc dịch vụ không có trong thỏa thuận.")),
}  # fmt: skip

#: Rules about calls that reached nobody's data: the entries kept beside them are of other calls of the same minutes.
_OF_NOBODY: Final = frozenset({"program_hours", "program_outside"})
#: An alert keeps its newest fifty entries; others of the same time lie between them.
_MOST_READ: Final = 200
#: Days back for which public holidays are told: further than the log is ever behind.
_LOOKED_BACK: Final = 400


class State(StrEnum):
    OPEN = "open"
    JUSTIFIED = "justified"
    CONFIRMED = "confirmed"


@dataclass(frozen=True, slots=True)
class Warned:
    """One alert, about a staff member or about a partner's program. `counted`: different persons, for programs also calls;
    `entries`: evidence entries it rests on; `braked`: reading was held; `org_name`: of whom it is about."""

    alert_id: int
    rule: str
    staff: StaffName | None
    program: Program | None
    state: State
    counted: int
    entries: tuple[int, ...]
    first_at: datetime
    last_at: datetime
    raised_at: datetime
    braked: bool
    decided_by: StaffName | None
    decided_at: datetime | None
    decision: str
    org_name: str


async def detect(conn: Conn, most: int = 5000) -> int:
    """Look through the next entries of the log, and weigh the numbers that programs tried (role worker); 0 when there were no entries."""
    await store.detect_misses(conn)
    today = SYSTEM_CLOCK.today()
    return await store.detect(conn, most, holidays(today - timedelta(days=_LOOKED_BACK), today))


async def weigh_programs(conn: Conn) -> None:
    """What partners' programs did lately, by the newest 20,000 entries and calls: dearer the more they do (role worker)."""
    await store.detect_programs(conn)


async def alerts(conn: Conn, actor: Actor, purpose: Purpose, *, only_open: bool = False) -> list[Warned]:
    """Open ones first, newest first, at most 200. Raises NotAllowed."""
    return await _named(conn, await store.alerts(conn, actor, purpose, only_open=only_open))


async def alert(conn: Conn, actor: Actor, purpose: Purpose, alert_id: int) -> Warned:
    """Raises NotFound, NotAllowed."""
    found = await _named(conn, await store.alerts(conn, actor, purpose, only_open=False, alert_id=alert_id))
    if not found:
        raise NotFound("alerts.unknown", N_("Không có cảnh báo này."))
    return found[0]


async def calls(conn: Conn, found: Warned) -> list[Called]:
    """The newest calls of the program an alert is about, in the time it is about."""
    if found.program is None:
        return []
    return await programs.calls_of(conn, found.program.client_no, found.first_at, found.last_at)


async def entries(conn: Conn, actor: Actor, purpose: Purpose, found: Warned) -> list[FoundEntry]:
    """The entries of the log the alert rests on, newest first, for who may read the log; the look is recorded. None for others: they see
    the alert and its numbers."""
    about = found.staff.staff_id if found.staff else found.program.client_no if found.program else None
    if not found.entries or about is None or not actor.can("audit.read"):
        return []
    query = Query(since=found.first_at, until=found.last_at + timedelta(seconds=1), actor_id=about, limit=_MOST_READ)
    wanted = frozenset(found.entries)
    return [one for one in await audit.search_entries(conn, actor, purpose, bytes.fromhex(actor.session_id), query) if one.access.entry_id in wanted]


async def decide(conn: Conn, actor: Actor, purpose: Purpose, alert_id: int, verdict: State, reason: str) -> None:
    """`JUSTIFIED` lifts the hold on reading; `CONFIRMED` keeps it for a day, for the office to act. Raises Invalid without a
    written reason, Conflict where it is decided already, or about oneself or a program of one's own organisation."""
    if verdict is State.OPEN or len(reason.strip()) < 10:
        raise Invalid("alerts.reason", N_("Hãy ghi kết luận ít nhất mười ký tự: đã hỏi ai, kết quả thế nào."))
    if not await store.decide(conn, actor, purpose, alert_id, verdict.value, reason.strip()[:2000]):
        raise Conflict("alerts.decided", N_("Cảnh báo này đã được xử lý, hoặc là về chính bạn hay cơ quan bạn."))


async def _named(conn: Conn, rows: list[store.Alerted]) -> list[Warned]:
    ids = {one for row in rows for one in (row[2], row[11]) if one is not None}
    names = {s.staff_id: StaffName(s.staff_id, s.display_name, s.org_code) for s in await access.staff_named(conn, ids)}
    orgs = await access.organisation_names(conn) if rows else {}
    known = await programs.named(conn, {row[14] for row in rows if row[14] is not None})
    return [
        Warned(
            row[0], row[1], names.get(row[2], StaffName(row[2], "", row[3])) if row[2] is not None else None,
            known.get(row[14], Program(row[14], "", row[3], row[3])) if row[14] is not None else None, State(row[4]), row[5],
            () if row[1] in _OF_NOBODY else tuple(row[6]), row[7], row[8], row[9],
            row[10], names.get(row[11], StaffName(row[11], "", "")) if row[11] is not None else None, row[12], row[13],
            orgs.get(row[3], row[3]),
        )
        for row in rows
    ]  # fmt: skip
