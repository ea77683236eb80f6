"""Which organisations may ask about a citizen, for what, until when; and which of them did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from dancu.access import service as access
from dancu.kernel.actor import Actor, Purpose
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kit.db import Conn
from dancu.monitoring.service.accesses import newest
from dancu.population import service as population
from dancu.sharing.models import DataAgreement
from dancu.sharing.service import data_agreements

#: Newest accesses that are counted: more than most people have in a life.
COUNTED = 10_000
#: What an organisation does for the platform, or shows the citizen: nothing of the citizen goes out by them.
_NOT_ABOUT_ME = frozenset({"supply", "usage"})


@dataclass(frozen=True, slots=True)
class Permitted:
    """One organisation. `looked`: its accesses among the newest `COUNTED`; `last`: the newest of them; `at_least`: there are more accesses
    than were counted."""

    org_code: str
    name: str
    agreements: list[DataAgreement]
    looked: int
    last: datetime | None
    at_least: bool = False


async def permitted(conn: Conn, actor: Actor, purpose: Purpose) -> list[Permitted]:
    """For the citizen who asks; organisations that looked first, then by name. The look at one's accesses is recorded."""
    key = actor.actor_id
    await population.open_person(conn, actor, purpose, key, fields=("accesses",))
    seen: dict[str, tuple[int, datetime]] = {}
    counted = await newest(conn, key, COUNTED)
    for one in counted:
        count, last = seen.get(one.org_code, (0, one.at))
        seen[one.org_code] = count + 1, max(last, one.at)
    today, names = SYSTEM_CLOCK.today(), await _names(conn)
    by: dict[str, list[DataAgreement]] = {}
    for agreement in await data_agreements.all_in_force(conn):
        if agreement.holds(today) and agreement.service not in _NOT_ABOUT_ME:
            by.setdefault(agreement.org_code, []).append(agreement)
    found = []
    for code, those in by.items():
        looked, newest_at = seen.get(code, (0, None))
        those.sort(key=lambda one: one.service)
        found.append(Permitted(code, names.get(code, code), those, looked, newest_at, len(counted) == COUNTED))
    return sorted(found, key=lambda one: (-one.looked, one.name))


async def _names(conn: Conn) -> Mapping[str, str]:
    return await access.organisation_names(conn)
