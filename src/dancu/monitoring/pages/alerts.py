"""Alerts of unusual look-ups: the list, one with its entries, the decision."""

from __future__ import annotations

from typing import Final

from dancu.access import service as access
from dancu.exchange.models.verdicts import VERDICTS
from dancu.kernel.errors import DancuError
from dancu.kit.i18n import N_
from dancu.kit.web import (
    APIRouter,
    CurrentActor,
    DbConn,
    Form,
    FormErrors,
    Request,
    Response,
    allow,
    attempt,
    read_form,
    render,
    see_other,
)
from dancu.monitoring.service import alerts as service
from dancu.monitoring.service.looks import ACTION
from dancu.sharing.models import SERVICES

HOME: Final = "/watch/alerts"
DECIDE: Final = "exchange.alert"
#: Calls that stand open on the page of an alert; the others are folded away, so that the conclusion is in reach on a phone.
SHOWN: Final = 10
router = APIRouter(prefix=HOME, include_in_schema=False, dependencies=[allow(DECIDE)])
_STATES: Final = {"open": ("you", N_("Chờ xử lý")), "justified": ("done", N_("Có lý do chính đáng")), "confirmed": ("late", N_("Xác nhận vi phạm"))}


@router.get("")
async def every(request: Request, conn: DbConn, actor: CurrentActor, decided: int = 0) -> Response:
    found = await service.alerts(conn, actor, access.choose_purpose("audit"))
    return render(request, "monitoring/alerts.html", found=found, rules=service.RULES, states=_STATES, decided=decided)


@router.get("/{alert_id:int}")
async def one(request: Request, conn: DbConn, actor: CurrentActor, alert_id: int) -> Response:
    return await _page(request, conn, actor, alert_id, Form.of(verdict="", reason=""), FormErrors())


@router.post("/{alert_id:int}")
async def decide(request: Request, conn: DbConn, actor: CurrentActor, alert_id: int) -> Response:
    """The decision and its reason."""
    form, errors = await read_form(request), FormErrors()
    verdict = form.value("verdict")
    if verdict not in ("justified", "confirmed"):
        errors.add("verdict", "alerts.verdict", N_("Hãy chọn một kết luận."))
    if not errors:
        try:
            async with attempt(conn):
                await service.decide(conn, actor, access.choose_purpose("audit"), alert_id, service.State(verdict), form.value("reason"))
        except DancuError as error:
            if error.code != "alerts.reason":
                raise
            errors.add("reason", error.code, error.message)
        else:
            return see_other(f"{HOME}?decided={alert_id}")
    return await _page(request, conn, actor, alert_id, form, errors)


async def _page(request: Request, conn: DbConn, actor: CurrentActor, alert_id: int, form: Form, errors: FormErrors) -> Response:
    why = access.choose_purpose("audit")
    found = await service.alert(conn, actor, why, alert_id)
    return render(
        request, "monitoring/alert.html", alert=found, calls=await service.calls(conn, found), shown=SHOWN, rule=service.RULES.get(found.rule, (found.rule, "")), states=_STATES, form=form,
        errors=errors, entries=await service.entries(conn, actor, why, found), words=ACTION,
        titles={entry.code: access.purpose_title(entry.code) for entry, _ in access.purposes()}, verdicts=VERDICTS, services=SERVICES, status=422 if errors else 200,
    )  # fmt: skip
