"""What a citizen has consented to, of what a partner asks for."""

from __future__ import annotations

from collections.abc import Iterable

from dancu.exchange.models.call import Call
from dancu.kernel.errors import NotAllowed
from dancu.kit.db import Conn
from dancu.kit.i18n import N_
from dancu.sharing.models import GROUPS
from dancu.sharing.service import consents


async def allowed(conn: Conn, call: Call, person_key: int, fields: Iterable[str]) -> frozenset[str]:
    """Those of the fields that may go out now: what needs no consent, and what this citizen has consented to for this program and purpose.
    Raises NotAllowed `exchange.consent` where that is nothing."""
    wanted = frozenset(fields)
    if not (needing := call.needing_consent(wanted)):
        return wanted
    consent = await consents.consent(conn, person_key, call.client_no, call.purpose)
    given = frozenset(one for one in needing if consent is not None and GROUPS.get(one, "") in consent.claims)
    if not (free := wanted - needing | given):
        raise no_consent()
    return free


def no_consent() -> NotAllowed:
    """The refusal, with what to do."""
    return NotAllowed(
        "exchange.consent",
        N_("Cần người dân đồng ý và chưa có đồng ý nào cho mục đích này. Hãy mời người dân mở mục Tôi chia sẻ với ai trong tài khoản và đồng ý."),
    )
