"""Readings as JSON."""

from __future__ import annotations

from typing import Any

from dancu.cards.models import Reading
from dancu.cards.service.comparing import Compared
from dancu.kit.i18n import gettext


def reading_json(reading: Reading) -> dict[str, Any]:
    """What was read. Dates are ISO, a partial date of birth Y or Y-M."""
    return {
        "kind": reading.kind.value,
        "number": reading.number,
        "old_number": reading.old_number or None,
        "name": reading.name or None,
        "name_reliable": reading.name_reliable,
        "birth": str(reading.birth) if reading.birth else None,
        "sex": reading.sex or None,
        "address": reading.address or None,
        "issued_on": reading.issued_on.isoformat() if reading.issued_on else None,
        "expires_on": reading.expires_on.isoformat() if reading.expires_on else None,
        "degraded": list(reading.degraded),
        "extras": list(reading.extras),
        "findings": [
            {"code": finding.code, "message": gettext(finding.message, **dict(finding.params))}
            for finding in reading.findings
        ],
    }


def as_json(reading: Reading, compared: Compared) -> dict[str, Any]:
    """What was read and how it compares."""
    return {
        **reading_json(reading),
        "registry": {
            "found": compared.found,
            "alive": compared.alive if compared.found else None,
            "agrees": compared.agrees,
            "fields": {name: word.value for name, word in compared.fields.items()},
            "card": compared.card.value,
        },
    }
