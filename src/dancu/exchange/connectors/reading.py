"""Reading a ministry's answer with its definition: JSON or XML in, our words out. Pure, and wary: what was sent is not ours."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any
from xml.etree import ElementTree

from dancu.exchange.models.connectors import Connector, Content, Field, How, Part

_MOST_ROWS = 2_000
_LONGEST = 500
_DEEPEST = 40


class Unreadable(ValueError):
    """The answer is not what the definition says it is. The text says what, never what stood there."""


def parse(body: bytes, format: str) -> Any:
    """The answer as mappings, lists and texts. Raises Unreadable."""
    try:
        if format == "json":
            return json.loads(body)
        text = body.decode("utf-8-sig")
        if "<!DOCTYPE" in text or "<!ENTITY" in text:  # nothing we read needs one, and entities can be made to explode
            raise Unreadable("the XML declares a document type")
        return _element(ElementTree.fromstring(text), 0)  # noqa: S314 (no document type, so no entities)
    except (ValueError, ElementTree.ParseError, RecursionError) as error:
        if isinstance(error, Unreadable):
            raise
        raise Unreadable(f"not {format}") from error


def _element(node: ElementTree.Element, depth: int) -> Any:
    """Elements of one name become a list; an element without children is its text."""
    if depth > _DEEPEST:
        raise Unreadable("nested too deep")
    if len(node) == 0:
        return (node.text or "").strip()
    found: dict[str, Any] = {}
    for child in node:
        name, value = child.tag.rpartition("}")[2], _element(child, depth + 1)
        if name in found:
            if not isinstance(found[name], list):
                found[name] = [found[name]]
            found[name].append(value)
        else:
            found[name] = value
    return found


def get(value: Any, path: str) -> Any:
    """What stands at "a.b.0"; None where nothing does. "" is the value itself."""
    for key in path.split(".") if path else ():
        if isinstance(value, list):
            value = value[int(key)] if key.isdigit() and int(key) < len(value) else None
        else:
            value = value.get(key) if isinstance(value, Mapping) else None
    return value


def somebody(connector: Connector, answer: Any) -> bool:
    """Does the answer say that there is somebody?"""
    return connector.found is None or str(get(answer, connector.found[0])) in connector.found[1]


def content(connector: Connector, answers: Sequence[Any]) -> Content:
    """One person's content from the pages of an answer. Raises Unreadable where a page is not what it should be."""
    first = get(answers[0], connector.root)
    if not isinstance(first, Mapping):
        raise Unreadable("nothing where the record should be")
    unread: list[str] = []
    holder = {code: read for code, one in connector.identity.items() if (read := _text(one, first, unread, f"holder.{code}"))}
    if "number" not in holder:
        raise Unreadable("it does not say whose it is")
    parts = {part.code: tuple(_rows(connector, part, answers, unread)) for part in connector.parts}
    as_of = _text(connector.updated, first, unread, "updated")
    return Content(holder, parts, date.fromisoformat(as_of) if len(as_of) == 10 else None, tuple(dict.fromkeys(unread)))


def _rows(connector: Connector, part: Part, answers: Sequence[Any], unread: list[str]) -> Sequence[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for at, answer in enumerate(answers):
        if at and part.path != connector.paged:
            break  # only one list goes on from page to page
        rows = get(get(answer, connector.root), part.path)
        rows = [] if rows in (None, "") else rows if isinstance(rows, list) and not part.single else [rows]
        for row in rows:
            if not isinstance(row, Mapping):
                raise Unreadable(f"{part.code}: not a record")
            found.append({one.code: value for one in part.fields if (value := _value(one, row, unread, f"{part.code}.{one.code}")) is not None})
            if len(found) > _MOST_ROWS:
                raise Unreadable(f"{part.code}: too many")
    return found


def _text(field: Field, row: Mapping[str, Any], unread: list[str], name: str) -> str:
    value = _value(field, row, unread, name)
    return "" if value is None else str(value)


def _value(field: Field, row: Mapping[str, Any], unread: list[str], name: str) -> Any:
    """A field of a row in our words; None where it is empty. What the mapping does not know is kept out and named."""
    given = get(row, field.path)
    if given is None or given == "":
        return None
    if isinstance(given, (Mapping, list)):
        unread.append(name)
        return None
    text = ("true" if given else "false") if isinstance(given, bool) else str(given).strip()[:_LONGEST]
    if field.how is How.TEXT:
        return text
    if field.how in (How.CODE, How.FLAG):
        found = field.codes.get(text)
        if found is None:
            unread.append(name)
            return None
        return found == "yes" if field.how is How.FLAG else found
    read = _NUMBER(text) if field.how is How.NUMBER else _month(text) if field.how is How.MONTH else _date(text, field.format)
    if read is None:
        unread.append(name)
    return read


def _number(text: str) -> float | int | None:
    """"125,5" and "125.5" are one number; a dot before three digits parts thousands nowhere here."""
    try:
        number = float(text.replace(",", "."))
    except ValueError:
        return None
    return None if number != number or abs(number) > 1e15 else int(number) if number == int(number) else number


_NUMBER = _number


def _month(text: str) -> str | None:
    found = re.fullmatch(r"(\d{4})-?(\d{2})", text, re.ASCII)
    return f"{found[1]}-{found[2]}" if found and 1 <= int(found[2]) <= 12 and int(found[1]) >= 1900 else None


def _date(text: str, formats: tuple[str, ...]) -> str | None:
    """ISO text of a day, a month or a year, by the first format that fits. "ms": milliseconds since 1970."""
    for format in formats:
        if format == "ms":
            if re.fullmatch(r"\d{10,14}", text, re.ASCII):
                return datetime.fromtimestamp(int(text) / 1000, UTC).date().isoformat()
            continue
        try:
            found = datetime.strptime(text, format)  # noqa: DTZ007 (a day, not a moment)
        except ValueError:
            continue
        if not 1850 <= found.year <= 2200:
            return None
        return found.strftime("%Y-%m-%d" if "%d" in format else "%Y-%m" if "%m" in format else "%Y")
    return None
