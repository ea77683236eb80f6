"""POST /oidc/device_authorization (RFC 8628), and /device, where the citizen types the code the device shows."""

from __future__ import annotations

import time
from urllib.parse import urlencode

from dancu.access import service as access
from dancu.kit.i18n import N_, gettext
from dancu.kit.limits import Rate, TokenBuckets
from dancu.kit.web import (
    APIRouter,
    Conn,
    CurrentActor,
    DbConn,
    Form,
    FormErrors,
    Request,
    Response,
    client_ip,
    public,
    read_form,
    render,
    see_other,
)
from dancu.oidc.endpoints import pages
from dancu.oidc.endpoints.token import slow_down
from dancu.oidc.endpoints.wire import answered, demo_of, issuer_of, json_answer, preflight, provider_of, read_wire
from dancu.oidc.models import AuthRequest, Client
from dancu.oidc.present import ordered, organisation_of
from dancu.oidc.service import consent, device, flow
from dancu.oidc.service.authenticate import client_of
from dancu.oidc.service.errors import OAuthError, invalid_request
from dancu.oidc.service.flow import Step
from dancu.oidc.service.parsing.authorize import parse_detached
from dancu.oidc.service.parsing.details import lines
from dancu.oidc.service.subject import signed_in

router = APIRouter()
PATH, PAGE = "/oidc/device_authorization", "/device"
# Tries of codes by one session or address. 25 billion codes live ten minutes each: nobody finds one at this pace.
_TRIES = TokenBuckets(Rate(0.1, 10))


@router.post(PATH, dependencies=[public(machine=True)])
async def device_authorization(request: Request) -> Response:
    return await answered(request, _begin)


router.add_api_route(PATH, preflight, methods=["OPTIONS"], dependencies=[public(machine=True)])


async def _begin(request: Request) -> Response:
    provider = provider_of(request)
    wire = await read_wire(request)
    known = await client_of(provider.client, wire, renew=provider.renew)
    slow_down(provider, known.client)
    if device.GRANT not in known.client.grant_types:
        raise OAuthError("unauthorized_client", "the client may not use this grant_type")
    asked = parse_detached(wire.params, known.client, issuer=wire.issuer)
    async with provider.connect() as conn, conn.transaction():
        await consent.terms(conn, known.client, asked.purpose, demo=demo_of(request))
        body = await device.begin(provider, conn, known.client, asked, known.marks, wire.issuer)
    return json_answer(body, headers={"Cache-Control": "no-store"})


@router.get(PAGE, dependencies=[public()])
async def type_code(request: Request, conn: DbConn, actor: CurrentActor, user_code: str = "", done: str = "") -> Response:
    """The form; with a code, who asks and for what, for whoever is signed in."""
    if done in ("yes", "no"):
        return render(request, "oidc/device_done.html", agreed=done == "yes")
    if not user_code:
        return _form(request, "", N_("Hãy nhập mã trên màn hình của thiết bị."), 422) if "user_code" in request.query_params else _form(request)
    if _TRIES.take(actor.session_id or client_ip(request, request.app.state.settings.trusted_proxies)):
        return _form(request, user_code, N_("Bạn đã thử nhiều mã. Xin đợi một phút rồi thử lại."), 429)
    found = await device.waiting(provider_of(request), conn, user_code)
    client = await provider_of(request).client(found[1].client_id) if found else None
    if found is None or client is None:
        return _form(request, user_code, N_("Mã này không đúng hoặc đã hết hạn. Hãy xem lại mã trên màn hình của thiết bị."), 422)
    try:
        return await _ask(request, conn, actor, client, found[1], user_code)
    except OAuthError as error:
        return pages.broken(request, error)


