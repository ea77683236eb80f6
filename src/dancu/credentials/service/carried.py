"""What of the documents in the account can stay at home: what the account's own page tells."""

from __future__ import annotations

from contextlib import suppress
from datetime import date

from dancu.access import service as access
from dancu.accounts.models.gives import Paper
from dancu.credentials.models import Document, Standing, State
from dancu.credentials.rules import KINDS
from dancu.credentials.service import documents
from dancu.kernel.actor import Actor
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kit.db import Conn
from dancu.kit.i18n import N_

_SHOW = N_("Xuất trình từ Giấy tờ của tôi")


async def carried(conn: Conn, actor: Actor) -> list[Paper]:
    """Integrated and good today, by what its source last said and by its own last day; nothing that was only wished for."""
    found, today = await documents.wallet(conn, actor, access.choose_purpose("own_record")), SYSTEM_CLOCK.today()
    return [_paper(one) for one in found if one.standing is Standing.INTEGRATED and one.now(today, KINDS[one.kind].until) is State.VALID]


def _paper(one: Document) -> Paper:
    kind = KINDS[one.kind]
    last: date | None = None
    with suppress(ValueError):  # a source may say a year alone, or nothing
        last = date.fromisoformat(str(one.record.get(kind.until, "")))
    return Paper(one.kind, kind.title, _SHOW, "69/2024/NĐ-CP", last, level=1, number=str(one.record.get("number", "")), url=f"/account/wallet#{one.kind}")
