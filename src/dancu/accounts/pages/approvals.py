"""/account/approvals: who asks the citizen for what, and the answer."""

from __future__ import annotations

from dancu.accounts.pages.browser import sign_in_url
from dancu.accounts.service import approvals, own
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


@router.get("")
async def listing(request: Request, conn: DbConn, actor: CurrentActor, done: str = "") -> Response:
    return await _listing(request, conn, actor, done=done)


async def _listing(
    request: Request, conn: Conn, actor: CurrentActor, *, done: str = "", errors: FormErrors | None = None
) -> Response:
    return render(
        request, "accounts/approvals.html", base="base_citizen.html", done=done, errors=errors or FormErrors(),
        approvals=await approvals.of_actor(conn, actor), status=422 if errors else 200,
    )  # fmt: skip


@router.post("/{approval_id}")
async def answer(request: Request, conn: DbConn, actor: CurrentActor, approval_id: str) -> Response:
    """Approving needs two factors: the citizen proves them and comes back to the list, never past the question."""
    form = await read_form(request)
    approve = form.value("answer") == "yes"
    try:
        async with attempt(conn):
            await approvals.decide(conn, actor, own.purpose(), approval_id, approve=approve)
    except NotAllowed:
        return see_other(sign_in_url(HOME, acr=approvals.ACR))
    except DancuError as error:
        return await _listing(request, conn, actor, errors=FormErrors.of(error))
    return see_other(f"{HOME}?done={'approved' if approve else 'denied'}")
