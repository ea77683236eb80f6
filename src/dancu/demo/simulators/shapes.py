"""How ministries write: JSON, XML, dates, pages. Nothing here is Dancu's way; each ministry picks its own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape

JSON, XML = "application/json; charset=utf-8", "application/xml; charset=utf-8"


def as_json(value: Any) -> tuple[bytes, str]:
    return json.dumps(value, ensure_ascii=False).encode(), JSON


def as_xml(root: str, value: Mapping[str, Any]) -> tuple[bytes, str]:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{_element(root, value)}'.encode(), XML


def _element(name: str, value: Any) -> str:
    if isinstance(value, Mapping):
        inner = "".join(_element(key, one) for key, one in value.items())
    elif isinstance(value, list):
        return "".join(_element(name, one) for one in value)
    else:
        inner = "" if value is None else escape(str(value))
    return f"<{name}>{inner}</{name}>"


def page(rows: list[Any], asked: str, size: int) -> tuple[list[Any], int, int]:
    """(rows of the page, its number, how many pages)."""
    pages = max(1, -(-len(rows) // size))
    number = int(asked) if asked.isdigit() and 1 <= int(asked) <= pages else 1
    return rows[(number - 1) * size : number * size], number, pages


def get(record: Mapping[str, Any], path: str) -> Any:
    """The value at "a.b.0.c"; None where there is none."""
    found: Any = record
    for key in path.split("."):
        if isinstance(found, list):
            found = found[int(key)] if key.isdigit() and int(key) < len(found) else None
        else:
            found = found.get(key) if isinstance(found, Mapping) else None
    return found


def put(record: dict[str, Any], path: str, value: Any) -> None:
    """Write at "a.b.0.c", where something stands there."""
    *way, last = path.split(".")
    holder: Any = get(record, ".".join(way)) if way else record
    if isinstance(holder, list) and last.isdigit() and int(last) < len(holder):
        holder[int(last)] = value
    elif isinstance(holder, dict) and last in holder:
        holder[last] = value


def swapped(text: str) -> str:
    """A date with its first two digit pairs after the year, or before it, exchanged: a slip of whoever typed it in. One that
    reads the same gets another year."""
    for mark in ("/", "-", "."):
        parts = text.split(mark)
        if len(parts) == 3:
            first = 1 if len(parts[0]) == 4 else 0
            one, two = parts[first], parts[first + 1]
            if one != two and int(one) <= 12 and int(two) <= 12:
                parts[first], parts[first + 1] = two, one
                return mark.join(parts)
    digits = text[:8] if text[:8].isdigit() and len(text) == 8 else ""
    if digits and digits[4:6] != digits[6:8] and int(digits[6:8]) <= 12:
        return digits[:4] + digits[6:8] + digits[4:6]
    for at in range(len(text) - 3):
        if text[at : at + 4].isdigit() and text[at : at + 2] in ("19", "20"):
            return text[:at] + f"{int(text[at : at + 4]) + 1:04d}" + text[at + 4 :]
    return text
