"""/partner/reconcile: an organisation's runs of reconciling: how far, what came of them, results to take away, going on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Final

from fastapi.responses import StreamingResponse

from dancu.access import service as access
from dancu.exchange.models.reconcile import Outcome, Run, RunState
from dancu.exchange.pages.portal import HOME as PORTAL
from dancu.exchange.pages.portal import JOIN
from dancu.exchange.service.reconcile import portal as service
from dancu.exchange.service.reconcile import results, runs
from dancu.kernel.errors import Conflict, NotFound
from dancu.kit.i18n import N_
from dancu.kit.keys import KeyRing
from dancu.kit.web import (
    APIRouter,
    CurrentActor,
    DbConn,
    FormErrors,
    Request,
    Response,
    allow,
    attempt,
    render,
    see_other,
)

HOME = f"{PORTAL}/reconcile"
router = APIRouter(prefix=HOME, dependencies=[allow(JOIN)])

STATES: Final = {
    RunState.WAITING: ("you", N_("Chờ tệp hoặc chờ đến lượt")), RunState.RUNNING: ("us", N_("Đang đối soát")),
    RunState.DONE: ("done", N_("Đã xong")), RunState.FAILED: ("refused", N_("Không đọc được tệp")),
    RunState.ERASED: ("draft", N_("Đã xóa kết quả")),
}  # fmt: skip
OUTCOMES: Final = {
    Outcome.MATCHED: (N_("Khớp"), N_("Đúng một người, mọi mục đối chiếu đều khớp.")),
    Outcome.DIFFERS: (N_("Khớp, có điểm khác"), N_("Đúng một người, có mục khác: kết quả nêu mục nào.")),
    Outcome.AMBIGUOUS: (N_("Chưa chắc là ai"), N_("Có thể là một hoặc nhiều người; hãy bổ sung địa chỉ hoặc số định danh.")),
    Outcome.NOT_FOUND: (N_("Không tìm thấy"), N_("Không ai trong cơ sở dữ liệu giống dòng này.")),
    Outcome.DEAD: (N_("Đã mất"), N_("Đúng một người, người này đã mất.")),
    Outcome.DUPLICATE: (N_("Trùng dòng trước"), N_("Cùng một người với một dòng ở trên.")),
    Outcome.REJECTED: (N_("Không đọc được"), N_("Dòng hỏng; kết quả nêu mã lý do.")),
}  # fmt: skip
WORDS: Final[dict[str, Any]] = {"states": STATES, "outcomes": OUTCOMES, "kept_days": runs.KEPT.days}
_KINDS: Final = {"csv": "text/csv; charset=utf-8", "jsonl": "application/x-ndjson"}


@router.get("")
async def every(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    return render(request, "exchange/reconcile_runs.html", found=await service.every(conn, actor), **WORDS)


@router.get("/{run_no}")
async def one(request: Request, conn: DbConn, actor: CurrentActor, run_no: int, done: str = "") -> Response:
    return await _one(request, conn, actor, run_no, done == "resumed", FormErrors())


@router.post("/{run_no}/resume")
async def resume(request: Request, conn: DbConn, actor: CurrentActor, run_no: int) -> Response:
    try:
        async with attempt(conn):
            await service.resume(conn, actor, run_no)
    except Conflict as error:
        return await _one(request, conn, actor, run_no, False, FormErrors.of(error))
    return see_other(f"{HOME}/{run_no}?done=resumed")


@router.get("/{run_no}/results.{kind}")
async def fetch(request: Request, conn: DbConn, actor: CurrentActor, run_no: int, kind: str) -> Response:
    """Everything committed so far, a chunk at a time: the file may be larger than memory. That it was taken away is recorded
    before the first byte."""
    if kind not in _KINDS:
        raise NotFound("page.none", "Không có trang này.")
    run = await service.fetch(conn, actor, run_no)
    headers = {"Content-Disposition": f'attachment; filename="doi-soat-{run.run_no}.{kind}"', "Cache-Control": "no-store"}
    return StreamingResponse(_lines(request, run, kind), media_type=_KINDS[kind], headers=headers)


async def _lines(request: Request, run: Run, kind: str) -> AsyncIterator[bytes]:
    keys = request.app.state.keys
    ring = keys if isinstance(keys, KeyRing) else KeyRing.open(keys)
    if kind == "csv":
        yield ("\ufeff" + ",".join(results.CSV_COLUMNS) + "\r\n").encode()
    nth = 0
    while True:
        # A connection for each chunk: a slow reader keeps none.
        async with request.app.state.pool.connection() as conn:
            lines = await results.chunk(conn, ring, run.run_no, nth)
        if lines is None:
            return
        yield results.as_csv(lines).encode() if kind == "csv" else lines
        nth += 1


async def _one(request: Request, conn: DbConn, actor: CurrentActor, run_no: int, resumed: bool, errors: FormErrors) -> Response:
    found = await service.one(conn, actor, run_no)
    return render(
        request, "exchange/reconcile_run.html", status=422 if errors else 200, found=found, run=found.run, resumed=resumed, errors=errors,
        home=f"{HOME}/{run_no}", purpose_title=access.purpose_title, law_name=access.law_name, **WORDS,
    )  # fmt: skip
