"""Posted forms: what was typed is kept, what is wrong is said beside the field."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from fastapi import Request
from starlette.datastructures import FormData, UploadFile

from dancu.kernel.errors import DancuError, FieldError, Invalid
from dancu.kit.i18n import N_
from dancu.kit.parameters import pairs

_MAX_FIELDS = 500
_MAX_FILES = 20
_MAX_TEXT = 64 * 1024
_URLENCODED = "application/x-www-form-urlencoded"
#: Where a request keeps the fields that were read.
POSTED = "dancu.posted"


class Form:
    """The typed values: text trimmed and in NFC (one spelling of each Vietnamese letter). `value()` never
    fails, so that a form can be shown again exactly as it was sent."""

    def __init__(
        self, values: Mapping[str, Sequence[str]] | None = None, files: Mapping[str, UploadFile] | None = None
    ) -> None:
        self._values, self._files = values or {}, files or {}

    @classmethod
    def of(cls, **values: Any) -> Form:
        """A form pre-filled from known values. A date fills its three boxes."""
        filled: dict[str, list[str]] = {}
        for name, value in values.items():
            if isinstance(value, date):
                filled |= {f"{name}_day": [str(value.day)], f"{name}_month": [str(value.month)]}
                filled |= {f"{name}_year": [str(value.year)]}
            elif isinstance(value, (list, tuple, set, frozenset)):
                filled[name] = [str(v) for v in value]
            elif value is not None:
                filled[name] = [str(value)]
        return cls(filled)

    def value(self, name: str, default: str = "") -> str:
        given = self._values.get(name)
        return _clean(given[0]) if given else default

    def values(self, name: str) -> list[str]:
        return [*map(_clean, self._values.get(name, ()))]

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def checked(self, name: str) -> bool:
        """Was the tick box set?"""
        return bool(self.value(name))

    def file(self, name: str) -> UploadFile | None:
        upload = self._files.get(name)
        return upload if upload and upload.filename else None

    def date_parts(self, name: str) -> tuple[str, str, str]:
        """(day, month, year) as typed in the three boxes `<name>_day`, `_month`, `_year`."""
        return self.value(f"{name}_day"), self.value(f"{name}_month"), self.value(f"{name}_year")

    def date(self, name: str, errors: FormErrors, *, required: bool = True) -> date | None:
        """A whole date from the three boxes, or from one box "31/12/1990"; adds an error when it is none."""
        day, month, year = self.date_parts(name)
        if not (day or month or year) and self.value(name):
            day, month, year = (*self.value(name).replace("-", "/").replace(".", "/").split("/"), "", "", "")[:3]
        if not (day or month or year):
            if required:
                errors.add(name, "field.required", _REQUIRED)
            return None
        try:
            return date(int(year), int(month), int(day))
        except ValueError:
            errors.add(name, "date.invalid", _BAD_DATE)
            return None

    def required(self, name: str, errors: FormErrors) -> str:
        """The value; adds an error when it is empty."""
        value = self.value(name)
        if not value:
            errors.add(name, "field.required", _REQUIRED)
        return value

    def choice(self, name: str, allowed: Mapping[str, Any] | frozenset[str], errors: FormErrors) -> str:
        """One of the offered choices; adds an error for none or another."""
        value = self.value(name)
        if value not in allowed:
            errors.add(name, "field.choice", _CHOOSE)
            return ""
        return value


_REQUIRED = N_("Mục này cần được điền.")
_BAD_DATE = N_("Ngày này chưa đúng. Ví dụ: 31/12/1990.")
_CHOOSE = N_("Xin chọn một trong các lựa chọn.")
_CHECK = N_("Một số mục chưa đúng. Xin xem lại từng mục.")


class FormErrors:
    """What must be mended, in the order of the form. Falsy while there is nothing."""

    def __init__(self, fields: tuple[FieldError, ...] = (), general: DancuError | None = None) -> None:
        self._fields = list(fields)
        self.general = general

    @classmethod
    def of(cls, error: DancuError) -> FormErrors:
        """From a verb's failure: its fields, or the sentence itself where it names none."""
        return cls(error.fields, error)

    def add(self, field: str, code: str, message: str, **params: Any) -> None:
        self._fields.append(FieldError(field, code, message, tuple(params.items())))

    def on(self, field: str) -> list[FieldError]:
        return [error for error in self._fields if error.field == field]

    def __bool__(self) -> bool:
        return bool(self._fields) or self.general is not None

    def __iter__(self) -> Iterator[FieldError]:
        return iter(self._fields)

    def raise_if_any(self, code: str = "form.invalid") -> None:
        if self._fields:
            raise Invalid(code, _CHECK, fields=tuple(self._fields))


async def posted(request: Request) -> FormData:
    """The fields of this request, bounded. Whoever reads them first sets the bounds, for Starlette keeps what it read:
    so nobody calls `request.form()` but here."""
    known: FormData | None = request.scope.get(POSTED)
    if known is None:
        known = await _short(request)
        if known is None:
            known = await request.form(max_files=_MAX_FILES, max_fields=_MAX_FIELDS, max_part_size=_MAX_TEXT)
        request.scope[POSTED] = known
    return known


async def _short(request: Request) -> FormData | None:
    """The fields of an ordinary short form, taken apart at once: Starlette's parser, made for bodies of any length, goes through it letter
    by letter at ten times the cost. None for whatever is not that plain; it reads that."""
    length = request.headers.get("content-length", "")
    if request.headers.get("content-type", "") != _URLENCODED or not (length.isascii() and length.isdigit() and len(length) < 6):
        return None
    if int(length) > _MAX_TEXT:
        return None
    body = await request.body()
    if len(body) > _MAX_TEXT or body.count(b"&") >= _MAX_FIELDS or b";" in body:
        return None
    return _Fields(pairs(body.decode("latin-1")))


class _Fields(FormData):
    """Of pairs of text, which the library would look at one by one."""

    def __init__(self, items: list[tuple[str, str]]) -> None:
        self._list, self.texts = items, dict(items)
        self._dict = {**self.texts}


async def read_form(request: Request) -> Form:
    """The posted form of this request, urlencoded or multipart. Bounded in fields, files and text."""
    data = request.scope.get(POSTED) or await posted(request)
    if isinstance(data, _Fields) and len(data._list) == len(data.texts):  # as nearly always: each once, and no file
        return Form(dict(zip(data.texts, zip(data.texts.values(), strict=True), strict=True)))
    values: dict[str, list[str]] = {}
    files: dict[str, UploadFile] = {}
    for name, value in data.multi_items():
        if isinstance(value, UploadFile):
            files[name] = value
        else:
            values.setdefault(name, []).append(value)
    return Form(values, files)


def _clean(value: str) -> str:
    if value.isascii() and value.isprintable():
        return value.strip()
    return unicodedata.normalize("NFC", value).replace("\r\n", "\n").replace("\x00", "").strip()
