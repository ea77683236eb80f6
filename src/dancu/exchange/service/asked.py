"""What a citizen has consented to, of what a partner asks for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from dancu.exchange.models.call import Call
from dancu.kernel.errors import NotAllowed
from dancu.kit.db import Conn
from dancu.kit.i18n import N_
from dancu.sharing.models import GROUPS
from dancu.sharing.service import consents

#: No citizen's: a number that names nobody, or several.
_NOBODY: Final = 0


async def allowed(conn: Conn, call: Call, keys: Sequence[int], fields: Iterable[str]) -> frozenset[str]:
    """Those of the fields that may go out now: what needs no consent, and what the citizen whose key it is has consented to for this
    program and purpose. Where no one person is meant it is asked all the same: who asks without consent learns neither by the answer
    nor by its time whether there is anybody. Raises NotAllowed `exchange.consent` where nothing may."""
    wanted = frozenset(fields)
    if not (needing := call.needing_consent(wanted)):
        return wanted
    consent = await consents.consent(conn, keys[0] if len(keys) == 1 else _NOBODY, call.client_no, call.purpose)
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
