"""What comparing two logs found at night, for the organisation's own staff and for those who watch over exchange."""

from __future__ import annotations

from contextlib import suppress
from datetime import date

from dancu.exchange.pages.joining_words import WORDS
from dancu.exchange.service import compare
from dancu.kernel.errors import NotFound
from dancu.kit.i18n import N_
from dancu.kit.web import DbConn, Request, Response, render

# What of a call the two sides do not agree on -> in words, for those who read it here.
FOUND = {
    "only_ours": N_("Chỉ nền tảng có: cơ quan bỏ sót, hoặc người khác gọi bằng khóa của cơ quan"),
    "only_theirs": N_("Chỉ cơ quan có: nếu cơ quan giữ biên nhận thì nền tảng đã mất dòng này"),
    "different": N_("Hai bên ghi khác nhau"),
}


async def page(request: Request, conn: DbConn, org_code: str, home: str, back: tuple[str, str], day: str = "") -> Response:
    """The nights of an organisation; with `day`, what differs on it. `back`: address and text of the way back."""
    chosen, found = None, []
    if day:
        with suppress(ValueError):
            chosen = date.fromisoformat(day)
        if chosen is None:
            raise NotFound("exchange.compare.none", "Ngày này chưa được đối chiếu.")
        found = await compare.differences(conn, org_code, chosen)
    return render(
        request, "exchange/compared_logs.html", nights=await compare.nights(conn, org_code), home=home, back=back, day=chosen, found=found,
        found_words=FOUND, **WORDS,
    )  # fmt: skip
