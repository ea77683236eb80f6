"""Pages of residence: moving, staying, being away; ending and taking back."""

from __future__ import annotations

from datetime import date
from typing import Any

from dancu.kit.i18n import N_
from dancu.population import service
from dancu.population.forms import Choice, Day, FactPick, Field, HeadMovesField, PlaceField, Reading, Text
from dancu.population.models import PersonView, ResidenceKind, SourceKind
from dancu.population.pages.verbs.page import Arguments, VerbPage, living, standing
from dancu.population.policy.residence import Place
from dancu.population.wording import labels

GROUP = N_("Cư trú")


def today(view: PersonView | None, day: date) -> date:
    return day


SINCE = Day(name="since", label=N_("Từ ngày"), start=today)
_UNTIL = Day(name="until", label=N_("Đến ngày"), hint=N_("Ngày đầu tiên không còn ở đó."), optional=True)
_REASON = Text(name="reason", label=N_("Lý do"), optional=True)
PLACE = PlaceField(
    name="place", label=N_("Nơi ở"), on="since", home=True,
    hint=N_("Số nhà, thôn hoặc tổ, xã hoặc phường, tỉnh. Ví dụ: 12 Hùng Vương, phường Tam Kỳ, Đà Nẵng"),
)  # fmt: skip


def _away(r: Reading) -> Arguments:
    values: dict[str, Any] = dict(r.values)
    values["place"] = values["place"] or Place()
    return (r.person.person_key,), values


def _page(code: str, title: str, kind: ResidenceKind, *fields: Field, **more: Any) -> VerbPage:
    return VerbPage(
        code=code, title=title, verb=service.move, group=GROUP, fields=fields, fixed={"kind": kind}, **more
    )


def _one(r: Reading) -> Arguments:
    return (r.person.person_key,), {"fact_id": r.values["fact"].stored.fact_id}


def _has_residence(view: PersonView) -> bool:
    return living(view) and any(r.valid.end is None or r.valid.end > view.as_of for r in view.residences)


PAGES = (
    _page(
        "move", N_("Đăng ký thường trú"), ResidenceKind.PERMANENT, SINCE, PLACE,
        Text(name="reason", label=N_("Lý do chuyển"), optional=True),
        HeadMovesField(name="household", label=N_("Hộ của người này")),
        lead=N_("Nơi thường trú cũ tự kết thúc từ ngày này."),
    ),
    _page("stay", N_("Đăng ký tạm trú"), ResidenceKind.TEMPORARY, SINCE, _UNTIL, PLACE, _REASON),
    _page(
        "absence", N_("Khai báo tạm vắng"), ResidenceKind.ABSENCE, SINCE, _UNTIL,
        PlaceField(name="place", label=N_("Nơi đến"), on="since", home=True, optional=True), _REASON, arguments=_away,
    ),
    _page("current-place", N_("Ghi nơi ở hiện tại"), ResidenceKind.CURRENT, SINCE, PLACE, _REASON),
    VerbPage(
        code="end-residence", title=N_("Kết thúc đăng ký cư trú"), verb=service.end_residence, group=GROUP,
        when=_has_residence,
        fields=(
            Choice(name="kind", label=N_("Loại đăng ký"), table=labels.RESIDENCE, of=ResidenceKind, radio=True),
            Day(name="on", label=N_("Kết thúc từ ngày"), hint=N_("Ngày đầu tiên không còn hiệu lực."), start=today),
            _REASON,
        ),
    ),
    VerbPage(
        code="cancel-residence", title=N_("Hủy đăng ký cư trú sai"), verb=service.cancel_residence, group=GROUP,
        paper=SourceKind.DECISION, when=lambda view: standing(view) and bool(view.residences), arguments=_one,
        lead=N_("Dùng khi đăng ký này lẽ ra không được ghi. Nơi ở trước đó không tự trở lại; hãy ghi lại nếu cần."),
        fields=(FactPick(name="fact", label=N_("Đăng ký cần hủy"), among=lambda view: view.residences),),
    ),
)  # fmt: skip
