"""The purpose an officer works under, chosen once and shown on every page. It travels in a cookie of this browser;
what it allows the database decides at each look."""

from __future__ import annotations

from urllib.parse import quote, unquote

from dancu.access import service as access
from dancu.kernel.actor import Actor, Purpose
from dancu.kit.i18n import language
from dancu.kit.web import Request, Response

_COOKIE = "dancu_purpose"
_SEPARATOR = "~"


def choices(actor: Actor, serving: tuple[str, ...] = ("person.read",)) -> list[tuple[str, str]]:
    """(value, text) of the purposes that serve something this actor may do; the first is the usual one."""
    mine = tuple(code for code in serving if actor.can(code))
    english = language() == "en"
    return [
        (purpose.code, purpose.name_en if english else purpose.name)
        for purpose, _ in access.purposes(serving=mine or serving)
        if purpose.code not in ("own_record", "break_glass", "import")
    ]


def chosen(request: Request, actor: Actor) -> Purpose:
    """The purpose of this browser's cookie, or the actor's usual one. Raises Invalid when there is none."""
    raw = unquote(request.cookies.get(_COOKIE, ""))
    code, _, case_ref = raw.partition(_SEPARATOR)
    allowed = [value for value, _ in choices(actor)]
    if code not in allowed:
        code, case_ref = (allowed or [""])[0], ""
    return access.choose_purpose(code, "", case_ref[:80])


def remember(request: Request, response: Response, code: str, case_ref: str) -> None:
    """Keep the choice until the browser closes. Raises Invalid `purpose.unknown`."""
    access.choose_purpose(code)
    value = quote(f"{code}{_SEPARATOR}{case_ref.strip()[:80]}")
    response.set_cookie(
        _COOKIE, value, httponly=True, samesite="lax", secure=request.app.state.settings.https, path="/"
    )


def title(purpose: Purpose) -> str:
    """Its name in the reader's language."""
    for entry, _ in access.purposes():
        if entry.code == purpose.code:
            return entry.name_en if language() == "en" else entry.name
    return purpose.code
