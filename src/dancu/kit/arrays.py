"""Array literals for the statements that take hundreds of rows as columns: the driver's general way costs four times as much, most
of what such a statement costs us. Cast them in the statement: `%s::text[]`."""

from __future__ import annotations

from collections.abc import Iterable


def texts(values: Iterable[str | None]) -> str:
    """Of texts; None is NULL."""
    return "{" + ",".join(["NULL" if one is None else _quoted(one) for one in values]) + "}"


def numbers(values: Iterable[int | None]) -> str:
    """Of whole numbers; None is NULL."""
    return "{" + ",".join(["NULL" if one is None else str(one) for one in values]) + "}"


def blobs(values: Iterable[bytes]) -> str:
    """Of byte strings."""
    return "{" + ",".join([f'"\\\\x{one.hex()}"' for one in values]) + "}"


def _quoted(text: str) -> str:
    if '"' in text or "\\" in text:
        text = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'
