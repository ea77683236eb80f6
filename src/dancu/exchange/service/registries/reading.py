"""Records read and searched; every touch of one is evidence before it is answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from dancu.exchange.service.registries.definitions import find
from dancu.exchange.service.registries.members import canonical, checked, no_record
from dancu.exchange.service.registries.population import POPULATION, person
from dancu.exchange.service.registries.reader import Reader, Used, touched
from dancu.exchange.store import registries as store
from dancu.kernel.errors import Invalid, NotAllowed
from dancu.kit.db import Conn
from dancu.kit.i18n import N_

MOST_LISTED: Final = 200
PATTERN: Final = frozenset("^$.*+?[](){}|\\")


async def exists(conn: Conn, reader: Reader, name: str, version: str, wanted: Mapping[str, Any]) -> bool:
    """Is there a record with these members?"""
    return await _read(conn, reader, name, version, wanted) is not None


async def read(conn: Conn, reader: Reader, name: str, version: str, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """The first record with these members. Raises NotFound `registry.no_record`."""
    found = await _read(conn, reader, name, version, wanted)
    if found is None:
        raise no_record()
    return found


async def read_value(conn: Conn, reader: Reader, name: str, version: str, record: str, member: str) -> Any:
    """One member of one record, named by its id or its own number. Raises NotFound."""
    if name == POPULATION:
        found_person = await read(conn, reader, name, version, {"id": record})
        if canonical(member) not in found_person:  # not agreed on, or no member at all
            raise no_record()
        return found_person[canonical(member)]
    registry = await find(conn, name, version)
    found = await store.named(conn, registry.registry_no, record)
    if found is None or canonical(member) not in found.content:
        raise no_record()
    await touched(conn, reader, registry, [found], "read", [canonical(member)], "read_value")
    return found.content[canonical(member)]


async def listed(
    conn: Conn, reader: Reader, name: str, version: str, wanted: Sequence[tuple[str, str]], *, order: str = "", descending: bool = False,
    page: int = 1, size: int = 100,
) -> tuple[int, list[dict[str, Any]]]:  # fmt: skip
    """(how many there are, this page of records). `wanted`: (member or "" for any, value or regular expression)."""
    if name == POPULATION:
        number = dict(wanted).get("id")
        if number is None or len(wanted) > 1 or any(mark in PATTERN for mark in number):
            raise NotAllowed(
                "registry.no_trawling", N_("Dữ liệu dân cư chỉ đọc từng người theo số định danh (query.id), không tìm theo mẫu.")
            )
        found = await person(conn, reader, {"id": number})
        return (1, [found]) if found else (0, [])
    registry = await find(conn, name, version)
    tests = [(canonical(member) if member else "", checked(value), any(mark in PATTERN for mark in value)) for member, value in wanted]
    await store.bounded(conn)
    size = max(1, min(size, MOST_LISTED))
    skip = (max(1, page) - 1) * size
    try:
        count, found_records = await store.listed(
            conn, registry.registry_no, tests, order=canonical(order) if order else "id", descending=descending, most=size, skip=skip
        )
    except ValueError as error:
        raise Invalid("registry.expression", N_("Biểu thức tìm kiếm không đúng hoặc quá nặng.")) from error
    if found_records:
        await touched(conn, reader, registry, found_records, "search", sorted({key for one in found_records for key in one.content}), "list")
    return count, [one.content for one in found_records]


async def uses(conn: Conn, reader: Reader, record_id: str, database: str, *, most: int = 200) -> list[Used]:
    """Who used the data of this record in the registry with this name or code; newest first. [] where there is none."""
    for registry in await store.every(conn):
        if database in (registry.name, registry.code):
            found = await store.uses(conn, registry.registry_no, record_id, most)
            return [Used(str(one.entry_id), one.reader, one.reader.split("/")[2] if one.reader.count("/") >= 2 else "", one.at) for one in found]
    return []


async def _read(conn: Conn, reader: Reader, name: str, version: str, wanted: Mapping[str, Any]) -> dict[str, Any] | None:
    if name == POPULATION:
        return await person(conn, reader, wanted)
    registry = await find(conn, name, version)
    found = await store.holding(conn, registry.registry_no, wanted, 1)
    if not found:
        return None
    await touched(conn, reader, registry, found, "read", sorted(found[0].content), "read")
    return found[0].content
