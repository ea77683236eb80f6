"""What both services share: pages, signing in and out, being told that a sign-in ended."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import httpx
from authlib.common.errors import AuthlibBaseError
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from joserfc.errors import JoseError
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from dancu.demo.relying_parties import client as oidc
from dancu.demo.relying_parties.config import Config
from dancu.demo.relying_parties.logout import LogoutTokens, Refused
from dancu.demo.relying_parties.sessions import SessionMiddleware, Sessions
from dancu.kit.i18n import LANGUAGES, gettext

_PAGES = Path(__file__).resolve().parent / "pages"
_FIELD = "_token"
Handler = Callable[[Request], Awaitable[Response]]
SignedIn = Callable[[Request, Mapping[str, Any]], None]


class Service:
    """One service. `signed_in(request, claims)` is called after each sign-in, with the claims the citizen agreed to."""

    def __init__(self, config: Config, title: str, signed_in: SignedIn) -> None:
        self.config, self.title, self._signed_in = config, title, signed_in
        self.client = oidc.make(config)
        self.sessions = Sessions()
        self._logout_tokens = LogoutTokens(self.client, config.client_id)
        self._environment = Environment(
            loader=FileSystemLoader(_PAGES), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
        )
        self._environment.filters["day"] = _day

    def app(self, routes: list[Route]) -> Starlette:
        own = [
            Route("/sign-in", self.sign_in), Route("/back", self.back), Route("/sign-out", self.sign_out, methods=["POST"]),
            Route("/signed-out", self.signed_out), Route("/backchannel-logout", self.told, methods=["POST"]),
            Route("/style.css", _file("style.css", "text/css")), Route("/mark.svg", _file("mark.svg", "image/svg+xml")),
            Route("/health", self.health),
        ]  # fmt: skip
        cookie = f"{self.config.service}_session_{self.config.port}"
        return Starlette(routes=[*routes, *own], middleware=[Middleware(SessionMiddleware, sessions=self.sessions, cookie=cookie)])

    def page(self, request: Request, name: str, status: int = 200, /, **context: Any) -> Response:
        lang = request.query_params.get("lang") or request.cookies.get("lang", "")
        lang = lang if lang in LANGUAGES else "vi"
        session = request.session
        if context.pop("forms", False):
            session.setdefault("form", secrets.token_urlsafe(16))
        html = self._environment.get_template(name).render(
            {
                "_": lambda text, **values: gettext(text, lang, **values), "lang": lang, "title": self.title, "session": session,
                "issuer": self.config.issuer, "kind": self.config.service, "token": session.get("form", ""), "field": _FIELD, **context,
            }
        )  # fmt: skip
        response = HTMLResponse(html, status, headers=self._headers())
        if request.query_params.get("lang") == lang:
            response.set_cookie("lang", lang, max_age=365 * 24 * 3600, samesite="lax")
        return response

    def _headers(self) -> dict[str, str]:
        policy = f"default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self' {self.config.issuer}; base-uri 'none'; frame-ancestors 'none'"
        return {"Content-Security-Policy": policy, "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}

    async def form(self, request: Request) -> Mapping[str, str]:
        """The posted form; {} where it did not come from a page of ours."""
        async with request.form(max_fields=20, max_files=0) as data:
            values = {name: str(value).strip()[:200] for name, value in data.items()}
        known = str(request.session.get("form", ""))
        return values if known and secrets.compare_digest(values.get(_FIELD, "").encode(), known.encode()) else {}

    async def sign_in(self, request: Request) -> Response:
        """Off to the provider; with `?for=organisation` also to be told for whom the citizen acts, which nobody is asked otherwise."""
        wider = {"scope": oidc.SCOPE[self.config.service] + oidc.ACTING} if request.query_params.get("for") == "organisation" else {}
        try:
            return await self.client.authorize_redirect(request, self.config.back, **wider)  # type: ignore[no-any-return]
        except httpx.HTTPError:
            return self.page(request, "trouble.html", 503, text="busy")

    async def back(self, request: Request) -> Response:
        """From the provider with a code: tokens, who it is, and what they agreed to tell."""
        try:
            token = await self.client.authorize_access_token(request)
            claims = {**token["userinfo"], **await self.client.userinfo(token=token)}
        except (AuthlibBaseError, JoseError, KeyError):
            return self.page(request, "trouble.html", 400, text="refused")
        except httpx.HTTPError:
            return self.page(request, "trouble.html", 503, text="busy")
        if claims["sub"] != token["userinfo"]["sub"]:  # OIDC Core §5.3.2
            return self.page(request, "trouble.html", 400, text="refused")
        request.session.update({"sub": claims["sub"], "sid": token["userinfo"].get("sid", ""), "id_token": token["id_token"], "claims": _shown(claims)})
        request.scope["fresh"] = True
        self._signed_in(request, claims)
        return RedirectResponse("/", 303)

    async def sign_out(self, request: Request) -> Response:
        """Out here, and with the provider out of everything this sign-in opened."""
        if not await self.form(request):
            return RedirectResponse("/", 303)
        hint = request.session.get("id_token")
        request.session.clear()
        metadata = await self._metadata()
        if not hint or "end_session_endpoint" not in metadata:
            return RedirectResponse("/signed-out?alone=1", 303)
        made = await self.client.create_logout_url(post_logout_redirect_uri=f"{self.config.home}/signed-out", id_token_hint=hint)
        return RedirectResponse(made["url"], 303)

    async def _metadata(self) -> Mapping[str, Any]:
        try:
            found: Mapping[str, Any] = await self.client.load_server_metadata()
        except httpx.HTTPError:
            return {}
        return found

    async def signed_out(self, request: Request) -> Response:
        return self.page(request, "signed_out.html", alone="alone" in request.query_params)

    async def told(self, request: Request) -> Response:
        """The provider says that a sign-in ended."""
        async with request.form(max_fields=5, max_files=0) as data:
            token = str(data.get("logout_token", ""))
        try:
            sid, sub = await self._logout_tokens.read(token)
        except (Refused, httpx.HTTPError, ValueError) as error:
            return JSONResponse({"error": "invalid_request", "error_description": str(error)[:100]}, 400, headers={"Cache-Control": "no-store"})
        self.sessions.end(sid=sid, sub=sub)
        return Response(status_code=200, headers={"Cache-Control": "no-store"})

    async def health(self, request: Request) -> Response:
        return JSONResponse({"service": self.config.service})


def _day(iso: str) -> str:
    """31/12/1990 for 1990-12-31; a year alone stays one."""
    return "/".join(reversed(iso.split("-")))


def _file(name: str, media_type: str) -> Handler:
    content = (_PAGES / name).read_bytes()

    async def send(request: Request) -> Response:
        return Response(content, media_type=media_type, headers={"Cache-Control": "max-age=3600"})

    return send


def _shown(claims: Mapping[str, Any]) -> dict[str, Any]:
    """What pages show and forms are filled with; empty what the citizen did not agree to tell. `organisations`: for whom they hand in
    papers, None where that was not asked or not agreed to."""
    acting = claims.get("organisations")
    address = claims.get("address")
    named = {name: str(claims.get(name) or "") for name in ("name", "birthdate", "gender", "personal_id")}
    handed = [one for one in acting if "submit" in one["powers"]] if isinstance(acting, list) else None
    return {**named, "address": str(address.get("formatted", "")) if isinstance(address, dict) else "", "organisations": handed}
