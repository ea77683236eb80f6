"""Who comes with a child to level 2: a parent or guardian the registry knows, shown by their own card."""

from __future__ import annotations

from typing import Any, Final

from dancu.accounts.models.level2 import Means
from dancu.accounts.policy import level2 as policy
from dancu.accounts.rules_level2 import Level2Rule
from dancu.cards import service as cards_service
from dancu.cards.models import TextKind
from dancu.kernel.actor import Actor, Purpose
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kernel.errors import FieldError, Invalid, NotAllowed
from dancu.kit.db import Conn
from dancu.kit.i18n import N_
from dancu.population import service as population
from dancu.population.models import CardState, KinRelation, PersonView
from dancu.population.service.verify import compare

#: Relations, as the child's own record has them, that may speak for the child.
GUARDIANS: Final = frozenset({KinRelation.FATHER, KinRelation.MOTHER, KinRelation.REPRESENTATIVE})
cards: Any = cards_service


async def proved(
    conn: Conn, actor: Actor, purpose: Purpose, child: PersonView, text: str, rule: Level2Rule, *, permission: str
) -> int:
    """The person key of the guardian whose card `text` is (QR or machine-readable zone). Raises Invalid where the card
    cannot be read or is somebody else's, NotAllowed, saying what to bring, where the registry does not know them as the
    child's father, mother or representative. The looks are recorded."""
    reading = cards.read_text(text)
    if reading.kind is TextKind.NUMBER:
        raise _wrong("level2.guardian_card", N_("Hãy quét thẻ căn cước của cha, mẹ hoặc người giám hộ; số gõ tay chưa đủ."))
    keys = set(await population.keys_by_number(conn, reading.number))
    known = {
        fact.relative_key for fact in child.holding(child.kin) if fact.relation in GUARDIANS and fact.relative_key is not None
    }
    # Only who the child's record names is opened: any other number stays closed, whoever's it is.
    if not keys & known:
        raise _unproved()
    view = await population.person(conn, actor, purpose, min(keys & known), permission=permission)
    words = {field: str(word) for field, word in compare(view, dict(reading.declared())).items()}
    if not policy.shown_enough(Means.QR, words):
        raise _wrong("level2.guardian_card", N_("Thông tin trên thẻ của người đi cùng không khớp. Hãy quét lại."))
    if cards_service.void(reading, view) not in (None, CardState.EXPIRED):
        raise _wrong("level2.guardian_card", N_("Thẻ của người đi cùng đã được thay, báo mất hoặc bị thu hồi. Hãy quét thẻ đang dùng."))
    if not _grown_and_alive(view, rule):
        raise _unproved()
    return view.person_key


def _grown_and_alive(view: PersonView, rule: Level2Rule) -> bool:
    if view.alive_until is not None or view.death is not None or view.born is None:
        return False
    return policy.age_on(view.born, SYSTEM_CLOCK.today()) >= rule.guardian_from


def _unproved() -> NotAllowed:
    return NotAllowed(
        "level2.guardian_unproved",
        N_(
            "Dữ liệu dân cư chưa ghi người đi cùng là cha, mẹ hoặc người giám hộ của trẻ. Hãy mang giấy khai sinh của trẻ hoặc"
            " quyết định giám hộ tới tư pháp xã, phường để bổ sung, rồi quay lại."
        ),
    )


def _wrong(code: str, message: str) -> Invalid:
    return Invalid(code, message, fields=(FieldError("guardian", code, message),))
