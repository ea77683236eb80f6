"""The test that tells Vietnamese syllables from what legacy encodings leave."""

from __future__ import annotations

import pytest

from dancu.kernel.names.syllables import is_syllable

from .samples import GIVENS, MIDDLES, SURNAMES


@pytest.mark.parametrize("word", [*SURNAMES, *MIDDLES, *GIVENS, "giêng", "gì", "gìn", "quốc", "khuỷu", "yêu", "ngoéo"])
def test_written_words_pass(word: str) -> None:
    assert is_syllable(word.lower(), strict=True)


@pytest.mark.parametrize("word", ["nguyôn", "nguyeãn", "hoµng", "vâ", "lång", "niê", "krông", "david", "b", "", "áá"])
def test_other_letters_do_not(word: str) -> None:
    assert not is_syllable(word)


@pytest.mark.parametrize("word", ["hòang", "nguỹên", "thùy", "bìên"])
def test_a_misplaced_tone_passes_only_where_people_typed(word: str) -> None:
    assert is_syllable(word)
    assert is_syllable(word, strict=True) == (word == "thùy")


@pytest.mark.parametrize("word", ["bàc", "thảnh", "tộp", "kịch", "cảt"])
def test_a_stop_carries_sac_or_nang(word: str) -> None:
    assert is_syllable(word)
    assert is_syllable(word, strict=True) == (word in ("thảnh", "tộp", "kịch"))
