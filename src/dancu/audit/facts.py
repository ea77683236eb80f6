"""The digest by which an entry commits to the facts it wrote or closed. Pure.

digest = SHA-256 over the sorted lines, joined by a newline, UTF-8:
  a row written   +|schema.table|key|fact_id|[values in column-name order]
  a row closed    -|schema.table|key|fact_id|upper(recorded)
Values are canonical JSON: text as it is, dates and times ISO (times UTC, six digits, Z), ranges "[lower,upper)",
arrays as arrays, jsonb with sorted keys. The committed column `recorded` stands for lower(recorded).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any

import orjson

FactLine = bytes


def instant(at: datetime) -> str:
    """2026-01-31T02:03:04.000005Z; a time without zone is taken as UTC."""
    if at.tzinfo is not None and at.tzinfo is not UTC:
        at = at.astimezone(UTC)
    return at.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def _plain(value: Any) -> Any:
    """What orjson does not write by itself, or would write otherwise."""
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, bytes):
        return value.hex()
    if hasattr(value, "isempty"):  # psycopg's Range; kernel types must be written by their owners
        return period(value)
    raise TypeError(type(value).__name__)


def period(value: Any) -> str:
    """A range (anything with `lower`, `upper`, `isempty`) as "[lower,upper)" or "empty"."""
    if value.isempty:
        return "empty"
    lower, upper = ("" if bound is None else str(_bound(bound)) for bound in (value.lower, value.upper))
    return f"[{lower},{upper})"


def _bound(bound: Any) -> Any:
    return _plain(bound) if isinstance(bound, date) else bound


_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATETIME


def canonical(values: Sequence[Any]) -> bytes:
    """Canonical JSON of the committed values of one row."""
    return orjson.dumps(values, default=_plain, option=_OPTIONS)


def opened(table: str, key: int, fact_id: int, values: Sequence[Any]) -> FactLine:
    """The line of a row written: `values` in the order of the names of the committed columns, bytewise."""
    return b"+|%b|%d|%d|%b" % (table.encode(), key, fact_id, canonical(values))


def closed(table: str, key: int, fact_id: int, at: datetime) -> FactLine:
    """The line of a row whose recorded time was ended at `at`."""
    return b"-|%b|%d|%d|%b" % (table.encode(), key, fact_id, instant(at).encode())


def facts_digest(lines: Iterable[FactLine]) -> bytes:
    """32 bytes. The order of `lines` does not matter."""
    return sha256(b"\n".join(sorted(lines))).digest()
