"""Which organisation somebody means, and making one that is not known yet."""

from __future__ import annotations

import re

from dancu.access import service as access
from dancu.access.models import Organisation
from dancu.exchange.models.partner import Partner
from dancu.exchange.store import partners as store
from dancu.kernel.actor import SYSTEM, Actor
from dancu.kernel.errors import FieldError, Invalid, NotFound
from dancu.kernel.text import fold_ascii
from dancu.kit.db import Conn
from dancu.kit.i18n import N_
from dancu.oidc.service import registration

# What scripts may call a kind -> the kind of organisation.
KINDS = {"ministry": "ministry", "government": "government", "province": "committee", "committee": "committee", "enterprise": "enterprise"}
_SHOWN = 12


async def find(conn: Conn, text: str) -> tuple[Partner, Organisation]:
    """The partner somebody names by organisation code, name or client id. Raises NotFound, which says whom there is."""
    wanted = " ".join(text.split())
    named = {org.org_code: org for org in await access.organisations(conn)}
    partners = {one.org_code: one for one in await store.every(conn)}
    code = wanted if wanted in partners else ""
    if not code:
        fitting = [org for org in partners if org in named and fold_ascii(wanted) in (fold_ascii(named[org].name), fold_ascii(org), fold_ascii(named[org].name_en))]
        code = fitting[0] if len(fitting) == 1 else ""
    if not code:
        clients = {client.client_id: client.org_code for client in await registration.registered(conn, SYSTEM)}
        code = clients.get(wanted, "") if clients.get(wanted, "") in partners else ""
    if not code or code not in named:
        some = ", ".join(sorted(partners)[:_SHOWN]) or "–"
        raise NotFound("exchange.partner.unknown", N_("Không có cơ quan kết nối “{partner}”. Có: {valid}."), partner=text[:80], valid=some)
    return partners[code], named[code]


async def found_or_made(conn: Conn, actor: Actor, name: str, org_code: str | None, kind: str) -> Organisation:
    """The organisation of this code or name; made where there is none. Raises Invalid for a kind or code that is none."""
    name = " ".join(name.split())
    if not name:
        message = N_("Cần tên cơ quan.")
        raise Invalid("exchange.partner.name", message, fields=(FieldError("name", "exchange.partner.name", message),))
    known = await access.organisations(conn)
    for org in known:
        if org.org_code == org_code or (org_code is None and fold_ascii(org.name) == fold_ascii(name)):
            return org
    if kind not in KINDS:
        valid = ", ".join(KINDS)
        message = N_("Loại cơ quan là một trong: {valid}.")
        raise Invalid("exchange.partner.kind", message, fields=(FieldError("kind", "exchange.partner.kind", message, (("valid", valid),)),), valid=valid)
    code = org_code or _code_of(name, {org.org_code for org in known})
    return await access.add_organisation(conn, actor, code, name, KINDS[kind])


def _code_of(name: str, taken: set[str]) -> str:
    """A code from the name: "Bộ Y tế" -> "BO-Y-TE"."""
    base = re.sub(r"[^A-Z0-9]+", "-", fold_ascii(name).upper()).strip("-")[:34].strip("-") or "CO-QUAN"
    code, number = base, 2
    while code in taken:
        code, number = f"{base}-{number}", number + 1
    return code


async def names(conn: Conn) -> dict[str, str]:
    """Organisation code -> name as the reader reads it."""
    return await access.organisation_names(conn)
