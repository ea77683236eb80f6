"""What goes wrong between a person and their row in another agency's database: in the number, the name, the birth date."""

from __future__ import annotations

from calendar import monthrange
from random import Random

from dancu.demo.messy.text import plain

_NEIGHBOURS = {
    "a": "sq", "b": "vn", "c": "xv", "d": "sf", "e": "wr", "g": "fh", "h": "gj", "i": "uo", "k": "jl", "l": "k", "m": "n",
    "n": "bm", "o": "ip", "p": "o", "q": "wa", "r": "et", "s": "ad", "t": "ry", "u": "yi", "v": "cb", "x": "zc", "y": "tu",
}  # fmt: skip
# Spelling by ear, as the regions speak: one word may become the other.
_BY_EAR = (
    ("l", "n"), ("n", "l"), ("s", "x"), ("x", "s"), ("tr", "ch"), ("ch", "tr"), ("d", "gi"), ("gi", "d"), ("v", "d"),
)  # fmt: skip
_ENDINGS = (("ng", "n"), ("n", "ng"), ("t", "c"), ("c", "t"), ("y", "i"), ("i", "y"))
_TONES = (("ả", "ã"), ("ã", "ả"), ("ỏ", "õ"), ("ủ", "ũ"), ("ĩ", "ỉ"), ("ị", "ỵ"), ("ễ", "ể"), ("ữ", "ử"), ("ẫ", "ẩ"))
_PLACED = (("oà", "òa"), ("oá", "óa"), ("oè", "òe"), ("uý", "úy"), ("uỳ", "ùy"), ("uỷ", "ủy"), ("oả", "ỏa"))


def typo(rng: Random, text: str) -> str:
    """One slip of the fingers in a word of letters: changed, left out, doubled, or two swapped."""
    places = [i for i, c in enumerate(text) if c.isalpha()]
    if len(places) < 3:
        return text
    at = rng.choice(places[:-1])
    kind = rng.random()
    if kind < 0.4:
        near = _NEIGHBOURS.get(plain(text[at]).lower(), "aeiou")
        letter = rng.choice(near)
        return text[:at] + (letter.upper() if text[at].isupper() else letter) + text[at + 1 :]
    if kind < 0.65:
        return text[:at] + text[at + 1 :]
    if kind < 0.8:
        return text[: at + 1] + text[at:]
    return text[:at] + text[at + 1] + text[at] + text[at + 2 :] if at + 1 < len(text) else text


def by_ear(rng: Random, name: str) -> str:
    """One word as somebody of another region would write it."""
    words = name.split()
    for place in rng.sample(range(len(words)), len(words)):
        word = words[place]
        for a, b in rng.sample(_BY_EAR, len(_BY_EAR)):
            if word.lower().startswith(a) and not (a in "dn" and len(word) == 1):
                changed = b + word[len(a) :]
                words[place] = changed[0].upper() + changed[1:]
                return " ".join(words)
        for a, b in rng.sample(_ENDINGS, len(_ENDINGS)):
            if word.endswith(a) and len(word) > len(a) + 1:
                words[place] = word[: -len(a)] + b
                return " ".join(words)
    return name


def _one_of(pairs: tuple[tuple[str, str], ...], rng: Random, name: str) -> str:
    fitting = [(a, b) for pair in pairs for a, b in (pair, pair[::-1]) if a in name]
    if not fitting:
        return name
    a, b = rng.choice(fitting)
    return name.replace(a, b, 1)


def name_error(rng: Random, name: str, kind: str) -> str:
    """The name with one error; the same where this kind cannot show."""
    words = name.split()
    match kind:
        case "typo":
            return typo(rng, name)
        case "no_marks":
            return plain(name)
        case "tone_placement":
            return _one_of(_PLACED, rng, name)
        case "wrong_tone":
            return _one_of(_TONES, rng, name)
        case "by_ear":
            return by_ear(rng, name)
        case "word_missing":
            return " ".join((*words[:1], *words[2:])) if len(words) > 2 else name
        case "given_first":
            return " ".join(words[-1:] + words[:-1])
        case "capitals":
            return name.upper()
        case "small":
            return name.lower()
        case "initial":
            return " ".join((words[0], *(f"{w[0]}." for w in words[1:-1]), words[-1])) if len(words) > 2 else name
    raise ValueError(kind)


def number_error(rng: Random, number: str, kind: str) -> str:
    """The twelve digits with one error."""
    match kind:
        case "one_digit":
            at = rng.randrange(6, 12)
            return number[:at] + str((int(number[at]) + rng.randrange(1, 10)) % 10) + number[at + 1 :]
        case "two_swapped":
            at = rng.randrange(4, 11)
            return number[:at] + number[at + 1] + number[at] + number[at + 2 :]
        case "century":
            # 1900s for 2000s or the other way round; now and then the other sex.
            digit = int(number[3])
            return number[:3] + str((digit ^ 2) if rng.random() < 0.75 else (digit ^ 1)) + number[4:]
        case "short":
            at = rng.randrange(12)
            return number[:at] + number[at + 1 :]
        case "lost_zero":
            return number.lstrip("0")
    raise ValueError(kind)


def birth_error(
    rng: Random, year: int, month: int | None, day: int | None, kind: str
) -> tuple[int, int | None, int | None]:
    """The birth date with one error; the same where this kind cannot show."""
    if month is None or day is None:
        return year, month, day
    match kind:
        case "swapped":
            return (year, day, month) if day <= 12 else (year, month, day)
        case "year_only":
            return year, None, None
        case "no_day":
            return year, month, None
        case "first_of_january":
            return year, 1, 1
        case "slip":
            which = rng.randrange(3)
            if which == 0:
                year += rng.choice((-1, 1, -10, 10))
            elif which == 1:
                month = month % 12 + 1
            else:
                day = day % 28 + 1
            return year, month, min(day, monthrange(year, month)[1])
    raise ValueError(kind)
