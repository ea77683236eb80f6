"""The desk of rows an import could not decide alone: the list, one row beside the people it may be about, the decisions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from dancu.access import service as access
from dancu.kernel.actor import Purpose
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kernel.errors import DancuError, Invalid
from dancu.kit.i18n import N_
from dancu.kit.web import (
    APIRouter,
    Conn,
    CurrentActor,
    DbConn,
    Form,
    FormErrors,
    Request,
    Response,
    allow,
    attempt,
    read_form,
    render,
    see_other,
)  # fmt: skip
from dancu.population import models as m
from dancu.population import wording
from dancu.population.importing import desk
from dancu.population.importing.assemble import draft_of
from dancu.population.importing.diff import difference
from dancu.population.importing.profile import load_profile
from dancu.population.importing.reasons import sentence
from dancu.population.importing.review import TAKEABLE, Review, column_of, read_again, readable
from dancu.population.wording import labels

router = APIRouter(prefix="/desk/review", include_in_schema=False)
_RIGHT: Final = "import.run"
_MOST: Final = 50
OUTCOMES: Final = {
    "inserted": N_("Đã đăng ký thành người mới"),
    "updated": N_("Đã bổ sung vào hồ sơ"),
    "unchanged": N_("Hồ sơ đã có đủ, không ghi thêm"),
    "set_aside": N_("Đã để sang một bên"),
}


def _why(form: Form | None = None) -> Purpose:
    """Rows are worked on for one purpose; its legal basis is the officer's to choose."""
    return access.choose_purpose("import", form.value("basis")[:60] if form is not None else "")


def _bases() -> list[tuple[str, str]]:
    (found,) = [laws for purpose, laws in access.purposes(serving=[_RIGHT]) if purpose.code == "import"]
    return [(law.code, access.law_name(law.code)) for law in found]


def _position(text: str) -> tuple[int, int] | None:
    run, _, line = text.partition(".")
    return (int(run), int(line)) if run.isdecimal() and line.isdecimal() and len(text) < 30 else None


@router.get("", dependencies=[allow(_RIGHT)])
async def waiting(
    request: Request, conn: DbConn, actor: CurrentActor, run: str = "", reason: str = "", state: str = "", after: str = ""
) -> Response:
    why, settled, of_run = _why(), state == "settled", int(run) if run.isdecimal() and len(run) < 19 else None
    rows = await desk.listed(
        conn, actor, why, settled=settled, run_id=of_run, reason=reason[:80], after=_position(after), most=_MOST + 1
    )
    counts = await desk.counts(conn, actor, why)
    more = f"{rows[_MOST - 1].run_id}.{rows[_MOST - 1].line}" if len(rows) > _MOST else ""
    return render(
        request, "population/review_list.html", rows=rows[:_MOST], counts=counts, run=of_run, reason=reason, settled=settled,
        more=more, sentence=sentence, outcomes=OUTCOMES, purpose=why, purpose_title=access.purpose_title(why.code),
        done=OUTCOMES.get(request.query_params.get("done", "")), reasons=_reasons(counts, of_run),
    )  # fmt: skip


def _reasons(counts: Sequence[Any], run: int | None) -> list[tuple[str, int]]:
    found: dict[str, int] = {}
    for one in counts:
        if one.reason is not None and run in (None, one.run_id):
            found[one.reason] = found.get(one.reason, 0) + one.waiting
    return sorted(found.items(), key=lambda item: (-item[1], item[0]))


@dataclass(frozen=True, slots=True)
class Beside:
    """A candidate beside the row: (term, in the row, in the registry, do they differ); `takeable`: (data group, its name)
    of what contradicts and may be taken from the row."""

    view: m.PersonView
    rows: tuple[tuple[str, str, str, bool], ...]
    takeable: tuple[tuple[str, str], ...]


def _said(facts: Iterable[m.Fact], today: date) -> dict[str, str]:
    """Every term with its values in one line."""
    found: dict[str, list[str]] = {}
    for fact in facts:
        for line in wording.lines(fact, today):
            values = found.setdefault(line.term, [])
            if line.value and line.value not in values:
                values.append(line.value)
    return {term: "; ".join(values) for term, values in found.items() if values}


