"""The one pair of handlers of all verbs: the form, and what becomes of it (preview, back to the form, done)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dancu.access import service as access
from dancu.kernel.actor import Actor, Purpose
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kernel.dates import PartialDate
from dancu.kernel.errors import Conflict, DancuError
from dancu.kit.handles import handle
from dancu.kit.i18n import N_, gettext, use_language
from dancu.kit.web import Conn, Form, FormErrors, Request, Response, attempt, read_form, render, see_other
from dancu.population import service, wording
from dancu.population.forms import PersonNumber, Reading, Relative, offered_bases, read_basis
from dancu.population.forms.words import TOLD, changes_in_words, keys_in, names_told, warning
from dancu.population.models import PersonView, Preview
from dancu.population.pages.verbs.blame import field_of
from dancu.population.pages.verbs.page import VerbPage
from dancu.population.pages.verbs.seal import NAME, carried, fits, seal
from dancu.population.wording import labels

_CHANGED = N_("Nội dung hoặc hồ sơ đã thay đổi từ lúc xem trước. Hãy xem lại rồi ghi.")


@dataclass(frozen=True, slots=True)
class Desk:
    """One request to one verb's page."""

    request: Request
    conn: Conn
    actor: Actor
    page: VerbPage
    key: int | None

    @property
    def address(self) -> str:
        return f"/desk/new/{self.page.code}" if self.key is None else f"/desk/persons/{handle(self.actor, self.key)}/do/{self.page.code}"

    @property
    def back(self) -> str:
        return "/desk/new" if self.key is None else f"/desk/persons/{handle(self.actor, self.key)}"

    @property
    def why(self) -> Purpose:
        return access.desk_purpose(self.request.cookies, self.actor)

    async def view(self) -> PersonView | None:
        return None if self.key is None else await service.person(self.conn, self.actor, self.why, self.key)

    def reading(self, view: PersonView | None, form: Form) -> Reading:
        return Reading(self.conn, self.actor, self.why, view, form, FormErrors(), SYSTEM_CLOCK.today())

    def shown(self, template: str, r: Reading, **more: Any) -> Response:
        return render(
            self.request, template, page=self.page, view=r.view, form=r.form, errors=r.errors, offers=r.offers,
            address=self.address, words=_words, back=self.back, labels=labels, wording=wording, purpose=self.why,
            purpose_title=access.purpose_title(self.why.code), status=422 if r.errors else 200, **more,
        )  # fmt: skip

    async def form(self, r: Reading) -> Response:
        async with attempt(self.conn):
            for one in self.page.fields:
                await one.prepare(r)
        bases = offered_bases(self.page.verb.permission, self.why.code)
        papers = [(kind.value, wording.word(labels.SOURCE, kind.value)) for kind in self.page.papers]
        return self.shown("population/verb.html", r, bases=bases, papers=papers)


def _words(table: Mapping[str, str]) -> list[tuple[str, str]]:
    """A table of codes as options, in the reader's language."""
    return [(code, gettext(text)) for code, text in table.items()]


async def opened(desk: Desk) -> Response:
    """GET: the form, filled with what is known."""
    view = await desk.view()
    today = SYSTEM_CLOCK.today()
    start: dict[str, Any] = {"case_ref": desk.why.case_ref}
    for one in desk.page.fields:
        start |= one.initial(view, today)
    return await desk.form(desk.reading(view, Form.of(**start)))


async def sent(desk: Desk) -> Response:
    """POST: `action` is preview, edit or confirm. Nothing is written but by confirm with the seal of a preview."""
    form = await read_form(desk.request)
    r = desk.reading(await desk.view(), form)
    if form.value("action") == "edit":
        return await desk.form(r)
    try:
        # Outside of the attempt: a number that was tried is an entry, whatever becomes of the form it stood in.
        purpose = await _read(desk, r)
        async with attempt(desk.conn):
            return await _go_on(desk, r, purpose)
    except DancuError as error:
        _explain(desk.page, r, error)
    return await desk.form(r)


async def _read(desk: Desk, r: Reading) -> Purpose:
    """Understand what was typed, into `r.values`. Raises Invalid with everything that is wrong."""
    page, form = desk.page, r.form
    purpose, r.document = read_basis(form, r.errors, offered_bases(page.verb.permission, ""), page.papers)
    r.purpose = purpose or r.purpose
    for one in page.inputs:
        await one.prepare(r)
        r.values[one.name] = await one.read(r)
    r.errors.raise_if_any()
    assert purpose is not None
    return purpose


