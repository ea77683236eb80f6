"""One row of a file: read, cleaned, checked. What it cannot say is kept as a problem (the row is refused), a doubt (a
person must look) or a finding (it goes in, and is remembered). Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from datetime import date
from typing import Any, Final
from unicodedata import normalize

from dancu.kernel.cells import CLEANERS, Cell
from dancu.kernel.dates import PartialDate
from dancu.kernel.names import Encoding, decode, detect_encoding
from dancu.kit.sheets import FAILED
from dancu.population import models as m
from dancu.population.importing.by_sex import by_sex
from dancu.population.importing.places import Places
from dancu.population.importing.profile import Profile
from dancu.population.importing.row import Row
from dancu.population.importing.row_checks import check
from dancu.population.importing.swaps import UNREAD, swapped
from dancu.territory.service import gazetteer

_BEYOND_LATIN: Final = re.compile("[\u0100-\u1eff]")
_NOT_WORKED_OUT: Final = (
    "import.formula", "Ô là công thức chưa có kết quả: mở tệp trong bảng tính rồi lưu lại, hoặc ghi giá trị vào ô",
)  # fmt: skip
#: A number or date that is there but unreadable may hide the person's identity: someone looks before it goes in.
_DOUBTS: Final = frozenset({"birth", "personal_id", "cmnd"})


class RowReader:
    """Reads the rows of one file. `encoding`: what the file's header or columns showed, for all of its cells.
    `as_of`: the day of all its places; without it each row's own date (see the profile) decides."""

    def __init__(self, profile: Profile, header: Sequence[str], encoding: Encoding, as_of: date | None, today: date) -> None:
        self._profile, self._encoding, self._as_of, self._today = profile, encoding, as_of, today
        at = profile.places(header)
        self.width, self.by_sex = len(header), by_sex(header, at)
        if self.by_sex is not None:  # the row goes on with one column of the birth and one of the sex
            at |= {"birth": self.width, "sex": self.width + 1}
        self._columns = [(c, at[c.field], profile.codes.get(c.codes)) for c in profile.columns if c.field in at]
        self._at = {c.field: at[c.field] for c, _, _ in self._columns}
        self._kinds = {c.field: c.clean for c, _, _ in self._columns}
        self._codes = {c.field: codes for c, _, codes in self._columns if codes is not None}
        self._located = [c.field for c, _, _ in self._columns if c.clean == "place"]
        # Another day for the places is another reading of the same row.
        read_as = f"\x1f{as_of}" if as_of is not None else ""
        self._seed = f"{profile.source_kind}\x1f{'|'.join(c.field for c, _, _ in self._columns)}{read_as}".encode()
        self._places = Places()
        self._no_reference = profile.reference.format_map(_Blank()).strip()

    def read(self, line: int, cells: list[str]) -> Row:
        """The row, cleaned and checked."""
        cells = self._whole(cells)
        content = "\x1f".join([cells[at] for _, at, _ in self._columns])
        readable = self._decoded(cells, content)
        if readable is not cells:
            content = "\x1f".join([readable[at] for _, at, _ in self._columns])
        # The same row in another encoding is the same row.
        digest = hashlib.blake2b(self._seed + normalize("NFC", content).encode("utf-8", "replace"), digest_size=16)
        row = Row(line, cells[: self.width], digest.hexdigest())
        self._clean(row, readable)
        self._untangle(row, readable)
        if row.get("name") is None and row.problem is None:
            row.problem = ("person.name.empty", "Họ tên còn trống: ghi ít nhất một chữ")
        if row.problem is None:
            self._locate(row)
            check(row, self._today)
            self._identify(row)
        return row

    def _whole(self, cells: list[str]) -> list[str]:
        """The cells of all columns, and what two columns by sex amount to."""
        cells = cells + [""] * (self.width - len(cells))
        return cells if self.by_sex is None else [*cells[: self.width], *self.by_sex.read(cells)]

    def decoded(self, cells: list[str]) -> list[str]:
        """The cells of one row as people can read them."""
        cells = self._whole(cells)
        return self._decoded(cells, "\x1f".join([cells[at] for _, at, _ in self._columns]))[: self.width]

    def _decoded(self, cells: list[str], content: str) -> list[str]:
        """The cells in Unicode. A row without any letter that only Unicode has is judged as a whole."""
        if content.isascii() or _BEYOND_LATIN.search(content):
            return cells
        encoding = self._encoding
        if encoding == "unicode":
            encoding = detect_encoding(cells)
        return cells if encoding == "unicode" else [decode(cell, encoding) for cell in cells]

    def _clean(self, row: Row, cells: list[str]) -> None:
        for column, at, codes in self._columns:
            raw = cells[at]
            if not raw:
                continue
            if raw[0] == "#" and raw in FAILED:
                row.values[f"{column.field}?"] = (raw, _NOT_WORKED_OUT)
                continue
            clean = CLEANERS[column.clean]
            cell: Cell = clean(raw, codes) if codes is not None else clean(raw)
            value, repairs, notes, problem = cell
            if value is not None:
                row.values[column.field] = value
            for code in notes:
                row.note(code, column.field)
            if repairs and "lost_zero" in repairs:
                row.note("import.lost_zero", column.field)
            if problem is not None:
                row.values[f"{column.field}?"] = (raw, problem)

    def _untangle(self, row: Row, cells: list[str]) -> None:
        """Cells that stand in each other's column, where only the other order makes sense; then what is still
        unreadable becomes a doubt or a finding."""
        values = row.values
        odd = {key[:-1] for key in values if key[-1] == "?"}.union(name for code, name in row.notes if code in UNREAD)
        if odd:
            raw = {field: cells[at] for field, at in self._at.items()}
            moved = swapped(raw, frozenset(odd), self._kinds, self._codes)
            row.notes = [note for note in row.notes if note[1] not in moved]
            for name, cell in moved.items():
                values.pop(f"{name}?", None)
                values[name] = cell.value
                for code in (*cell.notes, *(("import.lost_zero",) if "lost_zero" in cell.repairs else ())):
                    row.note(code, name)
            for name in list(moved)[1::2]:
                row.note("import.swapped", name)
        if ("person.name.encoding", "name") in row.notes:  # who is it? The letters are gone, nothing can give them back
            row.notes.remove(("person.name.encoding", "name"))
            row.doubts.append(("person.name.encoding", "name"))
        if len(values.get("personal_id", "")) == 9:
            values.setdefault("cmnd", values.pop("personal_id"))
            row.note("import.cmnd_in_number", "personal_id")
        if len(values.get("cmnd", "")) == 12:
            stray_number = values.pop("cmnd")
            if values.setdefault("personal_id", stray_number) != stray_number:
                row.doubts.append(("import.two_numbers", "cmnd"))
        for key in [k for k in values if k.endswith("?")]:
            name, (_, (code, sentence)) = key[:-1], values.pop(key)
            if name == "name":
                row.problem = (code, sentence)
            elif name in _DOUBTS:
                row.doubts.append((code, name))
            else:
                row.note(code, name)

    def _locate(self, row: Row) -> None:
        day = self._as_of
        if day is None:
            own = row.get(self._profile.as_of)
            day = own.earliest() if own is not None else self._today
        era, row.era = self._places.era(day), day
        for name in self._located:
            if (text := row.values.get(name)) is not None:
                row.places[name] = self._places.read(text, era)
        self._in_context(row)
        for name, place in row.places.items():
            if place.note and not name.endswith(("_code", "_unit")):
                row.note(place.note, name)
        for name, coded in (("birth_place", "birth_place_code"), ("residence", "residence_unit")):
            if coded in row.places:
                self._agree(row, name, coded)
        for name in ("residence", "temporary"):
            unit = row.place(name).unit_id
            if unit is not None and gazetteer().unit(unit).level < 3:
                row.note("place.coarse", name)

    def _in_context(self, row: Row) -> None:
        """ "UBND xã Tam Hòa" names one of many; the only one of them that the row names elsewhere in full is meant. That
        it was concluded, not read, stays a finding."""
        sure = {place.unit_id for place in row.places.values() if place.unit_id is not None}
        for name, place in row.places.items():
            if place.note == "place.ambiguous" and len(meant := sure.intersection(place.candidates)) == 1:
                row.places[name] = place._replace(unit_id=meant.pop(), note="place.by_context")

    def _agree(self, row: Row, name: str, coded: str) -> None:
        """Text and code of one place: the code settles what the text leaves open, and is doubted where they differ."""
        text, code = row.place(name), row.place(coded)
        if code.unit_id is None:
            if text.unit_id is None and code.note:
                row.note(code.note, coded)
            if not text.text:
                row.places[name] = code
        elif text.unit_id is None or (
            text.unit_id != code.unit_id
            and (name == "birth_place" or gazetteer().unit(text.unit_id).level < gazetteer().unit(code.unit_id).level)
        ):
            # A hospital's name is no unit: the column made for the unit is right about it.
            row.places[name] = text._replace(text=text.text or code.text, unit_id=code.unit_id, note="")
            row.notes = [n for n in row.notes if n[1] != name or not n[0].startswith("place.")]
        elif text.unit_id != code.unit_id:
            row.note("place.code_differs", name)

    def _identify(self, row: Row) -> None:
        """By what the row is known again, and the paper it is from."""
        profile = self._profile
        if profile.record_key:
            parts = [str(row.get(name) or "") for name in profile.record_key]
            if all(parts):
                row.record_key = hashlib.blake2b(
                    "\x1f".join((profile.source_kind, *parts)).casefold().encode(), digest_size=16
                ).hexdigest()
        reference = profile.reference.format_map(_Blank(row.values)).strip()
        if reference == self._no_reference:
            reference = ""  # words around a number that is not there
        since: PartialDate | None = row.get("registered_on") or row.get("residence_since")
        row.source = m.Source(profile.source_kind, reference, since.full() if since is not None else None)


class _Blank(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return ""
