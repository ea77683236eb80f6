"""/watch/exchange/report: a month of data sharing, of one organisation or for the leadership; to read, to print, as PDF and table.
/partner/report: the same about an organisation's own calls."""

from __future__ import annotations

import csv
import io
from datetime import date
from typing import Final

from dancu.exchange.models.report import Gave, Report
from dancu.exchange.models.verdicts import VERDICTS
from dancu.exchange.policy.joining import JOIN
from dancu.exchange.service import report as service
from dancu.kernel.actor import Actor
from dancu.kernel.clock import SYSTEM_CLOCK, VIETNAM
from dancu.kit import pdf
from dancu.kit.i18n import N_, gettext, language
from dancu.kit.sheets.sheet import disarmed
from dancu.kit.web import APIRouter, CurrentActor, Request, RequestLease, Response, allow, render
from dancu.sharing.models import SERVICES

HOME: Final = "/watch/exchange/report"
OWN: Final = "/partner/report"
SEERS: Final = ("exchange.watch", "dashboard.read")
router = APIRouter()
HOW: Final = {Gave.SUPPLY: N_("Gửi sự kiện"), Gave.FILES: N_("Gửi tệp định kỳ"), Gave.ASKED: N_("Trả lời khi được hỏi")}


@router.get(HOME, dependencies=[allow(*SEERS)])
async def show(request: Request, held: RequestLease, actor: CurrentActor, month: str = "", org: str = "", form: str = "") -> Response:
    """`org` "": of all; `form`: "pdf", "csv", or the page."""
    return await _answer(request, held, actor, month, org, form, HOME)


@router.get(OWN, dependencies=[allow(JOIN)])
async def own(request: Request, held: RequestLease, actor: CurrentActor, month: str = "", form: str = "") -> Response:
    return await _answer(request, held, actor, month, actor.org_code, form, OWN)


async def _answer(request: Request, held: RequestLease, actor: Actor, month: str, org: str, form: str, root: str) -> Response:
    found = await service.monthly(await held.connection(), month, org)
    name = f"chia-se-{found.month:%Y-%m}{'-' + org if org else ''}"
    if form == "csv":
        return _file(_table(found).encode("utf-8-sig"), "text/csv; charset=utf-8", f"{name}.csv")
    if form == "pdf":
        await held.release()
        body = await pdf.made("dancu.population.service.record_pdf", _paper(found, demo=request.app.state.settings.demo), of=(actor.kind, actor.actor_id))
        return _file(body, "application/pdf", f"{name}.pdf")
    return render(
        request, "exchange/report.html", found=found, root=root, months=service.months(SYSTEM_CLOCK.today()), services=SERVICES, how=HOW, verdicts=VERDICTS,
        orgs=sorted(found.names.items(), key=lambda pair: pair[1]) if root == HOME else [],
    )  # fmt: skip


