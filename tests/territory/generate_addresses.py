"""Makes labelled addresses from the units themselves with noise of many kinds; expected answers come from the data.

    python tests/territory/generate_addresses.py SEED NUMBER SPLIT >> tests/territory/addresses.csv

Never asks the resolver. A unit whose name, without marks, is borne twice in its district is left out where the noise
drops what tells them apart.
"""

import csv
import random
import sys
from datetime import date

from dancu.kernel.names import fold_ascii
from dancu.territory.gazetteer import gazetteer
from dancu.territory.matching.index import fold
from dancu.territory.models import Kind, Unit

SHORT = {"phường": ["P.", "P", "p."], "xã": ["X.", "xã"], "thị trấn": ["TT.", "TT", "tt"], "quận": ["Q.", "Q"],
         "huyện": ["H.", "H"], "thị xã": ["TX.", "TX"], "thành phố": ["TP.", "TP", "tp "], "tỉnh": ["T.", "tỉnh"]}  # fmt: skip
LOCAL = ["Thôn {n}", "Tổ {n}", "Tổ dân phố {n}", "Khu phố {n}", "Xóm {n}", "Ấp {n}", "số {n} đường Lê Lợi",
         "{n}/{n} Nguyễn Huệ", "Khối {n}", "Thôn Đông", "Xóm Chùa", "Ấp Bình An", "Khóm {n}", "Đội {n}"]  # fmt: skip
WRONG_TONE = str.maketrans("áàảãạắằẳẵặấầẩẫậéèẻẽẹếềểễệíìỉĩịóòỏõọốồổỗộớờởỡợúùủũụứừửữựýỳỷỹỵ",
                           "àáãảàằắẵẳằầấẫẩầèéẽẻèềếễểềìíĩỉìòóõỏòồốỗổồờớỡởờùúũủùừứữửừỳýỹỷỳ")  # fmt: skip
LETTERS = "abcdeghiklmnopqrstuvxy"


def typo(name: str, rng: random.Random) -> str:
    """One slip of the fingers inside a name."""
    i = rng.randrange(1, len(name) - 1)
    how = rng.randrange(4)
    if how == 0:
        return name[:i] + name[i + 1 :]
    if how == 1:
        return name[:i] + rng.choice(LETTERS) + name[i:]
    if how == 2:
        return name[:i] + name[i + 1] + name[i] + name[i + 2 :]
    return name[:i] + rng.choice(LETTERS) + name[i + 1 :]


