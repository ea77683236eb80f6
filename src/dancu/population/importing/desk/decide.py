"""Deciding a row. Every decision holds the row first, so that of two officers one wins; it leaves evidence and news; sent
twice by the same officer, the second time is answered like the first."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta, timezone
from typing import Final

from dancu.access import service as access
from dancu.audit import service as audit
from dancu.kernel.actor import Actor, Document, Purpose
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kernel.errors import Conflict, FieldError, Invalid
from dancu.kit.db import Conn
from dancu.kit.events import emit
from dancu.kit.i18n import N_
from dancu.population.importing import assemble
from dancu.population.importing.assembly import COMPARED, units_of
from dancu.population.importing.desk.shown import compared, held
from dancu.population.importing.desk.verbs import insert, update
from dancu.population.importing.diff import difference
from dancu.population.importing.hamlets import Hamlets
from dancu.population.importing.matching import Known, candidates, decide, name_key, numbers_of
from dancu.population.importing.plan import linked
from dancu.population.importing.review import Review, read_again
from dancu.population.importing.row import Row
from dancu.population.importing.store import review as store
from dancu.population.models import NumberKind, PersonDraft
from dancu.population.store import findings, persons
from dancu.territory.service import gazetteer

SETTLED: Final = "population.import.review_settled"
RETYPED: Final = "population.import.review_retyped"
OUTSIDE: Final = "match.outside_area"
_SHORTEST, _LONGEST = 5, 500
VIETNAM: Final = timezone(timedelta(hours=7))


@dataclass(frozen=True, slots=True)
class Decided:
    """`outcome`: "inserted", "updated", "unchanged", "set_aside", or "waiting" where the row, read again, still needs a
    person: then `reasons` say why. `person_key`: who the row became."""

    outcome: str
    person_key: int | None = None
    reasons: tuple[tuple[str, str], ...] = ()


async def that_person(
    conn: Conn, actor: Actor, purpose: Purpose, run_id: int, line: int, person_key: int, taken: Collection[str] = ()
) -> Decided:
    """The row is about this person. What it adds is recorded; of what contradicts the registry only the data groups in
    `taken`. Raises Conflict `import.review.settled` where a colleague was faster, and whatever the registry refuses."""
    review = await _open(conn, actor, purpose, run_id, line)
    if review.outcome is not None:
        return _again(review, actor, review.outcome in ("updated", "unchanged") and review.person_key == person_key)
    if person_key not in review.candidates:
        raise Conflict("import.review.candidates", N_("Người này không còn trong các người dòng này có thể nói tới. Hãy mở lại dòng."))
    row, draft, _ = await _read(conn, actor, purpose, review)
    return await _update(conn, actor, purpose, review, row, draft, person_key, taken)


async def new_person(conn: Conn, actor: Actor, purpose: Purpose, run_id: int, line: int) -> Decided:
    """The row is about somebody the registry does not know. Numbers that are another person's are left out."""
    review = await _open(conn, actor, purpose, run_id, line)
    if review.outcome is not None:
        return _again(review, actor, review.outcome == "inserted")
    row, draft, known = await _read(conn, actor, purpose, review)
    return await _insert(conn, actor, purpose, review, row, draft, known)


async def set_aside(conn: Conn, actor: Actor, purpose: Purpose, run_id: int, line: int, reason: str) -> Decided:
    """The row does not enter the registry; the same row of a later file is not asked about again."""
    access.require(actor, "import.run")
    text = " ".join(reason.split())
    if not _SHORTEST <= len(text) <= _LONGEST:
        message = N_("Hãy ghi vì sao để dòng này sang một bên, từ 5 đến 500 ký tự.")
        raise Invalid("import.review.reason", message, fields=(FieldError("reason", "import.review.reason", message),))
    review = await _open(conn, actor, purpose, run_id, line)
    if review.outcome is not None:
        return _again(review, actor, review.outcome == "set_aside")
    await _witness(conn, actor, purpose, review, "review_set_aside")
    await _settle(conn, actor, purpose, review, "set_aside", detail=text)
    return Decided("set_aside")


