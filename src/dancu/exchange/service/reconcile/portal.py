"""Runs as an organisation's own staff see them on the partner portal."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from dancu.audit import service as audit
from dancu.exchange.models.call import refused
from dancu.exchange.models.partner import PartnerState
from dancu.exchange.models.reconcile import Outcome, Run, RunState
from dancu.exchange.policy import joining as policy
from dancu.exchange.service import partners
from dancu.exchange.service.reconcile import runs, uploads
from dancu.exchange.store import calls
from dancu.exchange.store import reconcile as store
from dancu.kernel.actor import Actor, Purpose
from dancu.kernel.errors import Conflict
from dancu.kit.db import Conn
from dancu.kit.i18n import N_
from dancu.kit.jobs import defer

JOB: Final = "exchange:reconcile"
#: A worker moves a run every few seconds; after this long nobody does.
IDLE: Final = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Shown:
    """A run, and whether it may be set going again. `here`: bytes of its file."""

    run: Run
    idle: bool
    here: int
    whole: bool

    @property
    def rows(self) -> int:
        return sum(self.run.counts.get(outcome.value, 0) for outcome in Outcome)

    @property
    def rate(self) -> float:
        """Rows a second of work."""
        return self.rows / self.run.seconds if self.run.seconds > 0 else 0.0

    @property
    def may_resume(self) -> bool:
        return self.idle and self.whole

    @property
    def may_fetch(self) -> bool:
        """Is there something committed to fetch?"""
        return self.run.chunks > 0 and self.run.state is not RunState.ERASED


async def every(conn: Conn, actor: Actor) -> list[Shown]:
    """The organisation's last fifty runs, newest first. Raises NotAllowed."""
    policy.own(actor, actor.org_code)
    idle = await store.idle(conn, actor.org_code, IDLE)
    found = await runs.of_partner(conn, actor.org_code)
    return await asyncio.to_thread(lambda: [_shown(run, idle) for run in found])


async def one(conn: Conn, actor: Actor, run_no: int) -> Shown:
    """Raises NotFound also for another organisation's run, NotAllowed."""
    policy.own(actor, actor.org_code)
    run = await runs.one(conn, min(run_no, (1 << 63) - 1), actor.org_code)
    idle = await store.idle(conn, actor.org_code, IDLE)
    return await asyncio.to_thread(_shown, run, idle)


async def resume(conn: Conn, actor: Actor, run_no: int) -> None:
    """Ask for a run that nobody works on. Raises Conflict where somebody does, or its file is not whole, NotAllowed where the partner
    is stopped."""
    found = await one(conn, actor, run_no)
    await _not_stopped(conn, found.run)
    if not found.may_resume:
        raise Conflict("reconcile.resume", N_("Lượt này đang chạy, đã xong, hoặc chưa có đủ tệp. Hãy tải lại trang."))
    await store.put_state(conn, run_no, RunState.RUNNING)
    await defer(conn, JOB, {"run_no": run_no}, lock=f"reconcile.{run_no}")
    await _noted(conn, actor, found.run, "reconcile.resume")


async def fetch(conn: Conn, actor: Actor, run_no: int) -> Run:
    """The run whose results somebody takes away; who it was is recorded. Raises NotFound, Conflict where there are none,
    NotAllowed where the partner is stopped: a door that is shut is shut here too."""
    found = await one(conn, actor, run_no)
    await _not_stopped(conn, found.run)
    if not found.may_fetch:
        raise Conflict("reconcile.nothing", N_("Lượt này chưa có kết quả, hoặc kết quả đã hết thời gian lưu và đã xóa."))
    await _noted(conn, actor, found.run, "reconcile.fetch")
    return found.run


async def _not_stopped(conn: Conn, run: Run) -> None:
    """Raises Refused where the partner is not live, or an alert holds the program that sent the file."""
    if (await partners.partner(conn, run.org_code)).state is not PartnerState.LIVE:
        raise refused("exchange.suspended")
    if await calls.held(conn, run.client_no):
        raise refused("exchange.held")


def _shown(run: Run, idle: set[int]) -> Shown:
    return Shown(run, run.run_no in idle, uploads.received(run), uploads.file_of(run).exists())


async def _noted(conn: Conn, actor: Actor, run: Run, verb: str) -> None:
    reason = Purpose(run.purpose, run.legal_basis, run.case_ref)
    action = "export" if verb == "reconcile.fetch" else "system"
    await audit.record(conn, actor, reason, action=action, subjects=[None], fields=sorted(run.released), note={"verb": verb, "run": run.run_no})
