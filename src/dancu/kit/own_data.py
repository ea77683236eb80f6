"""A citizen's own data as rooms hand them over: one part each, for a program and for a reader. The application puts the rooms' parts
together (app.state.own_data), so that no room needs to know the others."""

from __future__ import annotations

import dataclasses
import io
import json
import zipfile
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from typing import Any, Final

from dancu.kernel.actor import Actor
from dancu.kit.db import Conn

#: Members that are keys of ours and tell the citizen nothing.
_INNER: Final = frozenset({"person_key", "number_hash"})
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Part:
    """`code`: name of the file; `title`: in the language of the request; `data`: plain JSON values (see `plain`); `lines`: (term, value,
    note) to read."""

    code: str
    title: str
    data: Any
    lines: Sequence[tuple[str, str, str]]


Gather = Callable[[Conn, Actor], Awaitable[list[Part]]]


def plain(value: Any) -> Any:
    """Models as JSON values: dataclasses by member without keys of ours, times in ISO 8601, sets sorted."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {one.name: plain(getattr(value, one.name)) for one in dataclasses.fields(value) if one.name not in _INNER}
    if isinstance(value, dict):
        return {str(name): plain(one) for name, one in value.items()}
    if isinstance(value, set | frozenset):
        return sorted(plain(one) for one in value)
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value.hex() if isinstance(value, bytes) else value


def zipped(parts: Sequence[Part], about: dict[str, Any]) -> bytes:
    """A ZIP of `<code>.json` for every part and `manifest.json`, which names them with their counts."""
    listed = [{"file": f"{one.code}.json", "title": one.title, "items": len(one.data) if isinstance(one.data, list) else 1} for one in parts]
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in [("manifest", {**about, "parts": listed}), *((one.code, one.data) for one in parts)]:
            info = zipfile.ZipInfo(f"{name}.json", _EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, json.dumps(data, ensure_ascii=False, indent=1))
    return out.getvalue()