def _file(body: bytes, media: str, name: str) -> Response:
    return Response(body, media_type=media, headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"})


def _service(code: str) -> str:
    return gettext(SERVICES[code].title) if code in SERVICES else code


def _count(n: int) -> str:
    return f"{n:,}".replace(",", ".") if language() == "vi" else f"{n:,}"


def _table(found: Report) -> str:
    """One line per figure: part, organisation, what, count, refused, persons, waiting, 95th percentile in milliseconds."""
    out = io.StringIO()
    writer = csv.writer(out)

    def row(*cells: object) -> None:
        writer.writerow([disarmed(cell) if isinstance(cell, str) else cell for cell in cells])

    row("part", "organisation", "what", "count", "refused", "persons", "waiting", "p95_ms")
    for line in found.takes:
        row("takes", line.name, line.service, line.calls, line.refused, line.persons, "", f"{line.p95:.1f}")
    for one in found.shared:
        row("shares", gettext(one.owner), f"{one.how}: {gettext(one.what)}", one.taken, one.failed, "", one.waiting, "")
    for refusal in found.refusals:
        row("refused", refusal.name, refusal.code, refusal.calls, "", "", "", "")
    for office in found.spared:
        for what, n in (("paper_not_asked", office.spared), ("paper_issued", office.issued), ("paper_demanded", office.demanded)):
            if n:
                row(what, office.name, "", n, "", "", "", "")
    for _, name, code in found.unused:
        row("agreed_not_used", name, code, 0, "", "", "", "")
    return out.getvalue()


def _paper(found: Report, *, demo: bool) -> dict[str, object]:
    """What the drawing process takes: sections of (term, value, note)."""
    now = SYSTEM_CLOCK.now().astimezone(VIETNAM)
    of = found.org_name or gettext(N_("Mọi cơ quan"))
    sections: list[list[object]] = [[gettext(N_("Tóm tắt")), [
        (gettext(N_("Lượt gọi")), _count(found.calls), ""),
        (gettext(N_("Lượt người được hỏi tới")), _count(found.persons), ""),
        (gettext(N_("Bị từ chối")), _count(found.refused), ""),
        (gettext(N_("Dữ liệu các cơ quan gửi sang")), _count(found.given), ""),
        (gettext(N_("Lần không phải nộp giấy tờ cư trú")), _count(found.papers_spared), ""),
        (gettext(N_("Lần vẫn phải có giấy")), _count(found.papers_asked), gettext(N_("giấy xác nhận đã cấp và phản ánh bị đòi giấy"))),
    ]]]  # fmt: skip
    takes = [
        (line.name, gettext(N_("{n} lượt gọi"), n=_count(line.calls)),
         gettext(N_("{service} · từ chối {refused} · lượt người {persons}"), service=_service(line.service), refused=_count(line.refused), persons=_count(line.persons)))
        for line in found.takes
    ]  # fmt: skip
    shares = [
        (gettext(one.owner), gettext(N_("{n} được nhận"), n=_count(one.taken)),
         gettext(N_("{how}: {what} · chờ xác minh {waiting} · không nhận {failed}"), how=gettext(HOW[one.how]), what=gettext(one.what), waiting=_count(one.waiting), failed=_count(one.failed)))
        for one in found.shared
    ]  # fmt: skip
    refused = [(gettext(VERDICTS.get(code, code)), _count(n), ", ".join(names)) for code, n, names in found.by_reason]
    spared = [
        (one.name, gettext(N_("{n} lần không phải nộp giấy"), n=_count(one.spared)),
         gettext(N_("giấy vẫn phải cấp {issued} · bị đòi giấy {demanded}"), issued=_count(one.issued), demanded=_count(one.demanded)))
        for one in found.spared
    ]  # fmt: skip
    late = [
        (found.names.get(one.org_code, one.org_code), one.title_en if language() == "en" and one.title_en else one.title, _promised(one.due, one.delivered_on))
        for one in found.promises
    ]
    nothing = [("", gettext(N_("Không có trong tháng này")), "")]
    for title, lines in (
        (N_("Ai nhận dữ liệu"), takes), (N_("Ai chia sẻ dữ liệu"), shares), (N_("Bị từ chối vì sao"), refused),
        (N_("Công dân không phải nộp giấy"), spared), (N_("Dữ liệu đã cam kết chia sẻ"), late),
    ):  # fmt: skip
        sections.append([gettext(title), lines or nothing])
    return {
        "mark": gettext(N_("Bản trình diễn – số liệu không có thật")) if demo else "", "lang": "vi-VN" if language() == "vi" else "en",
        "title": gettext(N_("Báo cáo chia sẻ dữ liệu tháng {month}"), month=f"{found.month:%m/%Y}"),
        "lead": gettext(N_("{of}. Lập lúc {at}; chỉ đếm lượt, không nêu công dân nào."), of=of, at=f"{now:%H:%M %d/%m/%Y}"),
        "foot": gettext(N_("Báo cáo chia sẻ dữ liệu tháng {month}"), month=f"{found.month:%m/%Y}"), "sections": sections,
    }  # fmt: skip


def _promised(due: date, delivered_on: date | None) -> str:
    if delivered_on:
        return gettext(N_("Có từ {day}"), day=f"{delivered_on:%d/%m/%Y}")
    return gettext(N_("hạn {day}, chưa có"), day=f"{due:%d/%m/%Y}")
