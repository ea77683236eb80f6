"""Pages of households: founding, joining, leaving, splitting, another head."""

from __future__ import annotations

from dancu.kit.i18n import N_
from dancu.population import service
from dancu.population.forms import Choice, Day, Heading, Housemates, Newcomers, PersonNumber, Reading
from dancu.population.forms.pick import RELATIONS
from dancu.population.models import HouseholdRelation, PersonView
from dancu.population.pages.verbs.page import Arguments, VerbPage, living
from dancu.population.pages.verbs.residence import PLACE, SINCE, today

GROUP = N_("Hộ gia đình")
_NUMBER_HINT = N_("Số định danh, CMND, hoặc mã hồ sơ dạng #123.")


def _member(view: PersonView) -> bool:
    return living(view) and view.membership is not None


def _may_head(view: PersonView) -> bool:
    return _member(view) and view.household is not None and view.household.head_key != view.person_key


def _new(r: Reading) -> Arguments:
    values = dict(r.values)
    return (values.pop("head"),), values


_MEMBERS = Newcomers(name="members", label=N_("Các thành viên khác"), hint=_NUMBER_HINT)

PAGES = (
    VerbPage(
        code="join-household", title=N_("Nhập hộ"), verb=service.join_household, group=GROUP,
        fields=(
            PersonNumber(name="household_of", label=N_("Số của chủ hộ hoặc một thành viên"), hint=_NUMBER_HINT),
            Choice(
                name="relation", label=N_("Quan hệ với chủ hộ"), table=RELATIONS, of=HouseholdRelation
            ),
            SINCE,
        ),
    ),
    VerbPage(
        code="leave-household", title=N_("Ra khỏi hộ"), verb=service.leave_household, group=GROUP, when=_member,
        fields=(Day(name="on", label=N_("Ra khỏi hộ từ ngày"), start=today),),
    ),
    VerbPage(
        code="split-household", title=N_("Tách hộ"), verb=service.split_household, group=GROUP, when=_member,
        lead=N_("Người này làm chủ hộ mới. Chọn quan hệ cho những người cùng tách; để trống người ở lại."),
        fields=(SINCE, PLACE, Housemates(name="members", label=N_("Người cùng tách"))),
    ),
    VerbPage(
        code="create-household", title=N_("Lập hộ mới do người này làm chủ hộ"), verb=service.create_household, group=GROUP,
        lead=N_("Ai đang ở hộ khác sẽ ra khỏi hộ đó từ ngày này."), fields=(SINCE, PLACE, _MEMBERS),
    ),
    VerbPage(
        code="change-head", title=N_("Đổi chủ hộ sang người này"), verb=service.change_head, group=GROUP, when=_may_head,
        lead=N_("Chọn quan hệ của từng người với chủ hộ mới; ai để trống sẽ ghi là chưa rõ."),
        fields=(SINCE, Housemates(name="relations", label=N_("Quan hệ với chủ hộ mới"))),
    ),
    VerbPage(
        code="household", title=N_("Lập hộ mới"), verb=service.create_household, group=GROUP, alone=True, arguments=_new,
        lead=N_("Ai đang ở hộ khác sẽ ra khỏi hộ đó từ ngày này."),
        fields=(
            PersonNumber(name="head", label=N_("Chủ hộ"), hint=_NUMBER_HINT), SINCE, PLACE,
            Heading(label=N_("Thành viên")), _MEMBERS,
        ),
    ),
)  # fmt: skip
