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


async def key_of(r: Reading, name: str) -> int | None:
    """The person that the number in field `name` names, or the record number "#123" for those who have no number yet.
    Adds an error where it names nobody or several. The gate is asked when the verb opens the person."""
    typed = r.form.value(name)
    if typed.startswith(RECORD) and typed[1:].isascii() and typed[1:].isdigit() and len(typed) < 18:
        return int(typed[1:])
    digits = plain_digits(typed)
    if digits is None or len(digits) not in _LENGTHS:
        r.wrong(name, "person.number.form", N_("Hãy nhập số định danh 12 số, CMND 9 số, hoặc mã hồ sơ dạng #123."))
        return None
    keys = await service.keys_by_number(r.conn, digits)
    if len(keys) == 1:
        return keys[0]
    if keys:
        r.wrong(name, "person.number.several", N_("Số này từng cấp cho nhiều người. Hãy dùng số định danh 12 số."))
    else:
        r.wrong(name, "person.number.nobody", N_("Không có ai mang số này trong cơ sở dữ liệu. Hãy kiểm tra lại."))
    return None


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
        if number and await service.keys_by_number(r.conn, number):
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
            if name and not await self._listed(r, number):
                return self._from_papers(r, name, plain_digits(number) or "")
            return await key_of(r, self.name)
        if name:
            return self._from_papers(r, name, "")
        if not self.optional:
            r.wrong(self.name, "kin.who", N_("Hãy ghi họ tên hoặc số định danh của người thân."))
        return None

    async def _listed(self, r: Reading, number: str) -> bool:
        digits = plain_digits(number)
        if digits is None or len(digits) not in _LENGTHS:
            return True  # said as an error of the number
        return bool(await service.keys_by_number(r.conn, digits))

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
