"""Estonia's data tracker (andmejälgija): the provider's side of findUsage, as a portal asks it over X-Road to show citizens who used
their data.

After the protocol of the Estonian Information System Authority, version 1.6, and its OpenAPI descriptions 2.1.0 and 3.0.0-rc.3
(https://github.com/e-gov/AJ, MIT), each under its own paths. `disclose` of v3, which a provider may leave out, is not here.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any, Final

from fastapi import Depends

from dancu.exchange.endpoints.dialects.callers import reader_of
from dancu.exchange.endpoints.door import exchange_of
from dancu.exchange.service import processing, usage
from dancu.kernel.errors import Invalid
from dancu.kit.i18n import N_, gettext
from dancu.kit.web import APIRouter, DbConn, Request, Response, public

router = APIRouter(dependencies=[public(machine=True)])
SERVICE: Final = "usage"
_LISTS: Final = {
    processing.Kind.REQUEST: "dataRequests", processing.Kind.RESPONSE: "dataResponses", processing.Kind.PROCESSING: "dataProcessings",
    processing.Kind.INTERNAL: "internalProcessings",
}  # fmt: skip
_CLIENT = re.compile(r"[^/\s]{1,60}(/[^/\s]{1,60}){2,3}")
_COUNT = re.compile(r"[0-9]{1,9}", re.ASCII)
_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


@router.get("/v2/findUsage", summary="Who used the data of a person")
async def find_usage(request: Request, conn: DbConn) -> Response:
    """Query: `userCode`, `periodStart`, `periodEnd` (RFC 3339 with zone), `offset`, `limit` (1000). Header `X-Road-UserId`: who asks."""
    reader = await reader_of(request, _client(request), SERVICE)
    asker, query = request.headers.get("x-road-userid", ""), request.query_params
    if not asker or not query.get("userCode"):
        raise Invalid("usage.person_code", N_("Mã người không đúng: VN và 12 chữ số của số định danh."))
    systems = {number: one.name for number, one in (await exchange_of(request).directory.current()).systems.items()}
    total, found = await usage.find(
        conn, reader, asker, query["userCode"], systems, since=_time(query.get("periodStart")), until=_time(query.get("periodEnd")),
        offset=_count(query.get("offset"), 0), limit=_count(query.get("limit"), usage.USUAL),
    )  # fmt: skip
    shown = [
        {"logtime": _said(one.at), "action": one.action, "receiverCode": one.receiver_code, "receiverName": one.receiver_name,
         "receiverSystem": one.receiver_system}
        for one in found
    ]  # fmt: skip
    return _json({"totalUsages": total, "usages": shown})


async def _said_as_v3(request: Request) -> None:
    """Whatever fails from here on is told in the shape of v3: also that there is no connection to the database, which is looked for
    before the endpoint begins."""
    request.state.seal = _error


@router.get("/v3/findUsage", summary="Who used the data of a person, by kind of processing", dependencies=[Depends(_said_as_v3)])
async def find_usage_by_kind(request: Request, conn: DbConn) -> Response:
    """As v2, and `processingType` (any number of them), `includeBulkProcessing` (false), `logSourceSystems`; `limit` is at least 1."""
    reader = await reader_of(request, _client(request), SERVICE)
    asker, query = request.headers.get("x-road-userid", ""), request.query_params
    if not asker or not query.get("userCode"):
        raise Invalid("usage.person_code", N_("Mã người không đúng: VN và 12 chữ số của số định danh."))
    kinds, limit = _kinds(query.getlist("processingType")), _count(query.get("limit"), usage.USUAL)
    bulk, sources = query.get("includeBulkProcessing", "false"), query.getlist("logSourceSystems")
    if bulk not in ("true", "false") or limit < 1:
        raise Invalid("usage.filter", N_("processingType, includeBulkProcessing hoặc limit không đúng giá trị của chuẩn."))
    systems = {number: one.name for number, one in (await exchange_of(request).directory.current()).systems.items()}
    if sources and processing.OURS.system not in sources:
        kinds = []  # the log of one system is kept here, and it was not asked for
    total, found = await processing.find(
        conn, reader, asker, query["userCode"], systems, kinds=kinds, bulk=bulk == "true", since=_time(query.get("periodStart")),
        until=_time(query.get("periodEnd")), offset=_count(query.get("offset"), 0), limit=limit,
    )  # fmt: skip
    lists = {_LISTS[kind]: [_processing(one, query["userCode"]) for one in found if one.kind is kind] for kind in kinds}
    return _json({"totalUsages": total, "returnedUsages": len(found), **lists})


@router.get("/v2/usagePeriod", summary="For which time uses are known")
async def usage_period(request: Request, conn: DbConn) -> Response:
    """Up to now: there is no periodEnd."""
    await reader_of(request, _client(request), SERVICE)
    return _json({"periodStart": _said(await usage.kept_since(conn))})


@router.get("/v2/heartbeat", summary="Is the service there")
@router.get("/v3/heartbeat", summary="Is the service there", dependencies=[Depends(_said_as_v3)])
async def heartbeat(request: Request, conn: DbConn) -> Response:
    """Reaches the database, or fails as readiness does."""
    await usage.kept_since(conn)
    return _json({"status": "OK", "message": "findUsage is ready"})


def _kinds(asked: list[str]) -> list[processing.Kind]:
    """Raises Invalid."""
    try:
        return list(dict.fromkeys(processing.Kind(one) for one in asked)) or list(processing.Kind)
    except ValueError as error:
        raise Invalid("usage.filter", N_("processingType, includeBulkProcessing hoặc limit không đúng giá trị của chuẩn.")) from error


def _processing(one: processing.Processing, person: str) -> dict[str, Any]:
    code = f"VN{person.strip().removeprefix('VN')}"
    by = {"initiatorOrg": _party(one.by)} if one.by else {"initiatorPerson": {"name": gettext(usage.ITSELF), "alternativeCode": code}}
    transfer = one.kind in (processing.Kind.REQUEST, processing.Kind.RESPONSE)
    return {
        "logTime": _said(one.at), "purpose": one.what, "logSourceSystem": processing.OURS.system, "bulkProcessing": one.bulk,
        **({"legalBasis": one.legal_basis} if one.legal_basis else {}), **({"queryGroupId": one.group} if one.group else {}),
        **by, "target" if transfer else "source": _party(one.other),
    }  # fmt: skip


def _party(one: processing.Party) -> dict[str, str]:
    return {"type": one.kind, "name": one.name, **({"systemName": one.system} if one.system else {})}


def _error(problem: Response) -> Response:
    """A refusal in the shape of v3."""
    said = json.loads(bytes(problem.body))
    headers = {name: value for name, value in problem.headers.items() if name not in ("content-length", "content-type")}
    body = {"code": said["code"], "message": said.get("detail") or said["title"]}
    return Response(json.dumps(body, ensure_ascii=False), problem.status_code, headers, media_type="application/json")


def _client(request: Request) -> str:
    """INSTANCE/CLASS/MEMBER/SUBSYSTEM of X-Road, a name only. Raises Invalid."""
    name = request.headers.get("x-road-client", "")
    if name and not _CLIENT.fullmatch(name):
        raise Invalid("usage.client", N_("Tiêu đề X-Road-Client phải có dạng INSTANCE/CLASS/MEMBER/SUBSYSTEM."))
    return name or "findusage"


def _count(text: str | None, usual: int) -> int:
    if text is None:
        return usual
    if not _COUNT.fullmatch(text):
        raise Invalid("usage.page", N_("offset từ 0, limit từ 0 đến {most}."), most=usage.MOST)
    return int(text)


def _time(text: str | None) -> datetime | None:
    """RFC 3339 with its zone. Raises Invalid."""
    if text is None:
        return None
    try:
        if not _TIME.fullmatch(text):
            raise ValueError
        # Digits beyond microseconds say nothing here; 2.5 hours east of UTC in the year 1 is no moment of ours.
        return datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text.upper())).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Invalid("usage.period", N_("periodStart và periodEnd theo RFC 3339, có múi giờ, ví dụ 2026-01-31T10:20:30Z.")) from error


def _said(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _json(body: Any) -> Response:
    return Response(json.dumps(body, ensure_ascii=False), media_type="application/json")
