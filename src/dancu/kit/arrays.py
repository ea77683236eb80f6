"""Array literals for the statements that take hundreds of rows as columns: the driver's general way costs four times as much, most
of what such a statement costs us. Cast them in the statement: `%s::text[]`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def texts(values: Iterable[str | None]) -> str:
    """Of texts; None is NULL."""
    listed: list[Any] = list(values)
    if listed and None not in listed:
        whole = "".join(listed)
        if '"' not in whole and "\\" not in whole:  # nothing to escape in any of them
            return '{"' + '","'.join(listed) + '"}'
    return "{" + ",".join(["NULL" if one is None else _quoted(one) for one in listed]) + "}"


def numbers(values: Iterable[int | None]) -> str:
    """Of whole numbers; None is NULL."""
    return "{" + ",".join(map(str, values)).replace("None", "NULL") + "}"


def floats(values: Iterable[float]) -> str:
    """Of numbers that need not be whole."""
    return "{" + ",".join(map(repr, values)) + "}"


def blobs(values: Iterable[bytes]) -> str:
    """Of byte strings."""
    listed = list(map(bytes.hex, values))
    return '{"\\\\x' + '","\\\\x'.join(listed) + '"}' if listed else "{}"


def _quoted(text: str) -> str:
    if '"' in text or "\\" in text:
        text = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'
