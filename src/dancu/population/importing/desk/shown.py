"""What the desk shows: the list, one row, and the people it may be about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from dancu.kernel.actor import Actor, Purpose
from dancu.kernel.errors import DancuError, NotFound
from dancu.kit.db import Conn
from dancu.kit.i18n import N_
from dancu.population import models as m
from dancu.population.importing.assembly import COMPARED
from dancu.population.importing.review import Count, Review, Waiting
from dancu.population.importing.store import review as store
from dancu.population.policy.groups import groups_of
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

    views: tuple[m.PersonView, ...]
    outside: tuple[int, ...]


#: What tells one person from another; of the rest a candidate shows what the row speaks of too.
TELLING: Final = (m.NameFact, m.NumberFact, m.BirthFact, m.KinFact, m.ResidenceFact)
_TOLD: Final = (*COMPARED, "other_name", "birth_place", "birth_registration", "origin", "temporary_residence", "residence_file")


def facts_beside(view: m.PersonView, draft: m.PersonDraft | None) -> list[m.Fact]:
    """Facts of a candidate that may be held against the row."""
    kinds = (*TELLING, *{type(fact) for fact in draft.facts()}) if draft is not None else TELLING
    return [fact for fact in view.holding(view.facts()) if isinstance(fact, kinds)]


async def compared(
    conn: Conn, actor: Actor, purpose: Purpose, keys: Sequence[int], draft: m.PersonDraft | None = None
) -> Compared:
    """Look at the candidates through the gate: an entry of evidence for each, naming what `facts_beside` shows."""
    if not keys:
        return Compared((), ())
    spoken = {group for fact in (draft.facts() if draft is not None else ()) for group in groups_of(fact)}
    verdicts = await look(conn, actor, purpose, list(keys), sorted({*_TOLD, *spoken}))
    views = await facts.load_view(conn, [v.person_key for v in verdicts if v.ok])
    for view in views.values():
        await territory.learn_hamlets(conn, [r.hamlet_id for r in view.residences])
    return Compared(
        tuple(views[key] for key in keys if key in views),
        tuple(v.person_key for v in verdicts if v.word not in ("ok", "not_found")),
    )
