"""Pages of death, its undoing, and being missing."""

from __future__ import annotations

from dancu.kit.i18n import N_
from dancu.population import service
from dancu.population.forms import Check, Day, PartialDay, Reading, Text
from dancu.population.models import LifeStatus, PersonView, SourceKind
from dancu.population.pages.verbs.page import Arguments, VerbPage, living, standing
from dancu.population.pages.verbs.residence import today

GROUP = N_("Khai tử, mất tích")


def _missing(view: PersonView) -> bool:
    return living(view) and any(f.status == LifeStatus.MISSING and f.valid.end is None for f in view.life)


def _alone(r: Reading) -> Arguments:
    return (r.person.person_key,), {}


PAGES = (
    VerbPage(
        code="die", title=N_("Đăng ký khai tử"), verb=service.die, group=GROUP, paper=SourceKind.DEATH_REGISTER,
        lead=N_("Cư trú, hộ, hôn nhân, thẻ và liên hệ kết thúc theo ngày mất. Sau đó chỉ còn cải chính được."),
        fields=(
            PartialDay(name="on", label=N_("Ngày mất"), hint=N_("Không rõ ngày, tháng thì để trống.")),
            Text(name="place", label=N_("Nơi mất"), optional=True),
            Text(name="cause", label=N_("Nguyên nhân"), optional=True),
        ),
    ),
    VerbPage(
        code="declare-missing", title=N_("Ghi tuyên bố mất tích"), verb=service.declare_missing, group=GROUP,
        when=lambda view: living(view) and not _missing(view), paper=SourceKind.JUDGEMENT,
        fields=(
            Day(name="since", label=N_("Mất tích từ ngày"), start=today),
            Text(name="place", label=N_("Nơi thấy lần cuối"), optional=True),
        ),
    ),
    VerbPage(
        code="found-again", title=N_("Ghi người mất tích đã trở về"), verb=service.found_again, group=GROUP,
        when=_missing, paper=SourceKind.JUDGEMENT, fields=(Day(name="on", label=N_("Trở về ngày"), start=today),),
    ),
    VerbPage(
        code="undo-death", title=N_("Hủy khai tử ghi sai"), verb=service.undo_death, group=GROUP, paper=SourceKind.DECISION,
        when=lambda view: standing(view) and view.death is not None, arguments=_alone,
        lead=N_("Mọi thứ khai tử đã kết thúc sẽ được ghi lại như trước đó."),
        fields=(Check(name="alive", label=N_("Đã xác minh người này còn sống hoặc khai tử nhầm người.")),),
    ),
)  # fmt: skip
