"""Timed work of data exchange."""

from __future__ import annotations

from datetime import timedelta

from procrastinate import Blueprint

from dancu.exchange.service import compare, drops, partners
from dancu.exchange.service.reconcile import runs, uploads, work
from dancu.exchange.service.spdci import retention
from dancu.kernel.errors import DancuError, Unavailable
from dancu.kit.db import connection, data_dir, open_connection
from dancu.kit.jobs import defer
from dancu.kit.keys import KeyRing
from dancu.kit.log import get_logger
from dancu.sharing.service import data_agreements

blueprint = Blueprint()
log = get_logger("dancu.exchange.jobs")
_TURN_SECONDS = 10.0  # a job holds the only worker
_SOON = timedelta(seconds=20)  # until something that was not there for a moment is looked for again


@blueprint.periodic(cron="40 0 * * *")  # 07:40 in Vietnam, before the offices open
@blueprint.task(name="escalate", queueing_lock="exchange.escalate")
async def escalate(timestamp: int) -> None:
    """Applications and agreements that nobody answered in time go to the national coordinator."""
    async with connection("worker") as conn:
        await partners.escalate(conn)
        await data_agreements.escalate(conn)


@blueprint.periodic(cron="10 19 * * *")  # 02:10 in Vietnam
@blueprint.task(name="compare_logs", queueing_lock="exchange.compare_logs")
async def compare_logs(timestamp: int) -> None:
    """Days of which partners handed in their own log are compared with ours."""
    async with connection("worker") as conn:
        for org_code, day, differences in await compare.nightly(conn):
            level = log.warning if differences else log.info
            level("logs compared", org_code=org_code, day=day.isoformat(), differences=differences)


@blueprint.periodic(cron="*/10 * * * *")
@blueprint.task(name="take_drops", queueing_lock="exchange.take_drops")
async def take_drops(timestamp: int) -> None:
    """Every ten minutes: files that agencies laid down under `DANCU_DROPS` ($DATA/drops) are taken, with a receipt beside each."""
    outcomes = await drops.take_all(connection, drops.folder(), data_dir() / "keys")
    for outcome in outcomes:
        if isinstance(outcome, DancuError):
            log.warning("a file of an agency was refused", code=outcome.code)
        else:
            log.info("a file of an agency was taken", drop=outcome.drop_id, lines=outcome.lines, taken=outcome.taken, unknown=outcome.unknown)
    if len(outcomes) == drops.AT_ONCE:  # more wait: after the others' turn
        async with connection("worker") as conn:
            await defer(conn, "exchange:take_drops", {"timestamp": timestamp}, lock="exchange.take_drops")


@blueprint.periodic(cron="50 18 * * *")  # 01:50 in Vietnam
@blueprint.task(name="forget_messages", queueing_lock="exchange.forget_messages")
async def forget_messages(timestamp: int) -> None:
    """Messages of outside dialects that are old enough are erased, some at a time so that no transaction is long."""
    gone = 0
    while True:
        async with connection("worker") as conn:
            erased = await retention.forget(conn)
        gone += erased
        if not erased:
            break
    log.info("old messages of dialects erased", rows=gone)


@blueprint.task(name="reconcile")
async def reconcile(run_no: int) -> None:
    """Some seconds of a partner's file; then others have their turn, and the rest is asked for again."""
    keys = KeyRing.open(data_dir() / "keys")
    async with connection("worker") as conn:
        run = await runs.one(conn, run_no)
    try:
        done = await work.work(
            lambda: open_connection("worker", autocommit=True), keys, run_no, uploads.file_of(run), seconds=_TURN_SECONDS, hand_out=False
        )
    except Unavailable as error:  # the evidence log or the database stands still for a moment: nothing is wrong with the run
        log.warning("reconciling waits", run=run_no, code=error.code)
        async with connection("worker") as conn:
            await defer(conn, "exchange:reconcile", {"run_no": run_no}, lock=f"reconcile.{run_no}", after=_SOON)
        return
    except DancuError as error:
        log.warning("reconciling stopped", run=run_no, code=error.code)
        return
    if done.finished:
        uploads.forget(run)
        return
    async with connection("worker") as conn:
        await defer(conn, "exchange:reconcile", {"run_no": run_no}, lock=f"reconcile.{run_no}")


@blueprint.periodic(cron="*/15 * * * *")
@blueprint.task(name="reconcile_on", queueing_lock="exchange.reconcile_on")
async def reconcile_on(timestamp: int) -> None:
    """Every quarter of an hour: runs whose worker died, or whose partner was over its quota or suspended, are tried again; results
    kept long enough are erased."""
    async with connection("worker") as conn:
        for run_no in await runs.left_lying(conn, timedelta(minutes=14)):
            if uploads.file_of(await runs.one(conn, run_no)).exists():
                await defer(conn, "exchange:reconcile", {"run_no": run_no}, lock=f"reconcile.{run_no}")
        await runs.erase_old(conn)
