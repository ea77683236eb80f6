"""/partner/agreements: an organisation asks for data services, signs the terms with its key, takes its case to the national
coordinator. /exchange/ca.*: what everybody may fetch."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from dancu.access import service as access
from dancu.exchange.pages.joining_words import DONE, WORDS, in_words, read_terms, uploaded
from dancu.exchange.service import ca, organisations, portal, verify
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kernel.errors import DancuError, NotAllowed, NotFound
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
    public,
    read_form,
    render,
    see_other,
)
from dancu.sharing.models import FIELDS, SERVICES, AgreementState, DataAgreement, consent_rules
from dancu.sharing.service import data_agreements
from dancu.sharing.service.receipts import canonical_terms

HOME = "/partner/agreements"
ADD = "add"
router = APIRouter()
JOIN = allow("exchange.join")


@router.get(f"{HOME}/new", dependencies=[JOIN])
async def new(request: Request, conn: DbConn, actor: CurrentActor, service: str = "", mode: str = "") -> Response:
    """First which service; then, for it, fields, purposes and the rest; the version in force is where one begins. `mode` add: one more
    purpose with fields of its own, beside those in force."""
    form = Form.of(from_hour=0, to_hour=24, quota_day=10000, consent="law", service=service)
    waiting = next((one for one in await data_agreements.of(conn, actor.org_code) if one.service == service and one.state == AgreementState.PROPOSED), None)
    if waiting is not None:
        # One version waits at a time: said before anybody fills the form.
        return await _new(request, actor, form, FormErrors(), service, waiting)
    known = await data_agreements.in_force(conn, actor.org_code, service) if service in SERVICES else None
    if known is not None and mode == ADD:
        form = Form.of(
            from_hour=known.hours[0], to_hour=known.hours[1], quota_day=known.quota_day, consent="ask" if known.consent_needed else "law",
            service=service, mode=ADD,
        )  # fmt: skip
    elif known is not None:
        form = Form.of(
            fields=known.fields, purposes=[f"{code}|{basis}" for code, basis in known.purposes.items()], from_hour=known.hours[0],
            to_hour=known.hours[1], quota_day=known.quota_day, consent="ask" if known.consent_needed else "law", service=service,
        )  # fmt: skip
    return await _new(request, actor, form, FormErrors(), service)


@router.post(f"{HOME}/new", dependencies=[JOIN])
async def propose(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    form, errors = await read_form(request), FormErrors()
    service = form.value("service")
    terms = read_terms(form, errors, actor.org_code, service)
    if terms is not None and (known := await data_agreements.in_force(conn, actor.org_code, service)) is not None:
        # Whoever changes what is in force does not widen what one of its purposes reaches by that.
        terms = terms.beside(known.terms) if form.value("mode") == ADD else terms.as_narrow_as(known.terms)
    if terms is not None and not errors:
        try:
            async with attempt(conn):
                await portal.may_propose(conn, actor.org_code)
                made = await data_agreements.propose(conn, actor, terms)
        except NotAllowed:
            raise
        except DancuError as error:
            errors = in_words(error)
        else:
            return see_other(f"{HOME}/{made.service}/{made.version}?done=proposed")
    return await _new(request, actor, form, errors, service)


@router.get(HOME + "/{service}/{version}", dependencies=[JOIN])
async def one(request: Request, conn: DbConn, actor: CurrentActor, service: str, version: int, done: str = "") -> Response:
    return await _one(request, conn, actor, service, version, done=done)


@router.get(HOME + "/{service}/{version}/terms.json", dependencies=[JOIN])
async def terms(conn: DbConn, actor: CurrentActor, service: str, version: int) -> Response:
    """Exactly the bytes to sign."""
    found = await data_agreements.version(conn, actor.org_code, service, version)
    headers = {"Content-Disposition": f'attachment; filename="{service}-{version}.json"'}
    return Response(canonical_terms(found), media_type="application/json", headers=headers)


@router.get(HOME + "/{service}/{version}/sealed.jwt", dependencies=[JOIN])
async def sealed(conn: DbConn, actor: CurrentActor, service: str, version: int) -> Response:
    """The agreement in force as both signed it."""
    found = await data_agreements.version(conn, actor.org_code, service, version)
    headers = {"Content-Disposition": f'attachment; filename="{service}-{version}.jwt"'}
    return Response(found.sealed, media_type="application/jwt", headers=headers)


@router.post(HOME + "/{service}/{version}/sign", dependencies=[JOIN])
async def sign(request: Request, conn: DbConn, actor: CurrentActor, service: str, version: int) -> Response:
    form = await read_form(request)
    text = await uploaded(form, "seal")

    async def change() -> None:
        keys = await portal.signing_keys(conn, actor.org_code)
        await data_agreements.sign(conn, actor, actor.org_code, service, version, text, keys)

    return await _changed(request, conn, actor, service, version, "signed", change, form)


@router.post(HOME + "/{service}/{version}/withdraw", dependencies=[JOIN])
async def withdraw(request: Request, conn: DbConn, actor: CurrentActor, service: str, version: int) -> Response:
    async def change() -> None:
        await data_agreements.withdraw(conn, actor, actor.org_code, service, version)

    return await _changed(request, conn, actor, service, version, "withdrawn", change, Form())


@router.post(HOME + "/{service}/{version}/contest", dependencies=[JOIN])
async def contest(request: Request, conn: DbConn, actor: CurrentActor, service: str, version: int) -> Response:
    try:
        async with attempt(conn):
            made = await data_agreements.contest(conn, actor, actor.org_code, service, version)
    except (NotAllowed, NotFound):
        raise
    except DancuError as error:
        return await _one(request, conn, actor, service, version, errors=FormErrors.of(error))
    return see_other(f"{HOME}/{service}/{made.version}?done=contested")


@router.post(HOME + "/{service}/{version}/end", dependencies=[JOIN])
async def end(request: Request, conn: DbConn, actor: CurrentActor, service: str, version: int) -> Response:
    form = await read_form(request)

    async def change() -> None:
        await data_agreements.end(conn, actor, actor.org_code, service, form.value("reason"))

    return await _changed(request, conn, actor, service, version, "ended", change, form)


@router.get("/exchange/ca.pem", dependencies=[public(machine=True)])
async def roots() -> Response:
    """Whom certificates of partners' programs are trusted by."""
    return Response(ca.roots(), media_type="application/x-pem-file", headers={"Cache-Control": "public, max-age=3600"})


