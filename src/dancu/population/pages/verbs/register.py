"""Pages that make a new record: a new-born, or somebody who lived before without one."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from dancu.kernel.errors import Invalid
from dancu.kernel.numbers import PersonalId, parse_cmnd
from dancu.kit.i18n import N_
from dancu.population import models as m
from dancu.population import service
from dancu.population.forms import (
    Choice,
    Day,
    Field,
    Heading,
    NameText,
    NewNumber,
    PartialDay,
    PersonNumber,
    PlaceField,
    Reading,
    Relative,
    Text,
)
from dancu.population.forms.pick import RELATIONS
from dancu.population.pages.verbs.identity import TRAITS, birth_place_fields, birth_values, trait_fields
from dancu.population.pages.verbs.page import Arguments, VerbPage
from dancu.population.policy.residence import Place
from dancu.population.wording import labels

GROUP = N_("Đăng ký mới")


def _personal_id(value: str) -> str:
    return PersonalId.parse(value).value


def _parent(name: str, label: str, relation: m.KinRelation) -> Relative:
    return Relative(
        name=name, label=label, relation=relation, optional=True,
        hint=N_("Có số thì ghi số; không có thì ghi họ tên và năm sinh."),
    )  # fmt: skip


_NAME = NameText(name="full_name", label=N_("Họ, chữ đệm và tên"))
_BORN = PartialDay(name="born", label=N_("Ngày sinh"), hint=N_("Không rõ ngày, tháng thì để trống."))
_SEX = Choice(name="sex", label=N_("Giới tính"), table=labels.SEX, of=m.Sex, radio=True)
_NUMBER = NewNumber(
    name="personal_id", label=N_("Số định danh cá nhân"), width="number", maxlength=20, numeric=True, optional=True,
    accepts=_personal_id, hint=N_("Nếu đã có. Chưa có thì để trống và cấp sau."),
)  # fmt: skip
_PARENTS: tuple[Field, ...] = (
    Heading(label=N_("Cha và mẹ")),
    _parent("mother", N_("Mẹ"), m.KinRelation.MOTHER),
    _parent("father", N_("Cha"), m.KinRelation.FATHER),
)


def _home(label: str, *, head: bool = True) -> tuple[Field, ...]:
    return (
        *((Heading(label=N_("Nơi thường trú")),) if head else ()),
        PlaceField(
            name="home", label=label, on="", home=True, optional=True,
            hint=N_("Số nhà, thôn hoặc tổ, xã hoặc phường, tỉnh. Ví dụ: 12 Hùng Vương, phường Tam Kỳ, Đà Nẵng"),
        ),
        Day(name="home_since", label=N_("Thường trú từ ngày"), hint=N_("Để trống nếu từ khi sinh."), optional=True),
    )  # fmt: skip


def _vietnamese(fields: tuple[Field, ...]) -> tuple[Field, ...]:
    """Nearly everybody who is registered here is a citizen: the field opens with that."""

    def start(view: m.PersonView | None, day: date) -> str:
        return "Việt Nam"

    return tuple(replace(f, start=start) if f.name == "nationality" else f for f in fields)


def _person(r: Reading, *parts: m.MaritalFact) -> Arguments:
    """The draft the answers make, every fact resting on the document of the form."""
    v, paper = r.values, r.source
    born = v["born"]
    home: Place | None = v.get("home")
    since = v.get("home_since") or (born.full() if born else None)
    traits = {c: v[c] for c in TRAITS if v.get(c)}
    numbers = [
        m.NumberFact(source=paper, kind=kind, number=v[name])
        for name, kind in (("personal_id", m.NumberKind.PERSONAL_ID), ("cmnd", m.NumberKind.CMND))
        if v.get(name)
    ]
    kin = [_kin(paper, r, name, relation) for name, relation in _RELATIONS if v.get(name) is not None]
    draft = m.PersonDraft(
        birth=m.BirthFact(source=paper, **birth_values(r)),
        names=(m.NameFact(source=paper, full_name=v["full_name"]),),
        traits=(m.TraitFact(source=paper, **traits),) if traits else (),
        numbers=tuple(numbers),
        residences=(
            m.ResidenceFact(
                source=paper, valid=m.Valid(since), kind=m.ResidenceKind.PERMANENT, unit_id=home.unit_id,
                hamlet_id=home.hamlet_id, address=home.address,
            ),
        ) if home else (),
        kin=tuple(kin),
        marital=parts,
    )  # fmt: skip
    return (draft,), {}


def _birth(r: Reading) -> Arguments:
    args, _ = _person(r, m.MaritalFact(source=r.source, status=m.MaritalStatus.SINGLE))
    housemate = _housemate(r)
    return args, {
        "allocate": r.values["number"] == _NOW and not r.values["personal_id"],
        "household_of": housemate,
        "relation": r.values["relation"] if housemate is not None else None,
    }


def _housemate(r: Reading) -> int | None:
    """Whose household the child joins; None where it joins none."""
    chosen = r.values["household"]
    if chosen == _NOBODY:
        return None
    who: Any = r.values["household_of" if chosen == _OTHER else chosen]
    if isinstance(who, int):
        return who
    if chosen == _OTHER:
        raise Invalid("household.of_whom", N_("Hãy ghi số của chủ hộ hoặc một thành viên."), field="household_of")
    raise Invalid(
        "household.of_parent",
        N_("Cha hoặc mẹ đã chọn không có hồ sơ ở đây. Hãy ghi số của họ, chọn hộ khác, hoặc chọn chưa nhập hộ."),
        field="household",
    )


_RELATIONS = (("mother", m.KinRelation.MOTHER), ("father", m.KinRelation.FATHER))


def _kin(paper: m.Source, r: Reading, name: str, relation: m.KinRelation) -> m.KinFact:
    parent: Any = r.values[name]
    if isinstance(parent, int):
        return m.KinFact(source=paper, relation=relation, relative_key=parent)
    return m.KinFact(
        source=paper, relation=relation, relative_name=parent.relative_name, relative_number=parent.relative_number,
        relative_birth=parent.relative_birth,
    )  # fmt: skip


_NOW, _LATER, _OTHER, _NOBODY = "now", "later", "other", "none"
_NUMBERING = {_NOW: N_("Cấp ngay khi đăng ký"), _LATER: N_("Để cấp sau")}
_HOUSEHOLDS = {
    "mother": N_("Hộ của mẹ"), "father": N_("Hộ của cha"), _OTHER: N_("Hộ khác, theo số dưới đây"),
    _NOBODY: N_("Chưa nhập hộ"),
}  # fmt: skip
_WHOLE: tuple[Field, ...] = (
    Heading(label=N_("Số định danh")),
    Choice(
        name="number", label=N_("Số định danh cá nhân của trẻ"), table=_NUMBERING, radio=True,
        start=lambda view, day: _NOW, hint=N_("Nếu chưa cấp được ngay, khai sinh vẫn được ghi và số tự cấp sau."),
    ),
    replace(_NUMBER, label=N_("Số đã có"), hint=N_("Chỉ ghi khi trẻ đã được cấp số.")),
    *_PARENTS,
    Heading(label=N_("Hộ và nơi thường trú")),
    Choice(
        name="household", label=N_("Nhập hộ"), table=_HOUSEHOLDS, radio=True, start=lambda view, day: "mother",
        hint=N_("Trẻ thường trú tại nơi ở của hộ, trừ khi ghi nơi khác bên dưới."),
    ),
    PersonNumber(
        name="household_of", label=N_("Số của chủ hộ hoặc một thành viên"), optional=True,
        hint=N_("Chỉ khi nhập hộ khác. Số định danh, CMND, hoặc mã hồ sơ dạng #123."),
    ),
    Choice(
        name="relation", label=N_("Quan hệ với chủ hộ"), table=RELATIONS, of=m.HouseholdRelation, optional=True,
        hint=N_("Để trống thì suy từ cha mẹ."),
    ),
)  # fmt: skip

PAGES = (
    VerbPage(
        code="birth", title=N_("Đăng ký khai sinh"), verb=service.register_birth, group=GROUP, alone=True, similar=True,
        arguments=_birth,
        paper=m.SourceKind.BIRTH_REGISTER,
        lead=N_("Một lần ghi: khai sinh, số định danh, nhập hộ và thường trú. Phần nào chưa làm được thì chọn để sau."),
        fields=(
            Heading(label=N_("Người được khai sinh")), _NAME, _BORN, _SEX, *birth_place_fields(prefilled=False),
            *_vietnamese(trait_fields(prefilled=False)), *_WHOLE, *_home(N_("Nơi thường trú khác nơi ở của hộ"), head=False),
        ),
    ),
    VerbPage(
        code="person", title=N_("Đăng ký người chưa có hồ sơ"), verb=service.register, group=GROUP, alone=True,
        similar=True, arguments=_person, lead=N_("Hãy tìm kỹ trước: mỗi người chỉ có một hồ sơ."),
        fields=(
            Heading(label=N_("Nhân thân")), _NAME, _BORN, _SEX, *birth_place_fields(prefilled=False),
            *_vietnamese(trait_fields(prefilled=False)), _NUMBER,
            Text(
                name="cmnd", label=N_("Số CMND"), width="number", maxlength=15, numeric=True, optional=True, accepts=parse_cmnd
            ),
            *_PARENTS, *_home(N_("Nơi thường trú")),
        ),
    ),
)  # fmt: skip
