"""GET and POST /oidc/authorize, and the citizen's way through it: /oidc/continue after a sign-in, /oidc/consent.

Nothing is kept between the steps: the request travels sealed, in the sign-in page or in the address of our own pages.
"""

from __future__ import annotations

import time
from typing import NamedTuple, Protocol
from urllib.parse import urlencode

from dancu.accounts.models import SignIn
from dancu.accounts.models.sign_in import Asks, Carried
from dancu.accounts.models.sign_in import Step as SignedIn
from dancu.kernel.actor import ActorKind
from dancu.kit.parameters import pairs
from dancu.kit.web import APIRouter, Request, Response, public, read_form, see_other
from dancu.kit.web.shortcuts import Handler, PageShortcut
from dancu.kit.web.transaction import Lease, RequestLease
from dancu.oidc.endpoints import pages
from dancu.oidc.endpoints.responses import back, back_with_error
from dancu.oidc.endpoints.wire import demo_of, issuer_of, provider_of
from dancu.oidc.models import AuthRequest, Client
from dancu.oidc.present import name_of, organisation_of
from dancu.oidc.service import consent, flow, requests, tokens
from dancu.oidc.service.errors import OAuthError, invalid_request
from dancu.oidc.service.flow import Stand, Step
from dancu.oidc.service.packing import FLOW
from dancu.oidc.service.parsing.authorize import Refused, parse, refused
from dancu.oidc.service.parsing.params import Params, form_params, once
from dancu.oidc.service.subject import signed_in
from dancu.oidc.service.subjects import subject_of
from dancu.oidc.service.tokens import Code

router = APIRouter()
PATH, CONTINUE = "/oidc/authorize", "/oidc/continue"
_MOST_QUERY = 16_000


class SignInPage(Protocol):
    """The accounts room's page (it stands in `app.state.sign_in_page`). `carried`: JSON that the page keeps, sealed, for the one at
    `next`: see `waiting` and `address`."""

    def __call__(self, request: Request, *, next: str, carried: Carried, acr: int, service: str) -> Response: ...


@router.get(PATH, dependencies=[public()])
async def authorize(request: Request, held: RequestLease) -> Response:
    if _only_language(request):
        return see_other("/eid/sign-in")
    try:
        if len(request.scope["query_string"]) > _MOST_QUERY:
            raise OAuthError("invalid_request", "the request is too large", 414)
        client, asked = await _asked(request, once(request.query_params.multi_items()))
    except OAuthError as error:
        return pages.broken(request, error)
    except Refused as wrong:
        return back_with_error(request, wrong.redirect_uri, wrong.response_mode, wrong.state, wrong.error)
    return await _go_on(request, held, client, asked, was_asked=False)


@router.post(PATH, dependencies=[public(machine=True)])
async def authorize_posted(request: Request) -> Response:
    """The same by POST (OIDC Core §3.1.2.1). Another site's form brings no cookie of ours, so it goes on by GET."""
    try:
        params = form_params(await request.body(), request.headers.get("content-type", ""))
        _, asked = await _asked(request, params)
    except OAuthError as error:
        return pages.broken(request, error)
    except Refused as wrong:
        return back_with_error(request, wrong.redirect_uri, wrong.response_mode, wrong.state, wrong.error)
    return see_other(_way(request, asked, was_asked=False))


@router.get(CONTINUE, dependencies=[public()])
async def go_on(request: Request, held: RequestLease) -> Response:
    if _only_language(request):
        return see_other("/eid/sign-in")
    try:
        client, asked, was_asked = await _resumed(request, request.query_params.get("flow", ""))
    except OAuthError as error:
        return pages.broken(request, error)
    if request.query_params.get("stop") == "1":
        said = OAuthError("access_denied", "the citizen did not sign in")
        return back_with_error(request, asked.redirect_uri, asked.response_mode, asked.state, said)
    return await _go_on(request, held, client, asked, was_asked=was_asked)


class Waiting(NamedTuple):
    """A request that waits at the sign-in page, answered with the sign-in itself where the way back to the client with a code is
    next: saved is one trip of the browser, and the look at what the citizen agreed to."""

    client: Client
    asked: AuthRequest
    was_asked: bool
    terms: consent.Terms
    asks: Asks | None

    def service(self, request: Request) -> str:
        return name_of(request, self.client)

    async def answer(self, request: Request, held: Lease, step: SignedIn) -> Response | None:
        """What /oidc/continue would answer to the browser that has just signed in. None where the citizen must see a page first, or
        something is wrong: then the page itself says so."""
        client, asked, stood = self.client, self.asked, step.sign_in
        if stood is None:
            return None
        given = consent.lasting(step.consent) if step.asked is self.asks else await _given(held, client, self.terms, stood)
        try:
            stand = flow.stand(asked, stood, self.terms, given, was_asked=self.was_asked, expected=_expected(request, client, asked, stood))
        except OAuthError:
            return None
        return _code(request, client, asked, self.terms, stood) if stand.step is Step.CODE else None


