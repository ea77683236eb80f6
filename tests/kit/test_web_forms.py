"""Forms: text in one spelling, what was typed is kept, what is wrong is named."""

import asyncio
import unicodedata
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.types import Message

from dancu.kernel.errors import Conflict, FieldError, Invalid
from dancu.kit.web import Form, FormErrors
from dancu.kit.web.forms import posted, read_form


def test_text_is_trimmed_and_of_one_spelling():
    decomposed = unicodedata.normalize("NFD", "  Nguyễn Thị Hoà \r\n")
    assert Form({"name": [decomposed]}).value("name") == "Nguyễn Thị Hoà"
    assert Form({"name": ["a\x00b"]}).value("name") == "ab"


def test_what_is_missing_is_empty_not_an_error():
    form = Form()
    assert form.value("x") == ""
    assert form.value("x", "y") == "y"
    assert form.values("x") == []
    assert form.date_parts("born") == ("", "", "")
    assert form.file("paper") is None
    assert not form.checked("sure")


@given(st.dates())
def test_a_date_survives_its_three_boxes(day):
    errors = FormErrors()
    assert Form.of(born=day).date("born", errors) == day
    assert not errors


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("02/09/1990", date(1990, 9, 2)),
        ("2-9-1990", date(1990, 9, 2)),
        ("2.9.1990", date(1990, 9, 2)),
        ("1990", None),
        ("31/02/1990", None),
        ("a/b/c", None),
        ("²/9/1990", None),
    ],
)
def test_one_box(typed, found):
    errors = FormErrors()
    assert Form({"born": [typed]}).date("born", errors) == found
    assert [e.code for e in errors] == ([] if found else ["date.invalid"])


@given(st.text(max_size=8), st.text(max_size=8), st.text(max_size=8))
def test_no_nonsense_breaks_a_date(day, month, year):
    errors = FormErrors()
    form = Form({"born_day": [day], "born_month": [month], "born_year": [year]})
    result = form.date("born", errors, required=False)
    assert result is None or isinstance(result, date)


def test_errors_know_their_fields_and_become_one_failure():
    errors = FormErrors()
    form = Form({"kind": ["x"]})
    form.required("name", errors)
    form.choice("kind", {"a": "A"}, errors)
    form.date("born", errors)
    assert [(e.field, e.code) for e in errors] == [
        ("name", "field.required"),
        ("kind", "field.choice"),
        ("born", "field.required"),
    ]
    assert len(errors.on("kind")) == 1
    with pytest.raises(Invalid) as failure:
        errors.raise_if_any()
    assert len(failure.value.fields) == 3


def test_a_verbs_failure_becomes_the_forms():
    with_fields = FormErrors.of(Invalid("a.b", "Sai.", fields=(FieldError("x", "c.d", "Sai x."),)))
    assert [e.field for e in with_fields] == ["x"]
    general = FormErrors.of(Conflict("a.b", "Đã đổi."))
    assert general
    assert list(general) == []
    assert not FormErrors()


async def _posted(body: bytes, headers: dict[str, str]) -> list[tuple[str, str]]:
    sent = [(b"content-length", str(len(body)).encode()), *((k.encode(), v.encode()) for k, v in headers.items())]

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    request = Request({"type": "http", "method": "POST", "headers": sent}, receive)
    found, form = await posted(request), await read_form(request)
    assert {name: form.values(name) for name in form} == {name: Form({"": found.getlist(name)}).values("") for name in found}
    return [(name, str(value)) for name, value in found.multi_items()]


@pytest.mark.parametrize(
    "pieces",
    [
        [], ["a=1"], ["a=1", "a=2", "b="], ["", "a=1", "", ""], ["=", "=x", "x"], ["%C3%A0=b+c", "ten=Nguy%E1%BB%85n"], ["%zz=1", "a=b=c", "%"],
        ["b=%26%3B", "a%3Db=+"], ["a=1;b=2", "c=3"], [";", "a"], ["\xe9=\xff", "+"],
    ],
)  # fmt: skip
def test_a_short_form_is_read_as_the_framework_reads_any(pieces):
    body, kind = "&".join(pieces).encode("latin-1"), "application/x-www-form-urlencoded"
    short = asyncio.run(_posted(body, {"content-type": kind}))
    assert short == asyncio.run(_posted(body, {"content-type": f"{kind};"}))


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "application/x-www-form-urlencoded; charset=utf-8"])
def test_a_form_of_too_many_fields_is_refused_however_it_is_read(kind):
    with pytest.raises(MultiPartException):
        asyncio.run(_posted(b"&".join([b"a=1"] * 501), {"content-type": kind}))
    assert len(asyncio.run(_posted(b"&".join([b"a=1"] * 500), {"content-type": kind}))) == 500
