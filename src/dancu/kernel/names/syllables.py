"""Is this a Vietnamese syllable? Onsets and rhymes of the written language.

Legacy encodings leave strings that are letters but no Vietnamese syllables ("Nguyeãn", "Hoµng"); this test is
what tells them from Unicode. It says nothing about whether a *name* is right: names of the Êđê, H'Mông, Cơ
Tu, and of foreigners are no Vietnamese syllables and are names all the same.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Final

from ..text import TONE_OF, fold_ascii

#: Longest first: "ngh" must be tried before "ng" before "n".
_ONSETS: Final = (
    "ngh", "ch", "gh", "gi", "kh", "ng", "nh", "ph", "qu", "th", "tr",
    "b", "c", "d", "đ", "g", "h", "k", "l", "m", "n", "p", "q", "r", "s", "t", "v", "x", "",
)  # fmt: skip

_RHYME_LIST = """
    a ac ach ai am an ang anh ao ap at au ay ăc ăk ăm ăn ăng ăp ăt âc âm ân âng âp ât âu ây
    e ec em en eng eo ep et ê êch êm ên êng ênh êp êt êu
    i ia ich im in ing inh ip it iu iêc iêm iên iêng iêp iêt iêu
    o oa oac oach oai oam oan oang oanh oao oap oat oay oăc oăm oăn oăng oăt oc oe oem oen oeo oet oi om on
    ong ooc oong op ot ô ôc ôi ôm ôn ông ôông ôp ôt ơ ơi ơm ơn ơp ơt
    u ua uc ui um un ung up ut uân uâng uât uây uê uên uêch uênh uêt uêu uôc uôi uôm uôn uông uôt uơ uy uya
    uych uyn uynh uyp uyt uyu uyên uyêt ư ưa ưc ưi ưm ưn ưng ưt ưu ươc ươi ươm ươn ương ươp ươt ươu
    y ych ym yn ynh yt yêc yêm yên yêng yêt yêu
"""
_RHYMES: Final = frozenset(_RHYME_LIST.split())
#: These need the glide u before them (huỳnh, quýt), or no onset at all (yên).
_AFTER_GLIDE: Final = frozenset(("ych", "ym", "yn", "ynh", "yt"))
_NO_ONSET: Final = frozenset(("yêc", "yêm", "yên", "yêng", "yêt", "yêu"))
_VOWELS: Final = frozenset("aăâeêioôơuưy")
_STOPS: Final = ("c", "ch", "p", "t", "k")
#: Rhymes of a handful of loanwords; what decodes to one of these was decoded wrongly.
_RARE: Final = frozenset(("ooc", "oong", "ôông"))
_OPEN_EITHER: Final = frozenset(("oa", "oe", "uy"))


@cache
def ascii_syllables() -> frozenset[str]:
    """Every written syllable without its marks, lower case: a few thousand. For guessing what a slip of the pen meant."""
    return frozenset(fold_ascii(onset + rhyme) for onset in _ONSETS for rhyme in _RHYMES)


@lru_cache(maxsize=32768)
def is_syllable(word: str, *, strict: bool = False) -> bool:
    """True if `word` (NFC, lower case) is a written Vietnamese syllable.

    Not strict: the tone mark may sit on any vowel and any rhyme may carry any tone; people do type "Hòang".
    Strict: the mark sits where some style of spelling puts it, and a syllable closed by c, ch, p, t carries
    sắc or nặng. What a legacy table gives must pass the strict test.
    """
    letters, tone, place = "", 0, -1
    for index, char in enumerate(word):
        base, mark = TONE_OF.get(char, (char, 0))
        if mark:
            if tone:
                return False
            tone, place = mark, index
        letters += base
    for onset in _ONSETS:
        if letters.startswith(onset):
            rhyme = letters[len(onset) :]
            if _fits(onset, rhyme):
                return not strict or _spelt(onset, rhyme, tone, place - len(onset))
    return False


def _fits(onset: str, rhyme: str) -> bool:
    if rhyme not in _RHYMES:
        return False
    if onset == "q":  # quốc is q + uôc; all other words with q are qu + rhyme
        return rhyme in ("uôc", "uông")
    if onset == "qu" and rhyme[0] in "ou":
        return False
    if rhyme in _AFTER_GLIDE:
        return onset == "qu"
    if rhyme in _NO_ONSET:
        return onset in ("", "qu")
    return True


def _spelt(onset: str, rhyme: str, tone: int, place: int) -> bool:
    if rhyme in _RARE:
        return False
    nucleus = [i for i, c in enumerate(rhyme) if c in _VOWELS]
    coda = rhyme[nucleus[-1] + 1 :]
    if coda in _STOPS and tone not in (0, 4, 5):
        return False
    if not tone:
        return True
    shaped = [i for i in nucleus if rhyme[i] in "ăâêôơư"]
    if shaped:
        return place == shaped[-1]
    if len(nucleus) == 1:
        return place == nucleus[0]
    if len(nucleus) == 3 or coda:
        return place == nucleus[1]
    return place == nucleus[0] or (rhyme in _OPEN_EITHER and onset != "qu" and place == nucleus[1])
