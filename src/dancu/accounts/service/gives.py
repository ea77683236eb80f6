"""What this account gives its holder today: papers to leave at home, services open and to come, trips and forms saved."""

from __future__ import annotations

from collections.abc import Sequence

from dancu.access import service as access
from dancu.accounts.models import AccountState
from dancu.accounts.models.gives import Gives, Paper
from dancu.accounts.policy.gives import SERVICES, papers, saved
from dancu.accounts.service import core
from dancu.audit import service as audit
from dancu.kernel.actor import Actor
from dancu.kit.db import Conn
from dancu.population import service as population

_LOOK_BACK = 1000


async def gives(conn: Conn, actor: Actor, carried: Sequence[Paper] = ()) -> Gives:
    """For the citizen's own page. Level 0 without an account in use: everything is then still to come. `carried`: papers integrated into
    the account and good today."""
    key = actor.actor_id
    view = await population.person(conn, actor, access.choose_purpose("own_record"), key)
    account = await core.account(conn, key)
    level = account.level if account and account.state is AccountState.ACTIVE else 0
    known = (*papers(view), *carried)
    forms, trips = saved(await audit.accesses_of(conn, key, limit=_LOOK_BACK), account.activated_at if account else None)
    return Gives(
        level, tuple(p for p in known if p.level <= level), tuple(p for p in known if p.level > level),
        tuple(s for s in SERVICES if s.level <= level), tuple(s for s in SERVICES if s.level > level),
        forms, trips,
    )  # fmt: skip
