"""Pages of corrections, and of lawful changes of name and traits."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from dancu.kernel.dates import PartialDate
from dancu.kernel.errors import Conflict, Invalid
from dancu.kit.i18n import N_
from dancu.population import models as m
from dancu.population import service
from dancu.population.forms import (
    Choice,
    Day,
    FactPick,
    Field,
    FindingPick,
    NameText,
    PartialDay,
    PlaceField,
    Reading,
    Text,
)
from dancu.population.forms.nations import NATIONS
from dancu.population.pages.verbs.page import Arguments, VerbPage, living, standing
from dancu.population.pages.verbs.residence import today
from dancu.population.policy.correct import Reason
from dancu.population.policy.residence import Place
from dancu.population.wording import labels

GROUP = N_("Cải chính, thay đổi nhân thân")
NAMES = {m.NameKind.BIRTH.value: N_("Họ tên khai sinh"), m.NameKind.OTHER.value: N_("Tên gọi khác")}
_KIND = Choice(
    name="kind", label=N_("Loại tên"), table=NAMES, of=m.NameKind, radio=True, start=lambda view, day: m.NameKind.BIRTH
)


def _name(view: m.PersonView | None, day: date) -> str:
    return view.name.full_name if view and view.name else ""


def _born(view: m.PersonView | None, day: date) -> PartialDate | None:
    return view.born if view else None


def _place(unit: str, text: str) -> Any:
    def start(view: m.PersonView | None, day: date) -> Place | None:
        birth = view.birth if view else None
        if birth is None or not (getattr(birth, unit) or getattr(birth, text)):
            return None
        return Place(unit_id=getattr(birth, unit), address=getattr(birth, text))

    return start


BIRTH_PLACES: tuple[tuple[str, str, str], ...] = (
    ("birth_place", "birth_unit", N_("Nơi sinh")),
    ("registration_place", "registration_unit", N_("Nơi đăng ký khai sinh")),
    ("origin_place", "origin_unit", N_("Quê quán")),
)


def birth_place_fields(*, prefilled: bool) -> tuple[Field, ...]:
    return tuple(
        PlaceField(
            name=text, label=label, on="born", optional=True, start=_place(unit, text) if prefilled else None,
            hint=N_("Xã hoặc phường, huyện nếu có, tỉnh – theo tên gọi lúc đó."),
        )
        for text, unit, label in BIRTH_PLACES
    )  # fmt: skip


def birth_values(r: Reading) -> dict[str, Any]:
    """Columns of the birth from the fields of date, sex and places."""
    values: dict[str, Any] = {}
    born: PartialDate | None = r.values.get("born")
    if born is not None:
        values |= {"year": born.year, "month": born.month, "day": born.day}
    if r.values.get("sex") is not None:
        values["sex"] = r.values["sex"]
    for text, unit, _ in BIRTH_PLACES:
        place: Place | None = r.values.get(text)
        if place is not None:
            values |= {unit: place.unit_id, text: place.address}
    return values


def _birth(r: Reading) -> Arguments:
    birth = r.person.birth or m.BirthFact(source=m.Source(""))
    changed = {column: value for column, value in birth_values(r).items() if getattr(birth, column) != value}
    if not changed:
        raise Conflict("change.nothing", N_("Không có gì thay đổi so với hồ sơ hiện tại."))
    return (r.person.person_key,), {"values": changed, "reason": r.values["reason"]}


def nation(value: str) -> str:
    """ISO 3166 alpha-3 from the code or the usual name."""
    folded = value.casefold()
    for code, name in NATIONS.items():
        if folded in (code.casefold(), name.casefold()):
            return code
    if len(value) == 3 and value.isascii() and value.isalpha():
        return value.upper()
    raise Invalid("nationality.unknown", N_("Hãy ghi tên nước có trong danh sách, hoặc mã nước 3 chữ cái (ISO 3166)."))


def trait_fields(*, prefilled: bool) -> tuple[Field, ...]:
    def now(column: str) -> Any:
        def start(view: m.PersonView | None, day: date) -> str:
            trait = view.trait if view else None
            value = getattr(trait, column) if trait else ""
            return NATIONS.get(value, value) if column == "nationality" else value

        return start if prefilled else None

    return (
        Text(name="ethnicity", label=N_("Dân tộc"), width="medium", maxlength=40, optional=True, start=now("ethnicity")),
        Text(name="religion", label=N_("Tôn giáo"), width="medium", maxlength=40, optional=True, start=now("religion")),
        Text(
            name="nationality", label=N_("Quốc tịch"), width="medium", maxlength=40, optional=True,
            start=now("nationality"), suggestions=tuple(NATIONS.values()), accepts=nation,
        ),
        Text(
            name="blood_group", label=N_("Nhóm máu"), width="short", maxlength=3, optional=True,
            start=now("blood_group"), hint=N_("A, B, AB, O, thêm + hoặc - nếu biết."), accepts=str.upper,
        ),
    )  # fmt: skip


REASON = Choice(
    name="reason", label=N_("Vì sao ghi sai"),
    table={
        Reason.TYPING.value: N_("Gõ nhầm khi nhập"), Reason.DIGITISING.value: N_("Đọc nhầm khi số hóa giấy tờ"),
        Reason.PAPER.value: N_("Giấy tờ gốc sai, đã được sửa"), Reason.DECLARED.value: N_("Khai sai"),
        Reason.CONVERSION.value: N_("Sai khi chuyển giữa các hệ thống"), Reason.OTHER.value: N_("Lý do khác"),
    },
)  # fmt: skip
TRAITS = ("ethnicity", "religion", "nationality", "blood_group")


def _traits(r: Reading) -> Arguments:
    trait = r.person.trait
    values = {c: r.values[c] for c in TRAITS if r.values[c] != (getattr(trait, c) if trait else "")}
    if not values:
        raise Conflict("change.nothing", N_("Không có gì thay đổi so với hồ sơ hiện tại."))
    more: dict[str, Any] = {name: r.values[name] for name in ("since", "reason") if name in r.values}
    return (r.person.person_key,), {"values": values, **more}


def _correctable(view: m.PersonView) -> list[m.Fact]:
    return [f for f in view.facts() if not isinstance(f, m.NumberFact | m.MemberFact | m.LifeFact | m.BirthFact)]


def _facts(r: Reading) -> Arguments:
    fact: m.Fact = r.values["fact"]
    assert fact.stored is not None
    if r.values["what"] == "never":
        return (r.person.person_key,), {"replacements": {fact.stored.fact_id: None}, "reason": r.values["reason"]}
    try:
        valid = m.Valid(r.values["start"], r.values["end"])
    except ValueError:
        raise Invalid("person.period.empty", N_("Ngày kết thúc phải sau ngày bắt đầu.")) from None
    replacements = {fact.stored.fact_id: replace(fact, valid=valid, stored=None)}
    return (r.person.person_key,), {"replacements": replacements, "reason": r.values["reason"]}


def _finding(r: Reading) -> Arguments:
    return (r.person.person_key,), {"finding_id": r.values["finding_id"]}


PAGES = (
    VerbPage(
        code="correct-name", title=N_("Cải chính họ tên ghi sai"), verb=service.correct_name, group=GROUP, when=standing,
        paper=m.SourceKind.BIRTH_REGISTER, lead=N_("Dùng khi tên trong hồ sơ bị ghi sai từ đầu. Lịch sử vẫn giữ cách ghi cũ."),
        fields=(NameText(name="full_name", label=N_("Họ tên đúng"), start=_name), _KIND, REASON),
    ),
    VerbPage(
        code="change-name", title=N_("Thay đổi họ tên theo quyết định"), verb=service.change_name, group=GROUP,
        paper=m.SourceKind.DECISION, lead=N_("Tên cũ vẫn đúng cho tới ngày thay đổi."),
        fields=(
            NameText(name="full_name", label=N_("Họ tên mới"), start=_name), _KIND,
            Day(name="since", label=N_("Mang tên mới từ ngày"), start=today),
        ),
    ),
    VerbPage(
        code="correct-birth", title=N_("Cải chính ngày sinh, giới tính, nơi sinh, quê quán"), verb=service.correct_birth,
        group=GROUP, when=standing, paper=m.SourceKind.BIRTH_REGISTER, arguments=_birth,
        lead=N_("Chỉ sửa mục sai; mục khác giữ nguyên nguồn của nó."),
        fields=(
            PartialDay(name="born", label=N_("Ngày sinh"), hint=N_("Không rõ ngày, tháng thì để trống."), optional=True, start=_born),
            Choice(
                name="sex", label=N_("Giới tính"), table=labels.SEX, of=m.Sex, radio=True,
                start=lambda view, day: view.birth.sex if view and view.birth else "",
            ),
            *birth_place_fields(prefilled=True), REASON,
        ),
    ),
    VerbPage(
        code="correct-traits", title=N_("Cải chính dân tộc, tôn giáo, quốc tịch, nhóm máu"), verb=service.correct_traits,
        group=GROUP, when=standing, arguments=_traits, fields=(*trait_fields(prefilled=True), REASON),
        lead=N_("Dùng khi hồ sơ ghi sai từ đầu."),
    ),
    VerbPage(
        code="change-traits", title=N_("Thay đổi dân tộc, tôn giáo, quốc tịch"), verb=service.change_traits, group=GROUP,
        paper=m.SourceKind.DECISION, arguments=_traits, lead=N_("Giá trị cũ vẫn đúng cho tới ngày thay đổi."),
        fields=(*trait_fields(prefilled=True), Day(name="since", label=N_("Thay đổi từ ngày"), start=today)),
    ),
    VerbPage(
        code="correct-fact", title=N_("Cải chính thời gian hoặc bỏ một thông tin ghi sai"), verb=service.correct_facts,
        group=GROUP, when=standing, paper=m.SourceKind.DECISION, arguments=_facts,
        lead=N_("Số định danh, hộ và khai tử có thủ tục riêng."),
        fields=(
            FactPick(name="fact", label=N_("Thông tin ghi sai"), among=_correctable),
            Choice(
                name="what", label=N_("Sai ở đâu"), radio=True,
                table={"days": N_("Sai thời gian: ghi lại như dưới đây"), "never": N_("Không đúng với bất kỳ ngày nào: bỏ hẳn")},
            ),
            Day(name="start", label=N_("Đúng từ ngày"), hint=N_("Để trống nếu từ trước tới nay."), optional=True),
            Day(name="end", label=N_("Đến ngày"), hint=N_("Ngày đầu tiên không còn đúng; để trống nếu vẫn đúng."), optional=True),
            REASON,
        ),
    ),
    VerbPage(
        code="settle-finding", title=N_("Khép lại một điểm cần xem lại"), verb=service.settle_finding, group=GROUP,
        when=standing, arguments=_finding, listed=False, silent=True, lead=N_("Dùng khi đã xem và dữ liệu đúng, hoặc đã sửa bằng việc khác."),
        fields=(FindingPick(name="finding_id", label=N_("Điểm cần xem lại")),),
    ),
)  # fmt: skip

__all__ = ["GROUP", "PAGES", "REASON", "TRAITS", "birth_place_fields", "birth_values", "living", "trait_fields"]
