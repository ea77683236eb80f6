"""The holder's own look at the account: sessions, ways to sign in, history, and "this was not me"."""

from __future__ import annotations

from dataclasses import dataclass

from dancu.access import service as access
from dancu.access.models import Session
from dancu.accounts.models import Account, Contacts, Happening, SignIn
from dancu.accounts.models.sign_in import Authenticator, PastSignIn
from dancu.accounts.service import authenticators, core, locks, sign_in
from dancu.accounts.store import sign_ins as store
from dancu.kernel.actor import Actor, Purpose
from dancu.kernel.errors import NotFound
from dancu.kit.db import Conn
from dancu.kit.i18n import N_

_KEPT = 30


@dataclass(frozen=True, slots=True)
class Open:
    """One session that lives: where, since when, and what it proved (None: of a demonstration's persona)."""

    session: Session
    proved: PastSignIn | None


@dataclass(frozen=True, slots=True)
class OwnAccount:
    """What the account page shows. `account` None: a session without an account (a persona)."""

    account: Account | None
    signed: SignIn | None
    sessions: list[Open]
    authenticators: list[Authenticator]
    contacts: Contacts
    history: list[Happening]


def purpose() -> Purpose:
    return access.choose_purpose("own_record")


async def overview(conn: Conn, actor: Actor, *, history: int = 5) -> OwnAccount:
    """Everything about the actor's own account that a page may show."""
    key = actor.actor_id
    signed = await sign_in.current(conn, actor)
    account = await core.account(conn, key)
    proved = {one.session_id: one for one in await store.recent(conn, key, _KEPT)}
    sessions = [Open(one, proved.get(one.session_id)) for one in await access.my_sessions(conn, actor)]
    return OwnAccount(
        account, signed, sessions, await authenticators.listed(conn, key), await core.contacts(conn, key),
        await core.happenings(conn, key, limit=history),
    )  # fmt: skip


async def disown(conn: Conn, actor: Actor, happening_id: int, *, locking: frozenset[str]) -> Happening:
    """The holder says that they did not do this: it is marked, and where it is one of `locking` the account is locked at
    once and every session ends, this one too. Raises NotFound for what is not in their history."""
    key = actor.actor_id
    await core.open(conn, [key])
    found = await store.disown(conn, key, happening_id)
    if found is None:
        raise NotFound("happening.none", N_("Không thấy việc này trong lịch sử của bạn."))
    await core.happened(conn, key, "disowned", of=found.kind)
    if found.kind in locking:
        await locks.suspect(conn, actor, purpose(), key, way="account")
    return found
