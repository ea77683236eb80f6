"""Which partners' programs need a citizen's consent, for what; and giving it. Taking back is among the citizen's consents."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from dancu.access import service as access
from dancu.exchange.models.partner import Environment, PartnerState
from dancu.exchange.store import partners
from dancu.kernel.actor import Actor, Purpose
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kernel.errors import FieldError, Invalid, NotFound
from dancu.kit.db import Conn
from dancu.kit.i18n import N_
from dancu.sharing import service as sharing
from dancu.sharing.models import GROUPS, SERVICES, DataAgreement, ordered_fields
from dancu.sharing.service import data_agreements

#: Days a consent can be given for.
DAYS: Final = (30, 180, 365)


@dataclass(frozen=True, slots=True)
class Asker:
    """A program of a partner and a purpose for which it may have `fields` by consent alone (of those somebody can consent to)."""

    client_no: int
    program: str
    org_code: str
    org_name: str
    purpose: str
    legal_basis: str
    fields: tuple[str, ...]

    @property
    def groups(self) -> frozenset[str]:
        return frozenset(GROUPS[field] for field in self.fields)


async def askers(conn: Conn, day: date | None = None) -> list[Asker]:
    """By name of organisation."""
    today = day or SYSTEM_CLOCK.today()
    wanted: dict[tuple[str, str], tuple[str, set[str]]] = {}
    for one in await data_agreements.all_in_force(conn):
        if one.holds(today) and SERVICES[one.service].asks:
            for purpose, fields in _needing(one, today).items():
                wanted.setdefault((one.org_code, purpose), (one.purposes[purpose], set()))[1].update(fields)
    if not wanted:
        return []
    names = await access.organisation_names(conn)
    live = {one.org_code for one in await partners.every(conn) if one.state is PartnerState.LIVE}
    systems = [one for one in await partners.systems(conn) if one.environment is Environment.LIVE and one.org_code in live]
    found = [
        Asker(system.client_no, system.name, org, names.get(org, org), purpose, basis, tuple(ordered_fields(fields)))
        for (org, purpose), (basis, fields) in wanted.items() for system in systems if system.org_code == org
    ]  # fmt: skip
    return sorted(found, key=lambda one: (one.org_name, one.program, one.purpose))


def _needing(agreement: DataAgreement, day: date) -> dict[str, frozenset[str]]:
    told = {code: agreement.needing_consent(code, agreement.fields_for(code), day) & GROUPS.keys() for code in agreement.purposes}
    return {code: fields for code, fields in told.items() if fields}


async def give(conn: Conn, actor: Actor, client_no: int, purpose: str, groups: Iterable[str], days: int) -> None:
    """The citizen lets this program have these groups for this purpose, for `days`. Raises NotFound where nobody asks for that, Invalid
    for nothing ticked or another time."""
    one = next((one for one in await askers(conn) if (one.client_no, one.purpose) == (client_no, purpose)), None)
    if one is None:
        raise NotFound("consent.asker", N_("Cơ quan này không cần bạn đồng ý cho việc đó nữa."))
    ticked = frozenset(groups)
    if not ticked or ticked - one.groups:
        message = N_("Hãy chọn ít nhất một loại thông tin trong danh sách.")
        raise Invalid("consent.groups", message, fields=(FieldError("groups", "consent.groups", message),))
    if days not in DAYS:
        message = N_("Hãy chọn thời hạn.")
        raise Invalid("consent.days", message, fields=(FieldError("days", "consent.days", message),))
    org = await access.organisation(conn, one.org_code)
    await sharing.give(
        conn, actor, client_no, ticked, Purpose(one.purpose, one.legal_basis), SYSTEM_CLOCK.now() + timedelta(days=days),
        client_name=one.program, org_code=one.org_code, org_name=org.name if org else one.org_code,
    )  # fmt: skip
