"""Pages that make a new record: a new-born, or somebody who lived before without one."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

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
    PlaceField,
    Reading,
    Relative,
    Text,
)
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


def _home(label: str) -> tuple[Field, ...]:
    return (
        Heading(label=N_("Nơi thường trú")),
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
    return _person(r, m.MaritalFact(source=r.source, status=m.MaritalStatus.SINGLE))


_RELATIONS = (("mother", m.KinRelation.MOTHER), ("father", m.KinRelation.FATHER))


def _kin(paper: m.Source, r: Reading, name: str, relation: m.KinRelation) -> m.KinFact:
    parent: Any = r.values[name]
    if isinstance(parent, int):
        return m.KinFact(source=paper, relation=relation, relative_key=parent)
    return m.KinFact(
        source=paper, relation=relation, relative_name=parent.relative_name, relative_number=parent.relative_number,
        relative_birth=parent.relative_birth,
    )  # fmt: skip


PAGES = (
    VerbPage(
        code="birth", title=N_("Đăng ký khai sinh"), verb=service.register_birth, group=GROUP, alone=True, similar=True,
        arguments=_birth,
        paper=m.SourceKind.BIRTH_REGISTER,
        lead=N_("Chưa có số định danh vẫn đăng ký được; số được cấp sau."),
        fields=(
            Heading(label=N_("Người được khai sinh")), _NAME, _BORN, _SEX, *birth_place_fields(prefilled=False),
            *_vietnamese(trait_fields(prefilled=False)), _NUMBER, *_PARENTS, *_home(N_("Nơi thường trú của trẻ")),
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
