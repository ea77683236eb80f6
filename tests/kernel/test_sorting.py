"""Vietnamese order as plain strings."""

from __future__ import annotations

import unicodedata

from hypothesis import given, settings
from hypothesis import strategies as st

from dancu.kernel.names import normal_form, sort_key


def _by_name(names: list[str]) -> list[str]:
    return sorted(names, key=lambda name: normal_form(name).keys.sort)


def test_letters_come_before_tones_within_a_word() -> None:
    words = "A Ả Á Ăn Ân Ba Bà Bả Bã Bá Bạ Ca Da Đa E Ê Hà Hạ Hải Hằng Hân O Ô Ơ U Ư X Y"
    backwards = words.split(" ")[::-1]
    assert " ".join(sorted(backwards, key=sort_key)) == words


def test_names_sort_by_given_then_surname_then_middle() -> None:
    right = [
        "Lê Văn An",
        "Trần Thị An",
        "Trần Văn An",
        "Bùi Ân",
        "Nguyễn Thị Bình",
        "Lê Đạt",
        "Đỗ Hà",
        "Phạm Hạ",
    ]
    assert _by_name(right[::-1]) == right


def test_a_one_word_name_comes_before_longer_ones_with_that_given_name() -> None:
    assert _by_name(["Nguyễn Hoa", "Hoa"]) == ["Hoa", "Nguyễn Hoa"]


def test_tone_placement_and_case_do_not_matter() -> None:
    assert sort_key("HOÀ") == sort_key("hòa")


def test_numbers_sort_by_value() -> None:
    assert sorted(["Tổ 10", "Tổ 2", "Tổ 1A", "Thôn 3"], key=sort_key) == ["Thôn 3", "Tổ 1A", "Tổ 2", "Tổ 10"]


def test_foreign_letters_stand_with_their_base() -> None:
    assert sorted(["Munz", "Müller", "Mua"], key=sort_key) == ["Mua", "Müller", "Munz"]


_ALPHABET = "aăâbcdđeêfghijklmnoôơpqrstuưvwxyz"
_TONES = ["", "\u0300", "\u0309", "\u0303", "\u0301", "\u0323"]
_syllables = st.tuples(
    st.text("bcdđghklmnqrstvx", max_size=3),
    st.sampled_from("aăâeêioôơuưy"),
    st.integers(0, 5),
    st.text("aceghimnoptuy", max_size=3),
)


def _spelt(syllable: tuple[str, str, int, str]) -> str:
    onset, vowel, tone, rest = syllable
    return unicodedata.normalize("NFC", onset + vowel + _TONES[tone] + rest)


def _rank(syllable: tuple[str, str, int, str]) -> tuple[list[int], int]:
    onset, vowel, tone, rest = syllable
    return [_ALPHABET.index(letter) for letter in onset + vowel + rest], tone


_phrases = st.lists(_syllables, min_size=1, max_size=3)


@given(_phrases, _phrases)
@settings(max_examples=500)
def test_keys_order_as_the_alphabet_and_the_tones_say(
    one: list[tuple[str, str, int, str]], other: list[tuple[str, str, int, str]]
) -> None:
    keys = [sort_key(" ".join(map(_spelt, phrase))) for phrase in (one, other)]
    ranks = [list(map(_rank, phrase)) for phrase in (one, other)]
    assert (keys[0] < keys[1]) == (ranks[0] < ranks[1])
    assert (keys[0] == keys[1]) == (ranks[0] == ranks[1])


@given(st.lists(st.text(max_size=30)))
def test_keys_sort_the_same_as_text_and_as_bytes(texts: list[str]) -> None:
    keys = [sort_key(text) for text in texts]
    assert sorted(keys) == sorted(keys, key=lambda key: key.encode("utf-8"))


@given(st.text("aăâbcdđeêghinoôơuưyáàảãạ 19", max_size=12))
def test_case_does_not_change_the_order(text: str) -> None:
    assert sort_key(text) == sort_key(text.upper())
