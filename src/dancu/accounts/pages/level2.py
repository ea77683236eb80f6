"""Level 2 from the citizen's own phone: one page says how one stands, one photo decides."""

from __future__ import annotations

from typing import Any

from dancu.accounts.pages import words_level2 as words
from dancu.accounts.pages.browser import helper_of
from dancu.accounts.pages.counter import LARGEST, image_of
from dancu.accounts.service import level2, sign_in
from dancu.kernel.actor import Actor, ActorKind
from dancu.kernel.errors import Conflict, Invalid, NotFound
from dancu.kit.web import (
    APIRouter,
    CurrentActor,
    DbConn,
    FormErrors,
    Request,
    Response,
    public,
    read_form,
    render,
    see_other,
)
from dancu.territory.service import gazetteer

router = APIRouter(prefix="/eid/level-2")
SIGN_IN = f"/eid/sign-in?next=/eid/level-2&acr={level2.ACR}"


async def _signed_in(conn: DbConn, actor: Actor) -> bool:
    """A citizen's sign-in of the assurance that a change of level asks for."""
    if actor.kind is not ActorKind.CITIZEN:
        return False
    now = await sign_in.current(conn, actor)
    return now is not None and now.acr >= level2.ACR


def _page(request: Request, status: int = 200, **context: Any) -> Response:
    shown = {"done": False, "held": False, "standing": None, "errors": FormErrors(), "words": words, "unit_name": _unit_name}
    return render(request, "accounts/level2.html", status=status, **{**shown, **context})


def _unit_name(unit_id: int) -> str:
    return gazetteer().full_name(unit_id)


@router.get("", dependencies=[public()])
async def show(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    if not await _signed_in(conn, actor):
        return see_other(SIGN_IN)
    try:
        return _page(request, standing=await level2.standing(conn, actor))
    except Conflict:
        return _page(request, held=True)
    except NotFound:
        return see_other("/eid/register")


@router.post("", dependencies=[public()], max_body_size=LARGEST + 100_000)
async def compare(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    if not await _signed_in(conn, actor):
        return see_other(SIGN_IN)
    form = await read_form(request)
    try:
        image = await image_of(form)
    except Invalid as error:
        return _page(request, 422, standing=await level2.standing(conn, actor), errors=FormErrors((), error))
    try:
        found = await level2.try_portrait(conn, actor, image, assisted=helper_of(request) is not None)
    except Conflict:
        return _page(request, held=True)
    if found.done:
        return _page(request, done=True)
    return _page(request, 422, standing=found.standing, errors=FormErrors((), found.why) if found.why else FormErrors())
