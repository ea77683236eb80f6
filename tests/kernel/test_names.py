"""The normal form of names and its keys."""

from __future__ import annotations

import re
import unicodedata
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dancu.kernel.errors import DancuError, Invalid
from dancu.kernel.names import (
    ascii_key,
    explain,
    fold_ascii,
    form,
    name_findings,
    normal_form,
    search_tokens,
    tone_fold,
)

from .samples import OTHERS, full_names


@pytest.mark.parametrize(
    ("text", "normal", "repairs"),
    [
        ("Nguyễn Văn Hoàng", "Nguyễn Văn Hoàng", ()),
        ("NguyÔn V¨n Hoµng", "Nguyễn Văn Hoàng", ("tcvn3",)),
        ("Nguyeãn Vaên Hoaøng", "Nguyễn Văn Hoàng", ("vni",)),
        ("TRÇN V¡N HOµNG", "Trần Văn Hoàng", ("tcvn3", "case")),
        ("Nguyá»…n VÄƒn HÃ\u00a0", "Nguyễn Văn Hà", ("mojibake",)),
        ("LÃª Thá»‹ HÃ  Giang", "Lê Thị Hà Giang", ("mojibake", "spaces")),
        (unicodedata.normalize("NFD", "Đặng Thuỳ Trâm"), "Đặng Thuỳ Trâm", ("nfc",)),
        ("Nguyê\u0303n Thi\u0323 Lê\u0323", "Nguyễn Thị Lệ", ("nfc",)),  # windows-1258
        ("Nguye\u0303\u0302n", "Nguyễn", ("nfc",)),  # tone typed before the circumflex
        ("Ðặng Văn A", "Đặng Văn A", ("eth",)),
        ("\ufeffLê\u200b Văn\u00a0Tám ", "Lê Văn Tám", ("invisible", "spaces")),
        ("Trần\tThị\n Hoà", "Trần Thị Hoà", ("spaces",)),
        ("NGUYỄN THỊ HOÀ", "Nguyễn Thị Hoà", ("case",)),
        ("nguyễn thị ý", "Nguyễn Thị Ý", ("case",)),
        ("NguyễN văn An", "Nguyễn Văn An", ("case",)),
        ("h’hen niê", "H'Hen Niê", ("punctuation", "case")),
        ("K'BRÊO", "K'Brêo", ("case",)),
        ("ＮＧＵＹỄＮ Ａ", "Nguyễn A", ("width", "case")),
        ("Quý", "Quý", ()),
        ("McDonald", "McDonald", ()),
        ("Hòang Thúyên Tòan", "Hòang Thúyên Tòan", ()),  # misplaced tones are the writer's, not a font's
        ("Vừ", "Vừ", ()),
    ],
)
def test_normal_form_repairs_what_legacy_systems_left(text: str, normal: str, repairs: tuple[str, ...]) -> None:
    form = normal_form(text)
    assert (form.normal, form.repairs) == (normal, repairs)


def test_parts_are_given_by_position_and_one_word_is_a_whole_name() -> None:
    form = normal_form("Công Tằng Tôn Nữ Thị Ngọc Lan")
    assert (form.surname, form.middle, form.given) == ("Công", "Tằng Tôn Nữ Thị Ngọc", "Lan")
    one = normal_form("Điểu")
    assert (one.surname, one.middle, one.given) == ("", "", "Điểu")


def test_keys() -> None:
    keys = normal_form("TRẦN THỊ HOÀ").keys
    assert keys.written == "TRẦN THỊ HOÀ"
    assert keys.tone_folded == "trần thị hòa"
    assert keys.ascii == "tran thi hoa"
    assert keys.sort == normal_form("Trần Thị Hòa").keys.sort


def test_explain_has_exactly_the_promised_keys() -> None:
    plain = explain("NguyÔn V¨n Hoµng")
    assert set(plain) == {"normal", "repairs", "keys"}
    assert set(plain["keys"]) == {"written", "tone_folded", "ascii", "sort"}
    assert plain["repairs"] == ["tcvn3"]


@pytest.mark.parametrize(
    ("written", "codes"),
    [
        ("Ông Nguyễn Văn Hoàng", ["person.name.title"]),
        ("bà TRẦN THỊ HOÀ", ["person.name.title"]),
        ("GS.TS Nguyễn Văn Hoàng", ["person.name.title"]),
        ("PGS. TS. Lê Văn Ba", ["person.name.title"]),
        ("ĐỒNG CHÍ LÊ VĂN BA", ["person.name.title"]),
        ("Nguyễn Văn Hoàng 😀", ["person.name.characters"]),
        ("Ông Thị Mai", []),  # Ông is a surname as well
        ("Cù Lê Minh", []),
        ("Chu Đình Nghĩa", []),
        ("Anh Thư", []),
        ("Nguyễn Bà", []),
    ],
)
def test_explain_says_what_a_person_should_look_at(written: str, codes: list[str]) -> None:
    told = explain(written)
    assert [one["code"] for one in told.get("findings", [])] == codes
    assert told["normal"].casefold().endswith(written.split()[-1].casefold())  # nothing is dropped


@pytest.mark.parametrize(
    ("one", "other"),
    [("hoà", "hòa"), ("thuý", "thúy"), ("Loè", "Lòe"), ("THUỶ", "thủy"), ("Hoạ", "họa")],
)
def test_tone_placement_folds_in_open_syllables(one: str, other: str) -> None:
    assert tone_fold(one) == tone_fold(other)


