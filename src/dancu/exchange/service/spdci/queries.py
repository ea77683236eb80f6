"""Whom a query of the standard's languages names, and the standard's codes for all it may not ask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

_ID_TYPES: Final = frozenset({"uin", "nationalid", "nid", "personal_id", "cmnd", "national_id", "ddcn"})
_NUMBER: Final = frozenset({*_ID_TYPES, "identifier", "identifier_value", "identifier.identifier_value", "id"})
_NAME: Final = frozenset({"name", "full_name"})
_BORN: Final = frozenset({"birth_date", "birthdate", "dob"})


class Rejected(Exception):
    """One request of a message is not answered: `code` of the standard, text for people."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(code)
        self.code, self.text = code, text


@dataclass(frozen=True, slots=True)
class Named:
    """Whom a query names."""

    number: str = ""
    name: str = ""
    born: str = ""


def named_by(query_type: Any, query: Any) -> Named:
    """Whom a query of one of the standard's languages names. Raises Rejected for all it may not ask."""
    if query_type == "idtype-value" and isinstance(query, Mapping):
        kind, value = str(query.get("type", "")), query.get("value")
        if isinstance(value, Mapping):
            value = value.get("value")
        if kind.rpartition(":")[2].lower() not in _ID_TYPES or not isinstance(value, str | int) or isinstance(value, bool):
            raise Rejected("rjct.search_criteria.invalid", "type must be UIN or NationalID, value a number as text")
        return Named(number=str(value))
    if query_type == "predicate" and isinstance(query, Sequence) and not isinstance(query, str):
        return _named([pair for part in query for pair in _predicates(part)])
    if query_type == "expression" and isinstance(query, Mapping):
        inner = query.get("value")
        inner = inner.get("expression") if isinstance(inner, Mapping) else None
        inner = inner.get("query", inner) if isinstance(inner, Mapping) else None
        return _named(_expressions(inner))
    raise Rejected("rjct.search_criteria.invalid", "query_type must be idtype-value, predicate or expression")


def _predicates(part: Any) -> list[tuple[str, Any]]:
    if not isinstance(part, Mapping) or part.get("condition", "and") != "and":
        raise Rejected("rjct.filter.invalid", "only equality joined by 'and' is answered")
    pairs = []
    for name in ("expression1", "expression2"):
        test = part.get(name)
        if test is None:
            continue
        if not isinstance(test, Mapping) or test.get("operator") != "eq":
            raise Rejected("rjct.filter.invalid", "only equality joined by 'and' is answered")
        pairs.append((str(test.get("attribute_name", "")), test.get("attribute_value")))
    return pairs


def _expressions(query: Any, depth: int = 0) -> list[tuple[str, Any]]:
    if not isinstance(query, Mapping) or depth > 4:
        raise Rejected("rjct.filter.invalid", "only equality joined by '$and' is answered")
    pairs: list[tuple[str, Any]] = []
    for member, test in query.items():
        if member == "$and" and isinstance(test, Sequence) and not isinstance(test, str):
            pairs += [pair for part in test for pair in _expressions(part, depth + 1)]
        elif member.startswith("$"):
            raise Rejected("rjct.filter.invalid", "only equality joined by '$and' is answered")
        elif isinstance(test, Mapping) and set(test) == {"$eq"}:
            pairs.append((member, test["$eq"]))
        elif isinstance(test, str | int) and not isinstance(test, bool):
            pairs.append((member, test))
        else:
            raise Rejected("rjct.filter.invalid", "only equality joined by '$and' is answered")
    return pairs


def _named(pairs: Sequence[tuple[str, Any]]) -> Named:
    said_so = {name.lower(): str(value) for name, value in pairs if isinstance(value, str | int) and not isinstance(value, bool)}
    number = next((value for name, value in said_so.items() if name in _NUMBER), "")
    name = next((value for key, value in said_so.items() if key in _NAME), "")
    born = next((value for key, value in said_so.items() if key in _BORN), "")
    if len(said_so) != len(pairs) or said_so.keys() - _NUMBER - _NAME - _BORN or not (number or (name and born)):
        raise Rejected("rjct.filter.invalid", "name one person: by identifier, or by name and birth_date")
    return Named(number, name, born)
