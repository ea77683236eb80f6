"""The registry's facts as OpenID Connect claims (OIDC Core §5.1). What the registry does not know is left out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from dancu.accounts.models import Contacts
from dancu.accounts.models.organisation import Standing
from dancu.oidc.models.facts import Facts, Home
from dancu.oidc.policy import GROUPS
from dancu.population.models import PersonView
from dancu.territory import service as territory

_GENDERS = {"male": "male", "female": "female"}


def facts_of(view: PersonView) -> Facts:
    """What claims are made of, from a record."""
    birth, home = view.birth, view.permanent or view.current_place or view.temporary
    return Facts(
        name=view.name.full_name if view.name else "",
        birth=(birth.year, birth.month, birth.day) if birth else (None, None, None),
        sex=str(birth.sex) if birth else "",
        number=view.personal_id.number if view.personal_id else "",
        nationality=view.trait.nationality if view.trait else "",
        home=Home(home.address, home.hamlet_id, home.unit_id) if home else None,
    )


def claim_values(facts: Facts, contacts: Contacts | None, groups: Iterable[str], standings: Sequence[Standing] = ()) -> dict[str, Any]:
    """The claims of these groups; `standings` is for whom the person acts today, none of them an empty list. Birth dates known in part are given in part: "1960" (§5.1 allows a year alone), or
    nothing where only the month is known beside it, which the standard has no word for."""
    made: dict[str, Any] = {}
    for group in filter(frozenset(groups).__contains__, GROUPS):
        made |= _of(group, facts, contacts) if group != "organisations" else {group: [_organisation(one) for one in standings]}
    known = made.values()
    return {claim: value for claim, value in made.items() if value is not None and value != ""} if None in known or "" in known else made


def _of(group: str, facts: Facts, contacts: Contacts | None) -> dict[str, Any]:
    if group == "name":
        return _name(facts.name) if facts.name else {}
    if group == "birthdate":
        return {"birthdate": _birthdate(*facts.birth)}
    if group == "gender":
        return {"gender": _GENDERS.get(facts.sex)}
    if group == "personal_id":
        return {"personal_id": facts.number}
    if group == "address":
        return {"address": _address(facts.home)}
    if group == "nationality":
        return {"nationality": facts.nationality}
    if contacts is None:
        return {}
    if group == "phone":
        return {"phone_number": _e164(contacts.phone), "phone_number_verified": contacts.phone_verified if contacts.phone else None}
    return {"email": contacts.email, "email_verified": contacts.email_verified if contacts.email else None}


def _name(full: str) -> dict[str, str]:
    """Vietnamese order: family name first, given name last, what stands between is the middle name."""
    words = full.split()
    return {
        "name": full, "family_name": words[0] if len(words) > 1 else "", "given_name": words[-1] if words else "",
        "middle_name": " ".join(words[1:-1]),
    }  # fmt: skip


def _birthdate(year: int | None, month: int | None, day: int | None) -> str | None:
    if year is None:
        return None
    if month and day:
        return f"{year:04d}-{month:02d}-{day:02d}"
    return f"{year:04d}" if not month else None


def _address(home: Home | None) -> dict[str, str] | None:
    if home is None:
        return None
    unit = territory.gazetteer().full_name(home.unit_id) if home.unit_id is not None else ""
    parts = [home.address, territory.hamlet_name(home.hamlet_id), unit]
    text = ", ".join(part for part in parts if part)
    return {"formatted": text, "country": "VN"} if text else None


def _organisation(one: Standing) -> dict[str, Any]:
    return {"tax_code": one.tax_code, "name": one.name, "representative": one.representative, "powers": list(one.powers)}


def _e164(phone: str) -> str:
    return "+84" + phone[1:] if phone.startswith("0") else phone
