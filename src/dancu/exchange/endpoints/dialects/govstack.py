"""GovStack's Digital Registries: the Data API 1.3.0 and the Database API, at their paths, with their headers and shapes.

Both spellings that editions of the standard use are understood (`updateEntries` and `update-entries`, `firstName` and
`FirstName`) and the answer comes in the caller's.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Path

from dancu.exchange.endpoints.dialects.callers import mediator_client, reader_of
from dancu.exchange.models.registry import Registry
from dancu.exchange.service import citizens_list, registries
from dancu.exchange.service.registries import Reader, canonical, content_of, spelled
from dancu.kernel.errors import DancuError, Invalid, NotFound
from dancu.kit.i18n import N_
from dancu.kit.web import APIRouter, DbConn, Request, Response, public

router = APIRouter(dependencies=[public(machine=True)])
_MOST_BODY = 128 * 1024
_MOST_PAGE = 10_000
_WORD = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
Name = Annotated[str, Path(alias="registryName")]
Version = Annotated[str, Path(alias="versionNumber")]


@router.get("/data/myPersonalDataUsage", summary="DPU")
@router.get("/data/MyPersonalDataUsage/1.0", include_in_schema=False)
async def usage(request: Request, conn: DbConn) -> Response:
    """Who has used the data of one person or record. `userId` and `databaseId` must be single words. A citizen's list (database
    `population`) needs the agreement that findUsage needs."""
    capital = "userID" in request.query_params
    user, database = (request.query_params.get(f"{word}{'ID' if capital else 'Id'}", request.query_params.get(f"{other}{'ID' if capital else 'Id'}", ""))
                      for word, other in (("user", "User"), ("Database", "database")))  # fmt: skip
    if not _WORD.fullmatch(user) or not _WORD.fullmatch(database):
        raise Invalid("registry.usage", N_("Mã người và mã cơ sở dữ liệu chỉ gồm chữ, số, dấu gạch."))
    if database == registries.POPULATION:
        found = await citizens_list.uses(conn, await reader_of(request, mediator_client(request), citizens_list.SERVICE), user)
    else:
        found = await registries.uses(conn, await _reader(request), user, database)
    body = [
        {
            "id": one.entry, "readerId": one.reader, "readerInitials": "", "readerInstitutionId": one.org, "readerInstitutionName": one.name or one.org,
            "readerApplicationName": one.program or one.reader.rpartition("/")[2], "searchDateTime": one.at.isoformat().replace("+00:00", "Z"),
            "refrences": [{"ReferenceID": user}],
        }
        for one in found
    ]  # fmt: skip
    return _json([_spell(one, capital) for one in body])


@router.get("/data/{registryName}/{versionNumber}", summary="list")
async def listed(name: Name, version: Version, request: Request, conn: DbConn) -> Response:
    """Records by `search` in the field `filter` (any field without), by `query.<field>`, `ordering` ascending or descending."""
    reader, query = await _reader(request), request.query_params
    page, size = _count(query.get("page"), 1, _MOST_PAGE), _count(query.get("pageSize"), 100, registries.MOST_LISTED)
    wanted = [(canonical(key.removeprefix("query.")), value) for key, value in query.multi_items() if key.startswith("query.") and len(key) < 90]
    column, search = query.get("filter", "")[:80], query.get("search", "")
    if search:
        wanted.append((column, search))
    capital = column[:1].isupper()
    count, found = await registries.listed(
        conn, reader, name, version, wanted[:10], order=column, descending=query.get("ordering", "").startswith("desc"), page=page, size=size
    )
    body: dict[str, Any] = {"count": count, "results": [_spell(one, capital) for one in found]}
    if page * size < count:
        body["next"] = _page(request, page + 1)
    if page > 1:
        body["previous"] = _page(request, page - 1)
    return _json(body)


@router.post("/data/{registryName}/{versionNumber}/create", summary="create")
async def create(name: Name, version: Version, request: Request, conn: DbConn) -> Response:
    """`write.content`: the new record."""
    reader, body = await _reader(request), await _body(request)
    return _json({"content": _spell(await registries.create(conn, reader, name, version, content_of(body, "write")), _capital(body))})


@router.post("/data/{registryName}/{versionNumber}/exists", summary="exists")
async def exists(name: Name, version: Version, request: Request, conn: DbConn) -> Response:
    """Is there a record with all members of `query.content`? Or of the body itself: so the standard's own published tests ask."""
    reader, body = await _reader(request), await _body(request)
    if "query" not in body and isinstance(body.get("id", body.get("ID")), str):
        body = {"query": {"content": body}}
    found = await registries.exists(conn, reader, name, version, content_of(body, "query"))
    return _json({"answer": {"status": found, "message": "Object found from database" if found else "Object not found in database"}})


