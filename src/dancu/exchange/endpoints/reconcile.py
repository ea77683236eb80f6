"""Data service *reconcile*: announce a file, send it in parts, ask how far it is, fetch the results."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Mapping
from typing import Annotated, Any

import orjson

from dancu.exchange.endpoints.door import answered, calling, sealed
from dancu.exchange.models.call import Call, refused
from dancu.exchange.service import calls
from dancu.exchange.service.reconcile import results, runs, uploads
from dancu.kernel.errors import Invalid
from dancu.kit.i18n import N_
from dancu.kit.jobs import defer
from dancu.kit.web import APIRouter, DbConn, Request, Response, public

router = APIRouter(prefix="/api/v1/exchange/reconcile", tags=["exchange"])
_CALL = calling("reconcile")
_MACHINE = [public(machine=True)]
_UPLOAD_BYTES = uploads.MOST_PART * 4 // 3 + 64 * 1024
JOB = "exchange:reconcile"


@router.post("/create", dependencies=_MACHINE)
async def create(call: Annotated[Call, _CALL], conn: DbConn, request: Request) -> Response:
    """Body: `file_name` (csv, xlsx, parquet), `digest` (SHA-256 of the file, hex), `profile` (default social-insurance). Answer:
    the run, `received` (bytes that are here) and `most_part` (bytes of a part). The same file again is the same run."""
    _live(call)
    name, digest = _text(call.body, "file_name"), _text(call.body, "digest")
    try:
        raw = bytes.fromhex(digest)
    except ValueError:
        raw = b""
    if len(raw) != 32:
        raise Invalid("reconcile.digest", N_("digest là SHA-256 của tệp, 64 chữ số hệ 16."))
    run = await runs.submit(
        conn, call.agreement, call.reason, digest=raw, file_name=name, profile_name=str(call.body.get("profile", "social-insurance")),
        client_no=call.client_no, officer=call.officer, request_id=call.message_id,
    )  # fmt: skip
    here = await asyncio.to_thread(uploads.received, run)
    return await answered(request, conn, call, {**runs.report(run), "received": here, "most_part": uploads.MOST_PART})


@router.post("/upload", dependencies=_MACHINE, max_body_size=_UPLOAD_BYTES)
async def upload(call: Annotated[Call, calling("reconcile", most=_UPLOAD_BYTES)], conn: DbConn, request: Request) -> Response:
    """Body: `run`, `offset`, `part` (base64), `last`. Answer: `received`, `complete`; with the last part the work begins."""
    run = await runs.one(conn, _number(call.body, "run"), call.org_code)
    offset, last = _number(call.body, "offset"), call.body.get("last") is True
    try:
        part = base64.b64decode(_text(call.body, "part"), validate=True)
    except binascii.Error as error:
        raise Invalid("reconcile.upload.part", N_("part là nội dung tệp, mã hóa base64.")) from error
    here, complete = await asyncio.to_thread(uploads.take, run, offset, part, last=last)
    if complete and run.state == "waiting":
        await runs.started(conn, run)
        await defer(conn, JOB, {"run_no": run.run_no}, lock=f"reconcile.{run.run_no}")
    return await answered(request, conn, call, {"run": run.run_no, "received": here, "complete": complete})


@router.post("/state", dependencies=_MACHINE)
async def state(call: Annotated[Call, _CALL], conn: DbConn, request: Request) -> Response:
    """Body: `run`; without it the caller's last fifty runs."""
    if "run" in call.body:
        run = await runs.one(conn, _number(call.body, "run"), call.org_code)
        here = await asyncio.to_thread(uploads.received, run)
        return await answered(request, conn, call, {**runs.report(run), "received": here})
    found = await runs.of_partner(conn, call.org_code)
    return await answered(request, conn, call, {"runs": [runs.report(run) for run in found]})


@router.post("/result", dependencies=_MACHINE)
async def result(call: Annotated[Call, _CALL], conn: DbConn, request: Request) -> Response:
    """Body: `run`, `from` (number of the chunk, 0 is the first), `format` ("json" or "ndjson"). Answer: `lines` of that chunk, whose
    evidence is committed, and `next`, the number of the next chunk; no lines where there is none yet. As ndjson the lines alone,
    with the next number in the header `Dancu-Next`, and 204 where there is none yet."""
    run = await runs.one(conn, _number(call.body, "run"), call.org_code)
    nth = _number(call.body, "from") if "from" in call.body else 0
    lines = await results.chunk(conn, request.app.state.keys, run.run_no, nth)
    after = nth if lines is None else nth + 1
    if call.body.get("format") != "ndjson":
        told = [orjson.loads(line) for line in (lines or b"").splitlines()]
        return await answered(request, conn, call, {"run": run.run_no, "state": run.state.value, "lines": told, "next": after})
    await calls.keep(conn, call, "ok", 0)
    if lines is None:
        return sealed(request, Response(b"", 204))
    return sealed(request, Response(lines, 200, {"Dancu-Next": str(after)}, media_type="application/x-ndjson"))


def _live(call: Call) -> None:
    """A file is about real people: programs of the sandbox have their answers elsewhere."""
    if call.sandbox:
        raise refused("exchange.environment")


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise Invalid("reconcile.body", N_("Thiếu hoặc sai mục {name}."), name=name)
    return value


def _number(body: Mapping[str, Any], name: str) -> int:
    value = body.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << 53:
        raise Invalid("reconcile.body", N_("Thiếu hoặc sai mục {name}."), name=name)
    return value
