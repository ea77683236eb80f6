"""Other persons in a form, named by a number that is typed, never by an address of the site."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from dancu.kernel.dates import PartialDate
from dancu.kernel.errors import DancuError
from dancu.kernel.names import normal_form
from dancu.kernel.numbers.digits import plain_digits
from dancu.kit.i18n import N_
from dancu.population import service
from dancu.population.forms.fields import REQUIRED, Field, Text
from dancu.population.forms.reading import Reading
from dancu.population.models import KinFact, KinRelation, Source, SourceKind

_LENGTHS = (9, 12)
RECORD = "#"
UNKNOWN = N_(
    "Số này không khớp với ai. Hãy kiểm tra lại; nếu người này ở địa bàn khác, hãy ghi cả họ tên đúng như trên giấy tờ."
)


async def key_of(r: Reading, name: str) -> int | None:
    """The person that the number in field `name` names, or the record number "#123" of somebody of the officer's area
    who has no number yet. A person of elsewhere is named by number and name together (field `<name>_name`). Adds an error
    where it names nobody or several; each try is an entry of the evidence log."""
    word, key = await _asked(r, name)
    if word == "form":
        r.wrong(name, "person.number.form", N_("Hãy nhập số định danh 12 số, CMND 9 số, hoặc mã hồ sơ dạng #123."))
    elif word == "several":
        r.wrong(name, "person.number.several", N_("Số này từng cấp cho nhiều người. Hãy dùng số định danh 12 số."))
    elif word == "unknown":
        r.wrong(name, "person.number.unknown", UNKNOWN)
    return key


async def _asked(r: Reading, name: str) -> tuple[str, int | None]:
    """What `service.named_by` says of the number typed; 'form' for what can be no number."""
    typed, full_name = r.form.value(name), r.form.value(f"{name}_name")
    if typed.startswith(RECORD) and typed[1:].isascii() and typed[1:].isdigit() and len(typed) < 18:
        return await service.named_by(r.conn, r.actor, r.purpose, record=int(typed[1:]))
    digits = plain_digits(typed)
    if digits is None or len(digits) not in _LENGTHS:
        return "form", None
    return await service.named_by(r.conn, r.actor, r.purpose, digits=digits, full_name=full_name)


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonNumber(Field):
    """Another person of the registry."""

    macro: ClassVar[str] = "number"

    async def read(self, r: Reading) -> int | None:
        if not r.form.value(self.name):
            if not self.optional:
                r.wrong(self.name, "field.required", REQUIRED)
            return None
        return await key_of(r, self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewNumber(Text):
    """A personal ID number for a new record: nobody has it or ever had it."""

    async def read(self, r: Reading) -> str:
        number = await Text.read(self, r)
        digits = plain_digits(number) if number else None
        if digits and await service.number_taken(r.conn, r.actor, r.purpose, digits):
            r.wrong(
                self.name, "person.number.taken",
                N_("Số định danh này đã được cấp cho người khác, kể cả khi đã hủy."),
            )  # fmt: skip
        return number


@dataclass(frozen=True, slots=True, kw_only=True)
class Relative(Field):
    """A relative: somebody of the registry by number, or somebody known from papers by name and year of birth."""

    macro: ClassVar[str] = "relative"
    relation: KinRelation

    async def read(self, r: Reading) -> int | KinFact | None:
        number, name = r.form.value(self.name), r.form.value(f"{self.name}_name")
        if number:
            if not name:
                return await key_of(r, self.name)
            word, key = await _asked(r, self.name)
            if word == "unknown":
                return self._from_papers(r, name, plain_digits(number) or "")
            return key if word == "ok" else await key_of(r, self.name)
        if name:
            return self._from_papers(r, name, "")
        if not self.optional:
            r.wrong(self.name, "kin.who", N_("Hãy ghi họ tên hoặc số định danh của người thân."))
        return None

    def _from_papers(self, r: Reading, name: str, number: str) -> KinFact | None:
        year, born = r.form.value(f"{self.name}_year"), ""
        if year:
            try:
                born = str(PartialDate(int(year))) if len(year) == 4 else ""
            except (ValueError, DancuError):
                born = ""
            if not born:
                r.wrong(f"{self.name}_year", "date.year", N_("Năm sinh phải có 4 chữ số."))
                return None
        return KinFact(
            source=Source(SourceKind.DECLARATION), relation=self.relation, relative_name=normal_form(name).normal,
            relative_number=number, relative_birth=born,
        )  # fmt: skip
