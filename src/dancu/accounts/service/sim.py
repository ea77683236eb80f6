"""The mobile operators say that a number moved to another SIM: whoever holds it now need not be the account's holder."""

from __future__ import annotations

from dancu.accounts.service import core, locks
from dancu.accounts.service.authenticators.listing import COOLING
from dancu.accounts.store import core as store
from dancu.accounts.store import recovery as recoveries
from dancu.audit import service as audit
from dancu.kernel.actor import SYSTEM
from dancu.kernel.clock import SYSTEM_CLOCK, VIETNAM
from dancu.kit.db import Conn


async def changed(conn: Conn, phone: str) -> None:
    """From now on text messages to `phone` prove nothing for the account it serves, as after a change of number, and a recovery
    under way by them ends. The holder is told at every contact. Nothing where it serves none. Raises Invalid for no phone number."""
    key = await core.by_phone(conn, phone)
    if key is None:
        return
    await core.existing(conn, key, lock=True)
    await store.cool(conn, key)
    await recoveries.cancel_open(conn, key)
    await audit.record(
        conn, SYSTEM, locks.eid_purpose(), action="write", subjects=[key], fields=["account"], note={"verb": "account.sim_changed"}
    )
    await core.happened(conn, key, "sim_changed")
    until = (SYSTEM_CLOCK.now() + COOLING).astimezone(VIETNAM)
    await core.notify(conn, key, "sim_changed", until=f"{until:%H:%M %d/%m/%Y}")