async def waiting(request: Request, held: Lease, said: str | Carried) -> Waiting | None:
    """The request that /oidc/continue is about, by its query or as it was carried; None where that page says what is wrong with it."""
    try:
        if isinstance(said, str):
            client, asked, was_asked = await _resumed(request, once(pairs(said)).get("flow", ""))
        else:
            client, asked, was_asked = await _used(request, requests.taken_up(said))
        terms = await _terms(request, held, client, asked)
        return Waiting(client, asked, was_asked, terms, Asks(client.client_no, terms.purpose.code) if terms.consent_needed else None)
    except OAuthError:
        return None


@router.post("/oidc/consent", dependencies=[public()])
async def agree(request: Request, held: RequestLease) -> Response:
    """The citizen answered. What they ticked is kept; whoever is signed in now is asked again from the start if that is
    not who the page was made for."""
    form = await read_form(request)
    try:
        client, asked, _ = await _resumed(request, form.value("flow"))
    except OAuthError as error:
        return pages.broken(request, error)
    conn, actor = await held.connection(), request.state.actor
    try:
        stood = await signed_in(conn, actor)
        terms = await consent.terms(conn, client, asked.purpose, demo=demo_of(request))
        if stood is None or not _expected(request, client, asked, stood) or flow.sign_in_needed(asked, stood, was_asked=True, now=time.time()) or stood.level < terms.level_min:
            return see_other(_way(request, asked, was_asked=False))
        if form.value("answer") != "yes":
            raise OAuthError("access_denied", "the citizen did not agree")
        wanted = tuple(group for group in consent.asked(asked) if group in terms.groups)
        ticked = frozenset(form.values("share")) & frozenset(wanted)
        term = form.value("term")
        if ticked and term not in consent.TERMS:
            kept = await consent.earlier(conn, actor.actor_id, client, terms, wanted)
            named = await organisation_of(conn, client)
            return pages.ask(request, client, named, asked, terms, wanted, _way_text(request, asked), ticked=ticked, kept=kept, wrong=True)
        if ticked:
            await consent.give(conn, actor, client, ticked, terms, term, wanted)
        return _code(request, client, asked, terms, stood)
    except OAuthError as error:
        return back_with_error(request, asked.redirect_uri, asked.response_mode, asked.state, error)


def _only_language(request: Request) -> bool:
    """The switch of languages on the answer to a form leads to the path of the page it stood on, which the sign-in's may be ours."""
    return request.scope["query_string"].startswith(b"lang=") and b"&" not in request.scope["query_string"]


async def _asked(request: Request, params: Params) -> tuple[Client, AuthRequest]:
    """Client and request. Raises OAuthError where nothing may be sent back, Refused where it must be."""
    provider = provider_of(request)
    client = await provider.client(params["client_id"]) if "client_id" in params else None
    if client is None:
        raise invalid_request("client_id is missing or not known")
    if "request_uri" in params:
        if "request" in params:
            raise invalid_request("request and request_uri exclude each other")
        try:
            return client, requests.pushed(provider.sealer, params["request_uri"], client, provider.pushed)
        except OAuthError as error:
            # A reference to the client's own object is told to the client (OIDC Core §3.1.2.6); one of ours that does not do, to the citizen.
            if error.error == "request_uri_not_supported" and not client.fapi and params.get("redirect_uri") in client.redirect_uris:
                raise refused(error, params) from error
            raise
    requests.refuse_unpushed(client)
    issuer = issuer_of(request)
    if "request" in params:
        try:
            client, params = await requests.unpacked(params, client, issuer, provider.renew)
        except OAuthError as error:
            # Told to the client (RFC 9101 §6.2) where the address beside the object is its own.
            if params.get("redirect_uri") in client.redirect_uris:
                raise refused(error, params) from error
            raise
    return client, parse(params, client, tokens.hint(provider, issuer, client), issuer=issuer)


async def _resumed(request: Request, text: str) -> tuple[Client, AuthRequest, bool]:
    return await _used(request, requests.resumed(provider_of(request).sealer, text))


async def _used(request: Request, found: tuple[AuthRequest, bool] | None) -> tuple[Client, AuthRequest, bool]:
    """The same with the client, where it is in use."""
    if found is None:
        raise invalid_request("the sign-in took too long")
    client = await provider_of(request).client(found[0].client_id)
    if client is None:
        raise invalid_request("the client is not in use")
    return client, *found


