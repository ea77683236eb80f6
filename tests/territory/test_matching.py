"""Reading addresses: accuracy on the labelled set, honesty, and never an exception."""

import time
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dancu.territory.gazetteer import gazetteer
from dancu.territory.matching import resolve
from dancu.territory.matching.doubts import DISSOLVED
from dancu.territory.models import Hamlet, Status
from tests.territory.accuracy import Measured, by_category, calibration, exact_precision, measure

OLD, NEW = date(2023, 4, 1), date(2025, 12, 1)
BAR = 0.97
"""Right answers in each half of the labelled set; a category may miss one, or a tenth."""


def names(text: str, day: date) -> list[str]:
    return [gazetteer().full_name(c.unit.unit_id, day) for c in resolve(text, day).candidates]


@pytest.fixture(scope="module")
def measured() -> list[Measured]:
    return measure()


@pytest.mark.parametrize("split", ["tune", "held", "fresh", "hand-tune", "hand-held", "hand-last", "hand-offices"])
def test_accuracy_on_the_labelled_set(split: str, measured: list[Measured], capsys: pytest.CaptureFixture[str]) -> None:
    result = by_category(measured)[split]
    right, total = sum(r for r, _ in result.values()), sum(n for _, n in result.values())
    with capsys.disabled():
        print(f"\n{split}: {right}/{total} = {right / total:.1%}")
    assert right / total >= BAR
    assert not {c: v for c, v in result.items() if v[0] < v[1] - max(1, v[1] // 10)}


def test_the_set_is_large_and_varied(measured: list[Measured]) -> None:
    assert len(measured) >= 1700
    assert len({m.row["category"] for m in measured}) >= 60


def test_exact_means_exact(measured: list[Measured]) -> None:
    right, said = exact_precision(measured)
    assert right / said >= 0.99


def test_confidence_is_worth_what_it_says(measured: list[Measured]) -> None:
    """Where at least fifty candidates carry such a confidence, no fewer are right than it promises."""
    for low, high, n, mean, share in calibration(measured):
        assert n < 50 or share >= mean - 0.05, (low, high, n, mean, share)


def test_example_of_the_ward() -> None:
    answer = resolve("Khối phố Xuân Đông, Trường Xuân, Tam Kỳ, Quảng Nam", OLD)
    assert (answer.status, answer.rest) == (Status.EXACT, "Khối phố Xuân Đông")
    assert answer.unit
    assert answer.unit.code == "20353"


def test_a_split_commune_is_never_chosen_for() -> None:
    answer = resolve("Phường Đội Cấn, Quận Ba Đình, Hà Nội", NEW)
    assert answer.status is Status.AMBIGUOUS
    assert answer.unit is None
    assert {c.unit.name for c in answer.candidates} >= {"Ba Đình", "Ngọc Hà"}
    assert all(c.confidence < 0.7 for c in answer.candidates)


def test_before_2022_nothing_is_known() -> None:
    answer = resolve("Trường Xuân, Tam Kỳ, Quảng Nam", date(1990, 1, 1))
    assert answer.status is Status.UNKNOWN
    assert answer.candidates[0].via.startswith("later_unit")
    assert answer.candidates[0].confidence <= 0.5
    assert "thời điểm đó" in answer.note


@pytest.mark.parametrize(
    "text", ["", " ", ",,,", "-", "1", "...", "\x00", "P.", "Xã", "huyện", "xã xã xã", "Quận", "đường", "tỉnh ,"]
)
def test_fragments_are_unknown(text: str) -> None:
    assert resolve(text, OLD).status is Status.UNKNOWN


def test_same_place_written_in_many_ways() -> None:
    ways = [
        "Phường Trường Xuân, Thành phố Tam Kỳ, Tỉnh Quảng Nam", "P.Trường Xuân,TP.Tam Kỳ,T.Quảng Nam",
        "PHƯỜNG TRƯỜNG XUÂN - TP TAM KỲ - QUẢNG NAM", "phuong truong xuan tp tam ky quang nam",
        "Quảng Nam, Tam Kỳ, Trường Xuân", "TruongXuan, TamKy, QuangNam", "Trươ\u0300ng Xuân, Tam Ky\u0300, Quảng Nam",
        "Trường Xuân; Tam Kỳ; Quảng Nam; Việt Nam", "trường xuân,tam kỳ,quảng nam,vn",
    ]  # fmt: skip
    assert {resolve(w, OLD).candidates[0].unit.code for w in ways} == {"20353"}
    assert {resolve(w, OLD).status for w in ways} == {Status.EXACT}


@pytest.mark.parametrize("house", ["12/3 ngõ 5", "Kiệt 12A", "số 5/", "K45/12"])
def test_a_commune_behind_a_house_number_is_offered(house: str) -> None:
    """Streets bear the names of communes: the district is sure, the commune of that name stands beside it."""
    answer = resolve(f"{house} Tam Hiệp, huyện Núi Thành, Quảng Nam", OLD)
    assert (answer.status, answer.candidates[0].unit.name) == (Status.EXACT, "Núi Thành")
    assert [(c.unit.title, c.via) for c in answer.candidates[1:]] == [("Xã Tam Hiệp", "maybe_street")]
    # Where the district is gone, it says which of its heirs is meant rather than the others.
    today = resolve(f"{house} Tam Hiệp, huyện Núi Thành, Quảng Nam", NEW)
    blind = resolve(f"{house} Trần Phú, huyện Núi Thành, Quảng Nam", NEW)
    assert today.status is blind.status is Status.AMBIGUOUS
    assert {c.unit.unit_id for c in today.candidates} == {c.unit.unit_id for c in blind.candidates}
    assert today.candidates[0].unit.name == "Núi Thành" and today.candidates[0].confidence > 2 * blind.candidates[0].confidence


@pytest.mark.parametrize("street", ["12 đường Tam Hiệp", "12 Trần Phú", "đường Tam Hiệp", "12/3 ngõ 5 đường Tam Hiệp"])
def test_what_says_that_it_is_a_street_is_no_commune(street: str) -> None:
    answer = resolve(f"{street}, huyện Núi Thành, Quảng Nam", OLD)
    assert [c.unit.title for c in answer.candidates] == ["Huyện Núi Thành"]


def test_marks_tell_apart_what_letters_do_not() -> None:
    """Thanh Khê has Thanh Khê Đông; Tam Thanh and Tam Thành lie in one province."""
    assert names("Tam Thanh, Quảng Nam", OLD)[0].startswith("Xã Tam Thanh")
    assert names("Tam Thành, Quảng Nam", OLD)[0].startswith("Xã Tam Thành")
    assert resolve("tam thanh, quang nam", OLD).status is Status.AMBIGUOUS


def test_hamlets_settle_a_split() -> None:
    heir = gazetteer().by_code("00008", NEW)
    assert heir
    hamlets = {heir.unit_id: [Hamlet(5, heir.unit_id, "tổ dân phố", "Hoa Sen")]}
    answer = resolve("TDP Hoa Sen, Đội Cấn, Ba Đình, Hà Nội", NEW, hamlets=hamlets)
    assert answer.status is Status.AMBIGUOUS  # "TDP" is not how the hamlet is written
    answer = resolve("Tổ dân phố Hoa Sen, Đội Cấn, Ba Đình, Hà Nội", NEW, hamlets=hamlets)
    assert (answer.unit, answer.hamlet_id) == (heir, 5)


def test_confidence_falls_with_doubt() -> None:
    clean = resolve("Trường Xuân, Tam Kỳ, Quảng Nam", OLD).candidates[0].confidence
    no_province = resolve("Trường Xuân, Tam Kỳ", OLD).candidates[0].confidence
    misspelt = resolve("Trừng Xuân, Tam Kỳ, Quảng Nam", OLD).candidates[0].confidence
    assert clean > no_province > misspelt > 0.5


words = st.sampled_from(
    [
        "xã",
        "phường",
        "Tam",
        "Kỳ",
        "Quảng",
        "Nam",
        "Trường",
        "Xuân",
        "1",
        "5",
        "Q",
        "P.",
        "TP",
        ",",
        ",",
        "-",
        "/",
        "Thôn",
        "Đông",
        "Hà",
        "Nội",
        "Châu",
        "Thành",
        "x·",
        "Trµ",
        "Kãt",
        "'H",
        "(a)",
        "Ð",
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(max_size=80), st.lists(words, max_size=12).map(" ".join)), st.dates())
def test_anything_gets_an_honest_answer(text: str, day: date) -> None:
    answer = resolve(text, day)
    confidences = [c.confidence for c in answer.candidates]
    assert all(0 <= c <= 1 for c in confidences)
    assert confidences == sorted(confidences, reverse=True)
    assert len({c.unit.unit_id for c in answer.candidates}) == len(confidences)
    if answer.status is Status.EXACT:
        assert answer.candidates[0].unit.valid_on(day)
    if answer.status is not Status.UNKNOWN:
        assert answer.candidates
    assert answer == resolve(text, day)


def test_it_is_fast() -> None:
    clean = "Thôn 3, xã Tiên Cảnh, huyện Tiên Phước, tỉnh Quảng Nam"
    broken = "Trờng Xuân, Tam Ki, Qảng Nam"
    for text, limit in ((clean, 0.002), (broken, 0.02)):
        resolve(text, OLD)
        start = time.process_time()
        for _ in range(20):
            resolve(text, OLD)
        assert (time.process_time() - start) / 20 < limit


def test_a_dash_inside_a_name_parts_nothing() -> None:
    there = resolve("Phan Rang - Tháp Chàm, Ninh Thuận", date(2023, 5, 1))
    assert there.status is Status.EXACT
    assert there.candidates[0].unit.name == "Phan Rang - Tháp Chàm"
    assert resolve("Phan Rang - Tháp Chàm, Ninh Thuận", date(2025, 8, 1)).status is Status.AMBIGUOUS
    assert resolve("P. Trường Xuân - Tam Kỳ - Quảng Nam", date(2023, 5, 1)).candidates[0].unit.name == "Trường Xuân"


def test_a_slip_in_a_long_name_is_not_the_beginning_of_it() -> None:
    there = resolve("Hội An Đôngg, Đà Nẵng", NEW)
    assert (there.status, there.candidates[0].unit.name) == (Status.EXACT, "Hội An Đông")


def test_a_ward_is_not_sure_for_a_commune_of_the_name() -> None:
    """Communes called Tân Hiệp became parts of other units; the ward of that name is one more."""
    there = resolve("Xã Tân Hiệp, TP. Hồ Chí Minh", NEW)
    assert there.status is Status.AMBIGUOUS
    assert {"Tân Hiệp", "Hóc Môn", "Phước Thành"} <= {c.unit.name for c in there.candidates}


def test_kind_words_glued_to_a_name_without_marks() -> None:
    there = resolve("phuongtruongxuan,tptamky,quangnam", OLD)
    assert (there.status, there.candidates[0].unit.code) == (Status.EXACT, "20353")
    assert resolve("xahoalien, huyenhoavang, danang", NEW).status is Status.AMBIGUOUS  # split


def test_a_wrong_province_leaves_a_hint() -> None:
    for day, code in ((OLD, "20353"), (NEW, "20341")):
        there = resolve("Phường Trường Xuân, Tam Kỳ, Quảng Ngãi", day)
        assert there.status is Status.UNKNOWN
        assert code in [c.unit.code for c in there.candidates]


def test_little_confidence_is_not_exact() -> None:
    there = resolve("Ngã ba Huế, Thanh Khê", NEW)
    assert there.status is not Status.EXACT
    assert there.candidates[0].unit.name == "Thanh Khê"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("so 5 ngo 31 xuan dieu quang an tay ho ha noi", "00100"),
        ("86 Trần Phú Lộc Thọ Nha Trang Khánh Hòa", "22363"),
        ("12 nguyen hue ben nghe quan 1 tp hcm", "26740"),
        ("so 12/3 ap tan binh tan thanh lai vung dong thap viet nam", "30226"),
        ("12 tran hung dao chi linh hai duong", "290"),  # a street, though the town has a commune Hưng Đạo
        ("12 nguyen thi minh khai bac tu liem ha noi", "021"),
        ("so 5 quang trung ha dong ha noi", "268"),
        ("12 xa lo ha noi", None),
        ("Tổ 2, phường Sapa, TX. Sapa, Lào Cai", "03001"),  # not Sa Pả beside it
        ("K5 P3 TPST, Sóc Trăng", "31519"),
        ("P8, TPVL, tỉnh Vĩnh Long", "29560"),
        ("tổ 5 khu 2 Yết Kiêu, Hòn Gai, Quảng Ninh", "06682"),
        ("Đại Mỗ, Từ Liêm, Hà Nội", "00634"),
        ("An Thạnh Nhất, Cù Lao Dung, ST", "31618"),
        ("An Nghĩa, An Thới Đông, Duyên Hải, TP HCM", "27673"),
    ],
)
def test_without_commas_and_by_names_gone_before_2022(text: str, code: str | None) -> None:
    answer = resolve(text, OLD)
    assert (answer.unit.code if answer.unit else None) == code


