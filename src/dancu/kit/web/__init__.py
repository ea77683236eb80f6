"""The web edge: sessions, permissions of routes, one transaction per request, pages, forms, errors.

    router = APIRouter(prefix="/desk/persons", dependencies=[allow("person.read")])

    @router.get("/{key}")
    async def person(request: Request, key: int, conn: DbConn, actor: CurrentActor) -> Response:
        return render(request, "population/person.html", person=await service.person(conn, actor, …, key))

A page that catches a verb's failure to show the form again wraps the verb in `async with attempt(conn):`, so
that nothing of the failed verb is committed with the page and a refused attempt is still recorded.
"""

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from dancu.kernel.actor import ANONYMOUS
from dancu.kit.web.access import ClosedByDefault, allow, public, signed_in
from dancu.kit.web.address import own_address
from dancu.kit.web.app import create_app
from dancu.kit.web.csrf import csrf_token
from dancu.kit.web.door import Bounded
from dancu.kit.web.errors import TooMany, problem, respond, wants_json
from dancu.kit.web.forms import Form, FormErrors, read_form
from dancu.kit.web.gate import client_ip
from dancu.kit.web.here import PageMark
from dancu.kit.web.menu import MenuItem, Surface
from dancu.kit.web.pages import Page, local_path, page_of, see_other
from dancu.kit.web.records import RecordAsked, RecordKey
from dancu.kit.web.render import render, render_filled
from dancu.kit.web.session import CurrentActor, Sessions, actor_of, end_session, start_session, token_of
from dancu.kit.web.settings import WebSettings
from dancu.kit.web.transaction import Conn, DbConn, RequestLease, attempt, db

__all__ = [
    "ANONYMOUS",
    "APIRouter",
    "Bounded",
    "ClosedByDefault",
    "Conn",
    "CurrentActor",
    "DbConn",
    "Form",
    "FormErrors",
    "JSONResponse",
    "MenuItem",
    "Page",
    "PageMark",
    "RecordAsked",
    "RecordKey",
    "RedirectResponse",
    "Request",
    "RequestLease",
    "Response",
    "Sessions",
    "Surface",
    "TooMany",
    "WebSettings",
    "actor_of",
    "allow",
    "attempt",
    "client_ip",
    "create_app",
    "csrf_token",
    "db",
    "end_session",
    "local_path",
    "own_address",
    "page_of",
    "problem",
    "public",
    "read_form",
    "render",
    "render_filled",
    "respond",
    "see_other",
    "signed_in",
    "start_session",
    "token_of",
    "wants_json",
]
