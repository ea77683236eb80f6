"""How well a written name and kind agree with a unit's."""

from functools import lru_cache

from dancu.kernel.names import fold_ascii, tone_fold
from dancu.territory.matching.index import NameIndex
from dancu.territory.matching.mentions import Mention
from dancu.territory.models import Kind, Unit


@lru_cache(maxsize=50_000)
def _marks(name: str) -> tuple[tuple[str, str], ...]:
    parts = tone_fold(name.replace("-", " ")).replace("’", "'").split()
    return tuple((p, fold_ascii(p).replace("'", "")) for p in parts)


@lru_cache(maxsize=50_000)
def marks_agree(written: str, name: str, marked_before: bool = False) -> float:
    """1 where every mark written agrees with the name; words written without marks agree with anything.

    0.92 for a wrong tone, 0.9 for other letters (ă/â/a), per word. `marked_before`: the kind word bears its marks.
    """
    quality = 1.0
    ours, theirs = written.split(), _marks(name)
    if len(ours) == 1 < len(theirs):  # "Sapa"
        theirs = (("".join(marked for marked, _ in theirs), "".join(plain for _, plain in theirs)),)
    if len(ours) != len(theirs):
        return 1.0
    for word, (marked, plain) in zip(ours, theirs, strict=True):
        if word == plain != marked and (marked_before or not written.isascii()):
            quality -= 0.06  # whoever marks one word of a name marks the others: "Chiềng An" is not Chiềng Ân
            continue
        if word in (marked, plain) or fold_ascii(word).replace("'", "") != plain:
            continue  # another spelling altogether says nothing about marks
        quality -= 0.08 if _toneless(word) == _toneless(marked) else 0.1
    return max(quality, 0.7)


@lru_cache(maxsize=20_000)
def _toneless(word: str) -> str:
    from dancu.kernel.text import TONE_OF

    return "".join(TONE_OF.get(c, (c, 0))[0] for c in word)


@lru_cache(maxsize=20_000)
def _marks_astray(written: str, name: str) -> int:
    """How many more letters differ with marks than without, 0..3: a slip of the finger leaves the marks in place."""
    if written.isascii():
        return 0
    from rapidfuzz.distance import OSA

    name = tone_fold(name)
    plain = OSA.distance(fold_ascii(written), fold_ascii(name))
    return min(3, max(0, OSA.distance(written, name) - plain))


def name_quality(mention: Mention, unit: Unit, index: NameIndex) -> float:
    """How well the written name agrees with the unit's, 0.7..1."""
    quality = mention.quality
    if mention.quality < 0.97 and mention.written:
        quality -= 0.03 * min(_marks_astray(mention.written, n) for n in index.best_name(unit))
    elif mention.written:
        quality *= max(marks_agree(mention.written, n, mention.marked) for n in index.best_name(unit))
    if (mention.key, unit.unit_id) in index.former:
        quality *= 0.99 if unit.level == 1 else 0.96
    return quality


def kind_points(mention: Mention, unit: Unit) -> float:
    """For the kind word: the unit's own kind best; another kind of its level is what people write after a change."""
    if mention.kinds is None:
        return 0.0
    if unit.kind in mention.kinds:
        return 0.6 if mention.sure else 0.3
    if unit.level == 1:
        return -4.0 if Kind.CITY in mention.kinds else -0.5
    return -0.6
