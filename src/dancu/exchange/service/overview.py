"""A partner as it stands, in plain values: for scripts and pages alike."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from dancu.access import service as access
from dancu.exchange.models.partner import Certificate
from dancu.exchange.store import partners as store
from dancu.kernel.actor import SYSTEM
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kernel.errors import NotFound
from dancu.kit.db import Conn
from dancu.kit.i18n import N_
from dancu.oidc.service import registration
from dancu.sharing.models import DataAgreement, ordered_fields
from dancu.sharing.service import data_agreements


async def partner(conn: Conn, org_code: str) -> dict[str, Any]:
    """State, programs with their certificates, agreements that stand or wait. Raises NotFound."""
    found = await store.one(conn, org_code)
    if found is None:
        raise NotFound("exchange.partner.none", N_("Cơ quan này chưa xin kết nối."))
    organisation = await access.organisation(conn, org_code)
    clients = {client.client_no: client for client in await registration.registered(conn, SYSTEM, org_code)}
    systems = await store.systems(conn, org_code)
    certificates = await store.certificates(conn, [system.client_no for system in systems])
    agreements = await data_agreements.of(conn, org_code)
    return {
        "org_code": org_code, "name": organisation.name if organisation else org_code, "state": str(found.state),
        "reason": found.reason, "due": found.due.isoformat() if found.due else None, "escalated": found.escalated_at is not None,
        "systems": [
            {
                "name": system.name, "client_id": clients[system.client_no].client_id, "environment": str(system.environment),
                "certificates": [certificate(one) for one in certificates if one.client_no == system.client_no],
            }
            for system in systems
        ],
        "agreements": [agreement(one) for one in agreements if one.state in ("in_force", "proposed")],
    }  # fmt: skip


def certificate(one: Certificate) -> dict[str, Any]:
    now = SYSTEM_CLOCK.now()
    state = "valid" if one.holds(now) else "revoked" if one.revoked_at else "expired"
    return {
        "serial": one.serial, "thumbprint": one.thumbprint.hex(), "not_after": one.not_after.isoformat(), "state": state,
    }  # fmt: skip


def agreement(one: DataAgreement) -> dict[str, Any]:
    """`until`: the last day on which it holds. `purpose_fields`: of every purpose, `fields` are those of any."""
    return {
        "org_code": one.org_code, "service": one.service, "version": one.version, "state": str(one.state), "fields": ordered_fields(one.fields),
        "purposes": one.purposes, "purpose_fields": {code: ordered_fields(one.fields_for(code)) for code in one.purposes},
        "consent_needed": one.consent_needed, "quota_day": one.quota_day,
        "hours": f"{one.hours[0]}-{one.hours[1]}",
        "from": one.valid[0].isoformat(), "until": (one.valid[1] - timedelta(days=1)).isoformat(), "due": one.due.isoformat() if one.due else None,
        "signed_by_partner": bool(one.partner_seal), "sealed": one.sealed,
    }  # fmt: skip
