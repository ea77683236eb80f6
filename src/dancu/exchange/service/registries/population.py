"""The population as a registry of its own name: read only, one person at a time by number, released by the gate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from dancu.exchange.service.registries.reader import Reader
from dancu.kernel.errors import DancuError, NotAllowed
from dancu.kit.db import Conn
from dancu.kit.i18n import N_
from dancu.population.models import PersonView
from dancu.population.service import verify as released
from dancu.population.service.look import check_number, keys_by_number, missed

POPULATION: Final = "population"
# Member of a population record -> field of an agreement.
_PERSON: Final[Mapping[str, str]] = {
    "id": "personal_id", "firstName": "name", "lastName": "name", "birthDate": "birth", "sex": "sex", "alive": "life",
}  # fmt: skip
_EVIDENCE: Final[Mapping[str, str]] = {"personal_id": "number", "name": "name", "birth": "birth", "sex": "sex", "life": "life"}


async def person(conn: Conn, reader: Reader, wanted: Mapping[str, Any]) -> dict[str, Any] | None:
    number = wanted.get("id")
    if not isinstance(number, str):
        raise NotAllowed("registry.no_trawling", N_("Dữ liệu dân cư chỉ đọc từng người theo số định danh (query.id), không tìm theo mẫu."))
    try:
        check_number(number)
    except DancuError:
        return None
    members = {member: field for member, field in _PERSON.items() if field in reader.fields}
    fields = tuple(dict.fromkeys(_EVIDENCE[field] for field in members.values()))
    keys = await keys_by_number(conn, number)
    if not keys:
        await missed(conn, reader.actor, reader.reason, verb="registry.population")
    for key in keys:
        view = await released.release(conn, reader.actor, reader.reason, key, fields)
        if view.merged_into is not None:
            continue
        shown = {member: value for member, value in _shown(view, number).items() if member in members}
        return shown if all(shown.get(member) == value for member, value in wanted.items()) else None
    return None


def _shown(view: PersonView, number: str) -> dict[str, Any]:
    words = view.name.full_name.split() if view.name else []
    birth = view.birth
    parts = [part for part in ((birth.year, birth.month, birth.day) if birth else ()) if part]
    return {
        "id": number, "firstName": " ".join(words[1:]), "lastName": words[0] if words else "",
        "birthDate": "-".join(f"{part:02d}" for part in parts), "sex": str(birth.sex) if birth else "", "alive": view.alive_until is None,
    }  # fmt: skip
