"""What is promised of data services: set with a reason by whoever has the right, each change an entry of the evidence log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final

from dancu.access import service as access
from dancu.audit import service as audit
from dancu.exchange.models.service_levels import Target, TargetSet
from dancu.exchange.store import service_levels as store
from dancu.kernel.actor import Actor, ActorKind
from dancu.kernel.errors import FieldError, Invalid, NotFound
from dancu.kit.db import Conn
from dancu.kit.i18n import N_
from dancu.sharing.models import SERVICES

SET: Final = "exchange.level"
#: Percent and milliseconds a promise lies between: below, it promises nothing; above, nobody waits so long.
AVAILABILITY: Final = (Decimal(50), Decimal(100))
P95_MS: Final = (1, 600_000)
_LEAST_REASON, _MOST_REASON, _HISTORY = 10, 500, 50


@dataclass(frozen=True, slots=True)
class Targets:
    """`standing`: (service, organisation) -> promise, "" for any; `history`: newest first; `names`: of organisations, `staff`: who set."""

    standing: Mapping[tuple[str, str], Target]
    history: list[TargetSet]
    names: Mapping[str, str]
    staff: Mapping[int, str]


async def targets(conn: Conn) -> Targets:
    standing, past = await store.targets(conn), await store.history(conn, _HISTORY)
    staff = await access.staff_named(conn, {one.staff_id for one in past if one.staff_id is not None})
    names = await access.organisation_names(conn)
    return Targets(dict(sorted(standing.items())), past, names, {one.staff_id: one.display_name for one in staff})


async def put(conn: Conn, actor: Actor, service: str, org_code: str, availability: str, p95_ms: str, reason: str, *, by: str = "") -> Target:
    """Promise: `availability` percent ("99,9"), `p95_ms` milliseconds, of a service ("": all) to an organisation ("": any). Raises Invalid
    `exchange.level`, NotAllowed."""
    _may(actor)
    wrong = await _wrong(conn, service, org_code, reason)
    percent = _percent(availability)
    if percent is None:
        wrong.append(FieldError("availability", "exchange.level.availability", N_("Ghi một tỷ lệ từ 50 đến 100, ví dụ 99,9.")))
    quick = int(p95_ms) if p95_ms.isascii() and p95_ms.isdecimal() and len(p95_ms) < 8 else 0
    if not P95_MS[0] <= quick <= P95_MS[1]:
        wrong.append(FieldError("p95_ms", "exchange.level.p95", N_("Ghi số mili giây từ 1 đến 600000.")))
    if wrong or percent is None:
        raise _invalid(wrong)
    target = Target(float(percent), quick)
    await store.put(conn, service, org_code, target)
    await _note(conn, actor, "exchange.level.set", service, org_code, target, reason, by)
    return target


async def end(conn: Conn, actor: Actor, service: str, org_code: str, reason: str, *, by: str = "") -> None:
    """Take a promise back: the next more general one counts again. Raises Invalid (also for the one of all services to all, which the
    others rest on), NotFound, NotAllowed."""
    _may(actor)
    wrong = await _wrong(conn, service, org_code, reason)
    if not service and not org_code:
        wrong.append(FieldError("service", "exchange.level.base", N_("Mức chung cho mọi dịch vụ chỉ sửa, không bỏ.")))
    if wrong:
        raise _invalid(wrong)
    if not await store.remove(conn, service, org_code):
        raise NotFound("exchange.level.none", N_("Chưa đặt mức nào như vậy."))
    await _note(conn, actor, "exchange.level.end", service, org_code, None, reason, by)


def _may(actor: Actor) -> None:
    if actor.kind is not ActorKind.SYSTEM:
        access.require(actor, SET)


async def _wrong(conn: Conn, service: str, org_code: str, reason: str) -> list[FieldError]:
    wrong: list[FieldError] = []
    if service and service not in SERVICES:
        wrong.append(FieldError("service", "exchange.level.service", N_("Hãy chọn một dịch vụ dữ liệu.")))
    if org_code and await access.organisation(conn, org_code) is None:
        wrong.append(FieldError("org_code", "organisation.unknown", N_("Không có cơ quan với mã này.")))
    if not _LEAST_REASON <= len(reason.strip()) <= _MOST_REASON:
        wrong.append(FieldError("reason", "exchange.level.reason", N_("Hãy nêu lý do, ít nhất 10 chữ cái.")))
    return wrong


def _invalid(wrong: list[FieldError]) -> Invalid:
    return Invalid("exchange.level", N_("Mức dịch vụ chưa đúng. Xin xem lại từng mục."), fields=tuple(wrong))


def _percent(text: str) -> Decimal | None:
    try:
        found = Decimal(text.strip().removesuffix("%").strip().replace(",", ".")) if len(text) < 12 else None
    except InvalidOperation:
        return None
    return found if found is not None and found.is_finite() and AVAILABILITY[0] <= found <= AVAILABILITY[1] else None


async def _note(conn: Conn, actor: Actor, verb: str, service: str, org_code: str, target: Target | None, reason: str, by: str) -> None:
    said: dict[str, object] = {"verb": verb, "service": service, "org": org_code, "reason": reason.strip()}
    if target is not None:
        said |= {"availability": target.availability, "p95_ms": target.p95_ms}
    if by:
        said["by"] = by
    why = access.choose_purpose("administration")
    (entry_id,) = await audit.record(conn, actor, why, action="write", subjects=[None], fields=None, note=said)
    await store.note(conn, service, org_code, target, reason.strip(), None if actor.kind is ActorKind.SYSTEM else actor.actor_id, entry_id)
