"""/partner: an organisation's own staff connect it: application, programs, certificates."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from dancu.access import service as access
from dancu.exchange import keys
from dancu.exchange.catalogue import checklist
from dancu.exchange.models.partner import JOINING, Application, Environment, Partner, PartnerState
from dancu.exchange.pages import compared_logs
from dancu.exchange.pages.joining_words import DONE, LEVELS, WORDS, application_form, read_application, uploaded
from dancu.exchange.service import organisations, partners, portal, sandbox, systems
from dancu.kernel.errors import DancuError, NotAllowed, NotFound
from dancu.kit.i18n import gettext
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
    own_address,
    read_form,
    render,
    see_other,
)

HOME = "/partner"
JOIN = "exchange.join"
router = APIRouter(prefix=HOME, dependencies=[allow(JOIN)])


@router.get("")
async def home(request: Request, conn: DbConn, actor: CurrentActor, done: str = "") -> Response:
    return await _home(request, conn, actor, done=done)


@router.get("/apply")
async def application(request: Request, conn: DbConn, actor: CurrentActor, level: int = 0) -> Response:
    """The checklist follows the level: the same page again for another one."""
    known = await portal.known(conn, actor)
    if known is not None and known.state not in (*JOINING, PartnerState.REFUSED):
        return see_other(HOME)
    form = application_form(Application(known.level, known.contacts, known.checklist)) if known else Form()
    return await _application(request, conn, actor, known, form, FormErrors(), level or (known.level if known else 3))


@router.post("/apply")
async def apply(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    form = await read_form(request)
    if form.value("to_level"):
        # Another level's checklist; what was typed stays.
        return await _application(request, conn, actor, await portal.known(conn, actor), form, FormErrors(), _level(form.value("to_level")))
    level = _level(form.value("level"))
    try:
        async with attempt(conn):
            await partners.apply(conn, actor, actor.org_code, read_application(form, level))
    except DancuError as error:
        return await _application(request, conn, actor, await portal.known(conn, actor), form, FormErrors.of(error), level)
    return see_other(f"{HOME}?done=applied")


@router.post("/answer")
async def answer(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    form = await read_form(request)

    async def change() -> None:
        await partners.answer(conn, actor, actor.org_code, form.value("reason"))

    return await _changed(request, conn, actor, "answered", change, form)


@router.post("/live")
async def live(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    async def change() -> None:
        await partners.request_live(conn, actor, actor.org_code)

    return await _changed(request, conn, actor, "live", change, Form())


@router.get("/systems/new")
async def new_system(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    return await _new_system(request, conn, actor, Form.of(bound="dpop"), FormErrors())


@router.post("/systems/new")
async def add_system(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    form = await read_form(request)
    try:
        async with attempt(conn):
            system, _, made = await portal.add_system(conn, actor, form.value("system"), await uploaded(form, "csr"), form.value("bound") or "dpop")
    except (NotAllowed, NotFound):
        raise
    except DancuError as error:
        return await _new_system(request, conn, actor, form, FormErrors.of(error))
    return see_other(f"{HOME}/systems/{system.client_no}?done={'added' if made else 'asked'}")


@router.get("/systems/{client_no}")
async def system(request: Request, conn: DbConn, actor: CurrentActor, client_no: int, done: str = "") -> Response:
    return await _system(request, conn, actor, client_no, done=done)


@router.post("/systems/{client_no}/certificates")
async def renew(request: Request, conn: DbConn, actor: CurrentActor, client_no: int) -> Response:
    form = await read_form(request)
    await portal.own_system(conn, actor, client_no)
    try:
        async with attempt(conn):
            made = await systems.issue_certificate(conn, actor, client_no, await uploaded(form, "csr"))
    except DancuError as error:
        return await _system(request, conn, actor, client_no, form=form, errors=FormErrors.of(error))
    return see_other(f"{HOME}/systems/{client_no}?done={'renewed' if made else 'asked'}")


@router.post("/systems/{client_no}/certificate")
async def accept(request: Request, conn: DbConn, actor: CurrentActor, client_no: int) -> Response:
    """The certificate of an outside authority."""
    form = await read_form(request)
    await portal.own_system(conn, actor, client_no)
    try:
        async with attempt(conn):
            await systems.accept_certificate(conn, actor, client_no, await uploaded(form, "certificate"))
    except DancuError as error:
        return await _system(request, conn, actor, client_no, form=form, errors=FormErrors.of(error))
    return see_other(f"{HOME}/systems/{client_no}?done=renewed")


@router.post("/systems/{client_no}/revoke")
async def revoke(request: Request, conn: DbConn, actor: CurrentActor, client_no: int) -> Response:
    form = await read_form(request)
    await portal.own_system(conn, actor, client_no)
    try:
        async with attempt(conn):
            await systems.revoke_certificate(conn, actor, form.value("serial"), form.value("reason"))
    except DancuError as error:
        return await _system(request, conn, actor, client_no, form=form, errors=FormErrors.of(error))
    return see_other(f"{HOME}/systems/{client_no}?done=certificate_revoked")


@router.get("/systems/{client_no}/{serial}.pem")
async def certificate(conn: DbConn, actor: CurrentActor, client_no: int, serial: str) -> Response:
    seen = await portal.system_view(conn, actor, client_no)
    found = next((one for one in seen.certificates if one.serial == serial), None)
    if found is None:
        raise NotFound("exchange.certificate.none", "Không có chứng thư này.")
    headers = {"Content-Disposition": f'attachment; filename="{serial}.pem"'}
    return Response(found.pem, media_type="application/x-pem-file", headers=headers)


@router.get("/logs")
async def logs(request: Request, conn: DbConn, actor: CurrentActor, day: str = "") -> Response:
    """What comparing both sides' logs found about the actor's own organisation."""
    return await compared_logs.page(request, conn, actor.org_code, f"{HOME}/logs", (HOME, gettext("Kết nối của cơ quan")), day)


def _level(text: str) -> int:
    return int(text) if text in {str(level) for level in checklist.LEVELS} else 3


async def _home(
    request: Request, conn: DbConn, actor: CurrentActor, *, done: str = "", form: Form | None = None, errors: FormErrors | None = None
) -> Response:
    seen = await portal.view(conn, actor)
    return render(
        request, "exchange/partner.html", status=422 if errors else 200, seen=seen, form=form or Form(), errors=errors or FormErrors(),
        done=done if done in DONE else "", refused=PartnerState.REFUSED, law_name=access.law_name,
        org_names=await organisations.names(conn), **WORDS,
    )  # fmt: skip


async def _application(
    request: Request, conn: DbConn, actor: CurrentActor, known: Partner | None, form: Form, errors: FormErrors, level: int
) -> Response:
    level = level if level in checklist.LEVELS else 3
    organisation = await access.organisation(conn, actor.org_code)
    return render(
        request, "exchange/apply.html", status=422 if errors else 200, form=form, errors=errors, level=level, levels=LEVELS, known=known,
        items=checklist.items(level), must=checklist.must(level), basis=checklist.BASIS, organisation=organisation, **WORDS,
    )  # fmt: skip


async def _new_system(request: Request, conn: DbConn, actor: CurrentActor, form: Form, errors: FormErrors) -> Response:
    if await portal.known(conn, actor) is None:
        return see_other(f"{HOME}/apply")
    return render(
        request, "exchange/system_new.html", status=422 if errors else 200, form=form, errors=errors, outside=keys.outside_bundle() is not None, **WORDS
    )


async def _system(
    request: Request, conn: DbConn, actor: CurrentActor, client_no: int, *, done: str = "", form: Form | None = None,
    errors: FormErrors | None = None,
) -> Response:  # fmt: skip
    seen = await portal.system_view(conn, actor, client_no)
    front = getattr(request.app.state, "mtls_url", "") if seen.client.bound == "mtls" else ""
    return render(
        request, "exchange/system.html", status=422 if errors else 200, seen=seen, form=form or Form(), errors=errors or FormErrors(),
        done=done if done in DONE else "", endpoints=partners.endpoints(own_address(request), front), front=front,
        people=sandbox.people() if seen.system.environment is Environment.SANDBOX else (), outside=keys.outside_bundle() is not None, **WORDS,
    )  # fmt: skip


async def _changed(
    request: Request, conn: DbConn, actor: CurrentActor, done: str, change: Callable[[], Awaitable[None]], form: Form
) -> Response:
    try:
        async with attempt(conn):
            await change()
    except (NotAllowed, NotFound):
        raise
    except DancuError as error:
        return await _home(request, conn, actor, form=form, errors=FormErrors.of(error))
    return see_other(f"{HOME}?done={done}")