@pytest.mark.parametrize(
    ("text", "day", "status", "first"),
    [
        ("Thủ đô Hà Nội", OLD, Status.EXACT, "Thành phố Hà Nội"),
        ("huyện đảo Lý Sơn, Quảng Ngãi", OLD, Status.EXACT, "Huyện Lý Sơn, Tỉnh Quảng Ngãi"),
        ("phường Xuân Hương, Đà Lạt", NEW, Status.EXACT, "Phường Xuân Hương - Đà Lạt, Tỉnh Lâm Đồng"),
        ("Phường Quốc Tử Giám, Hà Nội", NEW, Status.AMBIGUOUS, None),
        ("Phường Bến Thành", OLD, Status.EXACT, "Phường Bến Thành, Quận 1, Thành phố Hồ Chí Minh"),
        ("xã La Dê, Nam Giang, Quảng Nam", OLD, Status.EXACT, "Xã La Dêê, Huyện Nam Giang, Tỉnh Quảng Nam"),
        ("Ward: Linh Trung, Thu Duc City", OLD, Status.EXACT, "Phường Linh Trung, Thành phố Thủ Đức, Thành phố Hồ Chí Minh"),
        # one letter wrong: the name that is nearest as written, not by ear
        ("xã Bình Giag, Thăng Bình, Quảng Nam", OLD, Status.EXACT, "Xã Bình Giang, Huyện Thăng Bình, Tỉnh Quảng Nam"),
        # nothing may be called sure that leaves a commune or its district unread
        ("xã I O, Chư Prông, Gia Lai", NEW, Status.AMBIGUOUS, None),
        ("ê Lợi, Ngô Quyền, Hải Phòng", NEW, Status.AMBIGUOUS, "Phường Ngô Quyền, Thành phố Hải Phòng"),
        ("Xuân Đông, Tam Kỳ, Đà Nẵng", NEW, Status.EXACT, "Phường Tam Kỳ, Thành phố Đà Nẵng"),
        ("xa an thinh - tp yen bai - yen bai", OLD, Status.UNKNOWN, None),
        # the marks are those of the commune that went into Hưng Đạo
        ("Đại Thành; TP.Hà Nội", NEW, Status.AMBIGUOUS, None),
        # the province, or the district of that name in Quảng Bình
        ("Vạn Ninh, Quảng Ninh", OLD, Status.AMBIGUOUS, None),
    ],
)
def test_sure_only_of_what_was_read(text: str, day: date, status: Status, first: str | None) -> None:
    answer = resolve(text, day)
    assert answer.status is status, answer
    assert first is None or names(text, day)[0] == first


