"""What is done about a partner is evidence, a step both sides read, and news."""

from __future__ import annotations

from typing import Any

from dancu.access import service as access
from dancu.audit import service as audit
from dancu.exchange.store import partners as store
from dancu.kernel.actor import Actor
from dancu.kit.db import Conn
from dancu.kit.events import emit

PARTNER_CHANGED = "exchange.partner.changed"


async def step(
    conn: Conn, actor: Actor, org_code: str, verb: str, *, reason: str = "", basis: str = "", by: str = "", **note: Any
) -> int:
    """Record one; its evidence entry. `by`: the operating-system user who typed the command."""
    told = {"verb": f"exchange.partner.{verb}", "org_code": org_code, **note, **({"os_user": by} if by else {})}
    purpose = access.choose_purpose("administration")
    entry = (await audit.record(conn, actor, purpose, action="write", subjects=[None], fields=None, note=told))[0]
    await store.step(conn, org_code, verb, actor.actor_id, actor.org_code, reason, basis, entry)
    await emit(conn, PARTNER_CHANGED, None, {"org_code": org_code, "verb": verb})
    return entry
