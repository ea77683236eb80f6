"""/desk/residence/simulator (demonstrations only): what a QR or chip reader would type for a sample person's card."""

from __future__ import annotations

from dancu.exchange.service import residence_simulator
from dancu.kernel.errors import DancuError, NotFound
from dancu.kit.i18n import N_
from dancu.kit.web import (
    APIRouter,
    CurrentActor,
    DbConn,
    FormErrors,
    Request,
    Response,
    allow,
    attempt,
    read_form,
    render,
)

router = APIRouter(prefix="/desk/residence/simulator", dependencies=[allow("residence.prove")])


@router.post("")
async def simulate(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    if not request.app.state.demo:
        raise NotFound("route.unknown", N_("Không có trang này."))
    form = await read_form(request)
    made, errors = None, FormErrors()
    try:
        async with attempt(conn):
            made = await residence_simulator.card(conn, actor, form.value("sample"))
    except DancuError as error:
        errors = FormErrors.of(error)
    return render(request, "exchange/residence_simulator.html", made=made, form=form, errors=errors, status=422 if errors else 200)
