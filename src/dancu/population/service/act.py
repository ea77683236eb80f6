"""How every verb runs: ask the gate, lock in key order, let the rule edit the facts, record the difference
with its evidence and its news, all in the caller's transaction.

A verb is written once, as a function that prepares a `Work`; calling it carries the work out, `.preview(…)`
with the same arguments says what it would do and writes nothing but the evidence that somebody looked.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Concatenate, Generic, ParamSpec

from dancu.audit import service as audit
from dancu.kernel.actor import Actor, Document, Purpose
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kernel.errors import Conflict, DancuError, Invalid, NotAllowed
from dancu.kit.db import Conn
from dancu.kit.i18n import N_
from dancu.population.models import Done, PersonView, Preview, Source
from dancu.population.policy import standing
from dancu.population.policy.work import Work
from dancu.population.service.apply import apply
from dancu.population.service.derive import check_units
from dancu.population.service.look import refusal
from dancu.population.service.preview import preview_of
from dancu.population.store import acts, facts, gate, persons
from dancu.population.store.sentences import in_words
from dancu.territory.service import gazetteer

P = ParamSpec("P")


@dataclass(frozen=True, slots=True)
class MergeNote:
    """`undo`: what has to be kept of a merge so that it can be undone; `undone`: which merge was undone."""

    absorbed: int
    kept: int
    undo: dict[str, Any] | None = None
    undone: datetime | None = None


class Act:
    """One verb being carried out or previewed, for one actor, purpose and document."""

    def __init__(
        self,
        conn: Conn,
        actor: Actor,
        purpose: Purpose,
        document: Document,
        verb: str,
        permission: str,
        preview: bool,
    ) -> None:
        self.conn = conn
        self.actor = actor
        self.purpose = purpose
        self.document = document
        self.verb = verb
        self.permission = permission
        self.preview = preview
        self.today: date = SYSTEM_CLOCK.today()
        self.opened: dict[int, str] = {}
        self.merge: MergeNote | None = None
        self.settled: tuple[int, int] | None = None
        self.reason = ""  # a code of policy.correct.Reason, kept with the evidence

    @property
    def source(self) -> Source:
        """The source of every fact the verb writes: its document."""
        return Source(self.document.kind, self.document.number, self.document.issued_on)

    async def open(self, keys: Iterable[int], places: Sequence[int] = ()) -> None:
        """Ask the gate for everyone the act touches, together: one of them, or the new place, must be the
        officer's. Raises on the first refusal; that somebody tried is kept through the rollback."""
        asked = sorted({*keys, *self.opened})
        areas = sorted({area for unit in places for area in gazetteer().areas(unit, self.today)})
        conn, actor, purpose, permission = self.conn, self.actor, self.purpose, self.permission
        for key, word in await acts.open_for_act(conn, actor, purpose, asked, areas, permission):
            if word not in ("ok", "party"):
                error = refusal(word)
                error.evidence = lambda other: acts.open_for_act(other, actor, purpose, asked, areas, permission)
                raise error
            if key is not None:  # None: nobody is touched, the verdict is about the place
                self.opened[key] = word

    async def open_new(self, keys: Sequence[int], households: Sequence[int] = ()) -> None:
        """Open keys drawn for persons and households that are about to be written."""
        await gate.open_new(self.conn, keys, households)

    async def peek(self, key: int) -> PersonView:
        """An opened person as known now, not locked: to learn who else the act touches."""
        found = await facts.load_view(self.conn, [key], self.today)
        if key not in found:
            raise refusal("not_found")
        return found[key]

    async def take(self, principal: int) -> Work:
        """Lock everyone opened and their households, and enter them as they stand now."""
        keys = sorted(self.opened)
        if not self.preview:
            await persons.lock(self.conn, keys, ())
        work = Work(principal, self.source, self.today)
        found = await facts.load_view(self.conn, keys, self.today)
        for key in [principal, *(k for k in keys if k != principal)]:
            if key in found:
                work.enter(found[key])
        return work

    async def settle_households(self, work: Work) -> None:
        """Close the households that nobody belongs to any more, open again those that somebody came back to. Two acts
        that take the last two members away wait for each other here, or each would think that the other one stays."""
        touched = standing.touched(work)
        if touched and not self.preview:
            await persons.lock(self.conn, (), sorted(work.households))
        for household in touched:
            others_open, others_until = await persons.others_stay(self.conn, household, list(work.persons))
            standing.settle(work, household, others_open, others_until)

    async def gathered(self, work: Work, needed: Iterable[int | None]) -> None:
        """Between asking and locking somebody may have changed who is touched: then the officer starts
        again."""
        if any(key is not None and key not in work.persons for key in needed):
            raise Conflict(
                "fact.changed",
                N_("Thông tin này vừa được người khác thay đổi. Hãy mở lại hồ sơ rồi làm tiếp."),
            )


