"""Generic registries: read and write records; every touch of one is evidence before it is answered.

Members of a record have one canonical spelling (`firstName`, `birthCertificateId`, `id`); callers may write them as their
edition of the dialect does (`FirstName`, `BirthCertificateID`, `ID`). The population appears as a registry of its own name,
read only, one person at a time by number.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from dancu.audit import service as audit
from dancu.exchange.models.registry import Record, Registry
from dancu.exchange.store import registries as store
from dancu.kernel.actor import Actor, Purpose
from dancu.kernel.errors import Conflict, DancuError, Invalid, NotAllowed, NotFound
from dancu.kit.db import Conn
from dancu.kit.i18n import N_
from dancu.population.models import PersonView
from dancu.population.service import verify as released
from dancu.population.service.look import check_number, keys_by_number

POPULATION: Final = "population"
MOST_CONTENT = 32 * 1024
MOST_LISTED = 200
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,79}", re.ASCII)
_VERSION = re.compile(r"[0-9A-Za-z.]{1,20}", re.ASCII)
_PATTERN = frozenset("^$.*+?[](){}|\\")
# Member of a population record -> field of an agreement.
_PERSON: Final[Mapping[str, str]] = {
    "id": "personal_id", "firstName": "name", "lastName": "name", "birthDate": "birth", "sex": "sex", "alive": "life",
}  # fmt: skip
_EVIDENCE: Final[Mapping[str, str]] = {"personal_id": "number", "name": "name", "birth": "birth", "sex": "sex", "life": "life"}


@dataclass(frozen=True, slots=True)
class Reader:
    """Who asks: `name` as INSTANCE/CLASS/MEMBER/SUBSYSTEM. `fields`: of the population, by agreement."""

    actor: Actor
    reason: Purpose
    name: str
    fields: frozenset[str]


@dataclass(frozen=True, slots=True)
class Used:
    """One use of the data of a record."""

    entry: str
    reader: str
    org: str
    at: datetime


def canonical(member: str) -> str:
    """`BirthCertificateID` -> `birthCertificateId`, `ID` -> `id`."""
    if member.isupper():
        return member.lower()
    member = member[:-2] + "Id" if member.endswith("ID") else member
    return member[:1].lower() + member[1:]


def spelled(member: str, capital: bool) -> str:
    """The canonical member as this caller spells it."""
    if not capital:
        return member
    member = member[:-2] + "ID" if member.endswith("Id") or member == "id" else member
    return member[:1].upper() + member[1:]


def content_of(body: Any, part: str) -> dict[str, Any]:
    """`body[part].content` with canonical members. Raises Invalid."""
    inner = body.get(part) if isinstance(body, Mapping) else None
    content = inner.get("content") if isinstance(inner, Mapping) else None
    if not isinstance(content, Mapping) or not content:
        raise Invalid("registry.content", N_("Thiếu {part}.content: hãy gửi một đối tượng JSON có ít nhất một trường."), part=part)
    if len(content) > 200 or any(not isinstance(key, str) or not 1 <= len(key) <= 80 for key in content):
        raise Invalid("registry.content_size", N_("Bản ghi có quá nhiều trường hoặc tên trường quá dài."))
    return {canonical(key): value for key, value in content.items()}


async def find(conn: Conn, name: str, version: str) -> Registry:
    """Raises NotFound."""
    found = await store.find(conn, name, version) if _NAME.fullmatch(name) and _VERSION.fullmatch(version) else None
    if found is None:
        raise NotFound("registry.unknown", N_("Không có sổ đăng ký này hoặc phiên bản này."))
    return found


async def create(conn: Conn, reader: Reader, name: str, version: str, content: Mapping[str, Any]) -> dict[str, Any]:
    """A new record; without an `id` it gets one. Raises Conflict where the id is taken."""
    registry = await _writable(conn, reader, name, version)
    record = _record(str(uuid.uuid4()), content)
    (entry,) = await _noted(conn, reader, registry, "write", record.content, "create")
    if not await store.insert(conn, registry.registry_no, record, entry):
        raise Conflict("registry.exists", N_("Đã có bản ghi mang mã này."))
    await store.used(conn, registry.registry_no, [record.record_id], entry, reader.name)
    return record.content


async def exists(conn: Conn, reader: Reader, name: str, version: str, wanted: Mapping[str, Any]) -> bool:
    """Is there a record with these members?"""
    return await _read(conn, reader, name, version, wanted) is not None


async def read(conn: Conn, reader: Reader, name: str, version: str, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """The first record with these members. Raises NotFound `registry.no_record`."""
    found = await _read(conn, reader, name, version, wanted)
    if found is None:
        raise _no_record()
    return found


async def read_value(conn: Conn, reader: Reader, name: str, version: str, record: str, member: str) -> Any:
    """One member of one record, named by its id or its own number. Raises NotFound."""
    if name == POPULATION:
        return (await read(conn, reader, name, version, {"id": record})).get(canonical(member))
    registry = await find(conn, name, version)
    found = await store.named(conn, registry.registry_no, record)
    if found is None or canonical(member) not in found.content:
        raise _no_record()
    await _touched(conn, reader, registry, [found], "read", [canonical(member)], "read_value")
    return found.content[canonical(member)]


async def update(
    conn: Conn, reader: Reader, name: str, version: str, wanted: Mapping[str, Any], written: Mapping[str, Any], *, every: bool = False
) -> int:
    """Change the record (with `every`: all records, at most 1,000) with these members; how many. Raises NotFound."""
    registry = await _writable(conn, reader, name, version)
    found = await store.holding(conn, registry.registry_no, wanted, 1000 if every else 1, lock=True)
    if not found:
        raise _no_record()
    await _change(conn, reader, registry, found, written)
    return len(found)


async def update_or_create(
    conn: Conn, reader: Reader, name: str, version: str, wanted: Mapping[str, Any], written: Mapping[str, Any]
) -> dict[str, Any]:
    """The record as it is afterwards. Looked for by `id` where one is given, else by all members."""
    registry = await _writable(conn, reader, name, version)
    by = {"id": wanted["id"]} if "id" in wanted else wanted
    found = await store.holding(conn, registry.registry_no, by, 1, lock=True) if by else []
    if not found:
        return await create(conn, reader, name, version, written)
    await _change(conn, reader, registry, found, written)
    return {**found[0].content, **written}


async def delete(conn: Conn, reader: Reader, name: str, version: str, record_id: str) -> bool:
    """False where there was none: deleting twice is deleting once."""
    registry = await _writable(conn, reader, name, version)
    (entry,) = await _noted(conn, reader, registry, "write", {"id": record_id}, "delete")
    gone = await store.delete(conn, registry.registry_no, record_id)
    if gone:
        await store.used(conn, registry.registry_no, [record_id], entry, reader.name)
    return gone


async def listed(
    conn: Conn, reader: Reader, name: str, version: str, wanted: Sequence[tuple[str, str]], *, order: str = "", descending: bool = False,
    page: int = 1, size: int = 100,
) -> tuple[int, list[dict[str, Any]]]:  # fmt: skip
    """(how many there are, this page of records). `wanted`: (member or "" for any, value or regular expression)."""
    if name == POPULATION:
        number = dict(wanted).get("id")
        if number is None or len(wanted) > 1 or any(mark in _PATTERN for mark in number):
            raise NotAllowed(
                "registry.no_trawling", N_("Dữ liệu dân cư chỉ đọc từng người theo số định danh (query.id), không tìm theo mẫu.")
            )
        found = await _person(conn, reader, {"id": number})
        return (1, [found]) if found else (0, [])
    registry = await find(conn, name, version)
    tests = [(canonical(member) if member else "", _checked(value), any(mark in _PATTERN for mark in value)) for member, value in wanted]
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
        await _touched(conn, reader, registry, found_records, "search", sorted({key for one in found_records for key in one.content}), "list")
    return count, [one.content for one in found_records]


async def uses(conn: Conn, reader: Reader, record_id: str, database: str, *, most: int = 200) -> list[Used]:
    """Who used the data of this record in the registry with this name or code; newest first. [] where there is none."""
    for registry in await store.every(conn):
        if database in (registry.name, registry.code):
            found = await store.uses(conn, registry.registry_no, record_id, most)
            return [Used(str(one.entry_id), one.reader, one.reader.split("/")[2] if one.reader.count("/") >= 2 else "", one.at) for one in found]
    return []


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
    try:
        made = await store.put(conn, name, version, code[:80], group[:200], reader.actor.org_code, definition)
    except LookupError as error:
        raise Conflict("registry.of_others", N_("Sổ đăng ký này của cơ quan khác.")) from error
    await _noted(conn, reader, made, "system", {}, "define")
    return made


async def close(conn: Conn, reader: Reader, registry_no: int) -> bool:
    """End a registry; its records are kept. False where there is none."""
    registry = await by_no(conn, registry_no)
    if registry is None:
        return False
    if registry.org_code != reader.actor.org_code:
        raise NotAllowed("registry.of_others", N_("Sổ đăng ký này của cơ quan khác."))
    await store.close(conn, registry_no)
    await _noted(conn, reader, registry, "system", {}, "close")
    return True


async def _read(conn: Conn, reader: Reader, name: str, version: str, wanted: Mapping[str, Any]) -> dict[str, Any] | None:
    if name == POPULATION:
        return await _person(conn, reader, wanted)
    registry = await find(conn, name, version)
    found = await store.holding(conn, registry.registry_no, wanted, 1)
    if not found:
        return None
    await _touched(conn, reader, registry, found, "read", sorted(found[0].content), "read")
    return found[0].content


async def _person(conn: Conn, reader: Reader, wanted: Mapping[str, Any]) -> dict[str, Any] | None:
    number = wanted.get("id")
    if not isinstance(number, str):
        raise NotAllowed("registry.no_trawling", N_("Dữ liệu dân cư chỉ đọc từng người theo số định danh (query.id), không tìm theo mẫu."))
    try:
        check_number(number)
    except DancuError:
        return None
    members = {member: field for member, field in _PERSON.items() if field in reader.fields}
    fields = tuple(dict.fromkeys(_EVIDENCE[field] for field in members.values()))
    for key in await keys_by_number(conn, number):
        view = await released.release(conn, reader.actor, reader.reason, key, fields)
        if view.merged_into is not None:
            continue
        shown = {member: value for member, value in _shown(view, number).items() if member in members}
        return shown if all(shown.get(member) == value for member, value in wanted.items()) else None
    return None


def _shown(view: PersonView, number: str) -> dict[str, Any]:
    words = view.name.full_name.split() if view.name else []
    birth = view.birth
    parts = [part for part in ((birth.year, birth.month, birth.day) if birth else ()) if part]
    return {
        "id": number, "firstName": " ".join(words[1:]), "lastName": words[0] if words else "",
        "birthDate": "-".join(f"{part:02d}" for part in parts), "sex": str(birth.sex) if birth else "", "alive": view.alive_until is None,
    }  # fmt: skip


async def _change(conn: Conn, reader: Reader, registry: Registry, found: Sequence[Record], written: Mapping[str, Any]) -> None:
    (entry,) = await _noted(conn, reader, registry, "write", written, "update")
    for one in found:
        changed = _record(one.record_no, {**one.content, **written})
        if changed.record_id != one.record_id and await store.id_taken(conn, registry.registry_no, changed.record_id, one.record_no):
            raise Conflict("registry.exists", N_("Đã có bản ghi mang mã này."))
        await store.replace(conn, registry.registry_no, changed, entry)
        await store.used(conn, registry.registry_no, [one.record_id, changed.record_id], entry, reader.name)


async def _writable(conn: Conn, reader: Reader, name: str, version: str) -> Registry:
    if name == POPULATION:
        raise NotAllowed("registry.read_only", N_("Dữ liệu dân cư ở đây chỉ để đọc; thay đổi phải qua thủ tục đăng ký."))
    registry = await find(conn, name, version)
    if registry.org_code != reader.actor.org_code:
        raise NotAllowed("registry.of_others", N_("Sổ đăng ký này của cơ quan khác."))
    return registry


async def _touched(
    conn: Conn, reader: Reader, registry: Registry, records: Sequence[Record], action: str, fields: Sequence[str], verb: str
) -> None:
    (entry,) = await _noted(conn, reader, registry, action, fields, verb)
    await store.used(conn, registry.registry_no, [one.record_id for one in records], entry, reader.name)


async def _noted(conn: Conn, reader: Reader, registry: Registry, action: str, fields: Iterable[str], verb: str) -> list[int]:
    return await audit.record(
        conn, reader.actor, reader.reason, action=action, subjects=[None], fields=sorted(fields)[:50],
        note={"verb": f"registry.{verb}", "registry": f"{registry.name}/{registry.version}", "reader": reader.name},
    )  # fmt: skip


def _record(record_no: str, content: Mapping[str, Any]) -> Record:
    import json

    record_id = content.get("id", record_no)
    if isinstance(record_id, int) and not isinstance(record_id, bool):
        record_id = str(record_id)
    if not isinstance(record_id, str) or not 1 <= len(record_id) <= 120 or "\x00" in record_id:
        raise Invalid("registry.id", N_("Mã bản ghi (id) là chuỗi từ 1 đến 120 ký tự."))
    whole = {**content, "id": record_id}
    text = json.dumps(whole)
    if len(text) > MOST_CONTENT or "\\u0000" in text or "\\ud8" in text.lower():
        raise Invalid("registry.content_size", N_("Bản ghi có quá nhiều trường hoặc tên trường quá dài."))
    return Record(record_no, record_id, whole)


def _checked(value: str) -> str:
    if len(value) > 100 or "\x00" in value:
        raise Invalid("registry.search", N_("Nội dung tìm dài tối đa 100 ký tự."))
    return value


def _no_record() -> DancuError:
    return NotFound("registry.no_record", N_("Không tìm thấy bản ghi."))
