"""The sandbox: programs on trial are answered about invented people only, and may try every data service before anything was
agreed."""

from __future__ import annotations

from datetime import datetime, timedelta

from dancu.access import service as access
from dancu.kernel.clock import vietnam_day
from dancu.sharing.catalogue import FIELDS, SERVICES
from dancu.sharing.models import Act, AgreementState, DataAgreement


def agreement(org_code: str, service: str, now: datetime) -> DataAgreement | None:
    """What a program on trial may do where nothing was agreed yet: everything of the service, about nobody real."""
    if service not in SERVICES:
        return None
    day = vietnam_day(now)
    permission = SERVICES[service].permission
    purposes = {one.code: bases[0].code for one, bases in access.purposes(day) if permission in one.permissions and bases}
    return DataAgreement(
        org_code, service, 0, frozenset(FIELDS), purposes, False, 10_000, (0, 24), (day, day + timedelta(days=1)),
        AgreementState.IN_FORCE, Act(0, "", now, 0),
    )  # fmt: skip