async def try_again(
    conn: Conn, actor: Actor, purpose: Purpose, run_id: int, line: int, typed: Mapping[str, str]
) -> Decided:
    """Read the row with corrected cells as the import would. What was typed is kept also where it still does not do: then
    the answer is "waiting" with the reasons, and nothing but the typed cells was changed."""
    review = await _open(conn, actor, purpose, run_id, line)
    if review.outcome is not None:
        return _again(review, actor, review.outcome in ("inserted", "updated", "unchanged"))
    cells = {title: text for title in review.columns if (text := typed.get(title, "").strip())}
    row = read_again(review, cells, SYSTEM_CLOCK.today())
    if row.problem is not None:
        return await _keep(conn, actor, purpose, review, cells, row, ((row.problem[0], ""),), review.candidates)
    draft, known = await _known(conn, actor, purpose, row)
    found = candidates(0, row, known)
    keys = tuple(dict.fromkeys((*found.sure, *found.maybe)))
    if row.doubts:
        return await _keep(conn, actor, purpose, review, cells, row, tuple(row.doubts), keys)
    seen = await compared(conn, actor, purpose, keys, draft)
    if seen.outside:
        # Whoever may not see a candidate cannot tell the row from them: the other area's desk finds the row now.
        return await _keep(conn, actor, purpose, review, cells, row, ((OUTSIDE, ""),), keys)
    views = {view.person_key: view for view in seen.views}
    verdict = decide(row, draft, found, views)
    if isinstance(verdict, tuple):
        return await _keep(conn, actor, purpose, review, cells, row, tuple((code, "") for code in verdict), keys)
    if verdict is None:
        return await _insert(conn, actor, purpose, review, row, draft, known)
    conflicts = difference(views[verdict], draft, SYSTEM_CLOCK.today()).conflicts
    if conflicts:
        return await _keep(conn, actor, purpose, review, cells, row, tuple(conflicts), (verdict,))
    return await _update(conn, actor, purpose, review, row, draft, verdict, ())


# -- steps ----------------------------------------------------------------------------------------------------------------
async def _open(conn: Conn, actor: Actor, purpose: Purpose, run_id: int, line: int) -> Review:
    access.require(actor, "import.run")
    return await held(conn, actor, purpose, run_id, line)


def _again(review: Review, actor: Actor, same: bool) -> Decided:
    """The row was decided before. The same decision by the same officer is the same request sent twice."""
    if same and review.settled_by == actor.actor_id and review.outcome is not None:
        return Decided(review.outcome, review.person_key)
    at = review.settled_at
    raise Conflict(
        "import.review.settled",
        N_("Dòng này đã được {name} giải quyết lúc {at}. Hãy mở lại dòng để xem kết quả."),
        name=review.settled_name or f"#{review.settled_by}", at=f"{at.astimezone(VIETNAM):%H:%M %d/%m/%Y}" if at else "",
    )  # fmt: skip


async def _read(conn: Conn, actor: Actor, purpose: Purpose, review: Review) -> tuple[Row, PersonDraft, Known]:
    """The row as it stands, as a draft linked to its kin."""
    row = read_again(review, review.now, SYSTEM_CLOCK.today())
    if row.problem is not None:
        raise Invalid("import.review.unreadable", N_("Dòng này còn chỗ không đọc được. Hãy sửa các ô rồi thử lại."))
    return row, *await _known(conn, actor, purpose, row)


