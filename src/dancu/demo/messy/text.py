"""What happens to text on its way into a file, one function per kind of dirt."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from random import Random

from dancu.demo.messy.legacy import to_tcvn3, to_vni


def plain(text: str) -> str:
    """Without any marks: "Truong Xuan"."""
    return "".join(
        c
        for c in unicodedata.normalize("NFD", text.replace("Đ", "D").replace("đ", "d"))
        if not unicodedata.combining(c)
    )


def _spaces(rng: Random, text: str, space: str) -> str:
    words = text.split(" ")
    if len(words) == 1:
        return text + space
    at = rng.randrange(1, len(words))
    return " ".join(words[:at]) + space + " ".join(words[at:])


DIRT: dict[str, Callable[[Random, str], str]] = {
    "tcvn3": lambda rng, text: to_tcvn3(text),
    "vni": lambda rng, text: to_vni(text),
    "nfd": lambda rng, text: unicodedata.normalize("NFD", text),
    "eth": lambda rng, text: text.replace("Đ", "Ð").replace("đ", "ð"),
    "nbsp": lambda rng, text: _spaces(rng, text, "\u00a0"),
    "zero_width": lambda rng, text: _spaces(rng, text, "\u200b "),
    "caps": lambda rng, text: text.upper(),
    "spaces": lambda rng, text: "  " + _spaces(rng, text, "   ") + " ",
}
WHOLE_ROW = ("tcvn3", "vni", "nfd", "eth")  # what befalls every cell of a row or none


def visible(kind: str, text: str) -> bool:
    """Whether the dirt leaves a trace in the text (a name without Đ shows no eth)."""
    return DIRT[kind](Random(0), text) != text  # noqa: S311
