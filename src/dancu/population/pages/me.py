"""The citizen's own record: each fact with its source and date, and beside each a way to say it is wrong."""

from __future__ import annotations

import json
import math
from typing import Any, Final

from dancu.access import service as access
from dancu.kernel.actor import Actor, Purpose
from dancu.kernel.clock import SYSTEM_CLOCK, VIETNAM
from dancu.kernel.errors import Exceeded
from dancu.kit import pdf
from dancu.kit.authn import throttle
from dancu.kit.db import Conn
from dancu.kit.i18n import N_, gettext, grouped, language
from dancu.kit.own_data import Gather, Part, zipped
from dancu.kit.web import APIRouter, CurrentActor, DbConn, Request, Response, allow, render
from dancu.kit.web.transaction import RequestLease
from dancu.population import models as m
from dancu.population import present, service, wording
from dancu.population.pages.record import sections
from dancu.population.wording import labels

router = APIRouter(prefix="/me")
#: Lines of one part on paper: the files for programs hold them all.
MOST_LINES: Final = 300
#: Copies somebody may take one after the other, and seconds until one more.
_COPIES: Final = 5
_COPY_SECONDS: Final = 30


def own_purpose() -> Purpose:
    """Law 91/2025: everyone may see the data kept about them."""
    return access.choose_purpose("own_record")


@router.get("", dependencies=[allow("citizen")])
async def me(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    view = await service.person(conn, actor, own_purpose(), actor.actor_id)
    return render(
        request, "population/me.html", view=view, sections=sections(view, SYSTEM_CLOCK.today()), labels=labels,
        wording=wording,
    )  # fmt: skip


@router.get("/record.json", dependencies=[allow("citizen")])
async def download(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    """Everything the registry says of oneself, each fact with source and dates, for a program to read (law 91/2025: a copy
    of one's own data). To read and to print: `record.pdf`."""
    view = await service.person(conn, actor, own_purpose(), actor.actor_id)
    body = json.dumps(present.as_json(view), ensure_ascii=False, indent=1)
    return Response(body, media_type="application/json", headers={"Content-Disposition": 'attachment; filename="dancu-ho-so-cua-toi.json"'})


@router.get("/record.pdf", dependencies=[allow("citizen")])
async def paper(request: Request, held: RequestLease, actor: CurrentActor) -> Response:
    """The same to read and to print, in the language of the page. The look is committed before the file is drawn."""
    conn = await held.connection()
    await not_again(conn, actor)
    view = await service.person(conn, actor, own_purpose(), actor.actor_id)
    await held.release()
    body = await pdf.made("dancu.population.service.record_pdf", _paper(view, demo=request.app.state.settings.demo), of=(actor.kind, actor.actor_id))
    headers = {"Content-Disposition": 'attachment; filename="dancu-ho-so-cua-toi.pdf"', "Cache-Control": "no-store"}
    return Response(body, media_type="application/pdf", headers=headers)


@router.get("/data.zip", dependencies=[allow("citizen")])
async def everything(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    """All that is kept about oneself, for programs: a file of JSON for each part, in a ZIP. Each part's reading is evidence."""
    view, parts = await _all(request, conn, actor)
    about = {"of": view.personal_id.number if view.personal_id else None, "made_at": SYSTEM_CLOCK.now().isoformat(), "law": own_purpose().legal_basis}
    headers = {"Content-Disposition": 'attachment; filename="dancu-du-lieu-cua-toi.zip"', "Cache-Control": "no-store"}
    return Response(zipped(parts, about), media_type="application/zip", headers=headers)


@router.get("/data.pdf", dependencies=[allow("citizen")])
async def everything_to_read(request: Request, held: RequestLease, actor: CurrentActor) -> Response:
    """The same to read and to print. The looks are committed before the file is drawn."""
    view, parts = await _all(request, await held.connection(), actor)
    await held.release()
    said = _paper(view, demo=request.app.state.settings.demo, title=gettext(N_("Mọi dữ liệu của tôi")))
    said["sections"] = [*said["sections"], *([one.title, _lines(one)] for one in parts[1:])]
    body = await pdf.made("dancu.population.service.record_pdf", said, of=(actor.kind, actor.actor_id))
    headers = {"Content-Disposition": 'attachment; filename="dancu-du-lieu-cua-toi.pdf"', "Cache-Control": "no-store"}
    return Response(body, media_type="application/pdf", headers=headers)


def _lines(part: Part) -> list[tuple[str, str, str]]:
    """A part on paper: the newest lines, and how many more there are, so that nobody takes the page for all of it."""
    if not part.lines:
        return [("", gettext(N_("không có gì")), "")]
    left = len(part.lines) - MOST_LINES
    more = [("", gettext(N_("và {n} dòng nữa"), n=grouped(left)), gettext(N_("có đủ trong tệp ZIP cho máy đọc")))] if left > 0 else []
    return [*part.lines[:MOST_LINES], *more]


async def _all(request: Request, conn: Conn, actor: Actor) -> tuple[m.PersonView, list[Part]]:
    """The record first, then what the other rooms keep."""
    await not_again(conn, actor)
    view = await service.person(conn, actor, own_purpose(), actor.actor_id)
    gather: Gather = request.app.state.own_data
    return view, [Part("record", gettext(N_("Hồ sơ của tôi")), present.as_json(view), ()), *await gather(conn, actor)]


async def not_again(conn: Conn, actor: Actor) -> None:
    """A copy takes seconds to gather and to draw, and few are drawn at once: nobody's reloading keeps others from their papers. Raises Exceeded."""
    copies = [throttle.bucket("own copy", str(actor.actor_id), burst=_COPIES, seconds=_COPY_SECONDS)]
    if wait := await throttle.charge_unless_waiting(conn, copies, copies):
        raise Exceeded("own_data.again", N_("Bạn vừa tải vài lần. Xin đợi {seconds} giây rồi tải lại."), seconds=math.ceil(wait))


def _paper(view: m.PersonView, *, demo: bool, title: str = "") -> dict[str, Any]:
    now = SYSTEM_CLOCK.now().astimezone(VIETNAM)
    return {
        "mark": gettext(N_("Bản trình diễn – người và hồ sơ này không có thật")) if demo else "",
        "title": title or gettext(N_("Hồ sơ của tôi")), "lang": "vi-VN" if language() == "vi" else "en",
        "lead": gettext(
            N_("Những gì cơ sở dữ liệu quốc gia về dân cư ghi về bạn lúc {at}, mỗi mục kèm nguồn và ngày. Bản này để bạn đọc và giữ; cần nộp cho ai thì"
               " xin giấy xác nhận có chữ ký số."), at=f"{now:%H:%M %d/%m/%Y}",
        ),
        "foot": gettext(N_("Bản sao dữ liệu của tôi, {at}"), at=f"{now:%H:%M %d/%m/%Y}"),
        "sections": [[gettext(title), [_row(line) for line in lines]] for title, lines in sections(view, SYSTEM_CLOCK.today())],
    }  # fmt: skip


def _row(line: wording.Line) -> tuple[str, str, str]:
    value = line.value or gettext(N_("chưa có"))
    if line.number and line.value:
        value = " ".join(line.value[at : at + 3] for at in range(0, len(line.value), 3))
    where = ", ".join(part for part in (line.source, f"{line.on:%d/%m/%Y}" if line.on else "") if part)
    return line.term, value, " · ".join(part for part in (line.note, where) if part)
