"""Working on a run: read, compare, write, hand out, chunk by chunk. All that a chunk says, its evidence, its place in the
partner's quota and the position it reaches is one transaction; what it says is handed out after the commit."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from datetime import time as dt_time
from pathlib import Path
from typing import Final

from dancu.exchange.matching.weights import weights
from dancu.exchange.models.call import over_quota, refused
from dancu.exchange.models.partner import PartnerState
from dancu.exchange.models.reconcile import Declared, Result, Run, RunState
from dancu.exchange.service import partners
from dancu.exchange.service.reconcile import results, runs
from dancu.exchange.service.reconcile.comparing import Comparing
from dancu.exchange.service.reconcile.reading import CHUNK, Source, profile
from dancu.exchange.store import calls
from dancu.exchange.store import reconcile as store
from dancu.kernel.actor import Actor, ActorKind, Channel, Purpose
from dancu.kernel.clock import SYSTEM_CLOCK, VIETNAM, vietnam_day
from dancu.kernel.errors import Conflict, DancuError, Invalid
from dancu.kit.db import Conn
from dancu.kit.i18n import N_
from dancu.kit.keys import KeyRing
from dancu.population.service import linkage
from dancu.sharing.service import data_agreements

Connect = Callable[[], Awaitable[Conn]]
Deliver = Callable[[int, bytes], Awaitable[None]]
"""Is given the JSON lines of chunk n after its commit."""
_ENDED: Final = frozenset({RunState.DONE, RunState.FAILED, RunState.ERASED})


async def _nowhere(nth: int, lines: bytes) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Worked:
    """`finished` False: the time given was over, and there is more to do."""

    run: Run
    finished: bool
    ignored: tuple[str, ...] = ()


async def work(
    connect: Connect, keys: KeyRing, run_no: int, path: Path, *, channel: Channel = Channel.JOB, deliver: Deliver = _nowhere,
    progress: Callable[[Run], None] = lambda run: None, seconds: float | None = None, chunk: int = CHUNK, hand_out: bool = True,
) -> Worked:  # fmt: skip
    """Work on a run until its file ends, or for about so many `seconds`. What earlier calls committed is handed out first, unless
    `hand_out` is False.

    `connect` opens a connection in autocommit. Raises Conflict `reconcile.running` where another process works on it; Exceeded
    `exchange.quota` (the run waits for the next day); Refused where the agreement or the partner's connection ended meanwhile
    (the run can go on when it is back); Invalid for a file that cannot be read: the run has failed then.
    """
    conn = await connect()
    try:
        if not await store.claim(conn, run_no):
            raise Conflict("reconcile.running", N_("Lượt đối soát này đang được xử lý bởi một tiến trình khác."))
        run = await runs.one(conn, run_no)
        nth = 0
        if hand_out:
            async for lines in results.ndjson(conn, keys, run_no):
                await deliver(nth, lines)
                nth += 1
        if run.state in _ENDED:
            return Worked(run, finished=True)
        job = _Job(conn, keys, run, deliver, progress, channel)
        try:
            return await job.perform(path, time.monotonic() + seconds if seconds is not None else None, chunk)
        except Invalid as error:
            async with conn.transaction():
                await store.put_state(conn, run_no, RunState.FAILED, error.code)
            raise
    finally:
        await conn.close()


@dataclass(slots=True)
class _Job:
    conn: Conn
    keys: KeyRing
    run: Run
    deliver: Deliver
    progress: Callable[[Run], None]
    channel: Channel
    began: float = field(default_factory=time.monotonic)

    async def perform(self, path: Path, until: float | None, chunk: int) -> Worked:
        run = self.run
        before = run.seconds
        comparing = Comparing(
            Actor(ActorKind.CLIENT, run.client_no, run.org_code, request_id=run.request_id, channel=self.channel),
            Purpose(run.purpose, run.legal_basis, run.case_ref), {"verb": "reconcile", "run": run.run_no, "officer": run.officer},
            weights(run.weights), await linkage.size(self.conn), run.released,
        )  # fmt: skip
        source = await asyncio.to_thread(Source, path, profile(run.profile), SYSTEM_CLOCK.today(), run.position)
        # A thread reads and cleans the next chunk while the database compares this one.
        reading = asyncio.create_task(asyncio.to_thread(source.chunk, chunk))
        try:
            while rows := await reading:
                reading = asyncio.create_task(asyncio.to_thread(source.chunk, chunk))
                lines = await self._chunk(comparing, rows, before)
                await self.deliver(run.chunks - 1, lines)
                self.progress(run)
                if until is not None and time.monotonic() > until:
                    return Worked(run, finished=False, ignored=source.ignored)
            if run.position == 0:
                raise Invalid("reconcile.file.no_rows", N_("Tệp chỉ có dòng tiêu đề, không có dòng dữ liệu nào."))
            async with self.conn.transaction():
                await store.put_state(self.conn, run.run_no, RunState.DONE)
                await store.forget(self.conn, run.run_no)
            run.state = RunState.DONE
            return Worked(run, finished=True, ignored=source.ignored)
        finally:
            # Also where who is told has gone away: the file stays open as long as the thread reads in it.
            await asyncio.gather(reading, return_exceptions=True)
            source.close()

    async def _chunk(self, comparing: Comparing, rows: list[Declared], before: float) -> bytes:
        """One transaction; the JSON lines of its rows once it is committed."""
        run = self.run
        try:
            async with self.conn.transaction():
                await self._permitted(len(rows))
                told = await self._compare(comparing, rows)
                counts = Counter(run.counts)
                counts.update(result.outcome.value for result in told)
                first, last, compared = await linkage.entries(self.conn)
                counts["compared"] += compared
                counts["first_entry"], counts["last_entry"] = counts["first_entry"] or first, max(counts["last_entry"], last)
                refused_rows = [results.rejected(row) for row in rows if row.problem is not None]
                sealed = results.seal(self.keys, run.run_no, run.chunks, "result", results.kept(told))
                rejects = results.seal(self.keys, run.run_no, run.chunks, "rejects", refused_rows) if refused_rows else None
                await store.add_chunk(self.conn, run.run_no, run.chunks, len(rows), sealed, rejects)
                spent = before + time.monotonic() - self.began
                if not await store.advance(self.conn, run, rows[-1].line, counts, spent):
                    raise Conflict("reconcile.running", N_("Lượt đối soát này đang được xử lý bởi một tiến trình khác."))
        except DancuError as error:
            if error.evidence is not None:
                async with self.conn.transaction():
                    await error.evidence(self.conn)
            raise
        run.position, run.chunks, run.counts, run.seconds, run.state = rows[-1].line, run.chunks + 1, dict(counts), spent, RunState.RUNNING
        return results.unseal(self.keys, run.run_no, run.chunks - 1, "result", sealed)

    async def _permitted(self, rows: int) -> None:
        """The partner is connected, no alert holds its program, the agreement still holds at this hour, and the day's quota covers the
        rows."""
        run, now = self.run, SYSTEM_CLOCK.now()
        if (await partners.partner(self.conn, run.org_code)).state is not PartnerState.LIVE:
            raise refused("exchange.suspended")
        if await calls.held(self.conn, run.client_no):
            raise refused("exchange.held")
        agreement = await data_agreements.in_force(self.conn, run.org_code, runs.SERVICE)
        if agreement is None or not agreement.fields_for(run.purpose) >= run.released:
            raise refused("agreement.none")
        if code := agreement.permits(runs.SERVICE, run.released, run.purpose, run.legal_basis, now):
            raise refused(code)
        got = await calls.lease(self.conn, run.org_code, runs.SERVICE, vietnam_day(now), rows, agreement.quota_day)
        if got < rows:
            raise over_quota(_seconds_left(now))

    async def _compare(self, comparing: Comparing, rows: list[Declared]) -> list[Result]:
        decisions = await comparing.compare(self.conn, rows)
        met = [(d.best.candidate.person_key, row.line) for row, d in zip(rows, decisions, strict=True) if d.sure and d.best]
        first = await store.meet(self.conn, self.run.run_no, [key for key, _ in met], [line for _, line in met])
        return [
            comparing.result(row, d, first[d.best.candidate.person_key] if d.sure and d.best else row.line)
            for row, d in zip(rows, decisions, strict=True)
        ]


def _seconds_left(now: datetime) -> int:
    """Until the next day in Vietnam begins."""
    local = now.astimezone(VIETNAM)
    return max(1, round((datetime.combine(local.date() + timedelta(days=1), dt_time(), VIETNAM) - local).total_seconds()))
