"""Where the demonstration's staff are told of what cannot wait (an emergency opening they must review): a work phone and an address
each, made up like everything here. What they are sent is at /demo/outbox."""

from __future__ import annotations

from dancu.access import service as access
from dancu.kernel.actor import Actor, ActorKind
from dancu.kit.db import Conn

#: Of the numbers nobody in the demonstration has (demo.numbers): 0579002 and three digits.
_PHONE = "0579002{:03d}"


async def seed_contacts(conn: Conn) -> None:
    """For every persona at work who has set none; what somebody has set stays."""
    codes = {one.actor_id: one.code for one in await access.demo_personas(conn, demo=True) if one.actor_kind == ActorKind.STAFF}
    for staff in await access.staff_named(conn, codes):
        me = Actor(ActorKind.STAFF, staff.staff_id, staff.org_code)
        if not await access.my_contacts(conn, me):
            await access.set_my_contacts(
                conn, me, phone=_PHONE.format(staff.staff_id % 1000), email=f"{codes[staff.staff_id].replace('_', '.')}@congvu.example"
            )
