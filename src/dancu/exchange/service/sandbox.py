"""The sandbox: programs on trial are answered about invented people only, and may try every data service before anything was
agreed."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson

from dancu.access import service as access
from dancu.kernel.clock import vietnam_day
from dancu.kernel.names import normal_form
from dancu.sharing.models import FIELDS, SERVICES, Act, AgreementState, DataAgreement


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


def nothing(org_code: str, service: str, now: datetime) -> DataAgreement:
    """For what needs no agreement: no fields, no purposes."""
    day = vietnam_day(now)
    return DataAgreement(
        org_code, service, 0, frozenset(), {}, False, 1, (0, 24), (day, day + timedelta(days=1)), AgreementState.IN_FORCE, Act(0, "", now, 0)
    )


Said = dict[str, Any]


@lru_cache(1)
def people() -> tuple[Said, ...]:
    """Everybody there is in the sandbox, as exchange.answer_many says of people. Their numbers begin with 000, which no province
    or country has: nobody real can be among them."""
    return tuple(orjson.loads((Path(__file__).parent / "sandbox_people.json").read_bytes()))


def find(number: str) -> tuple[str, Said | None]:
    """('ok', what is said of them), ('not_found', None) or ('ambiguous', None)."""
    found = [one for one in people() if any(number == known for _, known, _ in one["numbers"])]
    return ("ok", found[0]) if len(found) == 1 else ("ambiguous" if found else "not_found", None)


def named(folded: str, plain: str, year: int, month: int | None, day: int | None) -> tuple[str, Said | None]:
    """By name and birth, as population.named does."""
    forms = [(normal_form(one["names"][0][1]).keys, one) for one in people()]
    fitting = [
        (keys.tone_folded == folded, one) for keys, one in forms
        if folded == keys.tone_folded or plain == keys.ascii
        if one["birth"]["y"] == year and month in (None, one["birth"]["m"]) and day in (None, one["birth"]["d"])
    ]  # fmt: skip
    found = [one for exact, one in fitting if exact] or [one for _, one in fitting]
    return ("ok", found[0]) if len(found) == 1 else ("ambiguous" if found else "not_found", None)
