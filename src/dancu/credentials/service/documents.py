"""A citizen asks to integrate a document; it is checked against its source and its owner, and stays live.

A page does it in three steps, so that no transaction waits for a ministry: `wish` and leave to ask (exchange.papers), the asking, and
`settle`. The job (service.refresh) does the same for everybody in turn."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

from dancu.access import service as access
from dancu.audit import service as audit
from dancu.credentials import policy
from dancu.credentials.events import DOCUMENT_CHANGED, DOCUMENT_INTEGRATED
from dancu.credentials.models import Document, Standing, State
from dancu.credentials.rules import KINDS, Kind
from dancu.credentials.store import documents as store
from dancu.exchange.models.papers import Shown
from dancu.kernel.actor import Actor, Purpose
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kernel.errors import Conflict, NotFound
from dancu.kit import events
from dancu.kit.db import Conn
from dancu.kit.i18n import N_
from dancu.kit.ring import ring
from dancu.population import service as population

FIELD = "documents"
_TABLE = "credentials.document"


def kind_of(code: str) -> Kind:
    """Raises NotFound."""
    found = KINDS.get(code)
    if found is None:
        raise NotFound("document.kind", N_("Không có loại giấy tờ này."))
    return found


def why() -> Purpose:
    """Documents are part of the electronic identity account."""
    return access.choose_purpose("eid_account")


async def wallet(conn: Conn, actor: Actor, purpose: Purpose) -> list[Document]:
    """The citizen's own documents."""
    await population.open_person(conn, actor, purpose, actor.actor_id, (FIELD,))
    return await of(conn, actor.actor_id)


async def one_of_mine(conn: Conn, actor: Actor, purpose: Purpose, document_id: str) -> Document:
    """Raises NotFound."""
    found = next((one for one in await wallet(conn, actor, purpose) if one.document_id == _uuid(document_id)), None)
    if found is None:
        raise NotFound("document.unknown", N_("Không có giấy tờ này trong tài khoản của bạn."))
    return found


async def of(conn: Conn, key: int, kind: str | None = None) -> list[Document]:
    """Documents of an opened person (or of anybody, role worker)."""
    return [_document(row) for row in await store.of_person(conn, key, kind)]


async def wish(conn: Conn, actor: Actor, purpose: Purpose, key: int, code: str, how: str = "account") -> None:
    """Note that somebody wants a kind of document in the account; once. The person is open, or the worker does it."""
    kind = kind_of(code)
    if await store.of_person(conn, key, code):
        return
    (entry_id,) = await _record(conn, actor, purpose, key, "document.ask", code, how=how)
    standing = Standing.ASKED if kind.connector else Standing.NOT_CONNECTED
    await store.add(conn, key, str(uuid4()), code, b"", standing, how, SYSTEM_CLOCK.now(), entry_id)


async def settle(conn: Conn, actor: Actor, purpose: Purpose, key: int, code: str, shown: Shown) -> list[Document]:
    """Make of the source's answer what it says: a document for each of its records, or the reason why there is none. What was
    integrated and cannot be asked about now stays, with its age; what its source no longer has, or now says of somebody else, does
    not. The person is open (application), or anybody's (worker)."""
    kind, now = kind_of(code), SYSTEM_CLOCK.now()
    before = await of(conn, key, code)
    found = policy.standing(shown, kind)
    (entry_id,) = await _record(conn, actor, purpose, key, "document.check", code, outcome=found.value)
    content = shown.paper.content if shown.paper else None
    rows: Sequence[Any] = content.parts.get(kind.part, ()) if content and found in (Standing.INTEGRATED, Standing.CONTRADICTS) else ()
    common: dict[str, Any] = {"as_of": shown.paper.as_of if shown.paper else None, "tried_at": now, "entry_id": entry_id}
    if found is not Standing.INTEGRATED:
        reason = shown.outcome.value if shown.outcome else ""
        for one in before:
            stays = one.standing is Standing.INTEGRATED and found is Standing.UNREACHABLE
            await store.settle(
                conn, key, one.document_id, standing=one.standing if stays else found, number_hash=one.number_hash, state=None, sealed=None,
                differs=shown.differs if found is Standing.CONTRADICTS else (), reason=reason,
                checked_at=None if found is Standing.UNREACHABLE else now, **common,
            )  # fmt: skip
            if one.standing is Standing.INTEGRATED and not stays:
                await events.emit(conn, DOCUMENT_CHANGED, key, {"kind": code, "document_id": one.document_id, "standing": found.value})
        return await of(conn, key, code)
    free = [one for one in before if not one.number_hash]
    here = {one.number_hash: one for one in before if one.number_hash}
    for row in rows:
        number_hash = ring().blind_index(str(row.get("number", "")).encode(), table=_TABLE, column="number_hash")
        known = here.pop(number_hash, None) or (free.pop(0) if free else None)
        if known is None:
            document_id = str(uuid4())
            await store.add(conn, key, document_id, code, number_hash, Standing.ASKED, "account", now, entry_id)
        else:
            document_id = known.document_id
        state = policy.state(row, kind, SYSTEM_CLOCK.today())
        sealed = ring().encrypt(json.dumps(dict(row), ensure_ascii=False).encode(), table=_TABLE, row=f"{key}/{document_id}", column="sealed")
        await store.settle(
            conn, key, document_id, standing=Standing.INTEGRATED, number_hash=number_hash, state=state, sealed=sealed, differs=(), reason="",
            checked_at=now, **common,
        )  # fmt: skip
        payload = {"kind": code, "document_id": document_id, "state": state.value}
        if known is None or known.standing is not Standing.INTEGRATED:
            await events.emit(conn, DOCUMENT_INTEGRATED, key, payload)
        elif known.state is not state:
            await events.emit(conn, DOCUMENT_CHANGED, key, payload)
    for gone in [*here.values(), *free]:  # its source has it no more
        await store.remove(conn, key, gone.document_id, now, entry_id)
    return await of(conn, key, code)


async def remove(conn: Conn, actor: Actor, purpose: Purpose, document_id: str) -> None:
    """The citizen takes a document out of the account; the ministry's stays what it is. Raises NotFound, Conflict."""
    one = await one_of_mine(conn, actor, purpose, document_id)
    (entry_id,) = await _record(conn, actor, purpose, actor.actor_id, "document.remove", one.kind)
    if not await store.remove(conn, actor.actor_id, one.document_id, SYSTEM_CLOCK.now(), entry_id):
        raise Conflict("document.removed", N_("Giấy tờ này đã được bỏ trước đó."))


async def _record(conn: Conn, actor: Actor, purpose: Purpose, key: int, verb: str, code: str, **note: object) -> list[int]:
    return await audit.record(conn, actor, purpose, action="write", subjects=[key], fields=[FIELD], note={"verb": verb, "kind": code, **note})


def _document(row: tuple[Any, ...]) -> Document:
    key, document_id, kind, standing, state, differs, as_of, asked_at, checked_at, tried_at, sealed, reason, number_hash = row
    record = {}
    if sealed is not None:
        record = json.loads(ring().decrypt(bytes(sealed), table=_TABLE, row=f"{key}/{document_id}", column="sealed"))
    return Document(
        key, str(document_id), kind, Standing(standing), State(state) if state else None, tuple(differs), as_of, asked_at, checked_at, tried_at,
        record, reason, bytes(number_hash),
    )  # fmt: skip


def _uuid(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        return ""
