"""Turns addresses written by hand, with the units they mean in words, into lines of addresses.csv.

    python tests/territory/label_addresses.py addresses_by_hand.txt >> tests/territory/addresses.csv

A line is `category|days|label|text`, an optional reason after ` ## `; each day makes a row. Lines go to the halves
hand-tune and hand-held in turn; after a line `# split NAME` to that one. Codes and status come from
the units' own history, never from the resolver. Labels, several joined by `;`:

    o:commune/district/province   as of 2023     m: the same early in 2025     n:commune/province   as of late 2025
    d:district/province  kd:kind district/province   p:province   (2023)
    all:kind name   in:name/province   every commune (and district, for `in`) so called in 2023
    ?   nothing can be recognised      doubt:…   anything but `exact`, with the units (if any) among the candidates
"""

import csv
import sys
from datetime import date
from pathlib import Path

from dancu.kernel.names import tone_fold
from dancu.territory.gazetteer import OLDEST_KNOWN, Gazetteer, gazetteer
from dancu.territory.matching.index import fold
from dancu.territory.models import Unit

DAYS = {
    "A": date(2023, 4, 1),
    "B": date(2025, 7, 2),
    "C": date(2026, 11, 1),
    "D": date(2022, 6, 15),
    "E": date(2025, 3, 10),
    "Z": date(1996, 5, 5),
}
OLD, MID, NEW = date(2023, 4, 1), date(2025, 6, 1), date(2025, 12, 1)


class Labels:
    def __init__(self, g: Gazetteer) -> None:
        self.g = g
        self.by_key: dict[str, list[Unit]] = {}
        for unit in g:
            self.by_key.setdefault(fold(unit.name), []).append(unit)

    def named(self, name: str, level: int, day: date, above: list[str]) -> list[Unit]:
        """Units of that level so called on the day whose parents, bottom up, bear the other names."""
        found = []
        for unit in self.by_key.get(fold(name), []):
            if unit.level != level or not unit.valid_on(day):
                continue
            parents = [fold(p.name) for p in self.g.ancestors(unit.unit_id, day)]
            if parents[-len(above) :] == [fold(a) for a in above] or not above:
                found.append(unit)
        same = [u for u in found if tone_fold(u.name) == tone_fold(name)]
        return same or found

    def one(self, label: str) -> list[Unit]:
        how, _, path = label.partition(":")
        name, *above = path.split("/")
        if how in ("o", "m", "n"):
            found = self.named(name, 3, {"o": OLD, "m": MID, "n": NEW}[how], above)
            if len(found) != 1 or len(above) != (1 if how == "n" else 2):
                raise ValueError(f"{label}: {[self.g.full_name(u.unit_id) for u in found]}")
            return found
        if how == "d":
            found = self.named(name, 2, OLD, above)
            if len(found) != 1:
                raise ValueError(f"{label}: {[self.g.full_name(u.unit_id) for u in found]}")
        elif how == "p":
            found = self.named(name, 1, OLD, [])
        elif how in ("all", "kd"):
            level = 2 if how == "kd" else 3
            words = next(k for k in ("thị trấn", "thị xã", "thành phố", "phường", "huyện", "xã") if name.startswith(k))
            found = self.named(name[len(words) :].strip(), level, OLD, above)
            found = [u for u in found if u.kind.word.lower() == words]
        elif how == "in":
            found = [u for u in self.named(name, 3, OLD, above) if tone_fold(u.name) == tone_fold(name)]
        else:
            raise ValueError(label)
        if not found:
            raise ValueError(label)
        return found

    def answer(self, label: str, day: date) -> tuple[str, set[str]]:
        """(status, codes) the label means on the day."""
        doubt = label.startswith("doubt:")
        label = label.removeprefix("doubt:").removeprefix("?")
        units = [u for part in filter(None, label.split(";")) for u in self.one(part)]
        known = max(day, OLDEST_KNOWN)
        codes = {c.code for u in units for c in self.g.counterparts(u.unit_id, known)}
        if doubt:
            return "doubt", codes
        if not codes or day < OLDEST_KNOWN:
            return "unknown", codes
        return ("exact" if len(codes) == 1 else "ambiguous"), codes


def main() -> None:
    labels, out = Labels(gazetteer()), csv.writer(sys.stdout, lineterminator="\n")
    problems, n, named = 0, 0, ""
    for line in Path(sys.argv[1]).read_text(encoding="utf-8").splitlines():
        if line.startswith("# split "):
            named = line.removeprefix("# split ")
        if line.startswith("#") or not line.strip():
            continue
        category, days, label, text = line.split("|", 3)
        text, _, why = text.partition(" ## ")
        n += 1
        for day in (DAYS[d] for d in days):
            try:
                status, codes = labels.answer(label, day)
            except ValueError as error:
                problems += 1
                print("PROBLEM", line, error, file=sys.stderr)
                continue
            split = named or ("hand-tune", "hand-held")[n % 2]
            text = text.replace("\\n", "\n")
            out.writerow([text, day.isoformat(), status, " ".join(sorted(codes)), category, split, why])
    if problems:
        raise SystemExit(f"{problems} problems")


if __name__ == "__main__":
    main()
