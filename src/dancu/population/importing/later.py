"""Parents whose record came after their child's, in a later chunk or another file: linked by their number at night (role
worker)."""

from __future__ import annotations

from dataclasses import dataclass

from dancu.access.service import choose_purpose
from dancu.kernel.actor import SYSTEM, Document
from dancu.kernel.errors import DancuError
from dancu.kit.db import Conn
from dancu.kit.log import get_logger
from dancu.population import models as m
from dancu.population.importing.diff import same_name
from dancu.population.policy import kinship
from dancu.population.policy.rules import PARENT_LEAST_YEARS
from dancu.population.service.act import Act
from dancu.population.service.apply import apply
from dancu.population.service.family import ALL_GENERATIONS, KINSHIP
from dancu.population.store import kin as store
from dancu.population.store import persons

log = get_logger("dancu.population.importing")
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Linked:
    """Facts that named a parent by a number alone: how many were seen, and how many have their record now."""

    waited: int = 0
    linked: int = 0


async def link_parents(conn: Conn, at_once: int = _AT_ONCE) -> Linked:
    """Every parent whose number leads to one record by now, each in a transaction of its own (`conn` in autocommit). What
    cannot be linked is asked again the next night; a second run finds nothing to do."""
    after, waited, done = 0, 0, 0
    while found := await store.nameable(conn, after, at_once):
        for child, relation, parent in found:
            if parent is not None:
                async with conn.transaction():
                    done += await _link(conn, child, relation, parent)
        waited, after = waited + len(found), found[-1][0]
    return Linked(waited, done)


async def _link(conn: Conn, child: int, relation: m.KinRelation, parent: int) -> bool:
    """One parent, in the caller's transaction, where name and age speak for it as they must in an import."""
    await persons.lock_kinship(conn)
    act = Act(conn, SYSTEM, choose_purpose("import"), Document("import"), "link_parent", KINSHIP, preview=False)
    act.opened |= {child: "ok", parent: "ok"}
    work = await act.take(child)
    if len(work.persons) != 2 or any(one.merged_into is not None for one in work.persons.values()):
        return False
    said = work.facts(child, m.KinFact, lambda k: k.relation == relation and k.relative_key is None)
    if len(said) != 1 or not _fits(said[0], work.view(child), work.view(parent)):
        return False
    above = {a for _, a, d in await persons.ancestors(conn, [parent], ALL_GENERATIONS) if d > 0}
    try:
        kinship.link_parent(work, child, relation, parent, above)
        await apply(act, work)
    except DancuError as error:
        log.info("parent not linked", why=error.code)
        return False
    return True


def _fits(said: m.KinFact, child: m.PersonView, parent: m.PersonView) -> bool:
    """The number's bearer has the number now, carries the name that was said, and was born a generation before."""
    if not any(n.number == said.relative_number for n in parent.numbers):
        return False
    if said.relative_name and not any(same_name(said.relative_name, n.full_name) for n in parent.names):
        return False
    if any(k.relation in kinship.PARENTS and k.relative_key == parent.person_key for k in child.kin):
        return False
    born, since = _year(child), _year(parent)
    return born is not None and since is not None and born - since >= PARENT_LEAST_YEARS


def _year(view: m.PersonView) -> int | None:
    return view.births[-1].year if view.births else None
