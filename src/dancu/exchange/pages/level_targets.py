"""/watch/exchange/service-levels/targets: what is promised of data services, and the form of those who may set it."""

from __future__ import annotations

from typing import Final

from dancu.exchange.pages import service_levels
from dancu.exchange.service import level_targets as service
from dancu.kernel.errors import DancuError, NotAllowed
from dancu.kit.i18n import language
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
from dancu.sharing.models import SERVICES

HOME: Final = f"{service_levels.HOME}/targets"
router = APIRouter(prefix=HOME)


@router.get("", dependencies=[allow(*service_levels.SEERS)])
async def show(request: Request, conn: DbConn, actor: CurrentActor, of: str = "", to: str = "", done: str = "") -> Response:
    """`of`, `to`: service and organisation whose promise fills the form."""
    standing = (await service.targets(conn)).standing.get((of, to))
    form = Form.of(service=of, org_code=to, availability=_share(standing.availability) if standing else "", p95_ms=standing.p95_ms if standing else "")
    return await _page(request, conn, actor, form, FormErrors(), done)


def _share(availability: float) -> str:
    return f"{availability:g}".replace(".", "," if language() == "vi" else ".")


@router.post("", dependencies=[allow(service.SET)])
async def put(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    """Set (`act` "set") or take back ("end") one promise."""
    form, ending = await read_form(request), False
    try:
        async with attempt(conn):
            ending = form.value("act") == "end"
            if ending:
                await service.end(conn, actor, form.value("service"), form.value("org_code"), form.value("reason"))
            else:
                await service.put(
                    conn, actor, form.value("service"), form.value("org_code"), form.value("availability"), form.value("p95_ms"), form.value("reason")
                )
    except NotAllowed:
        raise
    except DancuError as error:
        return await _page(request, conn, actor, form, FormErrors.of(error), "")
    return see_other(f"{HOME}?done={'end' if ending else 'set'}")


async def _page(request: Request, conn: DbConn, actor: CurrentActor, form: Form, errors: FormErrors, done: str) -> Response:
    found = await service.targets(conn)
    return render(
        request, "exchange/level_targets.html", status=422 if errors else 200, found=found, services=SERVICES, form=form, errors=errors, done=done,
        orgs=sorted(found.names.items(), key=lambda pair: pair[1]), may_write=actor.can(service.SET),
    )  # fmt: skip
