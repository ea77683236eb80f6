"""JSON API of the registry. Numbers and names travel in bodies, never in addresses, which end up in logs."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

import orjson
from fastapi import Body
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dancu.access import service as access
from dancu.kernel.actor import Purpose
from dancu.kernel.errors import FieldError, Invalid
from dancu.kit.i18n import N_
from dancu.kit.web import APIRouter, CurrentActor, DbConn, JSONResponse, Request, Response, allow, public
from dancu.population import present, service
from dancu.population.service.finder import Find
from dancu.population.service.look import nobody, refusal

router = APIRouter(prefix="/api/v1/persons", tags=["persons"])

_EXAMPLE_PURPOSE = {"purpose": "identity_check", "legal_basis": "26/2023/QH15", "case_ref": "H47.16-230405-0003"}


class Why(BaseModel):
    """Every look states its purpose and legal basis, and the case it serves where there is one."""

    model_config = ConfigDict(extra="forbid")
    purpose: str = Field(max_length=40)
    legal_basis: str = Field(default="", max_length=120)
    case_ref: str = Field(default="", max_length=80)

    def chosen(self) -> Purpose:
        return access.choose_purpose(self.purpose, self.legal_basis, self.case_ref)


class ByNumber(Why):
    number: str = Field(max_length=32)


class View(ByNumber):
    as_of: str = Field(default="", max_length=20)
    known_at: str = Field(default="", max_length=40)


class SearchFor(Why):
    name: str = Field(max_length=200)
    born: str = Field(default="", max_length=40)
    place: str = Field(default="", max_length=200)


_FIND_EXAMPLE: dict[str, Any] = {"summary": {"value": {"number": "049190012345", **_EXAMPLE_PURPOSE}}}
_VIEW_EXAMPLE: dict[str, Any] = {
    "as of a day, as known at a moment": {
        "value": {"number": "049190012345", "as_of": "2023-01-01", "known_at": "2023-03-01", **_EXAMPLE_PURPOSE}
    }
}
_SEARCH_EXAMPLE: dict[str, Any] = {
    "name, year of birth, commune": {
        "value": {"name": "Nguyễn Thị Hòa", "born": "1990", "place": "Trường Xuân, Tam Kỳ, Quảng Nam", **_EXAMPLE_PURPOSE}
    }
}


@router.post(
    "/find",
    dependencies=[public(machine=True)],
    summary="Summary of one person by number",
    openapi_extra={
        "security": [{"bearer": []}],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": ByNumber.model_json_schema(), "examples": _FIND_EXAMPLE}},
        },
    },
)
async def find(request: Request) -> Response:
    """Answers after the evidence entry is durable; `entry_id` names it. Looks of many callers share one commit.

    For programs: the session's token comes as `Authorization: Bearer …`. Whom the token belongs to is remembered for a
    minute; that it still lives, and what it may see, the database decides at every look."""
    actor = await request.app.state.callers.of(request.headers.get("authorization", ""))
    if not actor.can("person.read"):
        raise refusal("no_permission")
    try:
        body = ByNumber.model_validate_json(await request.body())
    except ValidationError as error:
        raise _unreadable(error) from None
    find = Find(clean_number(body.number), replace(actor, request_id=request.state.request_id), body.chosen())
    entry_id, record = await request.app.state.finder.find(find)
    return Response(orjson.dumps({"entry_id": entry_id, "person": record}), media_type="application/json")


def _unreadable(error: ValidationError) -> Invalid:
    """Which fields are wrong, never their values."""
    fields = tuple(
        FieldError(".".join(map(str, one["loc"])) or "body", "field.invalid", N_("Mục này chưa đúng định dạng."))
        for one in error.errors(include_url=False, include_context=False, include_input=False)
    )
    return Invalid("request.invalid", N_("Nội dung yêu cầu chưa đúng. Xem từng mục."), fields=fields)


@router.post("/view", dependencies=[allow("person.read")], summary="The whole record as of a day, as known at a moment")
async def view(conn: DbConn, actor: CurrentActor, body: Annotated[View, Body(openapi_examples=_VIEW_EXAMPLE)]) -> Response:
    why = body.chosen()
    keys = await service.keys_by_number(conn, clean_number(body.number))
    if not keys:
        raise nobody(actor, why)
    found = await service.person(
        conn, actor, why, keys[0], as_of=present.on_day(body.as_of), known_at=present.moment(body.known_at)
    )
    return JSONResponse(present.as_json(found))


@router.post("/search", dependencies=[allow("person.search")], summary="At most 20 persons by name with birth or place")
async def search(conn: DbConn, actor: CurrentActor, body: Annotated[SearchFor, Body(openapi_examples=_SEARCH_EXAMPLE)]) -> Response:
    hits = await service.search(conn, actor, body.chosen(), body.name, born=body.born, place=body.place)
    return JSONResponse({"results": [present.hit_json(hit) for hit in hits]})


def clean_number(text: str) -> str:
    """Digits of a personal ID number or CMND as typed. Raises Invalid `person.number.length`."""
    digits = "".join(ch for ch in text if ch.isascii() and ch.isdigit())
    if len(digits) not in (9, 12):
        raise Invalid("person.number.length", N_("Số định danh có 12 chữ số, số CMND có 9 chữ số. Hãy kiểm tra lại."))
    return digits


SHORTCUTS = {("POST", f"{router.prefix}/find"): find}
"""What the application answers without the framework's detour."""
