"""Which papers stay at home and which services open, by level and by what the registry knows. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from dancu.accounts.models.gives import Paper, Service
from dancu.audit.models import Access
from dancu.kernel.clock import VIETNAM
from dancu.kit.i18n import N_
from dancu.population.models import CardState, KinRelation, PersonView

# A release of fields to a service is a form nobody had to write again, one a day and case however often the service asks.
_FORMS = frozenset({"online_service", "public_service"})
# What was a way to an office before. Passcodes and consents are written here too and saved nobody a step.
_ERRANDS = frozenset({"cases", "card_order", "confirmation", "confirmations", "documents"})

_SHOW = N_("Xuất trình tài khoản mức 2")
_ASKED = N_("Cơ quan tự tra cứu, bạn không phải nộp")

SERVICES: Final = (
    Service("own_record", N_("Xem hồ sơ dân cư của mình và ai đã xem"), 1, "/me"),
    Service("report", N_("Báo chỗ sai trong hồ sơ, theo dõi câu trả lời"), 1, "/me/cases"),
    Service("sign_in", N_("Đăng nhập một lần cho mọi dịch vụ đã kết nối"), 1, "/account/services"),
    Service("consents", N_("Tự quyết định dịch vụ nào nhận dữ liệu nào, và rút lại"), 1, "/account/consents"),
    Service("level2_online", N_("Nộp hồ sơ thủ tục cần xác thực mức cao từ nhà"), 2, ""),
    Service("papers", N_("Dùng thay thẻ căn cước và giấy tờ khi đến quầy"), 2, ""),
    Service("approve", N_("Xác nhận từ điện thoại khi tổng đài, ngân hàng hỏi bạn là ai"), 2, "/account/approvals"),
)


def papers(view: PersonView) -> tuple[Paper, ...]:
    """Papers that this person, by the registry, has no need to carry with an account of the paper's level; level 0: what agencies look
    up themselves, for everybody (decree 104/2022, art. 14, which names the holder's own account second)."""
    found = []
    card = next((c for c in view.holding(view.cards) if c.state == CardState.ACTIVE), None)
    if card is not None and (card.expires_on is None or card.expires_on >= view.as_of):
        found.append(Paper("card", N_("Thẻ căn cước"), _SHOW, "69/2024/NĐ-CP", card.expires_on, level=2))
    if view.permanent is not None or view.temporary is not None:
        found.append(Paper("residence", N_("Sổ hộ khẩu, sổ tạm trú, giấy xác nhận cư trú"), _ASKED, "104/2022/NĐ-CP"))
    if view.birth is not None and view.birth.year is not None:
        found.append(Paper("birth", N_("Bản sao giấy khai sinh để chứng minh ngày sinh, quê quán"), _ASKED, "104/2022/NĐ-CP"))
    if any(fact.relation in (KinRelation.CHILD, KinRelation.FATHER, KinRelation.MOTHER) for fact in view.holding(view.kin)):
        found.append(Paper("kin", N_("Giấy tờ chứng minh quan hệ cha, mẹ, con"), _ASKED, "104/2022/NĐ-CP"))
    if view.holding(view.marital):
        found.append(Paper("marital", N_("Giấy tờ chứng minh tình trạng hôn nhân đã có trong dữ liệu"), _ASKED, "104/2022/NĐ-CP"))
    if any(number.kind == "cmnd" for number in view.numbers):
        found.append(Paper("old_number", N_("Giấy xác nhận số CMND cũ"), _ASKED, "104/2022/NĐ-CP"))
    return tuple(found)


def saved(seen: Iterable[Access], since: datetime | None) -> tuple[int, int]:
    """(forms, trips) the account spared its holder `since` it is in use, by the accesses of the evidence log; what offices asked before
    that is none of its merit."""
    seen = [one for one in seen if since is not None and one.at >= since]
    released = [one for one in seen if one.actor_kind == "client" and one.action == "read" and one.purpose in _FORMS]
    forms = {(one.org_code, one.case_ref or one.at.astimezone(VIETNAM).date()) for one in released}
    here = [one for one in seen if one.actor_kind == "citizen" and one.action == "write" and not _ERRANDS.isdisjoint(one.fields)]
    return len(forms), len(here) + len({one.case_ref for one in released if one.case_ref})
