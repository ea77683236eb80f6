"""Tone placement: hoà and hòa are one word written in two styles."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from ..text import compose

if TYPE_CHECKING:
    from collections.abc import Callable


def tone_fold(text: str) -> str:
    """`text` with the tone on the first vowel of open oa, oe, uy (hoà -> hòa; not quý, not hoàn), case
    folded.

    For comparing, never for showing. Rules: `vi-textmatch`.
    """
    if text.isascii():
        return text.casefold()
    return _normalize()(compose(text)).casefold()


@cache
def _normalize() -> Callable[[str], str]:
    from vi_textmatch.tone import normalize_tone

    return normalize_tone
