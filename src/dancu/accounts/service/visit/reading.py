"""A visit as the counter's page shows it, and the list of those that wait."""

from __future__ import annotations

from dataclasses import dataclass

from dancu.access import service as access
from dancu.accounts.models import Account, AccountState
from dancu.accounts.models.level2 import CaptureKind, Means, Office, OfficeChoice, Stated, Visit, VisitLine, VisitState
from dancu.accounts.models.locks import Lock
from dancu.accounts.policy import level2 as policy
from dancu.accounts.rules_level2 import Level2Rule, rule
from dancu.accounts.service import core, locks, offices
from dancu.accounts.service.visit.common import (
    ENROL,
    own_visit,
    purpose,
)
from dancu.accounts.service.visit.stating import stated_of
from dancu.accounts.store import level2 as store
from dancu.kernel.actor import Actor
from dancu.kit.db import Conn
from dancu.population import service as population
from dancu.population.models import PersonView


@dataclass(frozen=True, slots=True)
class VisitPage:
    """Everything the counter's page shows. `missing`: what stands between the visit and its decision, as codes;
    `needs_second`: circumstances for which the rule wants another officer; `locks`: what keeps the account out of use;
    `lacks`: devices the rule wants and the office does not have (working) while the visit is open, `elsewhere`: the nearest that has all."""

    visit: Visit
    office: Office
    view: PersonView
    rule: Level2Rule
    account: Account | None
    stated: Stated
    missing: tuple[str, ...]
    needs_second: tuple[str, ...]
    locks: tuple[Lock, ...]
    lacks: tuple[str, ...] = ()
    elsewhere: OfficeChoice | None = None

    @property
    def disagrees(self) -> bool:
        """Was what the card says sent on as a case?"""
        return self.visit.means is not Means.TYPED and any(word in policy.DISAGREES for word in self.visit.comparison.values())

    @property
    def raises(self) -> bool:
        """Is there a level to be given?"""
        return self.account is None or self.account.level < 2


async def page(conn: Conn, actor: Actor, visit_id: int) -> VisitPage:
    """The visit with the record it is about; the look is recorded."""
    visit, office = await own_visit(conn, actor, visit_id)
    view = await population.person(conn, actor, purpose(), visit.person_key, permission=ENROL)
    account = await core.account(conn, visit.person_key)
    said = await stated_of(conn, visit)
    chosen = rule(visit.rule)
    found = policy.circumstances(visit, phone_mended=await phone_mended(conn, account, said))
    lacks = office.lacks(chosen.needs) if visit.state is VisitState.OPEN and visit.channel == "counter" else ()
    nearest = await offices.choices(conn, chosen, office.unit_id, most=1) if lacks else []
    return VisitPage(
        visit, office, view, chosen, account, said, missing(visit, account, said, reached=await reached(conn, visit)),
        tuple(sorted(found & chosen.second_officer)), tuple(await locks.standing(conn, visit.person_key)),
        lacks, nearest[0] if nearest else None,
    )  # fmt: skip


def awaits(account: Account | None) -> bool:
    """Is there an account that nobody has activated yet?"""
    return account is not None and account.state in (AccountState.APPROVED, AccountState.NOTIFIED)


async def phone_mended(conn: Conn, account: Account | None, said: Stated) -> bool:
    """Does the citizen state another phone than the one an account of theirs waits at?"""
    if account is None or not awaits(account) or not said.phone:
        return False
    return (await core.contacts(conn, account.person_key)).phone != said.phone


async def reached(conn: Conn, visit: Visit) -> bool:
    """Is a child told through the guardian's own account?"""
    return visit.guardian_key is not None and bool((await core.contacts(conn, visit.guardian_key)).phone)


def missing(visit: Visit, account: Account | None, said: Stated, *, reached: bool = False) -> tuple[str, ...]:
    """What stands between this visit and approval: "portrait", "phone", "confirmed". `reached`: somebody else's phone
    serves (a child's guardian's)."""
    found = []
    if visit.capture(CaptureKind.PORTRAIT) is None:
        found.append("portrait")
    if account is None and not said.phone and not reached:
        found.append("phone")
    if visit.confirmed_at is None:
        found.append("confirmed")
    return tuple(found)


async def waiting(conn: Conn, actor: Actor) -> list[tuple[VisitLine, Office]]:
    """Visits of the organisation's offices that are open, and of all below it that wait for a second officer; what falls
    due first on top."""
    access.require(actor, ENROL)
    by_id = {office.office_id: office for office in await offices.mine(conn, actor)}
    lines = await store.visits_at(conn, list(by_id), [VisitState.SECOND, VisitState.OPEN])
    found = [(line, by_id[line.office_id]) for line in lines]
    return [(line, at) for line, at in found if line.state is VisitState.SECOND or at.org_code == actor.org_code]
