"""What every step of a visit uses: the right and the purpose, the rule in force, the visit itself, its entry in the log."""

from __future__ import annotations

from datetime import date
from typing import Any

from dancu.access import service as access
from dancu.accounts.models.level2 import Office, Visit, VisitState
from dancu.accounts.rules_level2 import Level2Rule, rule_on
from dancu.accounts.service import core, offices
from dancu.accounts.store import level2 as store
from dancu.audit import service as audit
from dancu.cards import service as cards_service
from dancu.kernel.actor import Actor, Purpose
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kernel.errors import Conflict, NotAllowed, NotFound
from dancu.kit.db import Conn
from dancu.kit.i18n import N_
from dancu.population.models import CardKind

ENROL = "eid.enrol"
cards: Any = cards_service
CHIP = frozenset({CardKind.CHIP, CardKind.CAN_CUOC})


def purpose() -> Purpose:
    return access.choose_purpose("eid_account")


def rule_in_force(day: date | None = None) -> Level2Rule:
    found = rule_on(day or SYSTEM_CLOCK.today())
    if found is None:
        raise NotAllowed("level2.no_rule", N_("Ngày này chưa có quy định về định danh mức 2."))
    return found


async def one(conn: Conn, key: int, visit_id: int, *, lock: bool = False) -> Visit:
    found = await store.visit(conn, key, visit_id, lock=lock)
    if found is None:
        raise NotFound("visit.unknown", N_("Không có lượt làm việc này."))
    return found


async def own_visit(conn: Conn, actor: Actor, visit_id: int, *, lock: bool = False) -> tuple[Visit, Office]:
    """A visit at an office of the actor's organisation."""
    access.require(actor, ENROL)
    place = await store.place_of(conn, visit_id)
    if place is None:
        raise NotFound("visit.unknown", N_("Không có lượt làm việc này."))
    key, office_id, _ = place
    office = await offices.own(conn, actor, office_id)
    await core.open(conn, [key])
    return await one(conn, key, visit_id, lock=lock), office


async def working_visit(conn: Conn, actor: Actor, visit_id: int) -> Visit:
    """As `own_visit`, held against others and still open."""
    visit, _ = await own_visit(conn, actor, visit_id, lock=True)
    if visit.state is not VisitState.OPEN:
        raise Conflict("visit.not_open", N_("Lượt làm việc này đã chuyển hoặc đã xong."))
    return visit


async def recorded(conn: Conn, actor: Actor, key: int, verb: str, **note: object) -> None:
    """One entry of the evidence log for an act of a visit; no personal data in `note`."""
    await audit.record(
        conn, actor, purpose(), action="write", subjects=[key], fields=["account"], note={"verb": verb, **note}
    )
