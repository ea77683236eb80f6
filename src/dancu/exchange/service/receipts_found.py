"""Receipts of verifications found again: by the office that made one, and by the citizen it is about. Nothing of the registry is read
for it: a receipt says what was true when it was made."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any, Final

from dancu.exchange.models.residence import Kept, Verification
from dancu.exchange.service import residence, statements
from dancu.exchange.store import residence as store
from dancu.kernel.actor import Actor, Purpose
from dancu.kernel.clock import VIETNAM
from dancu.kernel.errors import NotFound
from dancu.kit.db import Conn
from dancu.kit.i18n import N_
from dancu.population import service as population

MOST: Final = 100
#: Days back from the day named that are searched where a dossier's reference narrows it.
_DAYS_WITH_REF: Final = 366


async def of_office(conn: Conn, actor: Actor, day: date, way: str = "", case_ref: str = "") -> list[Kept]:
    """Of the actor's own office: those of `day`; with a reference, or a part of one, also those of the year before it. At most `MOST`,
    newest first. The search is recorded. Raises NotAllowed."""
    first = day - timedelta(days=_DAYS_WITH_REF) if case_ref else day
    since, until = datetime.combine(first, time.min, VIETNAM), datetime.combine(day + timedelta(days=1), time.min, VIETNAM)
    return await store.of_office(conn, actor, residence.purpose_for(""), since, until, way, case_ref, MOST)


async def mine(conn: Conn, actor: Actor, purpose: Purpose, entry_id: int) -> tuple[Verification, dict[str, Any]]:
    """The citizen's own receipt of one entry of their list, and what it states. The look is recorded. Raises NotFound."""
    await population.open_person(conn, actor, purpose, actor.actor_id, fields=("verifications",))
    kept = await store.of_entry(conn, actor.actor_id, entry_id)
    if kept is None:
        raise NotFound("residence.verification", N_("Mục này không có phiếu xác minh."))
    return kept, statements.keys().verify(kept.statement, statements.VERIFICATION)


async def all_mine(conn: Conn, actor: Actor, purpose: Purpose) -> list[Verification]:
    """The citizen's own, newest first."""
    await population.open_person(conn, actor, purpose, actor.actor_id, fields=("verifications",))
    return await store.verifications_of(conn, actor.actor_id)
