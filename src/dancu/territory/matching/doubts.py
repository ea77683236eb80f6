"""Where an answer must be lowered: something that names a unit was not read, or names contradict each other.

The sentences are gettext message ids; the edges translate them.
"""

from dataclasses import replace

from dancu.kernel.names import tone_fold
from dancu.territory.gazetteer import REFORM
from dancu.territory.matching.scoring import Scored, Scorer
from dancu.territory.matching.words import LEVEL, NOISE
from dancu.territory.models import Candidate, Status

NOT_READ = "Không nhận ra đơn vị hành chính nào trong địa chỉ."
PART_NOT_READ = "Một phần địa chỉ không nhận ra được; các đơn vị dưới đây chỉ là gợi ý."
TOO_EARLY = "Không rõ đơn vị hành chính của thời điểm đó; các đơn vị dưới đây là đơn vị cùng tên về sau."
SPLIT = "Đơn vị cũ đã được chia vào nhiều đơn vị mới; cần xác định tại chỗ."
DISSOLVED = "Cấp huyện không còn từ 01/07/2025; địa chỉ này có thể thuộc một trong các đơn vị cấp xã dưới đây."
SEVERAL = "Có nhiều đơn vị phù hợp; cần thêm tên huyện, tỉnh hoặc loại đơn vị."
MERGED = "Vào ngày này, nơi đó thuộc nhiều đơn vị khác nhau; cần thêm thông tin."
NO_HEIR = "Không có dữ liệu về đơn vị kế tiếp của đơn vị này."
CONTRADICTS = "Tỉnh, huyện, xã trong địa chỉ không khớp nhau."
NO_SUCH_CODE = "Không có đơn vị hành chính nào mang mã này vào ngày đó."
COARSE = "Chỉ nhận ra đến cấp này; phần còn lại của địa chỉ chưa đọc được."


def doubts(
    status: Status, note: str, candidates: tuple[Candidate, ...], top: Scored, scorer: Scorer
) -> tuple[Status, str, tuple[Candidate, ...]]:
    """Lower the answer where something that must name a unit was not read, or names contradict each other."""
    factor, level = 1.0, top.unit.level
    after = any(start > top.mention.start for start, _ in top.unread)
    lone = not top.support and level > 1
    elsewhere = bool(scorer.groups) and scorer.index.group(top.unit.unit_id) not in scorer.groups
    if elsewhere or _contradicted(top, scorer):
        status, note, factor = Status.UNKNOWN, CONTRADICTS, 0.5
    elif (level < 3 and (top.typed_unread or (level == 1 and top.unread))) or (
        top.approximate and (lone or _scattered(top) or _a_name_elsewhere(top, scorer))
    ):
        status, note, factor = Status.UNKNOWN, PART_NOT_READ, 0.4
    elif lone and (top.typed_unread or after or (top.mention.kinds is None and _beside(top, scorer))):
        status, note, factor = Status.UNKNOWN, PART_NOT_READ, 0.5
    elif _another_commune(top, scorer):
        status, note, factor = Status.UNKNOWN, CONTRADICTS, 0.6
    elif level == 3 and 2 not in top.support and _goes_on(top, scorer):
        status, note, factor = Status.UNKNOWN, PART_NOT_READ, 0.6
    elif status is Status.EXACT and _another_kind(top, scorer):
        status, note, factor = Status.AMBIGUOUS, PART_NOT_READ, 0.6
    elif status is Status.EXACT and top.unread and _rather_the_district(top, scorer):
        status, note, factor = Status.AMBIGUOUS, PART_NOT_READ, 0.7
    elif lone and top.unread:
        note, factor = PART_NOT_READ, 0.5
    elif level == 2 and top.unread:
        factor, note = 0.7, note or COARSE
    elif level < 3 and _rest(top, scorer):
        factor = 0.75 if level == 1 else 0.9  # "62 Hùng Vương, Tam Kỳ" lies in Tam Kỳ; more is not known
    if factor < 1:
        candidates = tuple(replace(c, confidence=round(c.confidence * factor, 3)) for c in candidates)
    if status is Status.EXACT and candidates[0].confidence < 0.4:
        status, note = Status.AMBIGUOUS, note or SEVERAL
    return status, note, candidates


