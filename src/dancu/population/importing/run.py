"""A whole import: opens or resumes the run, keeps reading, building and writing busy at the same time, and ends when
the evidence of every row has its place in the log."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Final

from dancu.audit import service as audit
from dancu.kernel.actor import Actor, Purpose
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kernel.errors import Conflict
from dancu.kit.db import Conn
from dancu.kit.i18n import N_
from dancu.kit.sheets import rejects
from dancu.population.bulk.collector import patient_collector
from dancu.population.bulk.store import assert_evidence_moves
from dancu.population.importing import store
from dancu.population.importing.assembly import Ready
from dancu.population.importing.matching import household_number, numbers_of
from dancu.population.importing.outcome import OUTCOMES, Result, Tally
from dancu.population.importing.patience import PATIENCE, Waiting, patiently
from dancu.population.importing.plan import identities
from dancu.population.importing.profile import Profile
from dancu.population.importing.row import Row
from dancu.population.importing.source import CHUNK, Source, file_hash
from dancu.population.importing.writer import Writer

_ATTEMPTS: Final = 5
_IMPOSSIBLE: Final = "import.impossible"
Connect = Callable[[], Awaitable[Conn]]
Settle = Callable[[tuple[int, int]], Awaitable[bool]]
"""Waits until evidence entries [first, end) are sequenced; False where nobody is sequencing."""


@dataclass(slots=True)
class Progress:
    """What a progress bar needs: rows done so far (those of an earlier, broken run too) and the tally."""

    position: int
    tally: Tally


async def import_file(
    connect: Connect,
    path: Path,
    profile: Profile,
    *,
    actor: Actor,
    purpose: Purpose,
    dry_run: bool = False,
    as_of: date | None = None,
    settle: Settle | None = None,
    progress: Callable[[Progress], None] = lambda progress: None,
    chunk: int = CHUNK,
    patience: float = PATIENCE,
    waiting: Waiting = lambda seconds: None,
) -> Result:
    """Import a file. `connect` opens connections as role `import` in autocommit; two are used.

    `as_of`: the day whose units the file's places mean; without it each row's own date. A run of the same content and
    profile that was broken off is taken up where it stopped. `dry_run` does everything in one transaction and rolls
    it back: the same counts and reasons, nothing kept but the evidence of who was compared. Raises Invalid for a file
    that cannot be read at all, Conflict `import.running` where another process imports it. A database that goes away
    is waited for and the run taken up again (`patience`, `waiting`: see `patience.patiently`), after that Unavailable.
    """
    digest = await asyncio.to_thread(file_hash, path)
    position = 0

    def moved(now: Progress) -> None:
        nonlocal position
        position = now.position
        progress(now)

    async def once() -> Result:
        started = time.perf_counter()
        conn = await connect()
        try:
            side = await connect()
            try:
                if not await store.claim(conn, digest):
                    raise Conflict("import.running", N_("Tệp này đang được nhập bởi một tiến trình khác."))
                job = _Job(conn, side, path, profile, digest, actor, purpose, as_of, moved, chunk, started)
                return await (job.rehearse() if dry_run else job.perform(settle))
            finally:
                await side.close()
        finally:
            await conn.close()

    with patient_collector():
        return await patiently(once, lambda: position, patience=patience, waiting=waiting)


class _Rehearsed(Exception):
    """Rolls a dry run back."""


@dataclass(slots=True)
class _Job:
    conn: Conn
    side: Conn
    path: Path
    profile: Profile
    digest: bytes
    actor: Actor
    purpose: Purpose
    as_of: date | None
    progress: Callable[[Progress], None]
    size: int
    started: float
    tally: Tally = field(default_factory=Tally)
    seconds: float = 0.0  # of the run's earlier lives

    async def perform(self, settle: Settle | None) -> Result:
        async with self.conn.transaction():
            run = await self._open()
            source = await asyncio.to_thread(self._source, run.position)
            await store.describe(self.conn, run, self.as_of, source.header)
            if not run.resumed:
                await self._note("start", run)
        self.tally, self.seconds = Tally.of(run.counts), run.seconds
        try:
            writer = await self._writer(run, source)
            await self._pipeline(run, source, writer)
            file = rejects.beside(self.path)
            async with self.side.transaction():
                count = await rejects.write(file, source.sheet, store.rejects(self.side, run.run_id))
            kept = str(file) if count else None
            async with self.conn.transaction():
                await store.finish(self.conn, run, kept or "", self._elapsed())
                await self._note("finish", run)
        finally:
            source.close()
        sequenced = await settle(self.tally.entries) if settle is not None else False
        return self._result(run, source, kept, sequenced=sequenced, dry_run=False)

    async def rehearse(self) -> Result:
        """All of it in one transaction that is rolled back. Whom the rows were compared with is kept all the same:
        the result tells about them."""
        try:
            async with self.conn.transaction():
                run = replace(await self._open(), position=0, counts={}, resumed=False)
                source = await asyncio.to_thread(self._source, 0)
                try:
                    writer = await self._writer(run, source)
                    while rows := await asyncio.to_thread(source.chunk, self.size):
                        await self._work(run, writer, rows, rehearsal=True)
                        async with self.side.transaction():
                            await writer.witness(self.side)
                finally:
                    source.close()
                raise _Rehearsed
        except _Rehearsed:
            return self._result(run, source, None, sequenced=True, dry_run=True)

    async def _pipeline(self, run: store.Run, source: Source, writer: Writer) -> None:
        """Three things at once: a thread reads the next chunk, this one is made ready, the one before is written."""
        writing: asyncio.Task[None] | None = None
        in_flight: set[str] = set()
        reading = asyncio.create_task(asyncio.to_thread(source.chunk, self.size))
        try:
            while rows := await reading:
                reading = asyncio.create_task(asyncio.to_thread(source.chunk, self.size))
                names = _names(rows)
                ready: Ready | None = None
                if names is not None:
                    if writing is not None and not in_flight.isdisjoint(names):
                        await writing
                    ready = await writer.prepare(self.side, rows)
                if writing is not None:
                    await writing
                    writing = None
                if ready is None:
                    await self._work(run, writer, rows)
                else:
                    in_flight = names or set()
                    writing = asyncio.create_task(self._write(run, writer, rows, ready))
            if writing is not None:
                await writing
        finally:
            for task in (reading, writing):
                if task is not None and not task.done():
                    task.cancel()

    async def _write(self, run: store.Run, writer: Writer, rows: list[Row], ready: Ready) -> None:
        try:
            async with self.conn.transaction():
                await assert_evidence_moves(self.conn)
                await writer.write(self.conn, ready)
                total = await self._advance(run, writer, rows, ready.tally)
        except Exception as error:
            if not (store.is_race(error) or store.is_refusal(error)):
                raise
            # Somebody registered one of these persons since we asked, or a row is impossible: once more, under locks.
            await self._work(run, writer, rows)
        else:
            self._moved(run, rows, total)

    async def _work(self, run: store.Run, writer: Writer, rows: list[Row], *, rehearsal: bool = False) -> None:
        for attempt in range(_ATTEMPTS):
            try:
                async with self.conn.transaction():
                    await assert_evidence_moves(self.conn)
                    done = await writer.work(self.conn, rows)
                    total = await self._advance(run, writer, rows, done, rehearsal=rehearsal)
            except Exception as error:
                if store.is_refusal(error):
                    await self._apart(run, writer, rows, error, rehearsal=rehearsal)
                    return
                if not store.is_race(error) or attempt + 1 == _ATTEMPTS:
                    raise
            else:
                self._moved(run, rows, total)
                return

    async def _apart(
        self, run: store.Run, writer: Writer, rows: list[Row], error: Exception, *, rehearsal: bool
    ) -> None:
        """The database refused a value that all checks had let through. The row it is in is found by halves and goes
        to a person; the others go in."""
        if len(rows) > 1:
            middle = len(rows) // 2
            await self._work(run, writer, rows[:middle], rehearsal=rehearsal)
            await self._work(run, writer, rows[middle:], rehearsal=rehearsal)
            return
        if any(code == _IMPOSSIBLE for code, _ in rows[0].doubts):
            raise error
        rows[0].doubts.append((_IMPOSSIBLE, store.constraint_of(error)))
        await self._work(run, writer, rows, rehearsal=rehearsal)

    async def _advance(
        self, run: store.Run, writer: Writer, rows: list[Row], done: Tally, *, rehearsal: bool = False
    ) -> Tally:
        """Count, and move the run on, in the transaction of the rows. What it counted is ours after the commit."""
        total = self.tally.copy()
        total.add(done)
        total.cover(*writer.entries())
        if not rehearsal and not await store.advance(self.conn, run, rows[-1].line, total.as_json(), self._elapsed()):
            raise Conflict("import.running", N_("Tệp này đang được nhập bởi một tiến trình khác."))
        return total

    def _moved(self, run: store.Run, rows: list[Row], total: Tally) -> None:
        run.position, self.tally = rows[-1].line, total
        self.progress(Progress(run.position, total))

    async def _open(self) -> store.Run:
        return await store.open_run(
            self.conn, self.digest, self.profile.name, self.profile.digest, self.path.name,
            str(rejects.beside(self.path)), self.actor, self.purpose,
        )  # fmt: skip

    def _source(self, skip: int) -> Source:
        return Source(self.path, self.profile, self.as_of, SYSTEM_CLOCK.today(), skip)

    async def _writer(self, run: store.Run, source: Source) -> Writer:
        writer = Writer(run, self.profile.name, source.header, self.actor, self.purpose, SYSTEM_CLOCK.today())
        async with self.side.transaction():
            async for name, year in store.unnumbered(self.side):
                writer.unnumbered.add((name, year))
        return writer

    async def _note(self, what: str, run: store.Run) -> None:
        """Evidence of the run itself; who was concerned stands in the entries of its rows."""
        note = {"verb": "import", "step": what, "run": run.run_id, "profile": self.profile.name}
        if what == "finish":
            note |= {name: self.tally.rows[name] for name in OUTCOMES}
        await audit.record(
            self.conn, self.actor, self.purpose, action="system", subjects=[None], fields=None, note=note
        )

    def _elapsed(self) -> float:
        return self.seconds + time.perf_counter() - self.started

    def _result(self, run: store.Run, source: Source, kept: str | None, *, sequenced: bool, dry_run: bool) -> Result:
        return Result(run.run_id, self.tally, kept, source.ignored, self._elapsed(), sequenced, run.resumed, dry_run)


def _names(rows: list[Row]) -> set[str] | None:
    """Everything by which a row of these could meet a row of the chunk that is being written. None: a row has no
    number, so that only a look at what is written can tell."""
    names: set[str] = set()
    for row in rows:
        if row.problem is not None:
            continue
        if row.get("personal_id") is None:
            return None
        names.update(identities(row))
        names.update(numbers_of(row))
        if number := household_number(row):
            names.add(f"household:{number}")
    return names
