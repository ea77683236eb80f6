"""The page of a key loaded anew: its answer comes a second time, with a challenge that was taken."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from dancu.accounts.models.sign_in import Kind
from dancu.accounts.service import core
from dancu.accounts.service.authenticators import challenge as challenges
from dancu.accounts.service.authenticators.device import thumbprint_of
from dancu.accounts.store import authenticators as store
from dancu.kernel.errors import DancuError
from dancu.kit.authn import passkey
from dancu.kit.db import Conn

_LATELY: Final = timedelta(seconds=challenges.SECONDS)


async def just_kept(conn: Conn, key: int, kind: str, answer: str) -> bool:
    """Whether the key that `answer` speaks of was added to this account a moment ago. It proves nothing about who asks: only for
    a page whose reader was let in by something else."""
    try:
        name, value = ("credential", challenges.encoded(passkey.credential_of(answer))) if kind == Kind.PASSKEY else ("thumbprint", thumbprint_of(answer))
    except DancuError:
        return False
    await core.open(conn, [key])
    since = datetime.now(UTC) - _LATELY
    return any(one.kind == kind and one.public.get(name) == value and one.created_at > since for one in await store.listed(conn, key))
