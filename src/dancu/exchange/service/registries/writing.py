"""Records made, changed and deleted; only their own organisation writes them."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from dancu.exchange.models.registry import Record, Registry
from dancu.exchange.service.registries.definitions import writable
from dancu.exchange.service.registries.members import no_record, record_of
from dancu.exchange.service.registries.reader import Reader, noted
from dancu.exchange.store import registries as store
from dancu.kernel.errors import Conflict
from dancu.kit.db import Conn
from dancu.kit.i18n import N_


async def create(conn: Conn, reader: Reader, name: str, version: str, content: Mapping[str, Any]) -> dict[str, Any]:
    """A new record; without an `id` it gets one. The same record sent again is made once. Raises Conflict where the id is another's."""
    registry = await writable(conn, reader, name, version)
    record = record_of(str(uuid.uuid4()), content)
    (entry,) = await noted(conn, reader, registry, "write", record.content, "create")
    if not await store.insert(conn, registry.registry_no, record, entry):
        there = await store.named(conn, registry.registry_no, record.record_id)
        if there is None or there.content != record.content:
            raise Conflict("registry.exists", N_("Đã có bản ghi mang mã này."))
    await store.used(conn, registry.registry_no, [record.record_id], entry, reader.name)
    return record.content


async def update(
    conn: Conn, reader: Reader, name: str, version: str, wanted: Mapping[str, Any], written: Mapping[str, Any], *, every: bool = False
) -> int:
    """Change the record (with `every`: all records, at most 1,000) with these members; how many. A change sent again was made (0): that
    of a record by `id` where it reads as written, any other within a day. Raises NotFound."""
    registry = await writable(conn, reader, name, version)
    found = await store.holding(conn, registry.registry_no, wanted, 1000 if every else 1, lock=True)
    if not found:
        if not await _made(conn, registry, wanted, written):
            raise no_record()
        return 0
    await _change(conn, reader, registry, found, written)
    if "id" not in wanted:
        await store.remember_change(conn, registry.registry_no, _digest(wanted, written))
    return len(found)


async def _made(conn: Conn, registry: Registry, wanted: Mapping[str, Any], written: Mapping[str, Any]) -> bool:
    """Was this change made before? That some record reads as written says so only of the one it names."""
    if "id" not in wanted:
        return await store.change_made(conn, registry.registry_no, _digest(wanted, written))
    return bool(await store.holding(conn, registry.registry_no, {"id": wanted["id"], **written}, 1))


def _digest(wanted: Mapping[str, Any], written: Mapping[str, Any]) -> bytes:
    return hashlib.sha256(json.dumps([wanted, written], sort_keys=True).encode()).digest()


async def update_or_create(
    conn: Conn, reader: Reader, name: str, version: str, wanted: Mapping[str, Any], written: Mapping[str, Any]
) -> dict[str, Any]:
    """The record as it is afterwards. Looked for by `id` where one is given, else by all members."""
    registry = await writable(conn, reader, name, version)
    by = {"id": wanted["id"]} if "id" in wanted else wanted
    found = await store.holding(conn, registry.registry_no, by, 1, lock=True) if by else []
    if not found:
        return await create(conn, reader, name, version, written)
    await _change(conn, reader, registry, found, written)
    return {**found[0].content, **written}


async def delete(conn: Conn, reader: Reader, name: str, version: str, record_id: str) -> bool:
    """False where there was none: deleting twice is deleting once."""
    registry = await writable(conn, reader, name, version)
    (entry,) = await noted(conn, reader, registry, "write", {"id": record_id}, "delete")
    gone = await store.delete(conn, registry.registry_no, record_id)
    if gone:
        await store.used(conn, registry.registry_no, [record_id], entry, reader.name)
    return gone


async def _change(conn: Conn, reader: Reader, registry: Registry, found: Sequence[Record], written: Mapping[str, Any]) -> None:
    (entry,) = await noted(conn, reader, registry, "write", written, "update")
    for one in found:
        changed = record_of(one.record_no, {**one.content, **written})
        if changed.record_id != one.record_id and await store.id_taken(conn, registry.registry_no, changed.record_id, one.record_no):
            raise Conflict("registry.exists", N_("Đã có bản ghi mang mã này."))
        await store.replace(conn, registry.registry_no, changed, entry)
        await store.used(conn, registry.registry_no, [one.record_id, changed.record_id], entry, reader.name)
