"""Persons in the shapes of the standard; what was not agreed is empty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from dancu.exchange.service import said
from dancu.population.models import PersonView

_SEX: Final = {"male": "male", "female": "female"}
_MARITAL: Final = {"single": "S", "married": "M", "divorced": "D", "widowed": "W"}


def _identifier(number: str | None) -> dict[str, Any]:
    return {"@type": "Identifier", "identifier_type": "UIN", "identifier_value": number or ""}


def _name(full: str | None) -> dict[str, Any]:
    words = (full or "").split()
    middle = " ".join(words[1:-1])
    return {"@type": "Name", "surname": words[0] if words else "", "given_name": words[-1] if len(words) > 1 else "", "second_name": middle,
            "prefix": "", "suffix": ""}  # fmt: skip


def _address(home: Any) -> dict[str, Any]:
    found = home if isinstance(home, Mapping) else {}
    return {"@type": "Address", "address_line1": found.get("text") or "", "address_line2": found.get("unit") or "", "locality": "",
            "sub_region_code": "", "region_code": "", "postal_code": "", "country_code": "VN"}  # fmt: skip


def person(view: PersonView, wanted: Sequence[str]) -> dict[str, Any]:
    """A person in the shape of CRVS; what was not agreed is empty."""
    facts = said.of_view(view, wanted)
    life, marital = facts.get("life") or {}, facts.get("marital") or {}
    parents = [one.get("number") for one in facts.get("parents") or () if one.get("relation") in ("father", "mother")]
    number = facts.get("personal_id")
    birth = facts.get("birth_place") or {}
    return {
        "@context": {"@vocab": "https://schema.spdci.org/common/v1"}, "@id": f"urn:dancu:person:{number or ''}", "@type": "CRVS_Person",
        "identifier": _identifier(number), "name": _name(facts.get("name")), "sex": _SEX.get(str(facts.get("sex")), "unknown"),
        "birth_date": facts.get("birth") or "", "birth_place": {"name": ((birth.get("birth") or {}).get("text") or ""), "address_line": ""},
        "death_date": (life.get("date") or "") if life.get("status") == "dead" else "", "death_place": "", "address": _address(facts.get("address")),
        "phone_number": [facts["phone"]] if facts.get("phone") else [], "email": [facts["email"]] if facts.get("email") else [],
        "marital_status": _MARITAL.get(str(marital.get("status")), "U") if marital else "",
        "marriage_date": (marital.get("since") or "") if marital.get("status") == "married" else "",
        "divorce_date": (marital.get("since") or "") if marital.get("status") == "divorced" else "",
        "parent1_identifier": _identifier(parents[0] if parents else None), "parent2_identifier": _identifier(parents[1] if len(parents) > 1 else None),
    }  # fmt: skip


def member(view: PersonView) -> dict[str, Any]:
    """A member of a household by name alone, as the data service *look up* tells it: an agreement's other fields are of the person
    who was asked about, and so is the evidence."""
    return {
        "@type": "Member", "@id": "urn:dancu:person:", "member_identifier": [_identifier(None)],
        "demographic_info": {
            "@type": "SRPerson", "identifier": [_identifier(None)], "name": _name(said.of_member(view)["name"]), "sex": "unknown", "birth_date": "",
            "address": _address(None),
        },
        "is_disabled": False, "marital_status": "",
    }  # fmt: skip
