"""Recovery codes: ten on paper, each good once, in place of a phone that is lost."""

from __future__ import annotations

import hmac
import secrets

from dancu.accounts.service import core
from dancu.accounts.service.authenticators.record import added, changed
from dancu.accounts.store import authenticators as store
from dancu.kernel.actor import Actor, Purpose
from dancu.kit.db import Conn
from dancu.kit.ring import ring

COUNT = 10
# No letters or digits that look alike in handwriting.
_ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
_LENGTH = 10


async def new_recovery_codes(conn: Conn, actor: Actor, purpose: Purpose, key: int, *, first: bool = False) -> list[str]:
    """Ten fresh codes, shown once; the ones before are worth nothing from now on. `first`: they come with the activation, of which the
    holder is told in the same moment; a second message would read as if somebody else had added them."""
    await core.open(conn, [key])
    await store.revoke_kind(conn, key, "recovery")
    codes = ["".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH)) for _ in range(COUNT)]
    for code in codes:
        made = await store.add(conn, key, "recovery", "")
        await store.keep_secret(conn, key, made, _digest(key, code))
    await changed(conn, actor, purpose, key, "set_authenticator", "recovery")
    await added(conn, key, "recovery", told=not first)
    return [f"{code[:5]}-{code[5:]}" for code in codes]


async def use_recovery_code(conn: Conn, key: int, code: str) -> bool:
    """Whether it is one of the account's unused codes; it is used up by that. The caller throttles."""
    given = _digest(key, "".join(ch for ch in code.upper() if ch in _ALPHABET)[:_LENGTH])
    found = 0
    for made, kept, _ in await store.secrets(conn, key, "recovery"):
        if hmac.compare_digest(kept, given):
            found = made
    return bool(found) and await store.revoke(conn, key, found)


def _digest(key: int, code: str) -> bytes:
    return ring().mac("recovery", f"{key}|{code}".encode())