@router.post("/device/answer", dependencies=[public()])
async def answer(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    """The citizen's yes or no, for the code and the person the page was made for."""
    try:
        return await _answered(request, conn, actor)
    except OAuthError as error:
        return pages.broken(request, error)


async def _answered(request: Request, conn: Conn, actor: CurrentActor) -> Response:
    form = await read_form(request)
    provider = provider_of(request)
    sealed = provider.sealer.open_json("device", form.value("flow"))
    stood = await signed_in(conn, actor)
    found = await device.waiting(provider, conn, sealed[0]) if sealed else None
    client = await provider.client(found[1].client_id) if found else None
    if sealed and stood is not None and sealed[1] == stood.person_key and found is None:
        # The button pressed twice, or gone back and thought better of: what holds is what was said first.
        before = await device.said_before(provider, conn, sealed[0], stood.person_key)
        if before or (before is False and form.value("answer") != "yes"):
            return see_other(f"{PAGE}?done={'yes' if before else 'no'}")
    if found is None or client is None or stood is None or sealed[1] != stood.person_key:
        return pages.broken(request, invalid_request("the sign-in took too long"))
    grant, asked = found
    terms = await consent.terms(conn, client, asked.purpose, demo=demo_of(request))
    if form.value("answer") != "yes":
        await device.deny(conn, grant)
        return see_other(f"{PAGE}?done=no")
    if flow.sign_in_needed(asked, stood, was_asked=False, now=time.time()) or stood.level < terms.level_min:
        return see_other(f"{PAGE}?{urlencode({'user_code': sealed[0]})}")
    wanted = tuple(group for group in consent.asked(asked) if group in terms.groups)
    ticked = frozenset(form.values("share")) & frozenset(wanted)
    if ticked and form.value("term") not in consent.TERMS:
        return await _ask(request, conn, actor, client, asked, sealed[0], ticked=ticked, wrong=True)
    if ticked:
        await consent.give(conn, actor, client, ticked, terms, form.value("term"), wanted)
    if not await device.approve(provider, conn, client, grant, asked, stood, terms) and not await device.said_before(provider, conn, sealed[0], stood.person_key):
        return pages.broken(request, invalid_request("the sign-in took too long"))
    return see_other(f"{PAGE}?done=yes")


def _form(request: Request, typed: str = "", wrong: str = "", status: int = 200) -> Response:
    errors = FormErrors()
    if wrong:
        errors.add("user_code", "oidc.device.code", wrong)
    return render(request, "oidc/device.html", status=status, form=Form({"user_code": [typed]}), errors=errors)


async def _ask(
    request: Request, conn: Conn, actor: CurrentActor, client: Client, asked: AuthRequest, typed: str, *,
    ticked: frozenset[str] = frozenset(), wrong: bool = False,
) -> Response:  # fmt: skip
    stood = await signed_in(conn, actor)
    terms = await consent.terms(conn, client, asked.purpose, demo=demo_of(request))
    given = await consent.given(conn, stood.person_key, client, terms.purpose) if stood else None
    stand = flow.stand(asked, stood, terms, given, was_asked=False)
    if stand.step is Step.SIGN_IN or stood is None:
        wishes = {"next": f"{PAGE}?{urlencode({'user_code': typed})}", "acr": str(stand.acr)}
        return see_other(f"/eid/sign-in?{urlencode(wishes)}")
    if stand.step is Step.LEVEL:
        return _form(request, typed, N_("Dịch vụ này cần tài khoản mức cao hơn. Hãy nâng mức tài khoản rồi thử lại."), 422)
    errors = FormErrors()
    if wrong:
        errors.add("term", "oidc.consent.term", N_("Chọn bạn đồng ý trong bao lâu."))
    lang = request.state.lang
    kept = await consent.earlier(conn, stood.person_key, client, terms, stand.groups)
    shown = "".join(ch for ch in typed.upper() if ch.isalnum())
    return render(
        request, "oidc/device_confirm.html", status=422 if wrong else 200, client=client, name=pages.name_of(request, client), terms=terms,
        organisation=await organisation_of(conn, client),
        user_code=f"{shown[:4]}-{shown[4:]}", groups=[(group, pages.GROUP_WORDS[group], group in ticked) for group in stand.groups],
        times=[(term, gettext(words, lang)) for term, words in pages.TERM_WORDS.items()], form=Form(), errors=errors,
        details=lines(asked.details), kept=ordered(kept), words=pages.GROUP_WORDS, purpose_title=access.purpose_title(terms.purpose.code), issuer=issuer_of(request),
        flow=provider_of(request).sealer.seal_json("device", [typed, stood.person_key]),
    )  # fmt: skip
