"""The synthetic province: unique numbers, consistent households and kin, the same for the same seed."""

import tracemalloc
from collections import Counter
from datetime import date
from itertools import islice

import pytest

from dancu.demo.people import AS_OF, generate
from dancu.demo.personas import HEAD_NUMBER, RESERVED_NUMBERS
from dancu.demo.places import places
from dancu.demo.records import NO_FLAWS, DemoHousehold, DemoPerson, Flaw, FlawRates, Marital, Relation

PEOPLE = 30_000


@pytest.fixture(scope="module")
def province() -> list[DemoHousehold]:
    return list(generate(PEOPLE, seed=7))


@pytest.fixture(scope="module")
def people(province: list[DemoHousehold]) -> list[DemoPerson]:
    return [person for household in province for person in household.members]


def test_exactly_as_many_as_asked(people: list[DemoPerson]) -> None:
    assert [p.index for p in people] == list(range(PEOPLE))
    assert sum(len(h.members) for h in generate(1234, 1)) == 1234


def test_every_number_is_given_once(people: list[DemoPerson]) -> None:
    for field in ("personal_id", "cmnd", "phone", "email"):
        values = [v for p in people if (v := getattr(p, field)) is not None]
        assert len(set(values)) == len(values), field
    assert all(len(p.personal_id) == 12 and p.personal_id.isdigit() for p in people)
    assert all(p.cmnd is None or (len(p.cmnd) == 9 and p.cmnd[:3] in ("205", "206")) for p in people)


