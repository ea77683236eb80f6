"""What a verb would change, in words: for each person one table of before and after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from dancu.kit.i18n import N_, gettext
from dancu.population import models as m
from dancu.population import wording
from dancu.population.importing.reasons import SENTENCES
from dancu.population.models.findings import OpenFinding

#: Data groups that are one column among several of a fact: the line of the fact that says it.
_COLUMN: Final = {
    "birth_date": "birth_date", "sex": "sex", "birth_place": "birth_unit", "birth_registration": "registration_unit",
    "origin": "origin_unit", "ethnicity": "ethnicity", "religion": "religion", "nationality": "nationality",
    "blood_group": "blood_group", "residence_file": "file_number",
}  # fmt: skip

TOLD: Final = {
    m.Told.CITIZEN: N_("Chính người này"),
    m.Told.RELATIVES: N_("Người thân có liên quan"),
    m.Told.HOUSEHOLD_HEAD: N_("Chủ hộ"),
    m.Told.OLD_COMMUNE: N_("Xã, phường nơi ở cũ"),
    m.Told.NEW_COMMUNE: N_("Xã, phường nơi ở mới"),
    m.Told.SUBSCRIBERS: N_("Cơ quan có quyền nhận thông tin này"),
}

WARNINGS: Final = {
    "marriage.age_unknown": N_("Chưa đủ căn cứ để biết đã đủ tuổi kết hôn: ngày sinh chưa rõ."),
    "kin.parent_too_young": N_("Cha hoặc mẹ có vẻ quá trẻ so với con. Hãy đối chiếu năm sinh."),
    "kin.parent_sex": N_("Giới tính của cha hoặc mẹ không khớp. Hãy đối chiếu."),
    "person.number.sex": N_("Giới tính không khớp với số định danh. Số vẫn được giữ; xem xét cấp lại nếu cần."),
    "person.number.year": N_("Năm sinh không khớp với số định danh. Số vẫn được giữ; xem xét cấp lại nếu cần."),
    "person.number.pending": N_("Chưa cấp được số định danh. Khai sinh vẫn có giá trị; hệ thống tự cấp lại số này."),
    "household.no_head": N_("Hộ không còn chủ hộ. Hãy đổi chủ hộ."),
    "household.head_elsewhere": N_(
        "Người này là chủ hộ và chuyển đi, còn hộ vẫn ở nơi cũ. Có thể cho cả hộ cùng chuyển hoặc chọn chủ hộ mới."
    ),
    "household.empty": N_("Hộ không còn ai. Hãy kết thúc hộ này."),
    "merge.differs": N_("Hai hồ sơ có chỗ khác nhau chưa được chọn. Giá trị của nguồn đáng tin hơn sẽ đứng; chỗ khác được ghi lại để xem xét."),
}
_WARNING = N_("Có điểm cần xem lại ({code}).")


@dataclass(frozen=True, slots=True)
class Row:
    """One line: what, as it is, as it will be. Empty text: nothing."""

    term: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Touched:
    """The changes of one person; `key` None for a household."""

    key: int | None
    name: str
    rows: tuple[Row, ...]


def days(valid: m.Valid) -> str:
    """The days a fact holds, as people say them; nothing for always."""
    params = {
        "start": f"{valid.start:%d/%m/%Y}" if valid.start else "",
        "end": f"{valid.last_day:%d/%m/%Y}" if valid.last_day else "",
    }
    match valid.start, valid.end:
        case None, None:
            return ""
        case _, None:
            return gettext(N_("từ {start}"), **params)
        case None, _:
            return gettext(N_("đến hết {end}"), **params)
    return gettext(N_("từ {start} đến hết {end}"), **params)


def fact_in_words(fact: m.Fact, today: date, names: Mapping[int, str] | None = None) -> str:
    """A whole fact in one line, with its days."""
    parts = [f"{line.term}: {line.value}" for line in wording.lines(fact, today) if line.value]
    return _with_days("; ".join(parts), fact.valid)


def names_told(preview: m.Preview) -> dict[int, str]:
    """Names of relatives that the new facts themselves name: what the verb wrote down of them."""
    return {
        c.after.relative_key: c.after.relative_name
        for c in preview.changes
        if isinstance(c.after, m.KinFact) and c.after.relative_key is not None and c.after.relative_name
    }


def keys_in(preview: m.Preview) -> set[int]:
    """Everybody a preview speaks of."""
    found = {c.person_key for c in preview.changes if c.person_key is not None}
    for change in preview.changes:
        for fact in (change.before, change.after):
            if isinstance(fact, m.HouseholdFact) and fact.head_key is not None:
                found.add(fact.head_key)
    return found


def changes_in_words(preview: m.Preview, names: Mapping[int, str], today: date, first: int | None) -> list[Touched]:
    """Tables of before and after, the person of the form first, households last."""
    found: dict[int | None, list[Row]] = {}
    for change in preview.changes:
        row = _row(change, names, today)
        rows = found.setdefault(change.person_key, [])
        if row not in rows and (row.before or row.after):
            rows.append(row)
    order = sorted(found, key=lambda k: (k is None, k != first, k or 0))
    unnamed = gettext(N_("Người có liên quan (ngoài địa bàn)"))
    return [
        Touched(k, gettext(N_("Hộ gia đình")) if k is None else names.get(k) or unnamed, tuple(found[k])) for k in order
    ]


def warning(code: str) -> str:
    """The sentence of a finding: what the desk's verbs notice, what import noticed, or the bare code."""
    text = WARNINGS.get(code) or SENTENCES.get(code)
    return gettext(text) if text else gettext(_WARNING, code=code)


def finding_in_words(finding: OpenFinding) -> str:
    """What was noticed, what is proposed, where it came from, and when."""
    unit = finding.params.get("unit")
    proposal = wording.place(unit if isinstance(unit, int) else None, str(finding.params.get("place") or ""))
    parts = (warning(finding.code), proposal, finding.source_ref, f"{finding.found_at:%d/%m/%Y}")
    return " · ".join(part for part in parts if part)


def _row(change: m.FactChange, names: Mapping[int, str], today: date) -> Row:
    before, after = (_said(f, change.group, names, today) for f in (change.before, change.after))
    return Row(before[0] or after[0], before[1], after[1])


def _said(fact: m.Fact | None, group: str, names: Mapping[int, str], today: date) -> tuple[str, str]:
    """(term, value with its days) of one data group of a fact."""
    if fact is None:
        return "", ""
    if isinstance(fact, m.HouseholdFact):
        head = names.get(fact.head_key) if fact.head_key is not None else gettext(N_("chưa có"))
        parts = (gettext(N_("chủ hộ {name}"), name=head or "…"), wording.place(fact.unit_id, fact.address))
        return gettext(N_("Hộ gia đình")), _with_days(" · ".join(p for p in parts if p), fact.valid)
    lines = list(wording.lines(fact, today))
    column = _COLUMN.get(group)
    if column is not None:
        lines = [line for line in lines if line.field == column]
    elif isinstance(fact, m.ResidenceFact):
        lines = [line for line in lines if line.field != "file_number"]
    if not lines:
        return "", ""
    # What only some days know ("now called …") is no part of the change itself.
    note = lines[0].note if isinstance(fact, m.NumberFact | m.LifeFact) else ""
    if isinstance(fact, m.ResidenceFact):
        note = fact.reason
    value = " · ".join(p for p in (lines[0].value, note) if p)
    return lines[0].term, _with_days(value, fact.valid) if value else ""


def _with_days(text: str, valid: m.Valid) -> str:
    said = days(valid)
    return f"{text} ({said})" if said else text
