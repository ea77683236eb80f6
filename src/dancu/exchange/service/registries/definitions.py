"""The registries themselves: found, defined, ended."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from dancu.exchange.models.registry import Registry
from dancu.exchange.service.registries.population import POPULATION
from dancu.exchange.service.registries.reader import Reader, noted
from dancu.exchange.service.registries.schemas import well_formed
from dancu.exchange.store import registries as store
from dancu.kernel.errors import Conflict, Invalid, NotAllowed, NotFound
from dancu.kit.db import Conn
from dancu.kit.i18n import N_

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,79}", re.ASCII)
_VERSION = re.compile(r"[0-9A-Za-z.]{1,20}", re.ASCII)


async def find(conn: Conn, name: str, version: str) -> Registry:
    """Raises NotFound."""
    found = await store.find(conn, name, version) if _NAME.fullmatch(name) and _VERSION.fullmatch(version) else None
    if found is None:
        raise NotFound("registry.unknown", N_("Không có sổ đăng ký này hoặc phiên bản này."))
    return found


async def writable(conn: Conn, reader: Reader, name: str, version: str) -> Registry:
    if name == POPULATION:
        raise NotAllowed("registry.read_only", N_("Dữ liệu dân cư ở đây chỉ để đọc; thay đổi phải qua thủ tục đăng ký."))
    registry = await find(conn, name, version)
    if registry.org_code != reader.actor.org_code:
        raise NotAllowed("registry.of_others", N_("Sổ đăng ký này của cơ quan khác."))
    return registry


async def every(conn: Conn) -> list[Registry]:
    return await store.every(conn)


async def by_no(conn: Conn, registry_no: int) -> Registry | None:
    return await store.by_no(conn, registry_no) if 0 < registry_no < 1 << 62 else None


async def define(
    conn: Conn, reader: Reader, name: str, version: str, definition: Mapping[str, Any], *, code: str = "", group: str = ""
) -> Registry:
    """Create a registry or change its schema; only its own organisation changes it. Raises Invalid, Conflict."""
    if not _NAME.fullmatch(name) or name == POPULATION or not _VERSION.fullmatch(version):
        raise Invalid("registry.name", N_("Tên sổ đăng ký gồm chữ không dấu, số, dấu chấm, gạch; phiên bản gồm chữ số và dấu chấm."))
    if not well_formed(definition):
        raise Invalid("registry.schema", N_("Hãy gửi code (mã sổ đăng ký) và schema (một đối tượng JSON)."))
    try:
        made = await store.put(conn, name, version, code[:80], group[:200], reader.actor.org_code, definition)
    except LookupError as error:
        raise Conflict("registry.of_others", N_("Sổ đăng ký này của cơ quan khác.")) from error
    await noted(conn, reader, made, "system", {}, "define")
    return made


async def lay_down(conn: Conn, reader: Reader, number: int, name: str, version: str, definition: Mapping[str, Any]) -> None:
    """A registry with a number of our choice, where that number was never given; for examples."""
    made = await store.put_numbered(conn, number, name, version, reader.actor.org_code, definition)
    if made is not None:
        await noted(conn, reader, made, "system", {}, "define")


async def reopen(conn: Conn, reader: Reader, name: str, version: str) -> bool:
    """Take back the end of the reader's own registry, with its number and its records; for examples. False where there is none."""
    if not await store.reopen(conn, name, version, reader.actor.org_code):
        return False
    await noted(conn, reader, await find(conn, name, version), "system", {}, "define")
    return True


async def close(conn: Conn, reader: Reader, registry_no: int) -> bool:
    """End a registry; its records are kept. False where there is none."""
    registry = await by_no(conn, registry_no)
    if registry is None:
        return False
    if registry.org_code != reader.actor.org_code:
        raise NotAllowed("registry.of_others", N_("Sổ đăng ký này của cơ quan khác."))
    await store.close(conn, registry_no)
    await noted(conn, reader, registry, "system", {}, "close")
    return True
