"""The synthetic province fits the registry: no two facts of one kind hold at once."""

from __future__ import annotations

from datetime import date
from itertools import combinations

from dancu.demo import people
from dancu.demo.fill import SEED
from dancu.demo.load import Families, Loader
from dancu.demo.personas import PERSONAS
from dancu.demo.since import passed

PEOPLE = 60_000


def test_no_facts_overlap() -> None:
    today = date(2026, 11, 22)
    families = Families.of(passed(people.generate(PEOPLE, SEED), people.AS_OF, today, PERSONAS))
    count = len(families.names)
    loader = Loader(families, range(1, count + 1), range(1, families.households + 1), range(10_000))
    for draft in loader.drafts(passed(people.generate(PEOPLE, SEED), people.AS_OF, today, PERSONAS)):
        if not hasattr(draft, "marital"):
            continue
        kin = [k for k in draft.kin if k.relation != "child"]
        for facts in (draft.marital, draft.residences, draft.memberships, draft.cards, draft.names, kin):
            for one, other in combinations(facts, 2):
                same = getattr(one, "kind", None) == getattr(other, "kind", None)
                same = same and getattr(one, "relation", None) == getattr(other, "relation", None)
                assert not (same and one.valid.overlaps(other.valid)), (one, other)


def test_the_years_since_bring_the_same_deaths_whoever_looks_later() -> None:
    def dead(today: date) -> dict[int, date]:
        homes = passed(people.generate(20_000, SEED), people.AS_OF, today, PERSONAS)
        found = {p.index: p.died_on for h in homes for p in h.members}
        assert all(found[index] is None for index in (0, 1, 2, 3, 4))
        return {index: day for index, day in found.items() if day and day >= people.AS_OF}

    early, late = dead(date(2025, 11, 22)), dead(date(2026, 11, 22))
    assert early.items() < late.items()
    assert 0.001 < (len(late) - len(early)) / 20_000 < 0.01
    assert all(date(2025, 11, 22) <= day < date(2026, 11, 22) for i, day in late.items() if i not in early)
