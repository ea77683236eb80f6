"""GET and POST /oidc/logout (OpenID Connect RP-Initiated Logout), and the question whether the citizen wants it."""

from __future__ import annotations

from urllib.parse import urlencode

from dancu.kit.i18n import N_
from dancu.kit.web import (
    APIRouter,
    CurrentActor,
    DbConn,
    RedirectResponse,
    Request,
    Response,
    end_session,
    public,
    read_form,
    render,
    see_other,
)
from dancu.oidc.endpoints import pages
from dancu.oidc.endpoints.responses import onward
from dancu.oidc.endpoints.wire import issuer_of, provider_of
from dancu.oidc.service import logout
from dancu.oidc.service.errors import OAuthError, invalid_request
from dancu.oidc.service.logout import Asked
from dancu.oidc.service.parsing.params import form_params, once
from dancu.oidc.service.subject import signed_in

router = APIRouter()
PATH = "/oidc/logout"


@router.get(PATH, dependencies=[public()])
async def asked_to_end(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    provider = provider_of(request)
    try:
        logout.refuse_large(request.scope["query_string"])
        params = once(request.query_params.multi_items())
        asked = await logout.read(provider, issuer_of(request), params)
    except OAuthError as error:
        return pages.broken(request, error)
    stood = await signed_in(conn, actor)
    if stood is None:
        return _after(request, asked)
    if not logout.same_person(provider, asked, stood):
        flow = provider.sealer.seal_json("logout", [asked.client.client_id if asked.client else "", asked.back])
        name = pages.name_of(request, asked.client) if asked.client else ""
        return render(request, "oidc/logout.html", name=name, flow=flow)
    await logout.end(conn, actor, stood, issuer_of(request))
    return _ended(request, _after(request, asked))


@router.post(PATH, dependencies=[public(machine=True)])
async def asked_to_end_posted(request: Request) -> Response:
    """The same by POST (§2). Another site's form brings no cookie of ours, so it goes on by GET."""
    try:
        params = form_params(await request.body(), request.headers.get("content-type", ""))
    except OAuthError as error:
        return pages.broken(request, error)
    return see_other(f"{PATH}?{urlencode(params)}")


@router.post("/oidc/logout/answer", dependencies=[public()])
async def answer(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    """The citizen's yes or no."""
    form = await read_form(request)
    provider = provider_of(request)
    found = provider.sealer.open_json("logout", form.value("flow"))
    if found is None:
        return pages.broken(request, invalid_request("the page is too old"))
    client_id, back = found
    asked = Asked(await provider.client(client_id) if client_id else None, back)
    if form.value("answer") != "yes":
        return onward(request, back, N_("Bạn vẫn đang đăng nhập tài khoản định danh.")) if back else see_other("/")
    stood = await signed_in(conn, actor)
    if stood is None:
        return _after(request, asked, posted=True)
    await logout.end(conn, actor, stood, issuer_of(request))
    return _ended(request, _after(request, asked, posted=True))


def _after(request: Request, asked: Asked, *, posted: bool = False) -> Response:
    if not asked.back:
        return render(request, "oidc/logged_out.html")
    # A form of ours may lead nowhere else, redirects included (Content-Security-Policy): the way on begins on a page.
    return onward(request, asked.back, N_("Bạn đã đăng xuất")) if posted else RedirectResponse(asked.back, status_code=303)


def _ended(request: Request, response: Response) -> Response:
    end_session(request, response)
    return response
