"""The part of the address each ministry answers under."""

from __future__ import annotations

from typing import Final

PREFIXES: Final[dict[str, str]] = {
    "civil_status": "hotich",
    "driving_licence": "gplx",
    "electricity": "dien",
    "health_insurance": "bhyt",
    "housing": "nhao",
    "land": "datdai",
    "medical_examination": "kcb",
    "merit": "ncc",
    "school_results": "hocba",
    "social_insurance": "bhxh",
    "vehicles": "xe",
}