def _contradicted(top: Scored, scorer: Scorer) -> bool:
    """Is a district or province named, in a segment of its own, that has nothing to do with the reading?"""
    level = scorer.index.level
    for start, end in top.unread:
        if start < top.mention.start and top.unit.level == 3:
            continue  # a street may be called like a city
        for m in scorer.mentions:
            if (m.begin, m.end) == (start, end) and m.quality == 1.0 and any(level(i) < 3 for i in m.ids):
                return True
    return False


def _scattered(top: Scored) -> bool:
    """A reading by likeness that leaves more words than it explains, or rests on no name spelt right."""
    left = sum(end - start for start, end in top.unread)
    return left >= len(top.used) or (not top.anchored and len(top.support) < 2)


def _a_name_elsewhere(top: Scored, scorer: Scorer) -> bool:
    """Is what was taken for a slip the right name of another commune ("Tam Bình" for Tam Vinh)?"""
    m = top.mention
    if m.quality >= 0.97:
        return False
    if m.written.isascii():
        return False  # without marks almost anything is a name somewhere
    index = scorer.index
    key = "".join(w.key for w in scorer.reading.words[m.start : m.end])
    units = (index.gazetteer.unit(i) for i in index.by_key.get(key, ()) if index.level(i) == top.unit.level)
    return any(m.written == tone_fold(name) for u in units for name in index.best_name(u))


def _rest(top: Scored, scorer: Scorer) -> bool:
    """Is a house, street or anything else left over?"""
    return any(i not in top.used and w.written not in NOISE for i, w in enumerate(scorer.reading.words))


def _another_commune(top: Scored, scorer: Scorer) -> bool:
    """Is, before a district or a ward that bears the name of one, a commune of the same province named that does not
    lie there ("Bến Nghé, Quận 5")?"""
    index = scorer.index
    if top.unit.level == 1 or (top.unit.level == 3 and (2 in top.support or not _like_a_district(top, scorer))):
        return False
    group = index.group(top.unit.unit_id)
    runs = {run for run in top.unread if run[1] == top.mention.begin}
    return any(
        (m.begin, m.end) in runs
        and m.quality == 1.0
        and scorer.reading.segment_of[m.start] == (m.begin, m.end)
        and any(index.level(i) == 3 and index.group(i) == group for i in m.ids)
        for m in scorer.mentions
    )


def _another_kind(top: Scored, scorer: Scorer) -> bool:
    """Is a commune named by its kind that was not read, and taken for one what stands for the district ("xã I O, Chư Prông,
    Gia Lai"); or a district that was not read, beside a commune that never had one?"""
    if top.unit.level < 3 or not top.typed_unread or 2 in top.support:
        return False
    kinds = [k for first, end in top.unread for k in scorer.reading.kinds[first:end] if k and k[1] >= first]
    levels = {LEVEL[kind] for k in kinds for kind in k[0]}
    never = top.unit.valid_from is not None and top.unit.valid_from >= REFORM
    return (3 in levels and top.mention.kinds is None) or (2 in levels and never)


def _rather_the_district(top: Scored, scorer: Scorer) -> bool:
    """Is a ward of today read where, in the province named, the district of that name fits as well ("ê Lợi, Ngô Quyền, Hải
    Phòng")? What is not read may be one of its communes. Not so in "Xuân Đông, Tam Kỳ, Đà Nẵng": no district lay there."""
    if top.unit.level < 3 or 2 in top.support or top.mention.kinds is not None:
        return False
    index = scorer.index
    named = {(1, m.key) for m in scorer.mentions if top.used.issuperset(m.span()) and m is not top.mention}
    return any(
        index.level(i) == 2 and any(index.above(i).get(province) == 1.0 for province in named)
        for i in index.by_key.get(top.mention.key, ())
    )


def _like_a_district(top: Scored, scorer: Scorer) -> bool:
    return top.mention.kinds is None and any(
        scorer.index.level(i) == 2 for i in scorer.index.by_key.get(top.mention.key, ())
    )


def _goes_on(top: Scored, scorer: Scorer) -> bool:
    """Does the name read go on with a word that was not: is it the beginning of another name?"""
    end, segments = top.mention.end, scorer.reading.segment_of
    return any(start == end and segments[start] == segments[end - 1] for start, _ in top.unread)


def _beside(top: Scored, scorer: Scorer) -> bool:
    """Do words that mean nothing stand in the same segment as the only name read ("Nghĩa trang Trường Sơn")?"""
    segment = scorer.reading.segment_of[top.mention.start]
    return any(segment[0] <= start < segment[1] for start, _ in top.unread)
