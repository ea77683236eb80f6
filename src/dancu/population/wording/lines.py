"""Facts in words, for pages: term and value as people read them, with source and dates."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from dancu.kernel.dates import PartialDate
from dancu.kernel.numbers import show_phone
from dancu.kernel.text import fold_ascii
from dancu.kit.i18n import N_, gettext
from dancu.population import models as m
from dancu.population.wording import labels
from dancu.territory import service as territory

_WORDS: Final = re.compile(r"\w+")
#: Short for the kinds of units.
_KINDS: Final = frozenset(["x", "p", "h", "q", "t", "tp", "tx", "tt", "ubnd", "tinh", "huyen", "xa", "phuong", "quan", "thi", "tran", "thanh", "pho"])


@dataclass(frozen=True, slots=True)
class Line:
    """One term with its value. `group` names the fact's kind in addresses ("birth", "residence"), `field` the
    column, so that a page can link "this is wrong" to it."""

    term: str
    value: str
    group: str
    field: str
    source: str = ""
    on: date | None = None
    valid: m.Valid = m.ALWAYS
    note: str = ""
    known_from: datetime | None = None
    known_until: datetime | None = None
    number: bool = False


def day(year: int | None, month: int | None, dom: int | None) -> str:
    """dd/mm/yyyy, mm/yyyy or yyyy, as far as it is known."""
    return PartialDate(year, month, dom).vi() if year else ""


def iso_day(text: str) -> str:
    """The same from a partial date in ISO form."""
    return PartialDate.from_iso(text).vi() if text else ""


def place(unit_id: int | None, text: str = "", hamlet_id: int | None = None) -> str:
    """A place as it was called then: the declared text, the hamlet, the unit's full name."""
    name = territory.gazetteer().full_name(unit_id) if unit_id is not None else ""
    hamlet = territory.hamlet_name(hamlet_id)
    return ", ".join(part for part in (text, hamlet[:1].upper() + hamlet[1:], name) if part)


def declared(unit_id: int | None, text: str) -> str:
    """A place of which the whole text was kept: the unit's full name alone where the text says no more ("X. Duy Vinh, H. Duy
    Xuyên")."""
    if unit_id is not None:
        known = _KINDS.union(_WORDS.findall(fold_ascii(territory.gazetteer().full_name(unit_id))))
        if known.issuperset(_WORDS.findall(fold_ascii(text))):
            text = ""
    return place(unit_id, text)


def place_today(unit_id: int | None, today: date) -> str:
    """What the unit is called now, where that differs; for a split unit, that it was split."""
    if unit_id is None:
        return ""
    gazetteer = territory.gazetteer()
    now = gazetteer.successors(unit_id, today)
    if [unit.unit_id for unit in now] == [unit_id]:
        return ""
    names = "; ".join(gazetteer.full_name(unit.unit_id, today) for unit in now)
    if len(now) == 1:
        return gettext(N_("Nay là {name}"), name=names)
    return gettext(N_("Đơn vị này đã tách, nay có thể là: {names}"), names=names) if now else ""


def word(table: dict[str, str], code: str) -> str:
    return gettext(table[code]) if code in table else code


def source(of: m.Source) -> str:
    """The kind of source and its number or row."""
    return " ".join(part for part in (word(labels.SOURCE, of.kind), of.ref) if part)


def lines(fact: m.Fact, today: date) -> Iterator[Line]:
    """Everything a fact says, one line per value; values that are not known come as empty text where the law asks
    for them."""
    for term, value, group, field, more in _values(fact, today):
        origin = (getattr(fact, "origins", None) or {}).get(field, fact.source)
        stored = fact.stored
        yield Line(
            gettext(term), value, group, field, source(origin), origin.date, fact.valid, more.get("note", ""),
            stored.known_from if stored else None, stored.known_until if stored else None, more.get("number", False),
        )  # fmt: skip


_Value = tuple[str, str, str, str, dict[str, Any]]


