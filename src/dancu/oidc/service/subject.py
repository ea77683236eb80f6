"""Who sits at the browser: the citizen's session and what it proved."""

from __future__ import annotations

from dancu.accounts.models import SignIn
from dancu.accounts.service import sign_in
from dancu.kernel.actor import Actor
from dancu.kit.db import Conn


async def signed_in(conn: Conn, actor: Actor) -> SignIn | None:
    """What the citizen's session proved; None for everybody else, and where the account is locked or moved on since."""
    return await sign_in.current(conn, actor)
