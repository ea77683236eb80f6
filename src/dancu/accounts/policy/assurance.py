"""What a sign-in is worth: the four levels of decree 69/2024 from the words of RFC 8176.

1: one factor. 2: two different factors. 3: two or more, one of them biometric. 4: something known, something had that
cannot be copied, and a biometric. In the terms of NIST SP 800-63B: AAL1, AAL2, AAL2 with a biometric, AAL3.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from functools import lru_cache
from typing import Final

KNOWN: Final = frozenset({"pin"})
HAD: Final = frozenset({"sms", "otp", "hwk", "swk"})
ARE: Final = frozenset({"face", "fpt"})
# A key that asked its holder for a PIN or a fingerprint itself says so with `mfa`.
_KEYS: Final = frozenset({"hwk", "swk"})
ORDER: Final = ("pin", "sms", "otp", "swk", "hwk", "face", "fpt", "user", "mfa")


def acr_of(amr: Iterable[str]) -> int:
    """The level (1 to 4) that these words prove; 0 for none of them."""
    return _level(frozenset(amr))


@lru_cache(512)  # each set of nine words
def _level(words: frozenset[str]) -> int:
    known, had, are = words & KNOWN, words & HAD, words & ARE
    factors = sum(map(bool, (known, had, are)))
    if words & _KEYS and "mfa" in words:
        factors = max(factors, 2) if not are else max(factors, 3)
    if are and known and "hwk" in words:
        return 4
    if are and factors >= 2:
        return 3
    return min(factors, 2)


def words(amr: Iterable[str]) -> tuple[str, ...]:
    """The words as a token carries them: each once, in one order, with `mfa` where two factors were given."""
    return _ordered(frozenset(amr))


@lru_cache(512)
def _ordered(given: frozenset[str]) -> tuple[str, ...]:
    if _level(given) >= 2:
        given |= {"mfa"}
    return tuple(word for word in ORDER if word in given)


def enough(amr: Iterable[str], acr: int) -> bool:
    return acr_of(amr) >= acr


class Next(StrEnum):
    """What a sign-in asks for now. `NOTHING`: it is enough. `SECOND`: another factor of any kind. `KEY`: a key that cannot be
    copied. `KNOWN`: the passcode. `FACE`: last, since it is only believed after two others. `PORTRAIT`: a portrait on file to hold a
    face against, taken at an office; nothing else helps."""

    NOTHING = "nothing"
    SECOND = "second"
    KEY = "key"
    KNOWN = "known"
    FACE = "face"
    PORTRAIT = "portrait"


def next_proof(amr: Iterable[str], acr: int, *, portrait: bool = True) -> Next:
    """The next step towards a level, from what was proved so far. `portrait`: is there one on file to compare a face with?"""
    given = frozenset(amr)
    if enough(given, acr):
        return Next.NOTHING
    if acr_of(given) < 2:
        return Next.SECOND
    if not portrait and not given & ARE:
        return Next.PORTRAIT
    if acr == 4 and not given & KNOWN:
        return Next.KNOWN
    if acr == 4 and "hwk" not in given:
        return Next.KEY
    return Next.FACE if acr > 2 else Next.SECOND