@pytest.mark.parametrize("word", ["quý", "hoàn", "quỳnh", "thuỷu", "huỳnh", "khoẻn", "huệ", "của", "mía"])
def test_tone_placement_is_left_alone_elsewhere(word: str) -> None:
    assert tone_fold(word) == word


@pytest.mark.parametrize(("one", "other"), [("Hoàng", "Huỳnh"), ("Vũ", "Võ"), ("Mỹ", "Mĩ"), ("Lý", "Lí")])
def test_variants_that_are_different_names_stay_different(one: str, other: str) -> None:
    assert normal_form(one).keys.tone_folded != normal_form(other).keys.tone_folded


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Đặng Thuỳ  Trâm", "dang thuy tram"),
        ("Ðặng", "dang"),
        ("Müller-Strauß", "muller-strauss"),
        ("Khối phố 3, P. Tân Thạnh", "khoi pho 3, p. tan thanh"),
        ("Łukasz Øyvind Æ", "lukasz oyvind ae"),
        ("李 明", ""),
    ],
)
def test_fold_ascii(text: str, folded: str) -> None:
    assert fold_ascii(text) == folded


def test_search_tokens_come_in_the_order_written() -> None:
    assert search_tokens("  Trần  Thị-Hoà (H'Hen) ") == ("tran", "thi", "hoa", "h", "hen")
    assert search_tokens("NguyÔn V¨n") == ("nguyen", "van")


@pytest.mark.parametrize("text", ["", "   ", "...", "\u200b", "123", "-", "'"])
def test_a_name_needs_a_letter(text: str) -> None:
    with pytest.raises(Invalid) as error:
        normal_form(text)
    assert error.value.code == "person.name.empty"


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("Nguyễn Văn A", []),
        ("Maria", []),
        ("A B C D E F G H", ["person.name.words"]),
        ("Nguyễn Văn 1", ["person.name.digits"]),
        ("Nguy?n Văn A", ["person.name.encoding"]),
        ("Nguy\ufffdn", ["person.name.encoding"]),
        ("Y Blo ban£", ["person.name.encoding"]),
        ("Trần @ Hoà", ["person.name.characters"]),
        ("H'Hen Niê", []),
    ],
)
def test_findings(text: str, codes: list[str]) -> None:
    assert [finding.code for finding in name_findings(normal_form(text))] == codes


@given(full_names)
def test_a_right_name_is_never_repaired_in_any_case_pattern(name: str) -> None:
    assert normal_form(name).normal == name
    assert normal_form(name).repairs == ()
    for shouted in (name.upper(), name.lower()):
        assert normal_form(shouted).normal == name


@pytest.mark.parametrize("name", OTHERS)
def test_names_that_are_no_vietnamese_syllables_are_never_repaired(name: str) -> None:
    form = normal_form(name)
    assert (form.normal, form.repairs) == (name, ())


@given(full_names)
def test_forms_of_writing_do_not_change_the_keys(name: str) -> None:
    keys = normal_form(name).keys
    assert normal_form(unicodedata.normalize("NFD", name)).keys == keys
    assert normal_form(name.replace("Đ", "Ð").replace(" ", "\u00a0 ")).keys == keys
    assert normal_form(name.encode().decode("latin-1")).keys == keys
    assert normal_form(name.upper()).keys[1:] == keys[1:]


_anything = st.one_of(
    st.text(max_size=40),
    st.text(st.characters(max_codepoint=0x17F), max_size=20),
    st.text("aăâeêoôơuưyđAÂĐãàáạảÃÔ¨©ªµ¸nghHNG '-.\u0303\u0301\u0302\u200b\u00a0ÐñÑöø", max_size=20),
)


@given(_anything)
@settings(max_examples=500)
def test_normal_form_is_idempotent_and_raises_nothing_unexpected(text: str) -> None:
    try:
        form = normal_form(text)
    except DancuError:
        return
    again = normal_form(form.normal)
    assert again.normal == form.normal
    assert again.repairs == ()
    assert unicodedata.is_normalized("NFC", form.normal)
    assert form.keys.ascii.isascii()
    assert form.keys.sort.isprintable()
    assert again.keys[1:] == form.keys[1:]
    assert " ".join(filter(None, (form.surname, form.middle, form.given))) == form.normal


@given(_anything)
def test_folding_is_idempotent_and_ascii(text: str) -> None:
    folded = fold_ascii(text)
    assert folded.isascii()
    assert fold_ascii(folded) == folded
    assert ascii_key(ascii_key(text)) == ascii_key(text)


@given(st.one_of(full_names, st.text("aÀỉướĐðÐẵ nhT'`-.,4/\u0300\u00a0Ã¡»", max_size=12)))
@settings(max_examples=200)
def test_what_is_clean_at_first_sight_needs_no_repair(text: str) -> None:
    at_sight = form.repair(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(form, "_CLEAN", re.compile("(?!)"))
        assert form.repair(text) == at_sight
    with suppress(Invalid):
        normal = normal_form(text).normal
        keys = normal_form(normal).keys
        assert form.plain_keys(normal) == (keys.tone_folded, keys.ascii)