def _values(fact: m.Fact, today: date) -> Iterator[_Value]:
    match fact:
        case m.NameFact():
            term = N_("Họ, chữ đệm và tên khai sinh") if fact.kind == m.NameKind.BIRTH else N_("Tên gọi khác")
            yield term, fact.full_name, "name", "full_name", {}
        case m.BirthFact():
            yield N_("Ngày sinh"), day(fact.year, fact.month, fact.day), "birth", "birth_date", {}
            yield N_("Giới tính"), word(labels.SEX, fact.sex), "birth", "sex", {}
            for term, unit, text, field in (
                (N_("Nơi sinh"), fact.birth_unit, fact.birth_place, "birth_unit"),
                (N_("Nơi đăng ký khai sinh"), fact.registration_unit, fact.registration_place, "registration_unit"),
                (N_("Quê quán"), fact.origin_unit, fact.origin_place, "origin_unit"),
            ):
                yield term, declared(unit, text), "birth", field, {"note": place_today(unit, today)}
        case m.TraitFact():
            yield N_("Dân tộc"), fact.ethnicity, "trait", "ethnicity", {}
            yield N_("Tôn giáo"), fact.religion, "trait", "religion", {}
            yield N_("Quốc tịch"), country(fact.nationality), "trait", "nationality", {}
            yield N_("Nhóm máu"), fact.blood_group, "trait", "blood_group", {}
        case m.NumberFact():
            note = "" if fact.state == m.NumberState.ACTIVE else word(labels.STATE, fact.state)
            yield labels.NUMBER[fact.kind], fact.number, "number", fact.kind, {"note": note, "number": True}
        case m.ResidenceFact():
            note = "; ".join(part for part in (place_today(fact.unit_id, today), fact.reason) if part)
            yield labels.RESIDENCE[fact.kind], place(fact.unit_id, fact.address, fact.hamlet_id), "residence", fact.kind, {"note": note}
            if fact.file_number:
                yield N_("Số hồ sơ cư trú"), fact.file_number, "residence", "file_number", {}
        case m.HouseholdFact():
            yield N_("Địa chỉ của hộ"), place(fact.unit_id, fact.address, fact.hamlet_id), "household", "address", {}
        case m.MemberFact():
            yield N_("Quan hệ với chủ hộ"), word(labels.RELATION, fact.relation), "member", "relation", {}
        case m.KinFact():
            parts = (fact.relative_name, grouped(fact.relative_number), iso_day(fact.relative_birth))
            yield labels.KIN[fact.relation], " · ".join(part for part in parts if part), "kin", fact.relation, {}
        case m.MaritalFact():
            yield N_("Tình trạng hôn nhân"), word(labels.MARITAL, fact.status), "marital", "status", {}
        case m.CardFact():
            expires = gettext(N_("có giá trị đến {day}"), day=f"{fact.expires_on:%d/%m/%Y}") if fact.expires_on else ""
            pieces = (
                grouped(fact.number),
                gettext(N_("cấp ngày {day}"), day=f"{fact.issued_on:%d/%m/%Y}") if fact.issued_on else "",
                expires,
                word(labels.STATE, fact.state),
            )
            yield labels.CARD[fact.kind], " · ".join(part for part in pieces if part), "card", "number", {}
        case m.ContactFact():
            value = show_phone(fact.value) if fact.kind == m.ContactKind.PHONE and fact.value.startswith("+84") else fact.value
            yield labels.CONTACT[fact.kind], value, "contact", fact.kind, {}
        case m.LifeFact():
            yield labels.LIFE[fact.status], day(fact.year, fact.month, fact.day), "life", "status", {"note": fact.place}
        case m.OtherFact():
            yield fact.name, fact.value, "other", fact.name, {}


def grouped(number: str) -> str:
    """049 190 012 345: read in threes; search takes the spaces back out."""
    return " ".join(number[i : i + 3] for i in range(0, len(number), 3)) if number.isdigit() and len(number) in (9, 12) else number


_COUNTRIES = {"VNM": N_("Việt Nam"), "LAO": N_("Lào"), "KHM": N_("Cam-pu-chia"), "CHN": N_("Trung Quốc")}


def country(code: str) -> str:
    """A country's usual name where we know one, else its ISO 3166 alpha-3 code as stored."""
    return gettext(_COUNTRIES[code]) if code in _COUNTRIES else code
