"""The connectors there are: their definitions read once."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from dancu.exchange.models.connectors import Connector, Field, Freshness, How, Limits, Paging, Part

_FOLDER = Path(__file__).parent / "definitions"
_ORDER = (
    "health_insurance", "social_insurance", "driving_licence", "vehicles", "medical_examination", "civil_status", "school_results",
    "electricity", "land", "housing", "merit",
)  # fmt: skip


@lru_cache(maxsize=1)
def connectors() -> Mapping[str, Connector]:
    """Every connector by its code, in the order people look for them."""
    found = {one.code: one for one in (read(path) for path in sorted(_FOLDER.glob("*.yaml")))}
    return {code: found[code] for code in sorted(found, key=lambda code: _ORDER.index(code) if code in _ORDER else len(_ORDER))}


def connector(code: str) -> Connector | None:
    return connectors().get(code)


def read(path: Path) -> Connector:
    """A definition. ValueError names the file and what is wrong in it: a connector that cannot be read is not started."""
    import yaml

    try:
        return _connector(yaml.safe_load(path.read_text("utf-8")))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"{path.name}: {type(error).__name__}: {error}") from error


def _connector(given: dict[str, Any]) -> Connector:
    ask, found = given["ask"], given.get("found")
    paging = ask.get("paging")
    return Connector(
        code=given["code"], title=given["title"], owner=given["owner"], basis=given["basis"], purpose=given["purpose"],
        path=ask["path"], asked_as=ask["number"], format=ask["format"], root=ask.get("root", ""),
        identity={code: _field(code, one) for code, one in given["identity"].items()},
        parts=tuple(_part(code, one) for code, one in given["parts"].items()),
        updated=_field("updated", given["updated"]),
        desk_title=given["desk"],
        found=(found["path"], frozenset(map(str, found["values"]))) if found else None,
        nobody=frozenset(ask.get("nobody", (404,))),
        paging=Paging(paging["kind"], paging["param"], paging.get("total", ""), paging.get("next", ""), paging.get("most", 20)) if paging else None,
        paged=paging["rows"] if paging else "",
        limits=Limits(**given.get("limits", {})), freshness=Freshness(**given.get("freshness", {})),
        sensitive=bool(given.get("consent")), consent_group=given.get("consent", {}).get("group", ""),
        receiver=given.get("consent", {}).get("receiver", 0),
    )  # fmt: skip


def _part(code: str, given: dict[str, Any]) -> Part:
    fields = tuple(_field(name, one) for name, one in given["fields"].items())
    return Part(code, given["path"], given["title"], fields, bool(given.get("single")), given.get("names", fields[0].code))


def _field(code: str, given: dict[str, Any]) -> Field:
    format = given.get("format", ())
    return Field(
        code, given["at"], given.get("title", ""), How(given.get("as", "text")), (format,) if isinstance(format, str) else tuple(format),
        {str(theirs): ours for theirs, ours in given.get("codes", {}).items()}, given.get("unit", ""), given.get("owned", True),
    )  # fmt: skip
