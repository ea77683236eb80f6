"""Pages that mend the value of one recorded fact: a residence, a contact, a card, what was declared of a relative. What
is left empty stays as it is; the wrong value stays in the history."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Protocol

from dancu.kernel.errors import Conflict
from dancu.kit.i18n import N_
from dancu.population import models as m
from dancu.population import service
from dancu.population.forms import Day, FactPick, NameText, PartialDay, PlaceField, Reading, Text
from dancu.population.pages.verbs.identity import GROUP, REASON, nation
from dancu.population.pages.verbs.page import Arguments, VerbPage, standing
from dancu.population.policy.residence import Place

_WHICH = N_("Thông tin ghi sai")
_KEEP = N_("Để trống thì giữ như đang ghi.")


class Mended(Protocol):
    """The columns of the picked fact that the answers change."""

    def __call__(self, r: Reading, fact: Any) -> dict[str, Any]: ...


def _replaced(mended: Mended) -> Any:
    def arguments(r: Reading) -> Arguments:
        fact: m.Fact = r.values["fact"]
        assert fact.stored is not None
        after = replace(fact, stored=None, **{c: v for c, v in mended(r, fact).items() if v not in (None, "")})
        if after == fact:
            raise Conflict("change.nothing", N_("Không có gì thay đổi so với hồ sơ hiện tại."))
        return (r.person.person_key,), {"replacements": {fact.stored.fact_id: after}, "reason": r.values["reason"]}

    return arguments


def _residence(r: Reading, fact: m.ResidenceFact) -> dict[str, Any]:
    place: Place | None = r.values["place"]
    values: dict[str, Any] = {"address": r.values["address"], "file_number": r.values["file_number"]}
    if place is not None:
        values |= {"unit_id": place.unit_id, "address": place.address or r.values["address"]}
        if place.unit_id != fact.unit_id or place.hamlet_id is not None:
            values["hamlet_id"] = place.hamlet_id
    return values


def _contact(r: Reading, fact: m.ContactFact) -> dict[str, Any]:
    return {"value": r.values["value"]}


def _kin(r: Reading, fact: m.KinFact) -> dict[str, Any]:
    born = r.values["born"]
    return {
        "relative_name": r.values["full_name"], "relative_number": r.values["number"],
        "relative_birth": str(born) if born else "", "relative_nationality": r.values["nationality"],
    }  # fmt: skip


def _card(r: Reading, fact: m.CardFact) -> dict[str, Any]:
    return {c: r.values[c] for c in ("number", "issued_on", "issued_by", "expires_on")}


def _has(facts: str) -> Any:
    return lambda view: standing(view) and bool(getattr(view, facts))


def _among(facts: str) -> Any:
    def among(view: m.PersonView) -> Iterable[m.Fact]:
        found: tuple[m.Fact, ...] = getattr(view, facts)
        return found

    return among


def _page(code: str, title: str, facts: str, mended: Mended, *fields: Any, **more: Any) -> VerbPage:
    return VerbPage(
        code=code, title=title, verb=service.correct_facts, group=GROUP, when=_has(facts), arguments=_replaced(mended),
        fields=(FactPick(name="fact", label=_WHICH, among=_among(facts)), *fields, REASON), lead=more.pop("lead", _KEEP), **more,
    )  # fmt: skip


PAGES = (
    _page(
        "correct-residence", N_("Cải chính nơi cư trú ghi sai"), "residences", _residence,
        Text(name="address", label=N_("Số nhà, đường đúng"), optional=True),
        PlaceField(
            name="place", label=N_("Nơi đúng, nếu sai cả xã, phường"), on="fact", home=True, optional=True,
            hint=N_("Ghi cả địa chỉ với tên xã, phường, tỉnh lúc bắt đầu ở."),
        ),
        Text(name="file_number", label=N_("Số hồ sơ cư trú"), optional=True, width="medium", maxlength=40),
        lead=N_("Dùng khi nơi ở bị ghi sai, không phải khi người này chuyển đi. Để trống thì giữ như đang ghi."),
    ),
    _page(
        "correct-contact", N_("Cải chính số điện thoại, thư điện tử ghi sai"), "contacts", _contact,
        Text(name="value", label=N_("Giá trị đúng"), width="medium", maxlength=120),
    ),
    _page(
        "correct-kin", N_("Cải chính thông tin đã khai về người thân"), "kin", _kin,
        NameText(name="full_name", label=N_("Họ tên đúng"), optional=True),
        Text(name="number", label=N_("Số định danh hoặc CMND"), optional=True, width="number", maxlength=15, numeric=True),
        PartialDay(name="born", label=N_("Ngày sinh"), hint=N_("Không rõ ngày, tháng thì để trống."), optional=True),
        Text(name="nationality", label=N_("Quốc tịch"), optional=True, width="medium", maxlength=40, accepts=nation),
        paper=m.SourceKind.BIRTH_REGISTER,
        lead=N_("Chỉ sửa điều đã khai; người thân là ai thì dùng thủ tục ghi cha, mẹ. Để trống thì giữ như đang ghi."),
    ),
    _page(
        "correct-card", N_("Cải chính thông tin thẻ ghi sai"), "cards", _card,
        Text(name="number", label=N_("Số thẻ"), optional=True, width="number", maxlength=20, numeric=True),
        Day(name="issued_on", label=N_("Ngày cấp"), optional=True),
        Text(name="issued_by", label=N_("Nơi cấp"), optional=True, maxlength=120),
        Day(name="expires_on", label=N_("Có giá trị đến"), optional=True),
        paper=m.SourceKind.ID_CARD,
    ),
)  # fmt: skip
