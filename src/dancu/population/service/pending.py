"""Numbers that could not be given when the birth was registered: given later, by the registry itself (role worker)."""

from __future__ import annotations

from dataclasses import dataclass

from dancu.kernel.actor import SYSTEM, Document, Purpose
from dancu.kernel.errors import DancuError
from dancu.kit.db import Conn
from dancu.kit.log import get_logger
from dancu.population.policy import numbers as rule
from dancu.population.service.act import Act
from dancu.population.service.apply import apply
from dancu.population.service.numbers import ALLOCATE, PENDING, draw
from dancu.population.store import numbers as store
from dancu.population.store import persons
from dancu.population.store.numbers import Waiting

log = get_logger("dancu.population.pending")


@dataclass(frozen=True, slots=True)
class Given:
    """How many waited, and how many have their number now."""

    waited: int
    given: int


async def waiting(conn: Conn, *, after: int = 0, most: int = 500) -> list[int]:
    """Keys of persons after key `after` who wait for a number."""
    return await store.waiting(conn, PENDING, after, most)


async def allocate_pending(conn: Conn, person_key: int) -> bool:
    """Give the person the number they wait for, in the caller's transaction, resting on the document and the purpose of
    their registration. True when nobody waits any more: it was given now, or an officer gave it, or the person died or
    was merged. False: none can be given yet."""
    found = await store.waits_for(conn, PENDING, person_key)
    if found is None:
        return True
    act = _act(conn, found)
    act.opened[person_key] = "ok"
    work = await act.take(person_key)
    try:
        rule.may_allocate(work.view(person_key))
    except DancuError:
        # There is a number, or nobody to give one to: what was waited for is over.
        await persons.settle_findings_of(conn, person_key, PENDING, SYSTEM.actor_id)
        return True
    try:
        number = await draw(act, work, person_key, found.place_code)
    except DancuError as error:
        log.info("number still pending", why=error.code)
        return False
    rule.allocate(work, person_key, number, act.today)
    work.settles.append((person_key, PENDING))
    await apply(act, work)
    return True


async def allocate_all_pending(conn: Conn) -> Given:
    """Everybody who waits, each in a transaction of their own (`conn` in autocommit)."""
    after, waited, given = 0, 0, 0
    while keys := await waiting(conn, after=after):
        for key in keys:
            async with conn.transaction():
                given += await allocate_pending(conn, key)
        waited, after = waited + len(keys), keys[-1]
    return Given(waited, given)


def _act(conn: Conn, found: Waiting) -> Act:
    purpose = Purpose(found.purpose, found.legal_basis)
    document = Document(found.document_kind, found.document_number)
    return Act(conn, SYSTEM, purpose, document, "allocate_number", ALLOCATE, preview=False)


__all__ = ["Given", "allocate_all_pending", "allocate_pending", "waiting"]
