"""Pages of the provider itself: a broken request, an account of too low a level, the question for consent."""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlencode, urlsplit

from dancu.access import service as access
from dancu.kit.i18n import N_, gettext
from dancu.kit.web import Form, FormErrors, Request, Response, render
from dancu.oidc.endpoints.responses import allow_back
from dancu.oidc.endpoints.wire import issuer_of
from dancu.oidc.models import AuthRequest, Client
from dancu.oidc.present import GROUP_WORDS as GROUP_WORDS
from dancu.oidc.present import name_of as name_of
from dancu.oidc.present import ordered
from dancu.oidc.service.consent import Terms
from dancu.oidc.service.errors import OAuthError
from dancu.oidc.service.parsing.details import lines

TERM_WORDS = {
    "once": N_("Chỉ lần này (1 giờ)"),
    "half_year": N_("6 tháng"),
    "year": N_("1 năm"),
}


def broken(request: Request, error: OAuthError) -> Response:
    """A request that cannot be answered to anybody: the service's mistake, so the citizen is told what they can do."""
    request.state.error_code = f"oidc.{error.error}"
    late = error.description in ("the sign-in took too long", "request_uri is expired")
    leaving = request.scope["path"].startswith("/oidc/logout")
    return render(request, "oidc/broken.html", status=error.status, whole=True, error=error, late=late, leaving=leaving)


def level(request: Request, client: Client, asked: AuthRequest, terms: Terms) -> Response:
    said = {"error": "access_denied", "error_description": "the account is of too low a level", "iss": issuer_of(request)}
    if asked.state:
        said["state"] = asked.state
    joint = "&" if "?" in asked.redirect_uri else "?"
    page = render(
        request, "oidc/level.html", client=client, name=name_of(request, client), terms=terms,
        back=f"{asked.redirect_uri}{joint}{urlencode(said)}",
    )  # fmt: skip
    return page


def ask(
    request: Request, client: Client, organisation: str, asked: AuthRequest, terms: Terms, groups: tuple[str, ...], flow: str, *,
    ticked: frozenset[str] = frozenset(), kept: Collection[str] = (), wrong: bool = False,
) -> Response:  # fmt: skip
    """Which groups, for what, how long. Nothing is ticked beforehand. `kept`: what was agreed to before and is not asked now."""
    errors = FormErrors()
    if wrong:
        errors.add("term", "oidc.consent.term", N_("Chọn bạn đồng ý trong bao lâu."))
    lang = request.state.lang
    page = render(
        request, "oidc/consent.html", status=422 if wrong else 200, client=client, name=name_of(request, client), organisation=organisation, terms=terms,
        groups=[(group, GROUP_WORDS[group], group in ticked) for group in groups],
        times=[(term, gettext(words, lang)) for term, words in TERM_WORDS.items()], flow=flow, form=Form(), errors=errors,
        details=lines(asked.details), kept=ordered(kept), words=GROUP_WORDS, offline="offline_access" in asked.scope,
        host=urlsplit(asked.redirect_uri).netloc, purpose_title=access.purpose_title(terms.purpose.code),
    )  # fmt: skip
    return allow_back(request, page, asked.redirect_uri)
