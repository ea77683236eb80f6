"""Who reads, and the evidence of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from dancu.audit import service as audit
from dancu.exchange.models.registry import Record, Registry
from dancu.exchange.store import registries as store
from dancu.kernel.actor import Actor, Purpose
from dancu.kit.db import Conn


@dataclass(frozen=True, slots=True)
class Reader:
    """Who asks: `name` as INSTANCE/CLASS/MEMBER/SUBSYSTEM. `fields`: of the population, by agreement."""

    actor: Actor
    reason: Purpose
    name: str
    fields: frozenset[str]


@dataclass(frozen=True, slots=True)
class Used:
    """One use of the data of a record. `name` of the organisation and `program`, where they are known."""

    entry: str
    reader: str
    org: str
    at: datetime
    name: str = ""
    program: str = ""


async def touched(
    conn: Conn, reader: Reader, registry: Registry, records: Sequence[Record], action: str, fields: Sequence[str], verb: str
) -> None:
    (entry,) = await noted(conn, reader, registry, action, fields, verb)
    await store.used(conn, registry.registry_no, [one.record_id for one in records], entry, reader.name)


async def noted(conn: Conn, reader: Reader, registry: Registry, action: str, fields: Iterable[str], verb: str) -> list[int]:
    return await audit.record(
        conn, reader.actor, reader.reason, action=action, subjects=[None], fields=sorted(fields)[:50],
        note={"verb": f"registry.{verb}", "registry": f"{registry.name}/{registry.version}", "reader": reader.name},
    )  # fmt: skip
