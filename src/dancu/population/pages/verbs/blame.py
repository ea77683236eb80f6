"""Which answer a verb's refusal is about, so that the form can point there. Verbs know nothing of forms; their codes
say enough."""

from __future__ import annotations

from collections.abc import Collection

from dancu.kernel.errors import DancuError

#: Prefix of the code -> fields it may be about; the first one the form has is pointed at.
_ABOUT: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("person.phone", ("value",)),
    ("contact.", ("value",)),
    ("person.number.place_", ("registration_place",)),
    ("person.number.place", ("place_code",)),
    ("person.number.cell_full", ("place_code",)),
    ("person.number.reason", ("reason",)),
    ("person.number.before_issue", ("on",)),
    ("person.number.taken", ("personal_id",)),
    ("person.date", ("since", "on", "issued_on", "born")),
    ("person.birth", ("born",)),
    ("person.period", ("until", "end", "expires_on")),
    ("person.not_found", ("spouse_key", "household_of", "other", "head", "parent", "representative")),
    ("residence.", ("place", "kind", "since")),
    ("household.none", ("household_of",)),
    ("household.not_found", ("household_of",)),
    ("household.", ("since", "on")),
    ("kin.", ("parent", "representative", "mother")),
    ("marriage.", ("spouse_key", "on")),
    ("merge.", ("other",)),
    ("card.", ("number", "issued_on", "on")),
)


def field_of(error: DancuError, fields: Collection[str]) -> str | None:
    """The field to point at, or None where the refusal is about the whole."""
    named = error.params.get("field")
    if isinstance(named, str) and named in fields:
        return named
    for prefix, candidates in _ABOUT:
        if error.code.startswith(prefix):
            return next((name for name in candidates if name in fields), None)
    return None
