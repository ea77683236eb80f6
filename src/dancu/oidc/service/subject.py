"""Who sits at the browser: the citizen's session and what it proved."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from dancu.accounts.models import SignIn
from dancu.kernel.actor import Actor, ActorKind
from dancu.kit.db import Conn
from dancu.oidc.store import sign_ins

_ROOM = "dancu.accounts.service.sign_in"


async def signed_in(conn: Conn, actor: Actor) -> SignIn | None:
    """What the citizen's session proved; None for everybody else, and where the account moved on since."""
    if actor.kind is not ActorKind.CITIZEN:
        return None
    if find_spec(_ROOM) is None:
        return await sign_ins.of_session(conn, actor.actor_id, actor.session_id)
    found: SignIn | None = await import_module(_ROOM).current(conn, actor)
    return found
