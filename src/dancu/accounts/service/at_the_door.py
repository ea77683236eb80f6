"""What a kit can tell without a network: that the record would be refused at home. The team is still at the door, the next time it
comes is weeks away. What only the registry knows is checked when the trip comes home."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from dancu.accounts.models.level2 import Stated
from dancu.accounts.service.visit.capturing import check_portrait
from dancu.accounts.service.visit.stating import checked_statement
from dancu.cards import service as cards
from dancu.cards.models import Reading, TextKind
from dancu.kernel.errors import Invalid, Unavailable
from dancu.kit.i18n import N_

CONFIRMED = ("screen", "aloud", "paper")


async def check(
    text: str, *, name: str, birth: str, said: Stated, documents: Sequence[str], confirmed: str, guardian: str, portrait: bytes
) -> Reading:
    """What the card's text says. Raises Invalid with what to do at the door; a kit without the detector of faces takes the portrait
    as it is."""
    reading = cards.read_text(text)
    if reading.kind is TextKind.NUMBER and not (name.strip() and birth):
        raise Invalid("doorstep.name_and_birth", N_("Gõ số thay cho quét thẻ thì cần cả họ tên (--name) và ngày sinh (--birth)."))
    if guardian:
        cards.read_text(guardian)
    checked_statement(said, documents)
    if confirmed not in CONFIRMED:
        raise Invalid("visit.how", N_("Hãy ghi công dân xác nhận thế nào: --confirmed screen (tự đọc trên máy), aloud (nghe đọc) hoặc paper (ký giấy)."))
    with contextlib.suppress(Unavailable):
        check_portrait(await cards.check_portrait(portrait))
    return reading
