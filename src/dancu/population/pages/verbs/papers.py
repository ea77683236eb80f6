"""Pages of cards, contacts and personal ID numbers."""

from __future__ import annotations

from datetime import date

from dancu.kit.i18n import N_
from dancu.population import service
from dancu.population.forms import Choice, Day, Reading, Text
from dancu.population.models import CardKind, CardState, ContactKind, PersonView, SourceKind
from dancu.population.pages.verbs.page import Arguments, VerbPage, living, standing
from dancu.population.pages.verbs.residence import today
from dancu.population.service.numbers import code_of_place
from dancu.population.wording import labels

CARDS = N_("Thẻ và liên hệ")
NUMBERS = N_("Số định danh")
_ENDED = {code: labels.STATE[code] for code in ("lost", "revoked", "expired")}


def place_code(view: PersonView | None, day: date) -> str:
    """Digits of the province where the birth was registered, as numbers of that time bore it."""
    return code_of_place(view.birth, day) if view and view.birth else ""


def _contact(r: Reading) -> Arguments:
    values = dict(r.values)
    values["value"] = values["value"] or None
    return (r.person.person_key,), values


_PLACE_CODE = Text(
    name="place_code", label=N_("Mã nơi đăng ký khai sinh"), width="short", maxlength=3, numeric=True, start=place_code,
    hint=N_("3 chữ số đầu của số định danh, ví dụ 049."),
)  # fmt: skip
_NUMBER_REASON = Text(name="reason", label=N_("Lý do"))


def _numbered(view: PersonView) -> bool:
    return standing(view) and view.personal_id is not None


PAGES = (
    VerbPage(
        code="issue-card", title=N_("Ghi cấp thẻ"), verb=service.issue_card, group=CARDS, paper=SourceKind.ID_CARD,
        lead=N_("Thẻ đang dùng trước đó tự chuyển thành đã thay."),
        fields=(
            Choice(name="kind", label=N_("Loại thẻ"), table=labels.CARD, of=CardKind, start=lambda view, day: "can_cuoc"),
            Text(
                name="number", label=N_("Số thẻ"), width="number", maxlength=20, numeric=True,
                start=lambda view, day: view.personal_id.number if view and view.personal_id else "",
            ),
            Day(name="issued_on", label=N_("Ngày cấp"), start=today),
            Text(name="issued_by", label=N_("Nơi cấp"), optional=True, start=lambda view, day: "Bộ Công an"),
            Day(name="expires_on", label=N_("Có giá trị đến ngày"), hint=N_("Để trống nếu không thời hạn."), optional=True),
        ),
    ),
    VerbPage(
        code="end-card", title=N_("Ghi thẻ mất, thu hồi, hết hạn"), verb=service.end_card, group=CARDS,
        when=lambda view: living(view) and view.card is not None,
        fields=(
            Choice(name="state", label=N_("Tình trạng thẻ"), table=_ENDED, of=CardState, radio=True),
            Day(name="on", label=N_("Từ ngày"), start=today),
        ),
    ),
    VerbPage(
        code="contact", title=N_("Đổi số điện thoại, thư điện tử"), verb=service.change_contact, group=CARDS,
        arguments=_contact,
        fields=(
            Choice(name="kind", label=N_("Loại liên hệ"), table=labels.CONTACT, of=ContactKind, radio=True),
            Text(name="value", label=N_("Giá trị mới"), hint=N_("Để trống nếu không còn dùng."), optional=True, width="medium"),
            Day(name="since", label=N_("Từ ngày"), start=today),
        ),
    ),
    VerbPage(
        code="allocate-number", title=N_("Cấp số định danh"), verb=service.allocate_number, group=NUMBERS,
        when=lambda view: living(view) and view.personal_id is None, fields=(_PLACE_CODE,),
        lead=N_("Sáu số cuối do hệ thống chọn khi ghi; mỗi số chỉ cấp một lần."),
    ),
    VerbPage(
        code="cancel-number", title=N_("Hủy số định danh"), verb=service.cancel_number, group=NUMBERS, when=_numbered,
        paper=SourceKind.DECISION, lead=N_("Số đã hủy vẫn dẫn tới người này và không bao giờ được cấp lại."),
        fields=(Day(name="on", label=N_("Hủy từ ngày"), start=today), _NUMBER_REASON),
    ),
    VerbPage(
        code="replace-number", title=N_("Hủy số cũ và cấp số định danh mới"), verb=service.replace_number, group=NUMBERS,
        when=lambda view: living(view) and view.personal_id is not None, paper=SourceKind.DECISION,
        lead=N_("Dùng sau khi cải chính giới tính hoặc năm sinh."),
        fields=(_PLACE_CODE, Day(name="on", label=N_("Thay từ ngày"), start=today), _NUMBER_REASON),
    ),
)  # fmt: skip
