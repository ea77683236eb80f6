"""Members of a record: their spelling, and what a caller writes into them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from dancu.exchange.models.registry import Record
from dancu.kernel.errors import DancuError, Invalid, NotFound
from dancu.kit.i18n import N_

MOST_CONTENT: Final = 32 * 1024


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


def record_of(record_no: str, content: Mapping[str, Any]) -> Record:
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


def checked(value: str) -> str:
    if len(value) > 100 or "\x00" in value:
        raise Invalid("registry.search", N_("Nội dung tìm dài tối đa 100 ký tự."))
    return value


def no_record() -> DancuError:
    return NotFound("registry.no_record", N_("Không tìm thấy bản ghi."))
