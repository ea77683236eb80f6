"""The units through time: counts of the sources, succession, parents, codes."""

from collections import defaultdict
from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dancu.kernel.errors import NotFound
from dancu.territory.gazetteer import Gazetteer, gazetteer
from dancu.territory.models import Kind, SuccessionKind

OLD, EARLY, NEW, NOW = date(2022, 6, 1), date(2025, 6, 30), date(2025, 7, 1), date(2026, 11, 1)
days = st.dates(date(2022, 1, 1), date(2027, 1, 1))


@pytest.fixture(scope="module")
def g() -> Gazetteer:
    return gazetteer()


@pytest.mark.parametrize(
    ("day", "counts"),
    [(OLD, (63, 705, 10599)), (date(2023, 4, 10), (63, 705, 10598)), (EARLY, (63, 696, 10035)), (NEW, (34, 0, 3321)),
     (NOW, (34, 0, 3321))],
)  # fmt: skip
def test_counts_of_each_generation(g: Gazetteer, day: date, counts: tuple[int, int, int]) -> None:
    assert tuple(sum(1 for _ in g.all_on(day, level)) for level in (1, 2, 3)) == counts
    provinces = g.provinces(day)
    assert len(provinces) == counts[0]
    assert sum(len(g.communes(p.unit_id, day)) for p in provinces) == counts[2]


def test_kinds_after_the_reform_and_in_2026(g: Gazetteer) -> None:
    def kinds(day: date) -> tuple[int, ...]:
        return tuple(sum(u.kind is k for u in g.all_on(day, 3)) for k in (Kind.COMMUNE, Kind.WARD, Kind.SPECIAL_ZONE))

    assert kinds(NEW) == (2621, 687, 13)
    assert kinds(date(2026, 4, 30)) == (2611, 697, 13)
    assert kinds(date(2026, 9, 20)) == (2599, 709, 13)
    assert [u.name for u in g.provinces(NOW) if u.kind is Kind.CITY and u not in g.provinces(NEW)] == [
        "Quảng Ninh", "Bắc Ninh", "Đồng Nai"
    ]  # fmt: skip


def test_the_mapping_of_2025_is_whole(g: Gazetteer) -> None:
    whole = split = 0
    for unit in g.all_on(EARLY):
        steps = [s for s in g.successions(unit.unit_id) if s.effective == NEW]
        if unit.level > 1 and steps:
            whole += steps[0].kind is SuccessionKind.WHOLE
            split += steps[0].kind is SuccessionKind.SPLIT
            assert (len(steps) == 1) == (steps[0].kind is SuccessionKind.WHOLE)
    assert (whole, split) == (9569, 471)
    assert all(g.successors(u.unit_id, NEW) for u in g.all_on(EARLY))


def test_only_two_units_have_no_known_heir(g: Gazetteer) -> None:
    lost = [g.full_name(u.unit_id) for u in g.all_on(OLD) if not g.successors(u.unit_id, NOW)]
    assert lost == [
        "Xã Phúc Thành A, Huyện Kim Thành, Tỉnh Hải Dương", "Xã Phú An Hòa, Huyện Châu Thành, Tỉnh Bến Tre"
    ]  # fmt: skip


def test_a_code_names_at_most_one_unit_on_a_day(g: Gazetteer) -> None:
    by_code = defaultdict(list)
    for u in g:
        by_code[u.code].append((u.valid_from or date.min, u.valid_to or date.max))
    for spans in by_code.values():
        spans.sort()
        assert all(a[1] <= b[0] for a, b in pairwise(spans))


def test_codes_are_reused(g: Gazetteer) -> None:
    before, after = g.by_code("20335", OLD), g.by_code("20335", NEW)
    assert before
    assert after
    assert g.full_name(before.unit_id) == "Phường Tân Thạnh, Thành phố Tam Kỳ, Tỉnh Quảng Nam"
    assert g.full_name(after.unit_id) == "Phường Bàn Thạch, Thành phố Đà Nẵng"
    assert before.unit_id != after.unit_id