def beside(view: m.PersonView, draft: m.PersonDraft | None, today: date) -> Beside:
    """The candidate and the row, term by term: what the row says first."""
    ours = _said(desk.facts_beside(view, draft), today)
    theirs = _said(draft.facts(), today) if draft is not None else {}
    rows = tuple(
        (term, theirs.get(term, ""), ours.get(term, ""), term in theirs and term in ours and theirs[term] != ours[term])
        for term in dict.fromkeys((*theirs, *ours))
    )
    groups = dict.fromkeys(group for _, group in difference(view, draft, today).conflicts) if draft is not None else {}
    return Beside(view, rows, tuple((g, wording.word(labels.GROUPS, g)) for g in groups if g in TAKEABLE))


async def _page(
    request: Request, conn: Conn, actor: CurrentActor, run: int, line: int, form: Form, errors: FormErrors
) -> Response:
    why, today = _why(), SYSTEM_CLOCK.today()
    review = await desk.shown(conn, actor, why, run, line)
    row = read_again(review, review.now, today) if review.erased_at is None else None
    draft = draft_of(row) if row is not None and row.problem is None else None
    seen = await desk.compared(conn, actor, why, review.candidates if review.outcome is None else (), draft)
    cells = readable(review)
    fields = [(f"cell{i}", title, cells[title]) for i, title in enumerate(review.columns)]
    if "action" not in form:
        form = Form.of(**{name: text for name, _, text in fields})
    return render(
        request, "population/review.html", review=review, cells=cells, fields=fields, first=_first(review), form=form, errors=errors,
        lines=[x for f in draft.facts() for x in wording.lines(f, today) if x.value] if draft is not None else [],
        notes=[sentence(code) for code, _ in dict.fromkeys(row.notes)] if row is not None else [],
        reasons=[(sentence(code), _about(review, field)) for code, field in review.reasons], outcomes=OUTCOMES,
        beside=[beside(view, draft, today) for view in seen.views], outside=seen.outside, bases=_bases(), purpose=why,
        again=request.query_params.get("again", ""), readable=draft is not None, labels=labels, wording=wording,
        purpose_title=access.purpose_title(why.code), status=422 if errors else 200,
    )  # fmt: skip


#: Columns an officer corrects most; others stand behind a fold.
_USUAL: Final = ("name", "birth", "sex", "personal_id", "cmnd")


def _first(review: Review) -> set[str]:
    """Titles of the columns to show first: those the row waits for, and those that say who it is."""
    profile = load_profile(review.profile)
    fields = (*(field for _, field in review.reasons), *_USUAL)
    return {title for field in fields if (title := column_of(profile, review.columns, field)) is not None}


def _about(review: Review, field: str) -> str:
    """What a reason is about: the file's column, or the data group."""
    if field in labels.GROUPS:
        return wording.word(labels.GROUPS, field)
    return column_of(load_profile(review.profile), review.columns, field) or ""


@router.get("/{run}/{line}", dependencies=[allow(_RIGHT)])
async def one(request: Request, conn: DbConn, actor: CurrentActor, run: int, line: int) -> Response:
    return await _page(request, conn, actor, run, line, Form(), FormErrors())


@router.post("/{run}/{line}", dependencies=[allow(_RIGHT)])
async def decide(request: Request, conn: DbConn, actor: CurrentActor, run: int, line: int) -> Response:
    form = await read_form(request)
    try:
        async with attempt(conn):
            decided = await _decided(conn, actor, run, line, form)
    except DancuError as error:
        return await _page(request, conn, actor, run, line, form, FormErrors.of(error))
    if decided.outcome == "waiting":
        return see_other(f"/desk/review/{run}/{line}?again=1")
    return see_other(f"/desk/review?done={decided.outcome}")


async def _decided(conn: Conn, actor: CurrentActor, run: int, line: int, form: Form) -> desk.Decided:
    why, action = _why(form), form.value("action")
    if action == "person" and form.value("person").isdecimal():
        taken = TAKEABLE.intersection(form.values("take"))
        return await desk.that_person(conn, actor, why, run, line, int(form.value("person")[:18]), taken)
    if action == "new":
        return await desk.new_person(conn, actor, why, run, line)
    if action == "aside":
        return await desk.set_aside(conn, actor, why, run, line, form.value("reason"))
    if action == "again":
        review = await desk.shown(conn, actor, why, run, line)
        typed = {title: form.value(f"cell{i}")[:2000] for i, title in enumerate(review.columns)}
        return await desk.try_again(conn, actor, why, run, line, typed)
    raise Invalid("import.review.action", N_("Hãy chọn cách giải quyết dòng này."))
