"""A partner's file as rows that can be compared: columns by a profile, cells cleaned, cells in each other's column put back."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from functools import cache, lru_cache, partial
from importlib import resources
from itertools import chain, islice
from pathlib import Path
from typing import Any, Final

from dancu.exchange.matching.comparing import keys
from dancu.exchange.models.reconcile import Declared
from dancu.exchange.service.reconcile.addresses import Addresses
from dancu.kernel import cells as cleaning
from dancu.kernel.cells import CLEANERS, Cell
from dancu.kernel.dates import PartialDate
from dancu.kernel.errors import Invalid
from dancu.kernel.names import Encoding, decode, detect_encoding
from dancu.kit.i18n import N_
from dancu.kit.sheets import Sheet, open_sheet
from dancu.kit.sheets.columns import Columns, header_key, read_columns

CHUNK: Final = 2_000
_SAMPLE: Final = 1_000
_LEGACY: Final[tuple[Encoding, ...]] = ("tcvn3", "vni")
_LONGEST: Final = 2_000  # characters of a cell: more is no field of a person
_EARLIEST: Final = 1850


def profiles() -> list[str]:
    """The profiles that are shipped."""
    folder = resources.files("dancu.exchange").joinpath("profiles")
    return sorted(f.name.removesuffix(".yaml") for f in folder.iterdir() if f.name.endswith(".yaml"))


@cache
def profile(name: str) -> Columns:
    """Raises Invalid("reconcile.profile") and names those there are."""
    if name not in profiles():
        raise Invalid(
            "reconcile.profile", N_("Không có mẫu cột “{name}”. Các mẫu có sẵn: {names}."), name=name, names=", ".join(profiles())
        )
    import yaml

    raw = resources.files("dancu.exchange").joinpath(f"profiles/{name}.yaml").read_bytes()
    data = yaml.safe_load(raw)
    columns, codes = read_columns(data)
    return Columns(data["name"], data["title"], columns, codes, hashlib.sha256(raw).digest())


class Source:
    """The rows of one file, from after record `skip` on. Raises Invalid: "import.file.*" where the file cannot be read (see
    kit.sheets), "reconcile.header.twice" where two columns have the same title and both are ours."""

    def __init__(self, path: Path, columns: Columns, today: date, skip: int = 0) -> None:
        self._columns, self._today, self._skip = columns, today, skip
        try:
            self.sheet: Sheet = open_sheet(path, lambda row: self._header(row) is not None)
        except Invalid as error:
            if error.code == "import.file.header":
                raise self._no_header() from error
            raise
        found = self._header(self.sheet.header)
        header, encoding = found if found is not None else (self.sheet.header, "unicode")
        self._refuse_twice(header)
        first = list(islice(self.sheet.rows, _SAMPLE))
        if encoding == "unicode":
            encoding = detect_encoding(cell for _, cells in first for cell in cells)
        self._encoding: Encoding = encoding
        at = columns.places(header)
        self.width = len(header)
        self._at = [(c.field, at[c.field], _cleaner(c.clean, columns.codes.get(c.codes))) for c in columns.columns if c.field in at]
        self._rows: Iterator[tuple[int, list[str]]] = chain(first, self.sheet.rows)
        self._addresses = Addresses(today)
        self.ignored = tuple(columns.ignored(header))

    def chunk(self, size: int = CHUNK) -> list[Declared]:
        """The next rows; [] at the end."""
        rows: list[Declared] = []
        for line, cells in self._rows:
            if line > self._skip:
                rows.append(self._read(line, cells))
                if len(rows) >= size:
                    break
        return rows

    def close(self) -> None:
        self.sheet.close()

    def _header(self, row: list[str]) -> tuple[list[str], Encoding] | None:
        if self._columns.recognises(row):
            return row, "unicode"
        for encoding in _LEGACY:
            decoded = [decode(title, encoding) for title in row]
            if self._columns.recognises(decoded):
                return decoded, encoding
        return None

    def _no_header(self) -> Invalid:
        return Invalid(
            "reconcile.header",
            N_("Không tìm thấy dòng tiêu đề. Mẫu “{profile}” cần ít nhất cột: {needed}. Các cột nhận ra: {known}."),
            profile=self._columns.name,
            needed=", ".join(c.header for c in self._columns.columns if c.required),
            known=", ".join(c.header for c in self._columns.columns),
        )

    def _refuse_twice(self, header: Sequence[str]) -> None:
        for column in self._columns.columns:
            titles = [title for title in header if header_key(title) in column.aliases]
            if len(titles) != len({header_key(title) for title in titles}):
                raise Invalid(
                    "reconcile.header.twice", N_("Có hai cột cùng tên “{title}”: hãy giữ một cột."), title=titles[0][:80]
                )

    def _read(self, line: int, cells: list[str]) -> Declared:
        row = Declared(line, cells)
        whole = "".join(cells)
        if "\0" in whole or (len(whole) > _LONGEST and any(len(cell) > _LONGEST for cell in cells)):
            row.cells = [cell.replace("\0", "")[:_LONGEST] for cell in cells]
            row.problem = ("reconcile.cell", N_("Có ô chứa ký tự hỏng hoặc dài bất thường"))
            return row
        if len(cells) < self.width:
            cells = cells + [""] * (self.width - len(cells))
        if self._encoding != "unicode":
            cells = [decode(cell, self._encoding) for cell in cells]
        values: dict[str, Any] = {}
        broken: dict[str, str] = {}
        for field, at, clean in self._at:
            raw = cells[at]
            if not raw:
                continue
            cell = clean(raw)
            if cell.problem is not None:
                broken[field] = raw
                values[f"{field}!"] = cell.problem
            elif cell.value is not None:
                values[field] = cell.value
        if broken or "number" in values:
            _untangle(values, broken)
        self._fill(row, values)
        return row

    def _fill(self, row: Declared, values: dict[str, Any]) -> None:
        row.ref = str(values.get("ref", ""))[:100]
        name = values.get("name")
        if name is None:
            row.problem = values.get("name!") or ("person.name.empty", "Họ tên còn trống: ghi ít nhất một chữ")
            return
        row.name = name  # in its normal form, as cells are cleaned
        row.folded, row.ascii = keys(name)
        if not row.ascii:
            row.problem = ("person.name.empty", "Họ tên còn trống: ghi ít nhất một chữ")
            return
        born: PartialDate | None = values.get("birth")
        if born is not None and _EARLIEST <= born.year <= self._today.year:
            row.born = born
            row.vague = (born.month, born.day) == (1, 1)
        row.sex = values.get("sex", "")
        row.number, row.numbers = read_number(str(values.get("number", "")))
        if old := read_number(str(values.get("old_number", "")))[1]:
            row.numbers = tuple(dict.fromkeys((*row.numbers, *old)))
            row.number = row.number or old[0]
        row.head_number = next(iter(read_number(str(values.get("head_number", "")))[1]), "")
        if head := values.get("head_name"):
            row.head_folded, row.head_name = keys(head)  # the same for all rows of a household, which stand together
        row.relation = values.get("relation", "")
        row.address = values.get("address", "")
        if row.address or "unit" in values:
            row.areas, row.front = self._addresses.read(row.address, str(values.get("unit", "")))


def _cleaner(name: str, codes: Mapping[str, str] | None) -> Callable[[str], Cell]:
    """What reads the cells of a column. `codes`: its list, of whose words a file has few."""
    clean = CLEANERS[name]
    return clean if codes is None else lru_cache(maxsize=1_024)(partial(clean, codes=codes))


def _untangle(values: dict[str, Any], broken: dict[str, str]) -> None:
    """Name and birth date, or name and number, that stand in each other's column."""
    if "name" not in broken:
        return
    for other in ("birth", "number"):
        stray = broken.get(other) or (values.get(other) if other == "number" else None)
        if not stray:
            continue
        here = cleaning.date(broken["name"]) if other == "birth" else cleaning.number(broken["name"])
        there = cleaning.name(str(stray))
        if here.value is not None and here.problem is None and there.value is not None and there.problem is None:
            values["name"], values[other] = there.value, here.value
            return


def read_number(text: str) -> tuple[str, tuple[str, ...]]:
    """(digits as they stand, numbers they may mean): 12 digits are a personal number, 9 a CMND; 11 and 8 lost the zero in
    front. Anything else means no number, but may still be near one."""
    if not text:
        return "", ()
    found = cleaning.number(text)
    digits = found.value
    if digits is None or found.problem is not None or not digits.isdigit():
        return "", ()
    if len(digits) in (12, 9):
        return digits, (digits,)
    if len(digits) in (11, 8):
        return digits, (f"0{digits}",)
    return (digits if len(digits) in (10, 13) else ""), ()
