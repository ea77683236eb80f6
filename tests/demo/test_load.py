"""The synthetic province fits the registry: no two facts of one kind hold at once."""

from __future__ import annotations

from itertools import combinations

from dancu.demo import people
from dancu.demo.fill import SEED
from dancu.demo.load import Families, Loader

PEOPLE = 60_000


def test_no_facts_overlap() -> None:
    families = Families.of(people.generate(PEOPLE, SEED))
    count = len(families.names)
    loader = Loader(families, range(1, count + 1), range(1, families.households + 1), range(10_000))
    for draft in loader.drafts(people.generate(PEOPLE, SEED)):
        if not hasattr(draft, "marital"):
            continue
        kin = [k for k in draft.kin if k.relation != "child"]
        for facts in (draft.marital, draft.residences, draft.memberships, draft.cards, draft.names, kin):
            for one, other in combinations(facts, 2):
                same = getattr(one, "kind", None) == getattr(other, "kind", None)
                same = same and getattr(one, "relation", None) == getattr(other, "relation", None)
                assert not (same and one.valid.overlaps(other.valid)), (one, other)