@router.get("/exchange/ca.crl", dependencies=[public(machine=True)])
async def crl(conn: DbConn) -> Response:
    """Certificates that were revoked (DER)."""
    return Response(await ca.crl(conn), media_type="application/pkix-crl", headers={"Cache-Control": "public, max-age=60"})


async def _new(
    request: Request, actor: CurrentActor, form: Form, errors: FormErrors, service: str, waiting: DataAgreement | None = None
) -> Response:
    service = service if service in SERVICES else ""
    pairs = [(f"{code}|{law}", code, law) for code, laws in data_agreements.possible_purposes(service).items() for law in laws]
    return render(
        request, "exchange/agreement_new.html", status=422 if errors else 200, form=form, errors=errors, service=service, purposes=pairs,
        waiting=waiting, all_fields=[(code, title) for code, title in FIELDS.items() if service != "verify" or code in verify.READ], adds=form.value("mode") == ADD, consent_rules=consent_rules(SYSTEM_CLOCK.today()), purpose_title=access.purpose_title, law_name=access.law_name, **WORDS,
    )  # fmt: skip


async def _one(
    request: Request, conn: DbConn, actor: CurrentActor, service: str, version: int, *, done: str = "", form: Form | None = None,
    errors: FormErrors | None = None,
) -> Response:  # fmt: skip
    found: DataAgreement = await data_agreements.version(conn, actor.org_code, service, version)
    names = await organisations.names(conn)
    return render(
        request, "exchange/agreement.html", status=422 if errors else 200, one=found, form=form or Form(), errors=errors or FormErrors(),
        done=done if done in DONE else "", own=True, org_name=names.get(actor.org_code, actor.org_code), org_names=names, home=f"{HOME}/{service}/{version}", keys=await portal.signing_keys(conn, actor.org_code),
        purpose_title=access.purpose_title, law_name=access.law_name, rule=data_agreements.answer_rule(found.proposed.at.date()),
        may_answer=False, may_refuse=False, may_end=False, today=SYSTEM_CLOCK.today(), **WORDS,
    )  # fmt: skip


async def _changed(
    request: Request, conn: DbConn, actor: CurrentActor, service: str, version: int, done: str, change: Callable[[], Awaitable[None]], form: Form
) -> Response:
    try:
        async with attempt(conn):
            await change()
    except (NotAllowed, NotFound):
        raise
    except DancuError as error:
        return await _one(request, conn, actor, service, version, form=form, errors=FormErrors.of(error))
    return see_other(f"{HOME}/{service}/{version}?done={done}")
