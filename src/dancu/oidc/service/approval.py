"""From trial to live: an organisation asks and says what it needs, another person answers, and both are one agreement."""

from __future__ import annotations

from dancu.access import service as access
from dancu.kernel.actor import Actor, ActorKind
from dancu.kernel.errors import Conflict, FieldError, Invalid, NotAllowed, NotFound
from dancu.kit.db import Conn
from dancu.kit.i18n import N_
from dancu.oidc.models import Client, ClientState
from dancu.oidc.service import registration
from dancu.oidc.store import approvals as store
from dancu.oidc.store import clients
from dancu.sharing import service as sharing
from dancu.sharing.models import Agreement, AgreementState, Terms


async def waiting(conn: Conn, actor: Actor) -> list[tuple[Client, Agreement]]:
    """What waits for a reviewer's answer, asked first to last."""
    found = []
    for agreement in await sharing.proposed(conn, actor):
        client = await clients.by_no(conn, agreement.client_no)
        if client is not None:
            found.append((client, agreement))
    return found


async def agreements(conn: Conn, client: Client) -> tuple[Agreement | None, Agreement | None]:
    """(the one in force, the one that waits)."""
    versions = await sharing.versions(conn, client.client_no)
    in_force = next((one for one in versions if one.state is AgreementState.IN_FORCE), None)
    return in_force, next((one for one in versions if one.state is AgreementState.PROPOSED), None)


async def ask(conn: Conn, actor: Actor, client_id: str, terms: Terms) -> Agreement:
    """The organisation asks to go live with these terms; for a client that is live, to change them. Raises Invalid
    `sharing.terms`, Conflict where it waits already with other terms (with these: what waits) or is suspended, NotFound for another's client."""
    client = await registration.changeable(conn, actor, client_id)
    if client.state is ClientState.SUSPENDED:
        raise Conflict("oidc.client.suspended", N_("Ứng dụng đang tạm dừng. Hãy mở lại trước."))
    try:
        proposed = await sharing.propose(
            conn, actor, client.client_no, terms, client_name=client.name, client_name_en=client.name_en,
            org_code=client.org_code, org_name=client.org_name,
        )  # fmt: skip
    except Conflict:  # one waits already: this, where the button was pressed twice
        _, waits = await agreements(conn, client)
        if waits is None or _said(waits) != _said(terms):
            raise
        return waits
    await store.ask(conn, client.client_no, actor.actor_id)
    await registration.recorded(conn, actor, "oidc.client.ask_live", client)
    return proposed


def _said(terms: Agreement | Terms) -> tuple[object, ...]:
    return terms.claims, terms.purposes, terms.consent_needed, terms.level_min


async def approve(conn: Conn, actor: Actor, client_id: str, version: int) -> Client:
    """A reviewer's yes to the version of the agreement they read: it comes into force and the client is live. Raises NotAllowed for who
    asked, Conflict for a suspended client, where another version waits by now, and where none does (but this one was agreed by this
    reviewer: the button pressed twice)."""
    client = await _asked(conn, actor, client_id)
    if client.state is ClientState.SUSPENDED:
        raise Conflict("oidc.client.suspended", N_("Ứng dụng đang tạm dừng. Hãy mở lại trước."))
    asked = await store.of(conn, client.client_no)
    if actor.kind is ActorKind.STAFF and asked.asked_by == actor.actor_id:
        raise NotAllowed("oidc.client.own_approval", N_("Người xin đưa vào hoạt động không tự duyệt."))
    try:
        await sharing.agree(conn, actor, client.client_no, version)
    except NotFound:
        await _answered(conn, actor, client, version, AgreementState.IN_FORCE)
        return client
    if client.state is ClientState.TEST and not await store.approve(conn, client.client_no, actor.actor_id):
        raise _handled()
    await registration.recorded(conn, actor, "oidc.client.approve", client)
    return client


async def refuse(conn: Conn, actor: Actor, client_id: str, version: int, reason: str) -> Client:
    """A reviewer's no, with the reason the organisation reads; twice is once. Raises Invalid without one, Conflict like `approve`."""
    client = await _asked(conn, actor, client_id)
    if not reason.strip():
        message = N_("Hãy ghi lý do để cơ quan biết cần sửa gì.")
        raise Invalid("oidc.client.reason", message, fields=(FieldError("reason", "oidc.client.reason", message),))
    try:
        await sharing.refuse(conn, actor, client.client_no, version, reason)
    except NotFound:
        await _answered(conn, actor, client, version, AgreementState.REFUSED)
        return client
    await store.refuse(conn, client.client_no)
    await registration.recorded(conn, actor, "oidc.client.refuse", client)
    return client


async def _answered(conn: Conn, actor: Actor, client: Client, version: int, state: AgreementState) -> None:
    """Nothing where it was this actor who answered the newest version so; else somebody else was quicker, which is said."""
    newest = next(iter(await sharing.versions(conn, client.client_no)), None)
    act = None if newest is None else newest.agreed if state is AgreementState.IN_FORCE else newest.closed
    if newest is None or act is None or (newest.version, newest.state, act.by) != (version, state, actor.actor_id):
        raise _handled()


def _handled() -> Conflict:
    return Conflict("oidc.client.changed", N_("Ứng dụng vừa được người khác xử lý."))


async def _asked(conn: Conn, actor: Actor, client_id: str) -> Client:
    if actor.kind is not ActorKind.SYSTEM:
        access.require(actor, registration.APPROVE)
    client = await clients.by_id(conn, client_id)
    if client is None:
        raise NotFound("oidc.client.none", N_("Không có ứng dụng này."))
    return client
