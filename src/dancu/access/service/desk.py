"""The purpose an officer works under, chosen once and shown on every page. It travels in a cookie of this
browser (no personal data in it); what it allows the database decides at each look."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote, unquote

from dancu.access.catalogue import PURPOSES
from dancu.access.catalogue.choosing import choose_purpose, purposes
from dancu.kernel.actor import Actor, Purpose
from dancu.kit.i18n import language

COOKIE = "dancu_purpose"
_SEPARATOR = "~"
# Chosen by other means: the citizen's own, the emergency form, the import command.
# What somebody who may do this usually comes to do; the first that fits.
_USUAL = (
    ("person.write.move", "residence_management"),
    ("person.write.die", "civil_status"),
    ("person.read.national", "public_service"),
)
_NOT_OFFERED = frozenset({"own_record", "break_glass", "import"})


def desk_purposes(actor: Actor) -> list[tuple[str, str]]:
    """(code, title) of the purposes under which this actor may read or search; the first is the usual one."""
    mine = tuple(code for code in ("person.read", "person.search") if actor.can(code))
    usual = next((purpose for permission, purpose in _USUAL if actor.can(permission)), "")
    found = [
        (p.code, purpose_title(p.code))
        for p, _ in purposes(serving=mine or ("person.read",))
        if p.code not in _NOT_OFFERED
    ]
    return sorted(found, key=lambda entry: entry[0] != usual)


def desk_purpose(cookies: Mapping[str, str], actor: Actor) -> Purpose:
    """The purpose of this browser's cookie, or the actor's usual one."""
    code, _, case_ref = unquote(cookies.get(COOKIE, "")).partition(_SEPARATOR)
    offered = [value for value, _ in desk_purposes(actor)]
    if code not in offered:
        code, case_ref = (offered or [""])[0], ""
    return choose_purpose(code, "", case_ref[:80])


def purpose_cookie(code: str, case_ref: str) -> str:
    """The cookie's value. Raises Invalid `purpose.unknown`."""
    choose_purpose(code)
    return quote(f"{code}{_SEPARATOR}{case_ref.strip()[:80]}")


def purpose_title(code: str) -> str:
    """A purpose's name in the reader's language; the code itself where it is unknown."""
    purpose = PURPOSES.get(code)
    if purpose is None:
        return code
    return purpose.name_en if language() == "en" else purpose.name
