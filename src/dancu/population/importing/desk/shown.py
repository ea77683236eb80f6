"""What the desk shows: the list, one row, and the people it may be about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dancu.kernel.actor import Actor, Purpose
from dancu.kernel.errors import DancuError, NotFound
from dancu.kit.db import Conn
from dancu.kit.i18n import N_
from dancu.population.importing.assembly import COMPARED
from dancu.population.importing.review import Count, Review, Waiting
from dancu.population.importing.store import review as store
from dancu.population.models import PersonView
from dancu.population.service.look import look, refusal
from dancu.population.store import facts
from dancu.territory import service as territory

MOST = 50


def _refused(verdict: str) -> DancuError:
    if verdict == "not_found":
        return NotFound("import.review.unknown", N_("Không có dòng này trong các dòng chờ thuộc địa bàn của bạn."))
    return refusal(verdict)


async def listed(
    conn: Conn, actor: Actor, purpose: Purpose, *, settled: bool = False, run_id: int | None = None,
    reason: str | None = None, after: tuple[int, int] | None = None, most: int = MOST,
) -> list[Waiting]:  # fmt: skip
    """Rows that wait (or were decided) in the officer's area, newest import first. Says nothing of any person."""
    verdict, rows = await store.listed(
        conn, actor, purpose, settled=settled, run_id=run_id, reason=reason or None, after=after, most=most
    )
    if verdict != "ok":
        raise _refused(verdict)
    return rows


async def counts(conn: Conn, actor: Actor, purpose: Purpose) -> list[Count]:
    """How many rows wait in the officer's area, by import and by reason."""
    verdict, found = await store.counts(conn, actor, purpose)
    if verdict != "ok":
        raise _refused(verdict)
    return found


async def shown(conn: Conn, actor: Actor, purpose: Purpose, run_id: int, line: int) -> Review:
    """One row, to be shown: a look at somebody not yet known, recorded."""
    verdict, review = await store.row(conn, actor, purpose, run_id, line, deciding=False)
    if review is None:
        error = _refused(verdict)
        error.evidence = lambda other: store.row(other, actor, purpose, run_id, line, deciding=False)
        raise error
    return review


async def held(conn: Conn, actor: Actor, purpose: Purpose, run_id: int, line: int) -> Review:
    """One row, locked until the transaction ends: two who decide at once come one after the other."""
    verdict, review = await store.row(conn, actor, purpose, run_id, line, deciding=True)
    if review is None:
        error = _refused(verdict)
        error.evidence = lambda other: store.row(other, actor, purpose, run_id, line, deciding=False)
        raise error
    return review


@dataclass(frozen=True, slots=True)
class Compared:
    """The people a row may be about. `outside`: keys of those of another area, of whom nothing is shown."""

    views: tuple[PersonView, ...]
    outside: tuple[int, ...]


async def compared(conn: Conn, actor: Actor, purpose: Purpose, keys: Sequence[int]) -> Compared:
    """Look at the candidates through the gate: an entry of evidence for each."""
    if not keys:
        return Compared((), ())
    verdicts = await look(conn, actor, purpose, list(keys), COMPARED)
    views = await facts.load_view(conn, [v.person_key for v in verdicts if v.ok])
    for view in views.values():
        await territory.learn_hamlets(conn, [r.hamlet_id for r in view.residences])
    return Compared(
        tuple(views[key] for key in keys if key in views),
        tuple(v.person_key for v in verdicts if v.word not in ("ok", "not_found")),
    )
