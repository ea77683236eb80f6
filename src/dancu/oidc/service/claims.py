"""The registry's facts as OpenID Connect claims (OIDC Core §5.1). What the registry does not know is left out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from dancu.accounts.models import Contacts
from dancu.oidc.policy import GROUPS
from dancu.population.models import PersonView
from dancu.territory import service as territory

_GENDERS = {"male": "male", "female": "female"}


def claim_values(view: PersonView, contacts: Contacts | None, groups: Iterable[str]) -> dict[str, Any]:
    """The claims of these groups. Birth dates known in part are given in part: "1960" (§5.1 allows a year alone), or
    nothing where only the month is known beside it, which the standard has no word for."""
    made: dict[str, Any] = {}
    for group in GROUPS:
        if group in groups:
            made |= {claim: value for claim, value in _of(group, view, contacts).items() if value not in (None, "")}
    return made


def _of(group: str, view: PersonView, contacts: Contacts | None) -> dict[str, Any]:
    if group == "name":
        return _name(view.name.full_name) if view.name else {}
    if group == "birthdate":
        return {"birthdate": _birthdate(view)}
    if group == "gender":
        return {"gender": _GENDERS.get(str(view.birth.sex)) if view.birth else None}
    if group == "personal_id":
        return {"personal_id": view.personal_id.number if view.personal_id else None}
    if group == "address":
        return {"address": _address(view)}
    if group == "nationality":
        return {"nationality": view.trait.nationality if view.trait else None}
    if contacts is None:
        return {}
    if group == "phone":
        return {"phone_number": _e164(contacts.phone), "phone_number_verified": contacts.phone_verified if contacts.phone else None}
    return {"email": contacts.email, "email_verified": contacts.email_verified if contacts.email else None}


def _name(full: str) -> dict[str, str]:
    """Vietnamese order: family name first, given name last, what stands between is the middle name."""
    words = full.split()
    parts = {"name": full, "family_name": words[0] if len(words) > 1 else "", "given_name": words[-1] if words else ""}
    return {**parts, "middle_name": " ".join(words[1:-1])}


def _birthdate(view: PersonView) -> str | None:
    birth = view.birth
    if birth is None or birth.year is None:
        return None
    if birth.month and birth.day:
        return f"{birth.year:04d}-{birth.month:02d}-{birth.day:02d}"
    return f"{birth.year:04d}" if not birth.month else None


def _address(view: PersonView) -> dict[str, str] | None:
    home = view.permanent or view.current_place or view.temporary
    if home is None:
        return None
    unit = territory.gazetteer().full_name(home.unit_id) if home.unit_id is not None else ""
    parts = [home.address, territory.hamlet_name(home.hamlet_id), unit]
    text = ", ".join(part for part in parts if part)
    return {"formatted": text, "country": "VN"} if text else None


def _e164(phone: str) -> str:
    return "+84" + phone[1:] if phone.startswith("0") else phone
