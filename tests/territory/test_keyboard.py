"""Keys an input method left behind, and letters a scanner misread."""

import pytest

from dancu.territory.commands import _how
from dancu.territory.matching.keyboard import one_slip, undo, undo_digits


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("Truwowngf", "trường"),
        ("Quangr", "quảng"),
        ("ddieenj", "điện"),
        ("DDaf", "đà"),
        ("Tarn", "tam"),
        ("Lonq", "long"),
    ],
)
def test_leftovers_are_undone(typed: str, meant: str) -> None:
    assert undo(typed) == meant


@pytest.mark.parametrize("word", ["Xuân", "truong", "Qếu", "Krong", "Ward", "London", "Paris", "TP"])
def test_words_that_are_no_leftovers_stay(word: str) -> None:
    assert undo(word) is None


def test_digits_within_words() -> None:
    assert undo_digits("Tru7o7ng2 Xua6n, Tam Ky2, Qua3ng Nam") == "Trường Xuân, Tam Kỳ, Quảng Nam"
    assert undo_digits("phường Hàng B6ng") == "phường Hàng Bong"
    for text in ("P5, Q10", "KP3 to2", "K25/3 Xuan1", "Thôn 4B"):
        assert undo_digits(text) == text


def test_one_slip() -> None:
    assert all(one_slip(typed, "huyen") for typed in ("huyn", "huyenn", "huyem", "huyne"))
    assert not any(one_slip(typed, "huyen") for typed in ("huyen", "hn", "quyenn"))


def test_ways_are_told_in_words() -> None:
    for via in (
        "direct",
        "approximate+successor",
        "later_unit+split",
        "code+moved",
        "district_dissolved+hamlet",
        "predecessor",
    ):
        assert not {*_how(via)} & {"_", "+"}
        assert _how(via) != via
