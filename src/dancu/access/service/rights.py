"""From assignments to rights: what a staff member may do today, and where."""

from __future__ import annotations

from datetime import date

from dancu.access import events
from dancu.access.catalogue import PERMISSIONS
from dancu.access.models import Permission, Right
from dancu.access.store import staff as store
from dancu.kernel.actor import Actor
from dancu.kernel.clock import SystemClock
from dancu.kernel.errors import FieldError, Invalid
from dancu.kit.db import Conn
from dancu.kit.events import emit
from dancu.kit.i18n import N_
from dancu.territory.service import gazetteer


async def recompute_rights(conn: Conn, staff_id: int) -> bool:
    """Write what one person may do today; True when it changed. The database works it out itself: from the assignments in
    force, each unit as it lives on today, and what the roles allow."""
    changed = await store.refresh_rights(conn, staff_id)
    if changed:
        await tell(conn, staff_id)
    return changed


async def tell(conn: Conn, staff_id: int) -> None:
    """The news that somebody's rights changed."""
    await emit(conn, events.RIGHTS_CHANGED, None, {"staff_id": staff_id})


async def recompute_all(conn: Conn) -> int:
    """The job after midnight, after a change of units and after a change of the catalogue. Returns how many
    people's rights changed."""
    changed = 0
    for staff_id in await store.active_ids(conn):
        changed += await recompute_rights(conn, staff_id)
    return changed


async def rights_of(conn: Conn, staff_id: int) -> list[Right]:
    """The rights in force today."""
    return await store.rights(conn, staff_id)


async def rights_named(conn: Conn, actor: Actor) -> list[tuple[Permission, Right]]:
    """The actor's own rights with their names, for the account page."""
    return [
        (PERMISSIONS[right.permission], right)
        for right in await store.rights(conn, actor.actor_id)
        if right.permission in PERMISSIONS
    ]


def unit_name(unit_id: int, as_of: date | None = None) -> str:
    """A unit's full name as of a day, for people."""
    return gazetteer().full_name(unit_id, as_of)


def units_by_codes(text: str, as_of: date | None = None) -> list[int]:
    """Unit ids for statistical codes ("20341, 48") as they stood on the day (default: today). Raises Invalid
    `units.unknown` naming the code."""
    day = as_of or SystemClock().today()
    found = []
    for code in text.replace(",", " ").replace(";", " ").split():
        unit = gazetteer().by_code(code, day)
        if unit is None:
            sentence = N_("Không có đơn vị hành chính mang mã {unit_code} vào ngày đó.")
            raise Invalid(
                "units.unknown",
                sentence,
                fields=(FieldError("units", "units.unknown", sentence, (("unit_code", code[:20]),)),),
                unit_code=code[:20],
            )
        found.append(unit.unit_id)
    return found
