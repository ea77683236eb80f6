"""/account/wallet: the documents I carry; asking for one, why one will not integrate, showing one for a minute."""

from __future__ import annotations

import io
from typing import Any

from dancu.access import service as access
from dancu.credentials import present
from dancu.credentials.models import Standing
from dancu.credentials.rules import KINDS, SHOWN_SECONDS
from dancu.credentials.service import documents as service
from dancu.credentials.service import screens
from dancu.exchange.service import disputes, papers
from dancu.exchange.service import paper_words as words
from dancu.exchange.service.connected import Lines
from dancu.kernel.actor import Purpose
from dancu.kernel.clock import SYSTEM_CLOCK, VIETNAM
from dancu.kernel.errors import Conflict, DancuError, NotFound
from dancu.kit.i18n import N_, gettext
from dancu.kit.web import (
    APIRouter,
    CurrentActor,
    DbConn,
    Form,
    FormErrors,
    Request,
    RequestLease,
    Response,
    allow,
    attempt,
    read_form,
    render,
    see_other,
)
from dancu.population import service as population

router = APIRouter(prefix="/account/wallet")
HOME = "/account/wallet"
_DONE = ("asked", "sent", "removed", "changed")


def why() -> Purpose:
    return access.choose_purpose("own_record")


def lines_of(request: Request) -> Lines:
    lines: Lines = request.app.state.lines
    return lines


@router.get("", dependencies=[allow("citizen")])
async def wallet(request: Request, conn: DbConn, actor: CurrentActor, done: str = "") -> Response:
    found = await service.wallet(conn, actor, why())
    said = await disputes.of_person(conn, actor.actor_id)
    open_of = {one.connector: one for one in reversed(said) if one.open}
    have = {one.kind for one in found}
    return render(
        request, "credentials/wallet.html", documents=found, kinds=KINDS, open_of=open_of, more=[kind for kind in KINDS.values() if kind.code not in have],
        done=done if done in _DONE else "", present=present, words=words,
    )  # fmt: skip


async def _ask(request: Request, held: RequestLease, actor: CurrentActor, code: str) -> None:
    """The wish is kept, leave to ask recorded, the source asked with no connection held, its answer settled."""
    kind, lines = service.kind_of(code), lines_of(request)
    conn = await held.connection()
    await population.open_person(conn, actor, why(), actor.actor_id, (service.FIELD,))
    await service.wish(conn, actor, why(), actor.actor_id, code)
    if not kind.connector:
        return
    asking = await papers.ask(conn, actor, why(), actor.actor_id, kind.connector, lines.desks)
    await held.release()
    fetched = await lines.ask(kind.connector, asking.number)
    conn = await held.connection()
    await population.open_person(conn, actor, why(), actor.actor_id, (service.FIELD,))
    await service.settle(conn, actor, why(), actor.actor_id, code, await papers.settle(conn, asking, fetched, news=False))


@router.post("/{code}/integrate", dependencies=[allow("citizen")])
async def integrate(request: Request, held: RequestLease, actor: CurrentActor, code: str) -> Response:
    """Ask for it, or ask again."""
    await _ask(request, held, actor, code)
    return see_other(f"{HOME}?done=asked#{service.kind_of(code).code}")


@router.post("/{document_id}/show", dependencies=[allow("citizen")])
async def show(request: Request, held: RequestLease, actor: CurrentActor, document_id: str) -> Response:
    """A fresh screen; its source is asked first, so that the state on it is today's. Where it does not answer, the screen says how old
    its word is; where its answer stands in the way, the account keeps the answer and says what it is."""
    one = await service.one_of_mine(await held.connection(), actor, why(), document_id)
    if one.standing is Standing.INTEGRATED and (one.checked_at is None or (SYSTEM_CLOCK.now() - one.checked_at).total_seconds() > SHOWN_SECONDS):
        await _ask(request, held, actor, one.kind)
    conn = await held.connection()
    issuer = str(request.app.state.issuer or "").rstrip("/") or f"{request.url.scheme}://{request.url.netloc}"
    try:
        async with attempt(conn):
            screen = await screens.show(conn, actor, why(), document_id)
    except (Conflict, NotFound):
        return see_other(f"{HOME}?done=changed#{one.kind}")
    view = await population.person(conn, actor, why(), actor.actor_id)
    return render(
        request, "credentials/screen.html", screen=screen, one=screen.document, kind=KINDS[screen.document.kind], view=view, present=present, words=words,
        seconds=SHOWN_SECONDS, ends=f"{screen.expires_at.astimezone(VIETNAM):%H:%M:%S}", picture=_picture(f"{issuer}/desk/check-document?code={screen.code}"),
    )  # fmt: skip


def _picture(text: str) -> str:
    """A QR picture as SVG, drawn here."""
    import segno

    out = io.BytesIO()
    segno.make_qr(text, error="m").save(out, kind="svg", xmldecl=False, svgns=True, omitsize=True, border=4, dark="#000", light="#fff")
    return out.getvalue().decode()


@router.post("/{document_id}/remove", dependencies=[allow("citizen")])
async def remove(conn: DbConn, actor: CurrentActor, document_id: str) -> Response:
    await service.remove(conn, actor, why(), document_id)
    return see_other(f"{HOME}?done=removed")


@router.get("/{code}/correct", dependencies=[allow("citizen")])
async def correct_form(request: Request, conn: DbConn, actor: CurrentActor, code: str) -> Response:
    return await _correct(request, conn, actor, code, Form(), FormErrors())


@router.post("/{code}/correct", dependencies=[allow("citizen")])
async def correct(request: Request, conn: DbConn, actor: CurrentActor, code: str) -> Response:
    """The ministry's desk is asked to look at what differs."""
    form, kind = await read_form(request), service.kind_of(code)
    try:
        async with attempt(conn):
            differs = await _differing(conn, actor, code)
            await disputes.open_dispute(
                conn, actor, why(), actor.actor_id, kind.connector, f"identity.{differs[0]}", form.value("statement"),
                desk=lines_of(request).desks.get(kind.connector, ""), document=code, details=dict.fromkeys(differs, "no"),
            )  # fmt: skip
    except DancuError as error:
        return await _correct(request, conn, actor, code, form, FormErrors.of(error))
    return see_other(f"{HOME}?done=sent#{code}")


async def _differing(conn: DbConn, actor: CurrentActor, code: str) -> tuple[str, ...]:
    """Raises NotFound where nothing differs (any more)."""
    found = [one for one in await service.wallet(conn, actor, why()) if one.kind == code and one.standing is Standing.CONTRADICTS]
    if not found:
        raise NotFound("document.nothing_differs", N_("Giấy tờ này không còn điểm nào khác. Hãy thử tích hợp lại."))
    return found[0].differs


async def _correct(request: Request, conn: DbConn, actor: CurrentActor, code: str, form: Form, errors: FormErrors) -> Response:
    """What each side says, one beside the other: both are the citizen's own data."""
    kind = service.kind_of(code)
    differs = await _differing(conn, actor, code)
    view = await population.person(conn, actor, why(), actor.actor_id)
    paper = await papers.kept(conn, actor.actor_id, kind.connector)
    holder: dict[str, Any] = dict(paper.content.holder) if paper and paper.content else {}
    rows = [
        (gettext(words.IDENTITY_WORDS[field]), words.registered(view, field), words.identity(field, holder[field]), field in differs)
        for field in papers.IDENTITY
        if field in holder
    ]
    return render(
        request, "credentials/correct.html", kind=kind, rows=rows, differs=differs, form=form, errors=errors, present=present,
        status=422 if errors else 200,
    )  # fmt: skip