def test_numbers_agree_with_sex_and_year_unless_spoiled(people: list[DemoPerson]) -> None:
    for p in people:
        digit = (p.birth_year // 100 - 19) * 2 + (p.sex == "F")
        agrees = p.personal_id[3] == str(digit) and p.personal_id[4:6] == f"{p.birth_year % 100:02d}"
        assert agrees == (p.flaw not in (Flaw.NUMBER_SEX, Flaw.NUMBER_YEAR)), p.index


def test_households_have_one_living_head_who_comes_first(province: list[DemoHousehold]) -> None:
    for household in province:
        relations = [p.relation for p in household.members]
        assert relations[0] is Relation.HEAD
        assert relations.count(Relation.HEAD) == 1
        assert household.members[0].died_on is None
        assert all(p.household == household.index for p in household.members)
    assert len({h.number for h in province}) == len({h.file_number for h in province}) == len(province)


def test_parents_are_older_and_known_before(people: list[DemoPerson]) -> None:
    linked = 0
    for p in people:
        for kin, sex in ((p.father, "M"), (p.mother, "F")):
            if kin is None:
                continue
            parent = people[kin]
            assert parent.sex == sex
            assert 16 <= p.birth_year - parent.birth_year <= 65
            assert parent.household <= p.household
            linked += parent.household < p.household and p.flaw is not Flaw.DUPLICATE
        assert p.father is None or p.father_named is None
        for named in (p.father_named, p.mother_named):
            assert named is None or named.birth_year is None or named.birth_year < p.birth_year - 15
    assert linked > 0.05 * len(people)  # kin across households


def test_spouses_agree(people: list[DemoPerson]) -> None:
    for p in people:
        if p.spouse is None:
            continue
        other = people[p.spouse]
        assert other.spouse == p.index
        assert other.sex != p.sex
        assert other.married_on == p.married_on
        assert {p.father, p.mother} & {other.father, other.mother} <= {None}
        if p.died_on is None:
            assert p.marital is (Marital.WIDOWED if other.died_on else Marital.MARRIED)
        assert p.married_on is not None
        assert p.married_on.year - p.birth_year >= 18


def test_nothing_happens_before_birth_or_after_death(people: list[DemoPerson]) -> None:
    for p in people:
        born = date(p.birth_year, p.birth_month or 1, p.birth_day or 1)
        assert born <= p.resident_since <= (p.died_on or AS_OF) <= AS_OF
        if p.died_on:
            assert (p.card, p.phone, p.stay, p.absence) == (None, None, None, None)
            assert not p.married_on or p.married_on < p.died_on
            assert p.relation is not Relation.CHILD
    for p in people:  # a mother was alive when her child was born
        mother = people[p.mother] if p.mother is not None else None
        if mother and mother.died_on:
            assert date(p.birth_year, p.birth_month or 1, p.birth_day or 1) <= mother.died_on


def test_cards_follow_the_ages_of_the_law(people: list[DemoPerson]) -> None:
    holders = [p for p in people if p.card]
    for p in holders:
        assert p.card
        at_issue = p.card.issued_on.year - p.birth_year
        assert at_issue >= 14
        assert p.card.chip == (p.card.issued_on >= date(2021, 1, 1))
        if p.card.expires_on is None:
            assert at_issue >= 57
        else:
            assert p.card.expires_on.year - p.birth_year in (25, 40, 60)
            assert p.card.expires_on > p.card.issued_on
    old_enough = [p for p in people if p.birth_year < AS_OF.year - 14 and not p.died_on]
    assert 0.8 < len(holders) / len(old_enough) < 0.9


def test_shares_look_like_the_province(province: list[DemoHousehold], people: list[DemoPerson]) -> None:
    assert 3.0 < len(people) / len(province) < 3.7
    surnames = Counter(p.name.split()[0] for p in people if p.ethnicity == "Kinh")
    assert 0.27 < surnames["Nguyễn"] / surnames.total() < 0.34
    assert len({p.name.split()[-1] for p in people}) >= 300
    assert {len(p.name.split()) for p in people} >= {1, 2, 3, 4, 5}
    assert 0.02 < sum(p.died_on is not None for p in people) / len(people) < 0.06
    assert 0.90 < sum(p.personal_id.startswith("049") for p in people) / len(people) < 0.97
    assert sum(p.birth_country != "VNM" for p in people) > 0
    assert sum(p.birth_day is None for p in people) > 0.01 * len(people)
    tables = places()
    living = Counter(h.unit_id for h in province)
    tam_ky = sum(living[int(u)] for u in tables.unit_ids[tables.district == 0])
    assert 0.06 < tam_ky / len(province) < 0.11
    assert living[int(tables.unit_ids[tables.commune_of("20353")])] > 40
    ethnic = Counter(p.ethnicity for p in people)
    assert 0.85 < ethnic["Kinh"] / len(people) < 0.95
    assert min(ethnic[e] for e in ("Cơ Tu", "Xơ Đăng", "Giẻ Triêng", "Co", "Mnông")) > 20


def test_places_are_real_units_with_their_own_hamlets(province: list[DemoHousehold]) -> None:
    tables = places()
    for household in province:
        assert tables.hamlets[household.hamlet].unit_id == household.unit_id
    for p in (p for h in province for p in h.members if p.stay and p.stay.hamlet is not None):
        assert p.stay
        assert p.stay.hamlet is not None
        assert tables.hamlets[p.stay.hamlet].unit_id == p.stay.unit_id


def test_flaws_come_at_their_rates_and_are_labelled(people: list[DemoPerson]) -> None:
    counts = Counter(p.flaw for p in people)
    rates = FlawRates()
    for flaw, rate in (
        (Flaw.DUPLICATE, rates.duplicate), (Flaw.NUMBER_SEX, rates.number_sex),
        (Flaw.NUMBER_YEAR, rates.number_year), (Flaw.NO_ORIGIN, rates.no_origin),
    ):  # fmt: skip
        assert 0.5 * rate < counts[flaw] / len(people) < 1.7 * rate, flaw
    for p in people:
        assert (p.origin_unit is None) == (p.flaw is Flaw.NO_ORIGIN)
        if p.flaw is Flaw.DUPLICATE:
            assert p.flaw_of is not None
            assert p.flaw_of < p.index
            assert people[p.flaw_of].sex == p.sex
            assert people[p.flaw_of].personal_id != p.personal_id
    assert all(p.flaw is None for h in generate(4000, 3, flaws=NO_FLAWS) for p in h.members)


def test_same_seed_same_people_whatever_the_size(province: list[DemoHousehold]) -> None:
    larger = list(islice(generate(3 * PEOPLE, seed=7), 4000))
    assert larger == province[:4000]
    other = list(islice(generate(5_000, seed=8), 1000))
    assert other[:2] == province[:2]  # the personas
    assert other[2:] != province[2:1000]


def test_personas_are_always_there(people: list[DemoPerson]) -> None:
    head = people[0]
    assert (head.personal_id, head.name, head.cmnd) == (HEAD_NUMBER, "Trần Thị Hoà", "205123456")
    assert (head.birth_year, head.birth_month, head.birth_day, head.sex) == (1990, 4, 12, "F")
    assert [p.personal_id for p in people if p.personal_id in RESERVED_NUMBERS] == [
        p.personal_id for p in people[: len(RESERVED_NUMBERS)]
    ]
    hamlet = places().hamlets[next(generate(100, 1)).hamlet]
    assert (hamlet.kind, hamlet.name) == ("Khối phố", "Xuân Đông")


def test_memory_does_not_grow_with_the_number_of_people(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dancu.demo.people._HOUSEHOLDS", 256)

    def peak(n: int) -> int:
        tracemalloc.start()
        for _ in generate(n, 5):
            pass
        top = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return top

    small = peak(3_000)
    assert peak(15_000) < 1.2 * small + 500_000