async def _known(conn: Conn, actor: Actor, purpose: Purpose, row: Row) -> tuple[PersonDraft, Known]:
    """Ask whom the row names, as `matching.look_up` does for a whole chunk."""
    known = Known()
    birth, name = row.get("birth"), name_key(row)
    terms = [f"{birth.year}:{token}" for token in dict.fromkeys(name.split())] if birth is not None else []
    async for how, kind, number, key in store.candidates(
        conn, actor, purpose, numbers_of(row), row.record_key, name, terms
    ):
        if how == "number":
            known.numbers.setdefault((kind, number), []).append(key)
        elif how == "record":
            known.records.setdefault(row.record_key or "", []).append(key)
        else:
            known.names.setdefault(0, []).append(key)
    await Hamlets().name(conn, [row])
    return linked(assemble.draft_of(row), known), known


def _paper(review: Review) -> Document:
    return Document("import", f"{review.file_name}; dòng {review.line}")


async def _update(
    conn: Conn, actor: Actor, purpose: Purpose, review: Review, row: Row, draft: PersonDraft, key: int,
    taken: Collection[str],
) -> Decided:  # fmt: skip
    outcome = "updated"
    try:
        await update(conn, actor, purpose, _paper(review), key, row, draft, taken)
    except Conflict as error:
        if error.code != "change.nothing":
            raise
        # The record says it all already: nothing is written, but it was compared.
        outcome = "unchanged"
        await _witness(conn, actor, purpose, review, "review_update", key)
    for one in await findings.open_findings(conn, key):
        if one.source_ref == f"{row.source.ref}; dòng {review.line}" and one.code in {c for c, _ in review.reasons}:
            await persons.settle_finding(conn, key, one.finding_id, actor.actor_id)
    await _settle(conn, actor, purpose, review, outcome, key, ", ".join(sorted(taken)), row)
    return Decided(outcome, key)


async def _insert(
    conn: Conn, actor: Actor, purpose: Purpose, review: Review, row: Row, draft: PersonDraft, known: Known
) -> Decided:
    own = {n.number: n.kind for n in draft.numbers}
    contested = {number for kind, number in known.numbers if own.get(number) == NumberKind(kind)}
    done = await insert(conn, actor, purpose, _paper(review), row, draft, contested)
    await _settle(conn, actor, purpose, review, "inserted", done.person_key, "", row)
    return Decided("inserted", done.person_key)


async def _keep(
    conn: Conn, actor: Actor, purpose: Purpose, review: Review, cells: Mapping[str, str], row: Row,
    reasons: tuple[tuple[str, str], ...], keys: Collection[int],
) -> Decided:  # fmt: skip
    day = SYSTEM_CLOCK.today()
    areas = sorted({area for unit in units_of(row) for area in gazetteer().areas(unit, day)})
    await _witness(conn, actor, purpose, review, "review_retype")
    await store.retype(conn, actor, purpose, review, cells, reasons, list(keys), areas)
    await emit(conn, RETYPED, None, {"run_id": review.run_id, "line": review.line})
    return Decided("waiting", None, reasons)


async def _witness(
    conn: Conn, actor: Actor, purpose: Purpose, review: Review, verb: str, key: int | None = None
) -> None:
    note = {"verb": verb, "run": review.run_id, "line": review.line}
    action, fields = ("write", ["import_row"]) if key is None else ("read", list(COMPARED))
    await audit.record(conn, actor, purpose, action=action, subjects=[key], fields=fields, note=note)


async def _settle(
    conn: Conn, actor: Actor, purpose: Purpose, review: Review, outcome: str, key: int | None = None, detail: str = "",
    row: Row | None = None,
) -> None:  # fmt: skip
    prints = [review.fingerprint, *([row.fingerprint] if row is not None else [])]
    record = row.record_key if row is not None else None
    if not await store.settle(
        conn, actor, purpose, review, outcome, person_key=key, detail=detail, fingerprints=prints, record_key=record
    ):
        raise Conflict("fact.changed", N_("Thông tin này vừa được người khác thay đổi. Hãy mở lại hồ sơ rồi làm tiếp."))
    await emit(conn, SETTLED, key, {"run_id": review.run_id, "line": review.line, "outcome": outcome})
