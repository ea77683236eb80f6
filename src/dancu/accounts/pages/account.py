"""/account: where one is signed in, how one signs in, what happened, and "this was not me"."""

from __future__ import annotations

from dancu.accounts.models.approvals import ApprovalState
from dancu.accounts.pages.browser import sign_in_url
from dancu.accounts.present import history as words
from dancu.accounts.service import approvals, contacts_change, own, sign_in
from dancu.kernel.actor import ActorKind
from dancu.kit.agents import device_name
from dancu.kit.places import place_of
from dancu.kit.web import (
    APIRouter,
    CurrentActor,
    DbConn,
    Request,
    Response,
    allow,
    end_session,
    read_form,
    render,
    see_other,
    signed_in,
)

router = APIRouter(prefix="/account")
_HISTORY = 100


@router.get("", dependencies=[signed_in()])
async def account(request: Request, conn: DbConn, actor: CurrentActor, done: str = "") -> Response:
    if actor.kind is not ActorKind.CITIZEN:
        return see_other("/desk/account")
    waiting = any(one.state is ApprovalState.PENDING for one in await approvals.of_actor(conn, actor, limit=1))
    return render(
        request, "accounts/account.html", base="base_citizen.html", own=await own.overview(conn, actor), device_name=device_name,
        place_of=lambda network: place_of(network, request.state.lang), words=words, sign_in_url=sign_in_url, done=done, waiting=waiting,
        changing=bool(await contacts_change.own_waiting(conn, actor.actor_id)),
    )  # fmt: skip


@router.post("/sessions/end", dependencies=[allow("citizen")])
async def end_sessions(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    """End one session (`session`), or all others where none is named."""
    form = await read_form(request)
    if session_id := form.value("session"):
        await sign_in.end_mine(conn, actor, session_id)
    else:
        await sign_in.end_other_sign_ins(conn, actor)
    return see_other("/account?done=sessions")


@router.get("/history", dependencies=[allow("citizen")])
async def history(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    return render(
        request, "accounts/history.html", base="base_citizen.html", words=words,
        own=await own.overview(conn, actor, history=_HISTORY),
    )  # fmt: skip


@router.post("/history/{happening_id}/not-me", dependencies=[allow("citizen")])
async def not_me(request: Request, conn: DbConn, actor: CurrentActor, happening_id: int) -> Response:
    """It is marked; what somebody else did with the account locks it, and this session ends with all others."""
    found = await own.disown(conn, actor, happening_id, locking=words.DOUBTFUL)
    locked = found.kind in words.DOUBTFUL
    response = render(
        request, "accounts/not_me.html", base="base_citizen.html", locked=locked, what=words.sentence(found, request.state.lang),
        at=found.at,
    )  # fmt: skip
    if locked:
        end_session(request, response)
    return response
