"""Pages of marriage, parents and representatives."""

from __future__ import annotations

from dancu.kit.i18n import N_
from dancu.population import service
from dancu.population.forms import Choice, Day, PersonNumber, Reading, Relative
from dancu.population.models import KinFact, KinRelation, MaritalStatus, PersonView, SourceKind
from dancu.population.pages.verbs.page import Arguments, VerbPage, living, standing
from dancu.population.pages.verbs.residence import today

GROUP = N_("Hôn nhân và gia đình")
_PARENTS = {KinRelation.FATHER.value: N_("Cha"), KinRelation.MOTHER.value: N_("Mẹ")}
_RELATIVE_HINT = N_("Có số thì ghi số; không có thì ghi họ tên và năm sinh.")


def married(view: PersonView) -> bool:
    status = view.marital_status
    return living(view) and status is not None and status.status == MaritalStatus.MARRIED


def _unmarried(view: PersonView) -> bool:
    return living(view) and not married(view)


def _represented(view: PersonView) -> bool:
    return standing(view) and bool(view.relatives(KinRelation.REPRESENTATIVE))


def _parent(r: Reading) -> Arguments:
    relation, parent = r.values["relation"], r.values["parent"]
    if isinstance(parent, KinFact):
        parent = KinFact(
            source=parent.source, relation=relation, relative_name=parent.relative_name,
            relative_number=parent.relative_number, relative_birth=parent.relative_birth,
        )  # fmt: skip
    return (r.person.person_key,), {"relation": relation, "parent": parent}


PAGES = (
    VerbPage(
        code="marry", title=N_("Đăng ký kết hôn"), verb=service.marry, group=GROUP, when=_unmarried,
        paper=SourceKind.MARRIAGE_REGISTER,
        fields=(
            PersonNumber(
                name="spouse_key", label=N_("Số của người kia"), hint=N_("Số định danh, CMND, hoặc mã hồ sơ dạng #123."),
            ),
            Day(name="on", label=N_("Ngày đăng ký kết hôn"), start=today),
        ),
    ),
    VerbPage(
        code="divorce", title=N_("Ghi ly hôn"), verb=service.divorce, group=GROUP, when=married, paper=SourceKind.JUDGEMENT,
        fields=(Day(name="on", label=N_("Ly hôn có hiệu lực từ ngày"), start=today),),
    ),
    VerbPage(
        code="annul-marriage", title=N_("Ghi hủy kết hôn trái pháp luật"), verb=service.annul_marriage, group=GROUP,
        when=married, paper=SourceKind.JUDGEMENT,
        lead=N_("Hôn nhân coi như chưa từng có: tình trạng trước đó được ghi lại cho mọi ngày."),
        fields=(Day(name="on", label=N_("Một ngày hôn nhân đang được ghi"), start=today),),
    ),
    VerbPage(
        code="set-parent", title=N_("Ghi cha, mẹ"), verb=service.set_parent, group=GROUP, when=standing,
        paper=SourceKind.BIRTH_REGISTER, arguments=_parent,
        lead=N_("Để trống người nếu cần bỏ ghi nhận cha hoặc mẹ hiện có."),
        fields=(
            Choice(name="relation", label=N_("Là cha hay mẹ"), table=_PARENTS, of=KinRelation, radio=True),
            Relative(
                name="parent", label=N_("Cha hoặc mẹ"), relation=KinRelation.FATHER, optional=True, hint=_RELATIVE_HINT
            ),
        ),
    ),
    VerbPage(
        code="set-representative", title=N_("Ghi người đại diện"), verb=service.set_representative, group=GROUP,
        paper=SourceKind.DECISION,
        fields=(
            Relative(
                name="representative", label=N_("Người đại diện"), relation=KinRelation.REPRESENTATIVE, hint=_RELATIVE_HINT
            ),
            Day(name="since", label=N_("Từ ngày"), start=today),
            Day(name="until", label=N_("Đến ngày"), optional=True),
        ),
    ),
    VerbPage(
        code="end-representation", title=N_("Kết thúc đại diện"), verb=service.end_representation, group=GROUP,
        when=_represented, paper=SourceKind.DECISION, fields=(Day(name="on", label=N_("Kết thúc từ ngày"), start=today),),
    ),
)  # fmt: skip
