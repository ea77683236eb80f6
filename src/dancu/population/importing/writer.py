"""One chunk of rows, from look-up to the last COPY. All that a chunk writes, its counters and the position it reaches
is one transaction."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date, datetime

from dancu.kernel.actor import Actor, Purpose
from dancu.kernel.clock import monotonic_after
from dancu.kernel.errors import Conflict
from dancu.kit.db import Conn
from dancu.kit.i18n import N_
from dancu.population import models as m
from dancu.population.bulk.build import Builder, Chunk
from dancu.population.bulk.load import areas_today, write_chunk
from dancu.population.bulk.stock import Stock
from dancu.population.importing import assemble, store
from dancu.population.importing.assembly import COMPARED, Ready, assemble_chunk
from dancu.population.importing.bloom import Bloom
from dancu.population.importing.diff import Difference, after
from dancu.population.importing.hamlets import Hamlets
from dancu.population.importing.households import Head, households_of, settle
from dancu.population.importing.kin import at_home, mirror, proposed, together
from dancu.population.importing.matching import Known, household_number, look_up, name_key
from dancu.population.importing.outcome import Tally
from dancu.population.importing.plan import Change, Plan, first_pass, second_pass
from dancu.population.importing.reasons import sentence
from dancu.population.importing.row import Row
from dancu.population.service.derive import derived
from dancu.population.store import facts, persons


class Writer:
    """Writes the chunks of one run. `unnumbered` knows the names of people without a number."""

    def __init__(
        self, run: store.Run, profile: str, header: list[str], actor: Actor, purpose: Purpose, today: date
    ) -> None:
        self.run, self._profile, self._header, self._today = run, profile, header, today
        self._builder = Builder(
            actor, purpose, verb="import", areas=areas_today(), reference=f"import_run {run.run_id}"
        )
        self.stock = Stock()
        self._compared: set[int] = set()
        self.unnumbered = Bloom()
        self._hamlets = Hamlets()

    async def prepare(self, conn: Conn, rows: list[Row]) -> Ready | None:
        """Make a chunk ready with `conn` only to ask. None: it concerns persons the registry knows, so that it must
        be planned under their locks (`work`)."""
        await self._hamlets.name(conn, rows)
        known = await look_up(conn, rows, self.unnumbered)
        plan = first_pass(rows, known)
        if not plan.simple:
            return None
        await self._attach(conn, plan, known)
        versions, heads = settle(plan, known)
        if heads:
            return None
        plan.new = together(plan.new)
        home = at_home(plan.new)
        plan.new = [(row, proposed(draft, {}, home)) for row, draft in plan.new]
        return await self._build(conn, plan, known, versions, [], None, {})

    async def work(self, conn: Conn, rows: list[Row]) -> Tally:
        """Plan and write a chunk in the transaction of `conn`; rows about one person come one after the other."""
        tally = Tally()
        self._compared.clear()
        await self._hamlets.name(conn, rows)
        while rows:
            known = await look_up(conn, rows, self.unnumbered)
            plan = first_pass(rows, known)
            drafts = [d for _, d in plan.new] + [d for _, d, _ in plan.open]
            kin = {k.relative_key for d in drafts for k in d.kin if k.relative_key is not None}
            wanted = {key for _, _, found in plan.open for key in (*found.sure, *found.maybe)}
            headless = [v.household_key for v in known.households.values() if v.head_key is None]
            now, last = await persons.lock(conn, sorted(wanted | kin), sorted(headless))
            views = await facts.load_view(conn, sorted(wanted | kin), self._today) if wanted | kin else {}
            await self._attach(conn, plan, known)
            second_pass(plan, views, self._today)
            await self._kin(conn, plan, views)
            versions, heads = settle(plan, known)
            open_findings = await store.open_findings(conn, sorted({*views, *plan.compared}))
            tick = monotonic_after(now, last)
            self._compared |= plan.compared
            ready = await self._build(conn, plan, known, versions, heads, tick, open_findings)
            await self._close(conn, plan, heads, ready, tick)
            await self.write(conn, ready)
            tally.add(ready.tally)
            rows = plan.later
        return tally

    async def write(self, conn: Conn, ready: Ready) -> None:
        """COPY everything of a chunk that was built."""
        await write_chunk(conn, ready.chunk)
        await store.keep_rows(conn, self.run, ready.rows)
        await store.keep_reviews(conn, self.run, self._profile, ready.reviews)
        refused = [(r.line, r.cells, r.problem[0], sentence(r.problem[0])) for r in ready.refused if r.problem]
        await store.keep_rejects(conn, self.run, refused)

    def entries(self) -> tuple[int, int]:
        """First and last+1 of the evidence entries taken so far; (0, 0) for none."""
        blocks = self.stock.entry_blocks
        return (blocks[0].start, blocks[-1].stop) if blocks else (0, 0)

    async def witness(self, conn: Conn) -> None:
        """Evidence, apart from the chunk's own transaction, of the persons compared in chunks since the last call. Of a
        rehearsal's own new persons nothing is left to be witnessed."""
        real = sorted(await store.existing(conn, sorted(self._compared)))
        self._compared.clear()
        await self.stock.ensure(conn, entries=len(real))
        chunk = Chunk()
        for key, entry in zip(real, self.stock.entries.take(len(real)), strict=True):
            self._builder.read(chunk, key, entry, COMPARED)
        await write_chunk(conn, chunk)

    async def _close(self, conn: Conn, plan: Plan, heads: list[Head], ready: Ready, tick: datetime) -> None:
        """End what the changes close, and rewrite what is worked out from the facts."""
        closing = [(f, ready.entry_of[c.view.person_key]) for c in plan.changes for f in c.found.closes]
        closing += [(head.known, entry) for head, entry in zip(heads, ready.head_entries, strict=True)]
        if not await store.close_facts(conn, closing, tick):
            raise Conflict("fact.changed", N_("Thông tin vừa được người khác thay đổi. Hãy chạy lại lệnh nhập."))
        await store.update_persons(
            conn,
            [(c.view.person_key, derived(after(c.view, c.found), self._today)) for c in plan.changes],
            tick,
        )

    async def _attach(self, conn: Conn, plan: Plan, known: Known) -> None:
        """Draw keys, and give every draft its place in its household."""
        rows = [row for row, _ in plan.new] + [row for row, _, _ in plan.open]
        fresh = [number for number in households_of(rows) if number not in known.households]
        await self.stock.ensure(conn, persons=len(rows), households=len(fresh))
        keys = dict(zip(fresh, self.stock.households.take(len(fresh)), strict=True))
        keys |= {number: version.household_key for number, version in known.households.items()}
        drawn = self.stock.persons.take(len(rows))

        def placed(row: Row, draft: m.PersonDraft) -> m.PersonDraft:
            number = household_number(row)
            members = (assemble.membership(row, keys[number]),) if number else ()
            return replace(draft, person_key=next(drawn), memberships=members)

        plan.new = [(row, placed(row, draft)) for row, draft in plan.new]
        plan.open = [(row, placed(row, draft), found) for row, draft, found in plan.open]

    async def _kin(self, conn: Conn, plan: Plan, views: dict[int, m.PersonView]) -> None:
        """Link kin among the new, mirror it in the record of a relative, and propose a place of origin where the child has
        none."""
        plan.new = together(plan.new)
        home = at_home(plan.new)
        by_key = {change.view.person_key: change for change in plan.changes}
        parents = {
            k.relative_key
            for _, d in plan.new
            for k in d.kin
            if k.relative_key is not None and not (d.birth.origin_unit or d.birth.origin_place)
        }
        origins = await store.origins_of(conn, sorted(parents)) if parents else {}
        for _, draft in plan.new:
            for fact in draft.kin:
                view = views.get(fact.relative_key or 0)
                if view is None:
                    continue
                mirrored = mirror(draft, fact, view)
                if mirrored is not None:
                    change = by_key.get(view.person_key)
                    if change is None:
                        change = by_key[view.person_key] = Change(None, view, Difference())
                        plan.changes.append(change)
                    change.found.opens.append(mirrored)
        plan.new = [(row, proposed(draft, origins, home)) for row, draft in plan.new]

    async def _build(
        self, conn: Conn, plan: Plan, known: Known, versions: list[m.HouseholdFact], heads: list[Head],
        tick: datetime | None, open_findings: dict[int, set[str]],
    ) -> Ready:  # fmt: skip
        for row, draft in plan.new:
            if row.get("personal_id") is None and draft.birth.year is not None:
                self.unnumbered.add((name_key(row), draft.birth.year))
        changed = {c.view.person_key for c in plan.changes}
        compared = sorted(plan.compared - changed)
        opened = sum(len(c.found.opens) for c in plan.changes) + len(heads)
        needed = sum(len(d.facts()) for _, d in plan.new) + len(versions) + opened
        witnesses = len(plan.new) + len(versions) + len(plan.changes) + len(heads) + len(compared)
        await self.stock.ensure(conn, facts=needed, entries=witnesses)
        fact_ids, entry_ids = self.stock.facts.take(needed), self.stock.entries.take(witnesses)
        if tick is None:
            tick = self.stock.now()
        return await asyncio.to_thread(
            assemble_chunk, self._builder, self._header, plan, versions, heads, known.waiting, open_findings,
            fact_ids, entry_ids, tick,
        )  # fmt: skip
