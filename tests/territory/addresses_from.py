"""Turns addresses written by hand, with the units they mean in words, into lines of addresses.csv.

    python tests/territory/addresses_from.py hand.txt tune >> tests/territory/addresses.csv

A line is `text|as_of|status|full names joined by ;|category`. `>` before a full name means: what became of it on the
day; `@n` after a part: there are several such numbers, take the one in the parents named; `@date`: as it was then.
"""

import csv
import sys
from datetime import date
from pathlib import Path

from dancu.territory.gazetteer import Gazetteer, gazetteer
from dancu.territory.matching.index import fold


def codes(expected: str, as_of: date, g: Gazetteer, names: dict[str, list[int]]) -> set[str]:
    found = set()
    for name in filter(None, expected.split(";")):
        forward, name = name.startswith(">"), name.lstrip(">")
        name, _, day = name.rpartition("@") if "@20" in name else (name, "", "")
        ids = names[fold(name.replace("@3", ""))]
        on = [i for i in ids if forward or g.unit(i).valid_on(date.fromisoformat(day) if day else as_of)]
        if not on:
            on = ids
        if not on:
            raise SystemExit(f"no unit {name!r}")
        found |= {u.code for i in on for u in g.counterparts(i, as_of)}
    return found


def main() -> None:
    g = gazetteer()
    names: dict[str, list[int]] = {}
    for u in g:
        for day in {u.valid_from, None}:
            names.setdefault(fold(g.full_name(u.unit_id, day)), [])
            if u.unit_id not in names[fold(g.full_name(u.unit_id, day))]:
                names[fold(g.full_name(u.unit_id, day))].append(u.unit_id)
    out = csv.writer(sys.stdout, lineterminator="\n")
    for line in Path(sys.argv[1]).read_text(encoding="utf-8").splitlines():
        if line.startswith("#") or not line.strip():
            continue
        text, day, status, expected, category = line.split("|")
        try:
            want = codes(expected, date.fromisoformat(day), g, names)
        except (KeyError, SystemExit) as e:
            print("PROBLEM", line, e, file=sys.stderr)
            continue
        out.writerow([text, day, status, " ".join(sorted(want)), category, sys.argv[2]])


if __name__ == "__main__":
    main()