@pytest.mark.parametrize("text", ["Gò Vấp", "Tam Kỳ", "62 Hùng Vương, Tam Kỳ", "Cầu Giấy", "Thủ Đức"])
def test_a_bare_name_of_a_district_that_is_gone_may_be_any_of_its_heirs(text: str) -> None:
    answer = resolve(text, date(2026, 1, 1))
    assert (answer.status, answer.note) == (Status.AMBIGUOUS, DISSOLVED)
    assert answer.candidates[0].unit.name == text.split(", ")[-1]  # the ward that took the name over, first
    assert len(answer.candidates) > 2
    assert resolve(f"phường {text.split(', ')[-1]}", date(2026, 1, 1)).status is Status.EXACT
    assert resolve(f"Thôn 4 {text.split(', ')[-1]}", date(2026, 1, 1)).status is Status.EXACT


@pytest.mark.parametrize(
    ("text", "as_of", "status", "code"),
    [
        ("Hải Phòng Vĩnh Bảo Cao Minh", "2023-04-01", Status.EXACT, "11902"),  # no room in Hải Phòng
        ("X. Đức Hòa Hạ – t. Tây Ninh", "2026-01-01", Status.EXACT, "27937"),  # of old Long An, in today's Tây Ninh
        ("TT Gia Lộc, Tỉnh Hải Phòng", "2026-01-01", Status.AMBIGUOUS, ""),  # the township was split
    ],
)
def test_names_are_read_to_their_end(text: str, as_of: str, status: Status, code: str) -> None:
    answer = resolve(text, date.fromisoformat(as_of))
    assert answer.status is status
    assert not code or answer.candidates[0].unit.code == code
