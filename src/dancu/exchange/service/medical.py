"""Health data go to others by the person's consent alone: given for a month to those who treat, taken back at any time."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from dancu.access import service as access
from dancu.exchange.connectors.catalogue import connectors
from dancu.exchange.models.connectors import Connector
from dancu.kernel.actor import Actor
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kit.db import Conn
from dancu.kit.i18n import N_
from dancu.sharing import service as sharing
from dancu.sharing.models import Consent

PURPOSE: Final = "health_insurance"
_STANDS = timedelta(days=30)
RECEIVER: Final = N_("Cơ sở khám, chữa bệnh đang tiếp nhận bạn")


def _sensitive() -> Connector:
    return next(one for one in connectors().values() if one.sensitive)


async def standing(conn: Conn, actor: Actor) -> Consent | None:
    """The citizen's consent that stands now."""
    return await sharing.consent(conn, actor.actor_id, _sensitive().receiver, PURPOSE)


async def give(conn: Conn, actor: Actor) -> Consent:
    """For thirty days, to whoever treats the citizen; the receipt is among their consents. Raises NotAllowed for anybody else's
    session."""
    one = _sensitive()
    until = SYSTEM_CLOCK.now() + _STANDS
    return await sharing.give(conn, actor, one.receiver, {one.consent_group}, access.choose_purpose(PURPOSE), until, client_name=RECEIVER)


async def withdraw(conn: Conn, actor: Actor) -> None:
    """Nothing more goes out from now on. Raises NotFound where none stands."""
    found = await standing(conn, actor)
    await sharing.withdraw(conn, actor, found.consent_id if found else "")
