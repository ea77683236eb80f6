"""Partners' programs as those who watch over them need them: what they are called, what they asked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from dancu.access import service as access
from dancu.exchange.models.traffic import Called, Program
from dancu.exchange.store import traffic as store
from dancu.kit.db import Conn


async def named(conn: Conn, client_nos: Iterable[int]) -> dict[int, Program]:
    """Programs by number."""
    wanted = sorted(set(client_nos))
    return {one.client_no: one for one in await store.programs(conn, wanted)} if wanted else {}


async def held(conn: Conn) -> list[Program]:
    """Live programs that an alert holds now."""
    english = await access.english_names(conn)
    return [replace(one, org_name=english.get(one.org_code, one.org_name)) for one in await store.held(conn)]


async def calls_of(conn: Conn, client_no: int, since: datetime, until: datetime, most: int = 50) -> list[Called]:
    """The newest calls of a program in this time, refused ones too; nothing of citizens."""
    return await store.calls_of(conn, client_no, since, until, most)
