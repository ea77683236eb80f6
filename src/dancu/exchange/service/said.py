"""A person's fields as they go out to a partner: from an opened record, or from the sandbox. ISO dates, codes as the registry has
them, places as text with their unit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any, Final

from dancu.kernel.dates import PartialDate
from dancu.population.models import ContactKind, KinRelation, NumberKind, NumberState, PersonView, ResidenceFact
from dancu.territory import service as territory

Value = Any


def of_view(view: PersonView, fields: Iterable[str]) -> dict[str, Value]:
    """Those of `fields` that stand in the record itself ("head" and "members" are other people's)."""
    return {field: _OF_VIEW[field](view) for field in fields if field in _OF_VIEW}


def of_member(view: PersonView) -> dict[str, Value]:
    member = view.membership
    return {"name": view.name.full_name if view.name else None, "relation": member.relation if member else None}


def _partial(year: int | None, month: int | None, day: int | None) -> str | None:
    return str(PartialDate(year, month, day)) if year else None


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _place(unit: int | None, text: str, hamlet_id: int | None = None) -> dict[str, Value] | None:
    """`text`: the declared text and the hamlet, as residence papers write them: without it nobody finds the house."""
    if unit is None and not text:
        return None
    hamlet = territory.hamlet_name(hamlet_id)
    text = ", ".join(part for part in (text, hamlet[:1].upper() + hamlet[1:]) if part)
    return {"text": text, "unit": territory.gazetteer().full_name(unit) if unit is not None else None}


def _home(fact: ResidenceFact | None) -> dict[str, Value] | None:
    if fact is None:
        return None
    return {**(_place(fact.unit_id, fact.address, fact.hamlet_id) or {"text": "", "unit": None}), "since": _day(fact.valid.start), "until": _day(fact.valid.end)}


def _kin(view: PersonView, *relations: KinRelation) -> list[dict[str, Value]]:
    return [
        {
            "relation": str(one.relation), "name": one.relative_name or None, "birth": one.relative_birth or None,
            "number": one.relative_number or None,
        }
        for relation in relations for one in view.relatives(relation)
    ]  # fmt: skip


def _birth(view: PersonView) -> str | None:
    born = view.birth
    return _partial(born.year, born.month, born.day) if born else None


def _birth_place(view: PersonView) -> dict[str, Value] | None:
    born = view.birth
    if born is None:
        return None
    return {"birth": _place(born.birth_unit, born.birth_place), "registration": _place(born.registration_unit, born.registration_place)}


def _trait(name: str) -> Callable[[PersonView], Value]:
    return lambda view: (getattr(view.trait, name) or None) if view.trait else None


def _contact(kind: ContactKind) -> Callable[[PersonView], Value]:
    def read(view: PersonView) -> Value:
        found = view.contact(kind)
        return found.value if found else None

    return read


def _household(view: PersonView) -> dict[str, Value] | None:
    home, member = view.household, view.membership
    if home is None or member is None:
        return None
    return {"relation": str(member.relation), "file_number": home.file_number or None, "address": _place(home.unit_id, home.address, home.hamlet_id)}


def _card(view: PersonView) -> dict[str, Value] | None:
    card = view.card
    if card is None:
        return None
    return {
        "kind": str(card.kind), "number": card.number, "issued_on": _day(card.issued_on), "issued_by": card.issued_by,
        "expires_on": _day(card.expires_on), "state": str(card.state),
    }  # fmt: skip


def _life(view: PersonView) -> dict[str, Value]:
    status = view.life_status
    if status is None:
        return {"status": "alive" if view.alive_until is None else "dead", "date": None}
    return {"status": str(status.status), "date": _partial(status.year, status.month, status.day)}


def _marital(view: PersonView) -> dict[str, Value] | None:
    status = view.marital_status
    return {"status": str(status.status), "since": _day(status.valid.start)} if status else None


_OF_VIEW: Final[Mapping[str, Callable[[PersonView], Value]]] = {
    "name": lambda view: view.name.full_name if view.name else None,
    "other_name": lambda view: [one.full_name for one in view.other_names],
    "birth": _birth,
    "birth_place": _birth_place,
    "sex": lambda view: str(view.birth.sex) if view.birth else None,
    "personal_id": lambda view: view.personal_id.number if view.personal_id else None,
    "old_number": lambda view: [
        one.number for one in view.numbers if not (one.kind == NumberKind.PERSONAL_ID and one.state == NumberState.ACTIVE)
    ],
    "origin": lambda view: _place(view.birth.origin_unit, view.birth.origin_place) if view.birth else None,
    "ethnicity": _trait("ethnicity"), "religion": _trait("religion"), "nationality": _trait("nationality"),
    "address": lambda view: _home(view.permanent), "temporary_address": lambda view: _home(view.temporary),
    "stay": lambda view: _home(view.current_place), "household": _household,
    "parents": lambda view: _kin(view, KinRelation.FATHER, KinRelation.MOTHER, KinRelation.REPRESENTATIVE),
    "spouse": lambda view: next(iter(_kin(view, KinRelation.SPOUSE)), None), "children": lambda view: _kin(view, KinRelation.CHILD),
    "marital": _marital, "card": _card, "life": _life, "phone": _contact(ContactKind.PHONE), "email": _contact(ContactKind.EMAIL),
}  # fmt: skip


# The sandbox ------------------------------------------------------------------------------------------------------------


def of_record(record: Mapping[str, Any], fields: Iterable[str]) -> dict[str, Value]:
    """The same of an invented person (the shape of exchange.answer_many)."""
    born, names, numbers = record["birth"], record["names"], record["numbers"]
    homes = {kind: {"text": text, "unit": None, "since": since, "until": until} for kind, _, text, since, until in record["residences"]}
    contacts, marital, card, life = dict(record["contacts"]), record["marital"], record["card"], record["life"]
    known: dict[str, Value] = {
        "name": names[0][1], "other_name": [text for kind, text in names if kind == "other"],
        "birth": _partial(born["y"], born["m"], born["d"]), "sex": born["sex"],
        "birth_place": {part: {"text": born[key][1], "unit": None} for part, key in (("birth", "place"), ("registration", "registration"))},
        "personal_id": record["number"], "old_number": [number for kind, number, _ in numbers if kind != "personal_id"],
        "origin": {"text": born["origin"][1], "unit": None}, "ethnicity": record["trait"][0], "religion": record["trait"][1],
        "nationality": record["trait"][2], "address": homes.get("permanent"), "temporary_address": homes.get("temporary"),
        "stay": homes.get("current"), "household": None, "head": None, "members": [], "parents": [], "spouse": None, "children": [],
        "marital": {"status": marital[0], "since": marital[1]} if marital else None,
        "card": dict(zip(("kind", "number", "issued_on", "issued_by", "expires_on", "state"), card, strict=True)) if card else None,
        "life": {"status": life[0], "date": _partial(*life[1:])} if life else {"status": "alive", "date": None},
        "phone": contacts.get("phone"), "email": contacts.get("email"),
    }  # fmt: skip
    return {field: known[field] for field in fields}