def address(request: Request, carried: Carried) -> str:
    """Where the page that carried a request leads, when the browser must go there itself."""
    return f"{CONTINUE}?flow={provider_of(request).sealer.seal_json(FLOW, carried)}"


async def _terms(request: Request, held: Lease, client: Client, asked: AuthRequest) -> consent.Terms:
    provider = provider_of(request)
    return consent.terms_of(await provider.agreements.of(held.statement, client.client_no), client, asked.purpose, demo=provider.demo)


async def _given(held: Lease, client: Client, terms: consent.Terms, stood: SignIn) -> frozenset[str] | None:
    if not terms.consent_needed:
        return None
    async with held.statement() as conn:
        return await consent.given(conn, stood.person_key, client, terms.purpose)


async def _go_on(request: Request, held: Lease, client: Client, asked: AuthRequest, *, was_asked: bool) -> Response:
    actor, stood = request.state.actor, None
    try:
        if actor.kind is ActorKind.CITIZEN:  # who has no session yet is sent to sign in without a look at the database
            conn = await held.connection()
            stood = await signed_in(conn, actor)
            if stood is not None and not was_asked:
                await requests.refuse_answered(conn, asked, client, stood.person_key)
        terms = await _terms(request, held, client, asked)
        given = await _given(held, client, terms, stood) if stood is not None else None
        stand = flow.stand(asked, stood, terms, given, was_asked=was_asked, expected=_expected(request, client, asked, stood))
        if stand.step is Step.SIGN_IN:
            return _sign_in(request, client, asked._replace(after=stood.at.timestamp()) if stood is not None and stand.fresh else asked, stand)
        if stand.step is Step.LEVEL:
            return pages.level(request, client, asked, terms)
        if stand.step is Step.CONSENT:
            conn = await held.connection()
            kept, named = await consent.earlier(conn, actor.actor_id, client, terms, stand.groups), await organisation_of(conn, client)
            return pages.ask(request, client, named, asked, terms, stand.groups, _way_text(request, asked), kept=kept)
        assert stood is not None
        return _code(request, client, asked, terms, stood)
    except OAuthError as error:
        return back_with_error(request, asked.redirect_uri, asked.response_mode, asked.state, error)


def _expected(request: Request, client: Client, asked: AuthRequest, stood: SignIn | None) -> bool:
    if not asked.subject or stood is None:
        return True
    return asked.subject == subject_of(provider_of(request).sealer, client, stood.person_key)


def _code(request: Request, client: Client, asked: AuthRequest, terms: consent.Terms, stood: SignIn) -> Response:
    made = Code(
        asked, client.client_no, flow.stated(asked, stood), terms.purpose.code, terms.purpose.legal_basis, asked.details, tokens.code_expiry()
    )
    provider = provider_of(request)
    code = tokens.code(provider.sealer, made)
    provider.codes.keep(code, made)
    return back(request, asked.redirect_uri, asked.response_mode, asked.state, {"code": code})


def _way_text(request: Request, asked: AuthRequest) -> str:
    return requests.under_way(provider_of(request).sealer, asked, asked=True)


def _way(request: Request, asked: AuthRequest, *, was_asked: bool) -> str:
    return address(request, requests.carried(asked, asked=was_asked))


def _sign_in(request: Request, client: Client, asked: AuthRequest, stand: Stand) -> Response:
    """The sign-in page, which knows the way back: this very answer where nobody is signed in and the page needs nothing else said
    in its address, as for most; else the way there."""
    english = bool(asked.ui_locales) and next((tag for tag in asked.ui_locales if tag[:2] in ("vi", "en")), "vi")[:2] == "en"
    page: SignInPage | None = getattr(request.app.state, "sign_in_page", None)
    if page is not None and request.state.actor.kind is ActorKind.ANONYMOUS and not asked.login_hint and not english:
        return page(request, next=CONTINUE, carried=requests.carried(asked, asked=True), acr=stand.acr, service=name_of(request, client))
    wishes = {"next": _way(request, asked, was_asked=True), "acr": str(stand.acr)}
    if stand.fresh:
        wishes["prompt"] = "login"
    if asked.max_age is not None:
        wishes["max_age"] = str(asked.max_age)
    if asked.login_hint:
        wishes["hint"] = asked.login_hint
    if english:
        wishes["lang"] = "en"
    return see_other(f"/eid/sign-in?{urlencode(wishes)}")


# The citizen's way through a sign-in: the request, and back from the sign-in page.
SHORTCUTS: dict[tuple[str, str], Handler] = {("GET", PATH): PageShortcut(authorize), ("GET", CONTINUE): PageShortcut(go_on)}
AFTER_SIGN_IN = {CONTINUE: waiting}
CARRIED = {CONTINUE: address}
