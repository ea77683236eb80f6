"""/desk/cards: orders of ID cards, from the counter to the citizen's hand."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from dancu.access import service as access
from dancu.cards.models import CardOrder, OrderReason, OrderState
from dancu.cards.parsing import write_qr
from dancu.cards.service import orders
from dancu.kernel.actor import Actor, Purpose
from dancu.kernel.errors import Conflict, Invalid, NotFound
from dancu.kit.db import Conn
from dancu.kit.handles import handle
from dancu.kit.i18n import N_, gettext
from dancu.kit.web import (
    APIRouter,
    CurrentActor,
    DbConn,
    Form,
    FormErrors,
    RecordKey,
    Request,
    Response,
    allow,
    attempt,
    read_form,
    render,
    see_other,
)
from dancu.population import service as population

router = APIRouter(prefix="/desk/cards")
CARD = allow("person.write.card")
STATES = {
    OrderState.ORDERED: N_("Đang sản xuất"), OrderState.PRODUCED: N_("Thẻ đã về, chờ trao"),
    OrderState.DELIVERED: N_("Đã trao, chờ đọc thử"), OrderState.ACTIVE: N_("Đang dùng"), OrderState.CANCELLED: N_("Đã hủy"),
}  # fmt: skip
STATUS = {
    OrderState.ORDERED: "us", OrderState.PRODUCED: "you", OrderState.DELIVERED: "you", OrderState.ACTIVE: "done",
    OrderState.CANCELLED: "refused",
}  # fmt: skip
REASONS = {
    OrderReason.FIRST: N_("Cấp lần đầu"), OrderReason.AGE: N_("Đến tuổi đổi thẻ"), OrderReason.LOST: N_("Mất thẻ"),
    OrderReason.DAMAGED: N_("Thẻ hỏng"), OrderReason.CHANGED: N_("Thông tin trên thẻ thay đổi"),
}  # fmt: skip


def _why() -> Purpose:
    return access.choose_purpose("eid_account")


def _shown() -> dict[str, Any]:
    why = _why()
    return {"purpose": why, "purpose_title": access.purpose_title(why.code), "states": STATES, "status_of": STATUS, "reasons": REASONS}


async def _list(request: Request, conn: Conn, actor: CurrentActor, form: Form, errors: FormErrors, done: str = "") -> Response:
    lines = await orders.waiting(conn, actor, _why())
    return render(
        request, "cards/orders.html", lines=lines, form=form, errors=errors, done=done, choices=[(code, gettext(words)) for code, words in REASONS.items()],
        status=422 if errors else 200, **_shown(),
    )  # fmt: skip


@router.get("", dependencies=[CARD])
async def waiting(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    return await _list(request, conn, actor, Form(), FormErrors())


@router.post("", dependencies=[CARD])
async def new(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    form = await read_form(request)
    try:
        reason = form.value("reason")
        if reason and reason not in list(OrderReason):
            raise Invalid("card_order.reason", N_("Hãy chọn lý do làm thẻ."))
        async with attempt(conn):
            made = await orders.order_by_text(conn, actor, _why(), form.value("text"), reason=reason)
    except (Invalid, Conflict, NotFound) as error:
        return await _list(request, conn, actor, form, FormErrors.of(error))
    return see_other(_address(actor, made))


def _address(actor: Actor, order: CardOrder) -> str:
    return f"/desk/cards/{handle(actor, order.person_key)}/{order.order_id}"


async def _sheet(request: Request, conn: Conn, actor: CurrentActor, key: int, order_id: int, errors: FormErrors) -> Response:
    order, view = await orders.order(conn, actor, _why(), key, order_id)
    sample = write_qr(orders.printed(order, view)) if order.issued_on and request.app.state.demo else ""
    return render(
        request, "cards/order.html", order=order, who=population.summary(view), errors=errors, sample=sample,
        twin=orders.has_twin(order, view), form=Form(), status=422 if errors else 200, **_shown(),
    )  # fmt: skip


@router.get("/{key}/{order_id}", dependencies=[CARD])
async def show(request: Request, conn: DbConn, actor: CurrentActor, key: RecordKey, order_id: int) -> Response:
    return await _sheet(request, conn, actor, key, order_id, FormErrors())


async def _step(
    request: Request, conn: Conn, actor: CurrentActor, key: int, order_id: int, act: Callable[[], Awaitable[CardOrder]]
) -> Response:
    try:
        async with attempt(conn):
            order = await act()
    except (Invalid, Conflict) as error:
        return await _sheet(request, conn, actor, key, order_id, FormErrors.of(error))
    return see_other(_address(actor, order))



@router.post("/{key}/{order_id}/deliver", dependencies=[CARD])
async def deliver(request: Request, conn: DbConn, actor: CurrentActor, key: RecordKey, order_id: int) -> Response:
    await read_form(request)
    return await _step(request, conn, actor, key, order_id, lambda: orders.deliver(conn, actor, _why(), key, order_id))


@router.post("/{key}/{order_id}/activate", dependencies=[CARD])
async def activate(request: Request, conn: DbConn, actor: CurrentActor, key: RecordKey, order_id: int) -> Response:
    form = await read_form(request)
    return await _step(
        request, conn, actor, key, order_id,
        lambda: orders.activate(conn, actor, _why(), key, order_id, form.value("text"), seen=form.checked("seen")),
    )  # fmt: skip


@router.post("/{key}/{order_id}/cancel", dependencies=[CARD])
async def cancel(request: Request, conn: DbConn, actor: CurrentActor, key: RecordKey, order_id: int) -> Response:
    await read_form(request)
    return await _step(request, conn, actor, key, order_id, lambda: orders.cancel(conn, actor, _why(), key, order_id))