@pytest.mark.parametrize(
    ("name", "on", "expected"),
    [
        ("Huyện Nông Sơn, Tỉnh Quảng Nam", date(2025, 1, 1), ["Huyện Quế Sơn, Tỉnh Quảng Nam"]),
        ("Phường Hải Châu II, Quận Hải Châu, Thành phố Đà Nẵng", EARLY, ["Phường Hải Châu, Quận Hải Châu, Thành phố Đà Nẵng"]),
        ("Phường Phước Hòa, Thành phố Tam Kỳ, Tỉnh Quảng Nam", EARLY, ["Phường An Xuân, Thành phố Tam Kỳ, Tỉnh Quảng Nam"]),
        ("Tỉnh Quảng Nam", NEW, ["Thành phố Đà Nẵng"]),
        ("Tỉnh Thừa Thiên Huế", EARLY, ["Thành phố Huế"]),
        ("Tỉnh Bình Phước", NOW, ["Thành phố Đồng Nai"]),
        ("Tỉnh Bắc Giang", NOW, ["Thành phố Bắc Ninh"]),
        ("Tỉnh Cao Bằng", NOW, ["Tỉnh Cao Bằng"]),
    ],
)  # fmt: skip
def test_what_became_of_well_known_units(g: Gazetteer, name: str, on: date, expected: list[str]) -> None:
    unit = next(u for u in g.all_on(OLD) if u.title == name.split(",")[0] and g.full_name(u.unit_id, OLD) == name)
    assert [g.full_name(u.unit_id, on) for u in g.successors(unit.unit_id, on)] == expected


def test_island_districts_became_special_zones(g: Gazetteer) -> None:
    for unit in g.all_on(EARLY, 2):
        if unit.name in ("Lý Sơn", "Côn Đảo", "Cồn Cỏ", "Bạch Long Vĩ", "Hoàng Sa"):
            heirs = g.successors(unit.unit_id, NEW)
            assert [(u.name, u.kind) for u in heirs] == [(unit.name, Kind.SPECIAL_ZONE)]


def test_a_district_lives_on_in_communes(g: Gazetteer) -> None:
    tam_ky = next(u for u in g.all_on(EARLY, 2) if u.name == "Tam Kỳ")
    assert {u.name for u in g.successors(tam_ky.unit_id, NEW)} >= {"Tam Kỳ", "Bàn Thạch", "Hương Trà", "Quảng Phú"}


def test_parents_follow_their_own_changes(g: Gazetteer) -> None:
    wards = next(u for u in g.all_on(OLD, 2) if u.name == "Nông Sơn")
    commune = g.children(wards.unit_id, OLD)[0]
    if commune.valid_on(EARLY):
        assert g.ancestors(commune.unit_id, EARLY)[0].name == "Quế Sơn"
    long_thanh = g.by_code("26368", NOW)
    assert long_thanh
    assert g.full_name(long_thanh.unit_id) == "Phường Long Thành, Thành phố Đồng Nai"
    hung_thinh = g.by_code("26281", NOW)
    assert hung_thinh
    assert g.full_name(hung_thinh.unit_id, NEW) == "Xã Hưng Thịnh, Tỉnh Đồng Nai"
    assert g.full_name(hung_thinh.unit_id, NOW) == "Xã Hưng Thịnh, Thành phố Đồng Nai"


def test_areas_of_a_split_commune_hold_every_heir_and_province(g: Gazetteer) -> None:
    unit = next(u for u in g.all_on(EARLY, 3) if u.name == "Đội Cấn" and u.kind is Kind.WARD
                and "Ba Đình" in g.full_name(u.unit_id))  # fmt: skip
    names = {g.unit(i).name for i in g.areas(unit.unit_id, NOW)}
    assert names == {"Ba Đình", "Ngọc Hà", "Hà Nội"}


def test_no_unit_is_out_of_reach(g: Gazetteer) -> None:
    assert all(g.areas(u.unit_id, NOW) for u in g)


def test_unknown_id_is_a_sentence(g: Gazetteer) -> None:
    with pytest.raises(NotFound):
        g.unit(10**9)
    with pytest.raises(NotFound):
        g.unit(0)


@settings(deadline=None)
@given(st.data(), days, days)
def test_two_steps_forward_are_one(data: st.DataObject, first: date, second: date) -> None:
    first, second = sorted((first, second))
    g = gazetteer()
    unit = g.unit(data.draw(st.sampled_from([u.unit_id for u in g.all_on(OLD, 3)][::97])))
    between = {h.unit_id for u in g.successors(unit.unit_id, first) for h in g.successors(u.unit_id, second)}
    assert between == {u.unit_id for u in g.successors(unit.unit_id, second)}
    assert all(g.unit(i).valid_on(second) for i in between)


@settings(deadline=None)
@given(st.data(), days)
def test_ancestors_are_valid_and_whole(data: st.DataObject, day: date) -> None:
    g = gazetteer()
    ids = [u.unit_id for u in g if u.level == 3][::211]
    unit = g.unit(data.draw(st.sampled_from(ids)))
    if unit.valid_on(day):
        above = g.ancestors(unit.unit_id, day)
        assert [u.level for u in above] == ([2, 1] if day < NEW else [1])
        assert all(u.valid_on(day) for u in above)
        assert unit in g.children(above[0].unit_id, day)
