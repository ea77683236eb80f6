"""Cases of what programs of partners filed: each asks by the name under which it did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dancu.kernel.actor import Actor, Purpose
from dancu.kit.db import Conn
from dancu.population.service.look import look
from dancu.quality.models import Case, report_name
from dancu.quality.store import cases as store

_PERMISSION = "person.verify"


async def reported(conn: Conn, actor: Actor, purpose: Purpose, names: Sequence[str]) -> tuple[Mapping[str, Case], list[int]]:
    """(name -> its case, evidence entries), of those names under which the actor's organisation filed something that has become a
    case; others are left out. Each person is looked at once, and the look recorded, before anything is read."""
    ours = {report_name(actor.org_code, name): name for name in names}
    found = await store.reported(conn, list(ours))
    keys = sorted({key for _, key, _ in found})
    verdicts = await look(conn, actor, purpose, keys, ("cases",), _PERMISSION) if keys else []
    open_ = {one.person_key for one in verdicts if one.ok}
    told = {}
    for report, key, case_id in found:
        case = await store.one(conn, key, case_id) if key in open_ else None
        if case is not None:
            told[ours[report]] = case
    return told, [one.entry_id for one in verdicts if one.ok]