@router.post("/data/{registryName}/{versionNumber}/read", summary="read")
async def read(name: Name, version: Version, request: Request, conn: DbConn) -> Response:
    """The first record with all members of `query.content`."""
    reader, body = await _reader(request), await _body(request)
    try:
        found = await registries.read(conn, reader, name, version, content_of(body, "query"))
    except NotFound as error:
        return _not_found(error)
    return _json({"content": _spell(found, _capital(body))})


@router.put("/data/{registryName}/{versionNumber}/update", summary="update")
async def update(name: Name, version: Version, request: Request, conn: DbConn) -> Response:
    """Change the record with all members of `query.content` by `write.content`."""
    return await _update(name, version, request, conn, every=False)


@router.put("/data/{registryName}/{versionNumber}/updateEntries", summary="updateEntries")
@router.put("/data/{registryName}/{versionNumber}/update-entries", include_in_schema=False)
async def update_entries(name: Name, version: Version, request: Request, conn: DbConn) -> Response:
    """Change every record with all members of `query.content`."""
    return await _update(name, version, request, conn, every=True)


@router.post("/data/{registryName}/{versionNumber}/updateOrCreate", summary="updateOrCreate")
@router.post("/data/{registryName}/{versionNumber}/update-or-create", include_in_schema=False)
async def update_or_create(name: Name, version: Version, request: Request, conn: DbConn) -> Response:
    """Change the record that `query.content` finds, or create it."""
    reader, body = await _reader(request), await _body(request)
    written = content_of(body, "write")
    wanted = content_of(body, "query") if isinstance(body, Mapping) and "query" in body else {name: written[name] for name in ("id",) if name in written}
    made = await registries.update_or_create(conn, reader, name, version, wanted, written)
    return _json({"content": _spell(made, _capital(body))})


@router.delete("/data/{registryName}/{versionNumber}/{ID}/delete", summary="delete")
async def delete(name: Name, version: Version, record: Annotated[str, Path(alias="ID")], request: Request, conn: DbConn) -> Response:
    """Delete by `id`. Deleting what is gone is done already."""
    await registries.delete(conn, await _reader(request), name, version, record)
    return Response(status_code=204)


@router.get("/data/{registryName}/{versionNumber}/{uuid}/readValue/{field}.{ext}", summary="readValue")
@router.get("/data/{registryName}/{versionNumber}/{uuid}/read-value/{field}.{ext}", include_in_schema=False)
async def read_value(
    name: Name, version: Version, record: Annotated[str, Path(alias="uuid")], field: str, ext: str, request: Request, conn: DbConn
) -> Response:
    """One member of one record; `ext` must be json."""
    reader = await _reader(request)
    if ext != "json":
        raise Invalid("registry.format", N_("Chỉ trả lời dạng json."))
    try:
        return _json(await registries.read_value(conn, reader, name, version, record, field))
    except NotFound as error:
        return _not_found(error)


@router.get("/databases")
async def databases(request: Request, conn: DbConn) -> Response:
    """Every registry with its schema, as one group. Only the members that all editions of the standard spell alike."""
    await _reader(request)
    known = await registries.every(conn)
    return _json({"id": 1, "name": "Dancu", "code": "DANCU", "databases": [_info(one) for one in known], "order": 1})