async def in_turn(conn: Conn, keys: Iterable[int], *same: str) -> None:
    """Wait for whoever writes what an officer saw and confirmed of these persons, or the same answers (`same`: by their seal, or
    who is about to be registered), and let the next wait until the transaction ends."""
    await persons.in_turn(conn, [*map(str, keys), *same])


class Verb(Generic[P]):
    """A verb of the registry: `await move(conn, actor, purpose, document, …)` does it, `await
    move.preview(…)` says what it would do."""

    def __init__(self, name: str, permission: str, prepare: Callable[Concatenate[Act, P], Awaitable[Work]]) -> None:
        self.name = name
        self.permission = permission
        self._prepare = prepare
        self.__doc__ = prepare.__doc__

    async def __call__(
        self,
        conn: Conn,
        actor: Actor,
        purpose: Purpose,
        document: Document,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Done:
        act = self._act(conn, actor, purpose, document, preview=False)
        work = await self._prepared(act, *args, **kwargs)
        return await apply(act, work)

    async def preview(
        self,
        conn: Conn,
        actor: Actor,
        purpose: Purpose,
        document: Document,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Preview:
        act = self._act(conn, actor, purpose, document, preview=True)
        work = await self._prepared(act, *args, **kwargs)
        shown = preview_of(work, {k for k, word in act.opened.items() if word == "party"})
        await audit.record(
            conn,
            actor,
            purpose,
            action="read",
            subjects=[k for k in act.opened if k in work.persons and work.persons[k].before],
            fields=sorted({c.group for c in shown.changes}),
            note={"preview": self.name},
        )
        return shown

    async def _prepared(self, act: Act, *args: P.args, **kwargs: P.kwargs) -> Work:
        """The work, or the rule's refusal. A refusal says something of the persons it was judged by ("is married
        already"), so it is a look at them, recorded through the rollback."""
        try:
            with in_words():
                work = await self._prepare(act, *args, **kwargs)
                await act.settle_households(work)
            check_units(work)
        except DancuError as error:
            if error.evidence is None and act.opened:
                note = {"verb": self.name, "refused": error.code}
                keys = sorted(act.opened)
                error.evidence = lambda other: audit.record(
                    other, act.actor, act.purpose, action="read", subjects=keys, fields=["verb"], note=note
                )
            raise
        return work

    def _act(self, conn: Conn, actor: Actor, purpose: Purpose, document: Document, *, preview: bool) -> Act:
        if not actor.can(self.permission):
            raise NotAllowed(
                "person.no_permission",
                N_("Tài khoản của bạn không có quyền làm việc này. Hãy hỏi người quản trị của cơ quan."),
            )
        if not document.kind.strip():
            raise Invalid("document.missing", N_("Hãy ghi giấy tờ làm căn cứ cho thay đổi."))
        if not purpose.legal_basis.strip():
            raise Invalid("purpose.no_basis", N_("Hãy chọn căn cứ pháp lý."))
        return Act(conn, actor, purpose, document, self.name, self.permission, preview)


def verb(name: str, permission: str) -> Callable[[Callable[Concatenate[Act, P], Awaitable[Work]]], Verb[P]]:
    """Make a verb of a function that prepares its work."""
    return lambda prepare: Verb(name, permission, prepare)
