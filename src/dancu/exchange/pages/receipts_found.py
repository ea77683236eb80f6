"""/desk/residence/receipts: an office finds a receipt it made; /account/receipts: the citizen finds theirs."""

from __future__ import annotations

import json

from dancu.access import service as access
from dancu.exchange.models import procedures
from dancu.exchange.models.residence import Kept, Way
from dancu.exchange.pages import residence_words as said
from dancu.exchange.pages.residence import org_name, qr, site
from dancu.exchange.service import receipts_found as service
from dancu.exchange.service import residence
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kit.i18n import N_
from dancu.kit.web import APIRouter, CurrentActor, DbConn, Form, FormErrors, Request, Response, allow, read_form, render

router = APIRouter()
DESK, MINE = "/desk/residence/receipts", "/account/receipts"
_FIRST_YEAR, _LONGEST_REF, _MOST_ENTRY = 2000, 80, 1 << 62


@router.get(DESK, dependencies=[allow("residence.prove")])
async def ask(request: Request) -> Response:
    return _found(request, Form.of(day=SYSTEM_CLOCK.today()), FormErrors(), None)


@router.post(DESK, dependencies=[allow("residence.prove")])
async def find(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    """POST, so that a dossier's reference stands in no address."""
    form, errors = await read_form(request), FormErrors()
    day, way = form.date("day", errors), form.value("way")
    if day is not None and not _FIRST_YEAR <= day.year <= SYSTEM_CLOCK.today().year:
        errors.add("day", "receipts.day", N_("Ngày này nằm ngoài thời gian có phiếu."))
    if errors or day is None:
        return _found(request, form, errors, None)
    kept = await service.of_office(conn, actor, day, way if way in list(Way) else "", form.value("case_ref")[:_LONGEST_REF])
    return _found(request, form, errors, kept)


def _found(request: Request, form: Form, errors: FormErrors, kept: list[Kept] | None) -> Response:
    why = residence.purpose_for("")
    return render(
        request, "exchange/receipts_desk.html", form=form, errors=errors, kept=kept, words=said, most=service.MOST, procedure=procedures.title,
        ways=[(way.value, said.WAYS[way]) for way in Way], purpose=why, purpose_title=access.purpose_title(why.code), status=422 if errors else 200,
    )  # fmt: skip


@router.get(MINE, dependencies=[allow("citizen")])
async def all_mine(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    kept = await service.all_mine(conn, actor, access.choose_purpose("own_record"))
    orgs = await access.organisation_names(conn)
    return render(
        request, "exchange/receipts_mine.html", kept=kept, orgs=orgs, words=said, procedure=procedures.title, paper=procedures.paper
    )


@router.get(MINE + "/{entry_id}", dependencies=[allow("citizen")])
async def mine(request: Request, conn: DbConn, actor: CurrentActor, entry_id: int) -> Response:
    """The receipt that an entry of "who looked" is about."""
    kept, says = await service.mine(conn, actor, access.choose_purpose("own_record"), min(entry_id, _MOST_ENTRY))
    return render(
        request, "exchange/receipt_mine.html", kept=kept, says=says, words=said, office=await org_name(conn, kept.org_code), procedure=procedures.title(kept.procedure),
        paper=procedures.paper(kept.replaces), code=qr(f"{site(request)}/check#{residence.code_text(kept, says)}"),
    )  # fmt: skip


@router.get(MINE + "/{entry_id}/receipt.json", dependencies=[allow("citizen")])
async def mine_for_programs(request: Request, conn: DbConn, actor: CurrentActor, entry_id: int) -> Response:
    kept, says = await service.mine(conn, actor, access.choose_purpose("own_record"), min(entry_id, _MOST_ENTRY))
    body = json.dumps({"says": says, "statement": kept.statement, "keys": f"{site(request)}/check/keys.json"}, ensure_ascii=False, indent=1)
    headers = {"Content-Disposition": f'attachment; filename="phieu-xac-minh-{kept.verification_id}.json"', "Cache-Control": "no-store"}
    return Response(body, media_type="application/json", headers=headers)