@router.post("/database/modify")
async def modify(request: Request, conn: DbConn) -> Response:
    """Create a registry, or change its schema: `code` names it, `schema` describes it."""
    reader, body = await _reader(request), await _body(request)
    words = [body.get(name, "") for name in ("code", "groupName", "catalogName", "version")]
    schema = body.get("schema")
    if not isinstance(schema, Mapping) or not all(isinstance(word, str) for word in words) or not words[0]:
        raise Invalid("registry.schema", N_("Hãy gửi code (mã sổ đăng ký) và schema (một đối tượng JSON)."))
    group = words[1] or str(body.get("group_name", ""))
    await registries.define(conn, reader, words[0], words[3] or "1.0", schema, code=words[0], group=group)
    return _json(schema)


@router.get("/database/{id}")
async def database(number: Annotated[int, Path(alias="id")], request: Request, conn: DbConn) -> Response:
    await _reader(request)
    found = await registries.by_no(conn, number)
    if found is None:
        raise NotFound("registry.unknown", N_("Không có sổ đăng ký này hoặc phiên bản này."))
    return _json(_info(found))


@router.delete("/database/{id}")
async def close(number: Annotated[int, Path(alias="id")], request: Request, conn: DbConn) -> Response:
    """End a registry; its records are kept out of sight."""
    await registries.close(conn, await _reader(request), number)
    return _json("Success")


async def _update(name: str, version: str, request: Request, conn: DbConn, *, every: bool) -> Response:
    reader, body = await _reader(request), await _body(request)
    written = content_of(body, "write")
    wanted = content_of(body, "query") if "query" in body else {key: written[key] for key in ("id",) if key in written}
    if not wanted:
        raise Invalid("registry.content", N_("Thiếu {part}.content: hãy gửi một đối tượng JSON có ít nhất một trường."), part="query")
    try:
        await registries.update(conn, reader, name, version, wanted, written, every=every)
    except NotFound as error:
        return _not_found(error)
    return Response(status_code=200)


async def _reader(request: Request) -> Reader:
    return await reader_of(request, mediator_client(request))


async def _body(request: Request) -> dict[str, Any]:
    """The JSON object sent. Raises Invalid."""
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > _MOST_BODY:
            raise Invalid("request.too_large", N_("Nội dung gửi lên quá lớn. Xin chia nhỏ hoặc nén lại."))
    try:
        body = json.loads(bytes(raw), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Invalid("request.json", N_("Nội dung gửi lên không phải JSON đúng.")) from error
    if not isinstance(body, dict):
        raise Invalid("request.json", N_("Nội dung gửi lên không phải JSON đúng."))
    return body


def _no_constant(word: str) -> Any:
    raise ValueError(word)


def _capital(body: Mapping[str, Any]) -> bool:
    """Does the caller write `FirstName` (earlier edition) rather than `firstName`?"""
    for part in ("query", "write"):
        inner = body.get(part)
        if isinstance(inner, Mapping) and isinstance(inner.get("content"), Mapping):
            return any(isinstance(key, str) and key[:1].isupper() for key in inner["content"])
    return False


def _spell(content: Mapping[str, Any], capital: bool) -> dict[str, Any]:
    return {spelled(key, capital): value for key, value in content.items()}


def _info(one: Registry) -> dict[str, Any]:
    return {
        "id": one.registry_no, "version": one.version, "name": one.name, "description": one.group_name, "institution": one.org_code,
        "numberFormat": "", "schema": one.definition, "schemaTags": [], "schemaFlags": [], "fieldsUniques": [["id"]], "isDraft": False,
        "isDisabled": False, "isArchived": False, "modifiedAt": one.changed_at.isoformat().replace("+00:00", "Z"), "genericServices": [],
        "dataIndexIncrement": 0, "hasLogo": False,
    }  # fmt: skip


def _page(request: Request, page: int) -> str:
    return str(request.url.replace(query=urlencode([*((k, v) for k, v in request.query_params.multi_items() if k != "page"), ("page", page)])))


def _count(text: str | None, default: int, most: int) -> int:
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 7 and int(text) >= 1):
        raise Invalid("registry.page", N_("page và pageSize là số nguyên dương."))
    return min(int(text), most)


def _not_found(error: DancuError) -> Response:
    return _json({"detail": "no record found", "code": error.code}, 404)


def _json(body: Any, status: int = 200) -> Response:
    return Response(json.dumps(body, ensure_ascii=False), status, media_type="application/json; charset=utf-8")
