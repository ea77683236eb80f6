"""Every verb of the registry has a page, and every page can be answered."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import jinja2
import pytest

from dancu.access import service as access
from dancu.access.catalogue import PERMISSIONS, ROLES
from dancu.kernel.errors import Invalid
from dancu.kit.i18n import catalogue
from dancu.kit.web import Form, FormErrors
from dancu.population import service
from dancu.population.forms import NameText, PartialDay, Reading, Text, offered_bases, read_basis
from dancu.population.forms.words import TOLD, days
from dancu.population.models import SourceKind, Told, Valid
from dancu.population.pages import verbs
from dancu.population.pages.verbs.blame import field_of
from dancu.population.pages.verbs.seal import carried
from dancu.population.service.act import Verb
from dancu.population.wording import labels

TEMPLATES = Path(verbs.__file__).parents[2] / "templates"


def test_every_verb_has_a_page() -> None:
    every = {v.name for v in vars(service).values() if isinstance(v, Verb)}
    assert len(every) > 25
    assert every == {page.verb.name for page in verbs.PAGES}


def test_addresses_are_told_apart() -> None:
    assert len(verbs.BY_CODE) == len(verbs.PAGES)


@pytest.mark.parametrize("page", verbs.PAGES, ids=lambda page: page.code)
def test_page_is_complete(page: verbs.VerbPage) -> None:
    permission = page.verb.permission
    assert permission in PERMISSIONS
    assert any(permission in role.permissions for role in ROLES.values()), "nobody could use this page"
    bases = offered_bases(permission, "")
    assert bases, "no purpose serves this verb"
    readable = {p.code for p, _ in access.purposes(serving=["person.read"])}
    assert {b.purpose for b in bases} <= readable, "the person could not be shown under this purpose"
    names = [f.name for f in page.inputs]
    assert len(set(names)) == len(names)
    assert set(page.papers) <= set(labels.SOURCE)
    source = (TEMPLATES / "population" / "_fields.html").read_text("utf-8")
    macros = {m.name for m in jinja2.Environment(extensions=["jinja2.ext.do"]).parse(source).find_all(jinja2.nodes.Macro)}
    assert {f.macro for f in page.fields} <= macros
    english = catalogue("en")
    texts = {page.title, page.lead, page.group, page.button, *(t for f in page.fields for t in (f.label, f.hint))}
    assert [text for text in texts if text and text not in english] == []


def test_everybody_who_is_told_has_a_word() -> None:
    assert set(TOLD) == set(Told)


def reading(**values: str) -> Reading:
    form = Form({name: [value] for name, value in values.items()})
    return Reading(None, None, None, None, form, FormErrors(), date(2026, 1, 5))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("day", "month", "year", "expected"),
    [("12", "4", "1990", "1990-04-12"), ("", "4", "1990", "1990-04"), ("", "", "1990", "1990")],
)
async def test_partial_day_keeps_what_is_known(day: str, month: str, year: str, expected: str) -> None:
    r = reading(born_day=day, born_month=month, born_year=year)
    assert str(await PartialDay(name="born", label="").read(r)) == expected
    assert not r.errors


@pytest.mark.parametrize(
    ("day", "month", "year"),
    [("31", "2", "1990"), ("1", "", "1990"), ("1", "1", ""), ("1", "1", "90"), ("x", "1", "1990"), ("", "", "")],
)
async def test_partial_day_says_what_is_wrong(day: str, month: str, year: str) -> None:
    r = reading(born_day=day, born_month=month, born_year=year)
    assert await PartialDay(name="born", label="").read(r) is None
    assert [e.field for e in r.errors] == ["born"]


async def test_name_is_taken_in_normal_form() -> None:
    r = reading(name="  trần   thị hoà ")
    assert await NameText(name="name", label="").read(r) == "Trần Thị Hoà"
    assert not r.errors
    bad = reading(name="Trần 1")
    await NameText(name="name", label="").read(bad)
    assert [e.code for e in bad.errors] == ["person.name.digits"]


async def test_what_is_needed_is_asked_for() -> None:
    r = reading(reason="   ")
    assert await Text(name="reason", label="").read(r) == ""
    assert [e.code for e in r.errors] == ["field.required"]


def test_basis_takes_only_what_serves_the_permission() -> None:
    bases = offered_bases("person.write.move", "data_quality")
    errors = FormErrors()
    form = Form.of(basis="residence_management|68/2020/QH14", article="Điều 22", doc_kind="declaration")
    purpose, document = read_basis(form, errors, bases, [SourceKind.DECLARATION])
    assert not errors
    assert purpose is not None
    assert (purpose.code, purpose.legal_basis) == ("residence_management", "68/2020/QH14 Điều 22")
    assert document.kind == "declaration"
    wrong = Form.of(basis="statistics|89/2015/QH13", doc_kind="decision")
    purpose, _ = read_basis(wrong, errors, bases, [SourceKind.DECISION])
    assert purpose is None
    assert [e.field for e in errors] == ["basis", "doc_number"]


def test_the_desks_own_purpose_comes_first() -> None:
    assert offered_bases("person.write.correct", "data_quality")[0].purpose == "data_quality"


def test_days_count_the_end_in() -> None:
    assert days(Valid()) == ""
    assert days(Valid(date(2026, 1, 1), date(2026, 2, 1))) == "từ 01/01/2026 đến hết 31/01/2026"
    assert days(Valid(None, date(2026, 2, 1))) == "đến hết 31/01/2026"


def test_a_preview_carries_the_answers_and_nothing_of_its_own() -> None:
    form = Form({"csrf_token": ["x"], "action": ["preview"], "seal": ["y"], "name": ["a"], "many": ["1", "2"]})
    assert carried(form) == [("name", "a"), ("many", "1"), ("many", "2")]


@pytest.mark.parametrize(
    ("code", "params", "fields", "expected"),
    [
        ("person.phone.format", {}, {"kind", "value"}, "value"),
        ("person.date.future", {"field": "issued_on"}, {"number", "issued_on"}, "issued_on"),
        ("person.date.before_birth", {}, {"on", "place"}, "on"),
        ("marriage.kin", {}, {"spouse_key", "on"}, "spouse_key"),
        ("change.nothing", {}, {"value"}, None),
        ("person.date.future", {"field": "elsewhere"}, {"value"}, None),
    ],
)
def test_a_refusal_points_at_the_answer_it_is_about(
    code: str, params: dict[str, str], fields: set[str], expected: str | None
) -> None:
    assert field_of(Invalid(code, "…", **params), fields) == expected
