"""A citizen's list of who looked, as a generic registry's uses are told."""

from __future__ import annotations

from typing import Final

from dancu.exchange.service import usage
from dancu.exchange.service.registries import Reader, Used
from dancu.kernel.actor import SYSTEM
from dancu.kernel.errors import Invalid
from dancu.kit.db import Conn

#: The data service whose agreement opens it.
SERVICE: Final = "usage"
_MOST: Final = 200


async def uses(conn: Conn, reader: Reader, number: str) -> list[Used]:
    """The latest, newest first; [] for nobody. Organisations are named, officers are not. The look is itself recorded."""
    try:
        key = await usage.opened(conn, reader, number, number)
    except Invalid:  # no number of ours
        return []
    if key is None:
        return []
    first, last = await usage.stretch(conn, key, None, None)
    found = await usage.page(conn, key, first, last, _MOST)
    names = await usage.organisations(conn, found)
    made = []
    for one in found:
        code = one.org_code or SYSTEM.org_code
        made.append(Used(str(one.entry_id), number if usage.itself(one, key) else code, code, one.at, usage.name_of(code, names), SYSTEM.name))
    return made