class Maker:
    def __init__(self, seed: int) -> None:
        self.rng, self.g = random.Random(seed), gazetteer()

    def parts(self, unit: Unit, day: date) -> list[Unit]:
        return [unit, *self.g.ancestors(unit.unit_id, day)]

    def titles(self, parts: list[Unit], style: str) -> list[str]:
        if style == "bare":
            return [p.title if p.name.isdigit() else p.name for p in parts]
        if style == "short":
            return [f"{self.rng.choice(SHORT.get(p.kind.word.lower(), [p.kind.word]))} {p.name}" for p in parts]
        return [p.title for p in parts]

    def twins(self, unit: Unit, day: date) -> bool:
        parent = self.g.parent(unit.unit_id, day)
        key = fold(unit.name)
        return parent is None or any(
            fold(u.name) == key and u is not unit for u in self.g.children(parent.unit_id, day)
        )

    def make(self, category: str) -> tuple[str, date, str, set[str]]:
        rng, g = self.rng, self.g
        while True:
            new = category in ("new_form", "new_form_bare", "new_to_old")
            day = date(2025, 7, 2) if new else rng.choice([date(2022, 6, 1), date(2023, 6, 1), date(2025, 6, 1)])
            unit = rng.choice(self.pool(day))
            if self.twins(unit, day) or (len(fold(unit.name)) < 5 and category == "typo"):
                continue
            parts, as_of = self.parts(unit, day), day
            titles = self.titles(parts, "full")
            text = ", ".join(titles)
            if category == "no_marks":
                text = fold_ascii(", ".join(self.titles(parts, rng.choice(["bare", "full"]))))
            elif category in ("bare", "new_form_bare"):
                text = ", ".join(self.titles(parts, "bare"))
            elif category == "abbreviation":
                text = ", ".join(self.titles(parts, "short"))
            elif category == "no_separators":
                text = " ".join(self.titles(parts, rng.choice(["bare", "full"])))
                if rng.random() < 0.5:
                    text = fold_ascii(text)
            elif category == "dashes":
                text = " - ".join(self.titles(parts, "bare"))
            elif category == "capitals":
                text = ", ".join(self.titles(parts, "bare")).upper()
            elif category == "reordered":
                text = ", ".join(reversed(self.titles(parts, rng.choice(["bare", "full"]))))
            elif category == "local":
                text = rng.choice(LOCAL).format(n=rng.randrange(1, 30)) + ", " + ", ".join(self.titles(parts, "bare"))
            elif category == "no_province":
                if self.elsewhere(unit, parts[1], day):
                    continue
                text = ", ".join(titles[:-1])
            elif category == "typo":
                broken = typo(unit.name, rng)
                if self.near(fold(broken), unit, parts[1], day):
                    continue
                text = ", ".join([broken, *self.titles(parts, "bare")[1:]])
            elif category == "typo_above":
                at = rng.choice(range(1, len(parts)))
                if len(parts[at].name) < 5:
                    continue
                broken = typo(parts[at].name, rng)
                if fold(broken) in {fold(u.name) for u in g if u.level < 3}:
                    continue
                bare = self.titles(parts, "bare")
                text = ", ".join([*bare[:at], broken, *bare[at + 1 :]])
            elif category == "wrong_tone":
                if unit.name.isdigit():
                    continue
                text = ", ".join([unit.name.translate(WRONG_TONE), *self.titles(parts, "bare")[1:]])
            elif category in ("old_to_new", "split", "new_province"):
                as_of = date(2025, 12, 1)
                heirs = g.successors(unit.unit_id, as_of)
                if (len(heirs) > 1) != (category == "split") or not heirs:
                    continue
                if category == "new_province":
                    province = g.successors(parts[-1].unit_id, as_of)[0]
                    titles[-1] = province.title
                text = ", ".join(titles if rng.random() < 0.5 else self.titles(parts, "bare")[:2] + titles[2:])
            elif category == "new_to_old":
                as_of = date(2025, 3, 10)
                same = [u for u in g.all_on(as_of, 3) if fold(u.name) == fold(unit.name)]
                if any(p in self.parts(u, as_of) for u in same for p in g.predecessors(parts[-1].unit_id, as_of)):
                    continue
            elif category == "commune_only":
                text = unit.title
                same = [u for u in self.pool(day) if u.name == unit.name and u.kind is unit.kind]
                if len(same) < 2:
                    continue
                return text, as_of, "ambiguous", {u.code for u in same}
            elif category == "unknown_commune":
                text = ", ".join([f"Xã {self.nonsense()}", *titles[1:]])
                return text, as_of, "unknown", set()
            elif category == "nonsense":
                return f"{self.nonsense()} {self.nonsense()}, {self.nonsense()}", as_of, "unknown", set()
            elif category == "before_2022":
                return text, date(rng.randrange(1950, 2021), 5, 5), "unknown", {unit.code}
            found = {u.code for u in g.counterparts(unit.unit_id, as_of)}
            if not found:
                continue
            return text, as_of, "exact" if len(found) == 1 else "ambiguous", found

    def pool(self, day: date) -> list[Unit]:
        return [u for u in self.g.all_on(day, 3) if u.kind is not Kind.SPECIAL_ZONE or self.rng.random() < 0.2]

    def elsewhere(self, unit: Unit, parent: Unit, day: date) -> bool:
        """Is there another pair of commune and district of the same names?"""
        pairs = [u for u in self.g.all_on(day, 3) if fold(u.name) == fold(unit.name) and u is not unit]
        return any(fold(p.name) == fold(parent.name) for u in pairs for p in self.parts(u, day)[1:2])

    def near(self, key: str, unit: Unit, parent: Unit, day: date) -> bool:
        """Is the broken name a name, or as near to a neighbour's as to the right one?"""
        from rapidfuzz.distance import OSA

        others = [fold(u.name) for u in self.g.children(parent.unit_id, day) if u is not unit]
        limit = OSA.distance(key, fold(unit.name))
        return key == fold(unit.name) or any(OSA.distance(key, o) <= limit + 1 for o in others)

    def nonsense(self) -> str:
        syllables = ["Blơ", "Zưk", "Quơng", "Phiêk", "Drun", "Wơt", "Ngiêm", "Jăp", "Fuôn", "Xoeng"]
        return " ".join(self.rng.sample(syllables, 2))


CATEGORIES = ["clean", "no_marks", "bare", "abbreviation", "no_separators", "dashes", "capitals", "reordered", "local",
              "no_province", "typo", "typo_above", "wrong_tone", "old_to_new", "split", "new_province", "new_form",
              "new_form_bare", "new_to_old", "commune_only", "unknown_commune", "nonsense", "before_2022"]  # fmt: skip


def main() -> None:
    seed, number, split = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    maker = Maker(seed)
    out = csv.writer(sys.stdout, lineterminator="\n")
    for n in range(number):
        category = CATEGORIES[n % len(CATEGORIES)]
        text, as_of, status, found = maker.make(category)
        out.writerow([text, as_of.isoformat(), status, " ".join(sorted(found)), category, split, ""])


if __name__ == "__main__":
    main()
