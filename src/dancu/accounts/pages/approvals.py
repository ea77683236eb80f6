"""/account/approvals: who asks the citizen for what, and the answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

from dancu.access import service as access
from dancu.accounts.models.approvals import ApprovalState, Wanted
from dancu.accounts.pages.browser import sign_in_url
from dancu.accounts.service import approvals, own
from dancu.kernel.actor import Actor
from dancu.kernel.errors import DancuError, NotAllowed
from dancu.kit.db import Conn
from dancu.kit.web import (
    APIRouter,
    CurrentActor,
    DbConn,
    FormErrors,
    Request,
    Response,
    allow,
    attempt,
    read_form,
    render,
    see_other,
)

router = APIRouter(prefix="/account/approvals", dependencies=[allow("citizen")])
HOME = "/account/approvals"
#: What waiting approvals bring about, by their ids; of the room that asked (`app.state.approvals_want`).
Saying = Callable[[Request, Conn, Actor, Sequence[str]], Awaitable[Mapping[str, Wanted]]]


@router.get("")
async def listing(request: Request, conn: DbConn, actor: CurrentActor, done: str = "") -> Response:
    return await _listing(request, conn, actor, done=done)


async def _listing(
    request: Request, conn: Conn, actor: CurrentActor, *, done: str = "", errors: FormErrors | None = None
) -> Response:
    mine = await approvals.of_actor(conn, actor)
    waiting = [one.approval_id for one in mine if one.state is ApprovalState.PENDING]
    return render(
        request, "accounts/approvals.html", base="base_citizen.html", done=done, errors=errors or FormErrors(), approvals=mine, english=await access.english_names(conn),
        wanted=await _wanted(request, conn, actor, waiting), purpose_title=access.purpose_title, status=422 if errors else 200,
    )  # fmt: skip


async def _wanted(request: Request, conn: Conn, actor: CurrentActor, waiting: Sequence[str]) -> Mapping[str, Wanted]:
    """What these approvals bring about, as the rooms say that asked for them."""
    said: Saying | None = getattr(request.app.state, "approvals_want", None)
    return await said(request, conn, actor, waiting) if said is not None and waiting else {}


@router.post("/{approval_id}")
async def answer(request: Request, conn: DbConn, actor: CurrentActor, approval_id: str) -> Response:
    """Approving needs two factors: the citizen proves them and comes back to the list, never past the question."""
    form = await read_form(request)
    approve = form.value("answer") == "yes"
    wanted = (await _wanted(request, conn, actor, [approval_id])).get(approval_id) if approve else None
    acr = max(approvals.ACR, wanted.acr if wanted else 0)
    try:
        async with attempt(conn):
            await approvals.decide(conn, actor, own.purpose(), approval_id, approve=approve, acr=acr)
    except NotAllowed:
        return see_other(sign_in_url(HOME, acr=acr))
    except DancuError as error:
        return await _listing(request, conn, actor, errors=FormErrors.of(error))
    return see_other(f"{HOME}?done={'approved' if approve else 'denied'}")
