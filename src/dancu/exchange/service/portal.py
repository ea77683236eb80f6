"""What an organisation's own staff see of its connection."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from dancu.access import service as access
from dancu.exchange.models.partner import SANDBOX_OPEN, Certificate, Partner, Step, System
from dancu.exchange.policy import joining as policy
from dancu.exchange.service import systems
from dancu.exchange.store import partners as store
from dancu.kernel.actor import Actor
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kernel.errors import Conflict, NotFound
from dancu.kit.db import Conn
from dancu.kit.i18n import N_
from dancu.oidc.models import Client
from dancu.sharing.models import DataAgreement
from dancu.sharing.service import data_agreements


@dataclass(frozen=True, slots=True)
class View:
    """`partner` None: it has not applied. `agreements`: all versions, by service, newest first."""

    org_code: str
    name: str
    partner: Partner | None
    systems: list[System]
    certificates: list[Certificate]
    agreements: list[DataAgreement]
    steps: list[Step]

    @property
    def runs(self) -> bool:
        """May its programs call, at least in the sandbox?"""
        return self.partner is not None and self.partner.state in SANDBOX_OPEN

    def newest(self, client_no: int) -> Certificate | None:
        return next((one for one in self.certificates if one.client_no == client_no and one.revoked_at is None), None)


@dataclass(frozen=True, slots=True)
class SystemView:
    system: System
    client: Client
    certificates: list[Certificate]
    now: datetime


async def known(conn: Conn, actor: Actor) -> Partner | None:
    """The actor's own organisation as a partner; None where it has not applied."""
    return await store.one(conn, actor.org_code)


async def view(conn: Conn, actor: Actor) -> View:
    policy.own(actor, actor.org_code)
    return await of(conn, actor.org_code)


async def of(conn: Conn, org_code: str) -> View:
    """Of any organisation, for those who may see all. Raises NotFound."""
    organisation = await access.organisation(conn, org_code)
    if organisation is None:
        raise NotFound("organisation.unknown", N_("Không có cơ quan với mã này."))
    programs = await store.systems(conn, org_code)
    return View(
        org_code, access.organisation_title(organisation), await store.one(conn, org_code), programs, await store.certificates(conn, [one.client_no for one in programs]),
        await data_agreements.of(conn, org_code), await store.steps(conn, org_code),
    )  # fmt: skip


async def add_system(conn: Conn, actor: Actor, name: str, csr: str, bound: str) -> tuple[System, Client, Certificate | None]:
    """A program of the actor's organisation, in the sandbox; the same asked again is the program there is. Raises Conflict before it
    has applied."""
    if name.strip() and (before := await systems.with_key(conn, actor.org_code, " ".join(name.split()), csr, bound)):
        return before
    organisation = await access.organisation(conn, actor.org_code)
    return await systems.add_system(conn, actor, actor.org_code, organisation.name if organisation else actor.org_code, name, csr, bound=bound)


async def own_system(conn: Conn, actor: Actor, client_no: int) -> System:
    """Raises NotFound for a program of another organisation, so that nobody learns which exist."""
    found = await store.system(conn, client_no)
    if found is None or found.org_code != actor.org_code:
        raise NotFound("exchange.system.none", N_("Không có chương trình này."))
    return found


async def system_view(conn: Conn, actor: Actor, client_no: int) -> SystemView:
    system = await own_system(conn, actor, client_no)
    return SystemView(system, await systems.client_of(conn, system), await store.certificates(conn, [client_no]), SYSTEM_CLOCK.now())


async def signing_keys(conn: Conn, org_code: str) -> dict[str, bytes]:
    """Keys with which an organisation signs: thumbprint of each certificate that holds (hex) -> public key (DER)."""
    now = SYSTEM_CLOCK.now()
    programs = await store.systems(conn, org_code)
    found = await store.certificates(conn, [one.client_no for one in programs])
    return {one.thumbprint.hex(): one.spki for one in found if one.holds(now)}


async def may_propose(conn: Conn, org_code: str) -> None:
    """Agreements are asked for by organisations on their way or live. Raises Conflict."""
    partner = await store.one(conn, org_code)
    if partner is None or partner.state not in SANDBOX_OPEN:
        raise Conflict("exchange.partner.stopped", N_("Cơ quan đang bị tạm dừng hoặc chưa được kết nối."))
