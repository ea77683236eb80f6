"""Fields with one value: text, names, days, choices. `macro` names the template macro that shows the field."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar

from dancu.kernel.dates import PartialDate
from dancu.kernel.errors import DancuError
from dancu.kernel.names import name_findings, normal_form
from dancu.kit.i18n import N_
from dancu.population.forms.reading import Reading
from dancu.population.models import PersonView

REQUIRED = N_("Mục này cần được điền.")
_CHOOSE = N_("Xin chọn một trong các lựa chọn.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """`name`: of the form and of the verb's argument; `label`, `hint`: msgids. `start` gives what stands in the field
    when the form opens (for text; a day of it fills its boxes)."""

    macro: ClassVar[str] = "text"
    name: str
    label: str
    hint: str = ""
    optional: bool = False
    start: Callable[[PersonView | None, date], Any] | None = None

    async def prepare(self, r: Reading) -> None:
        """Load what the field needs to be shown. Called for every form, also when it comes back."""

    async def read(self, r: Reading) -> Any:
        """What was typed, understood; adds to `r.errors` what must be mended."""
        raise NotImplementedError

    def initial(self, view: PersonView | None, today: date) -> dict[str, Any]:
        """Form values when the form opens."""
        return {self.name: self.start(view, today)} if self.start else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading(Field):
    """A line between groups of fields; no value."""

    macro: ClassVar[str] = "heading"
    name: str = ""

    async def read(self, r: Reading) -> None:
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Text(Field):
    """A line of text. `pattern` is judged by `accepts` (None: anything)."""

    maxlength: int = 200
    width: str = "full"
    numeric: bool = False
    suggestions: tuple[str, ...] = ()
    accepts: Callable[[str], str] | None = None  # returns the value as stored, raises DancuError

    async def read(self, r: Reading) -> str:
        value = " ".join(r.form.value(self.name).split())
        if not value:
            if not self.optional:
                r.wrong(self.name, "field.required", REQUIRED)
            return ""
        if len(value) > self.maxlength:
            r.wrong(self.name, "field.too_long", N_("Nội dung này dài quá."))
            return ""
        if self.accepts is not None:
            try:
                return self.accepts(value)
            except DancuError as error:
                r.wrong(self.name, error.code, error.message, **error.params)
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class NameText(Text):
    """A person's name: one to seven words, no digits. Stored in normal form."""

    maxlength: int = 120

    async def read(self, r: Reading) -> str:
        value = await Text.read(self, r)
        if not value:
            return ""
        form = normal_form(value)
        for finding in name_findings(form):
            r.wrong(self.name, finding.code, finding.message, **dict(finding.params))
        return form.normal


@dataclass(frozen=True, slots=True, kw_only=True)
class Day(Field):
    """A whole date in three boxes."""

    macro: ClassVar[str] = "day"

    async def read(self, r: Reading) -> date | None:
        return r.form.date(self.name, r.errors, required=not self.optional)


@dataclass(frozen=True, slots=True, kw_only=True)
class PartialDay(Field):
    """A date of which day, or day and month, may be unknown."""

    macro: ClassVar[str] = "day"

    def initial(self, view: PersonView | None, today: date) -> dict[str, Any]:
        known: PartialDate | None = self.start(view, today) if self.start else None
        if known is None:
            return {}
        return {f"{self.name}_day": known.day, f"{self.name}_month": known.month, f"{self.name}_year": known.year}

    async def read(self, r: Reading) -> PartialDate | None:
        parts = r.form.date_parts(self.name)
        if not any(parts):
            if not self.optional:
                r.wrong(self.name, "field.required", REQUIRED)
            return None
        day, month, year = (int(p) if p.isascii() and p.isdigit() else None for p in parts)
        if year is None or year < 1000 or any(p and not (p.isascii() and p.isdigit()) for p in parts):
            r.wrong(self.name, "date.partial", N_("Cần ít nhất năm đủ 4 chữ số; ngày, tháng có thể để trống."))
            return None
        try:
            return PartialDate(year, month, day)
        except DancuError as error:
            r.wrong(self.name, error.code, error.message, **error.params)
            return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice(Field):
    """One of a table of words (value -> msgid). `of` makes the value of the code (an enum)."""

    macro: ClassVar[str] = "choice"
    table: Mapping[str, str]
    of: Callable[[str], Any] = str
    radio: bool = False

    async def read(self, r: Reading) -> Any:
        value = r.form.value(self.name)
        if value in self.table:
            return self.of(value)
        if value or not self.optional:
            r.wrong(self.name, "field.choice", _CHOOSE)
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Check(Field):
    """A box that must be ticked, unless optional."""

    macro: ClassVar[str] = "check"

    async def read(self, r: Reading) -> bool:
        ticked = r.form.checked(self.name)
        if not ticked and not self.optional:
            r.wrong(self.name, "field.required", REQUIRED)
        return ticked