async def _go_on(desk: Desk, r: Reading, purpose: Purpose) -> Response:
    page, form = desk.page, r.form
    confirmed = form.value("action") == "confirm"
    if confirmed:
        # Before the preview is worked out again: whoever sent the same at the same moment finds the record as changed, and of two
        # officers who register the same person the second finds the first's record among those that look alike.
        new = (f"born {r.values['born']}",) if page.similar else ()
        await service.in_turn(desk.conn, {*_named(page, r).values(), *([] if desk.key is None else [desk.key])}, form.value(NAME), *new)
    args, kwargs = page.call(r)
    preview: Preview = await page.verb.preview(desk.conn, desk.actor, purpose, r.document, *args, **kwargs)
    if not preview.changes and not page.silent:
        raise Conflict("change.nothing", N_("Không có gì thay đổi so với hồ sơ hiện tại."))
    similar = await _similar(desk, r) if page.similar else []
    names = await _names(desk, r, preview)
    with use_language("vi"):
        said = changes_in_words(preview, names, r.today, desk.key)
        signature = seal(desk.request, page.code, desk.key, form, said, [hit.person_key for hit in similar])
    with use_language(desk.request.state.lang):
        touched = changes_in_words(preview, names, r.today, desk.key)
    if confirmed and fits(form.value(NAME), signature):
        done = await page.verb(desk.conn, desk.actor, purpose, r.document, *args, **kwargs)
        return see_other(f"/desk/persons/{handle(desk.actor, done.person_key)}?done={page.code}")
    return desk.shown(
        "population/verb_preview.html", r, touched=touched, told=[TOLD[t] for t in preview.told],
        warnings=[warning(code) for code in dict.fromkeys(preview.warnings)], carried=carried(form), seal=signature,
        chosen=(access.purpose_title(purpose.code), purpose.legal_basis), document=r.document,
        known={desk.key, *_named(desk.page, r).values()},
        people=[(f.label, names.get(k, ""), k) for f in page.inputs if (k := _named(page, r).get(f.name))],
        picked=[(f.label, text) for f in page.inputs if f.macro == "pick"
                for value, text in r.offers[f.name] if value == form.value(f.name)],
        similar=similar, absorbed=args[0] if page.compare else None, rows=await page.compare(r) if page.compare else None, changed=_CHANGED if confirmed else "",
    )  # fmt: skip


def _named(page: VerbPage, r: Reading) -> dict[str, int]:
    """Persons of the registry that the answers name, by field."""
    named = (PersonNumber, Relative)
    return {f.name: v for f in page.inputs if isinstance(f, named) and isinstance(v := r.values.get(f.name), int)}


async def _similar(desk: Desk, r: Reading) -> list[service.Hit]:
    """Records of the officer's area that may be the person about to be registered: nobody should have two."""
    born: PartialDate = r.values["born"]
    try:
        async with attempt(desk.conn):
            hits = await service.search(desk.conn, desk.actor, r.purpose, r.values["full_name"], born=born.vi())
    except DancuError:
        return []  # too common a name to tell, or no right to search
    return [hit for hit in hits if hit.birth is not None and hit.birth.agrees(born)][:5]


async def _names(desk: Desk, r: Reading, preview: Preview) -> dict[int, str]:
    """Names to show back. What the verb itself writes down of a relative needs no further look; for the others the
    gate is asked, and who may not be seen stays unnamed."""
    names = names_told(preview)
    if r.view is not None:
        names[r.view.person_key] = r.view.name.full_name if r.view.name else ""
    elif "full_name" in r.values:
        names |= dict.fromkeys(keys_in(preview) - set(names) - set(_named(desk.page, r).values()), r.values["full_name"])
    # Of two records of one person each must bear the name it has itself, not the one a relative's record repeats.
    own = set(_named(desk.page, r).values()) if desk.page.compare else set()
    unknown = sorted((keys_in(preview) | set(_named(desk.page, r).values())) - set(names) | own)
    if unknown:
        names |= {h.person_key: h.full_name for h in await service.hits_of(desk.conn, desk.actor, r.purpose, unknown)}
    return names


def _explain(page: VerbPage, r: Reading, error: DancuError) -> None:
    """Put a verb's failure on the form: on the field it is about where there is one, else as a sentence at the top."""
    if error.fields and r.errors:
        return
    field = field_of(error, {one.name for one in page.inputs})
    if field is None:
        r.errors.general = error
    else:
        r.wrong(field, error.code, error.message, **{k: v for k, v in error.params.items() if k != "field"})


__all__ = ["Desk", "opened", "sent"]
