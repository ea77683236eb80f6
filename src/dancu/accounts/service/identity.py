"""Who stands at the counter: what was checked travels with the officer's page, sealed for this officer and a quarter of an
hour, so that a check that was not made cannot be claimed."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass

from dancu.access import service as access
from dancu.accounts.policy import recovery as policy
from dancu.accounts.service.recovery import PERMISSION, has_portrait
from dancu.cards import service as cards
from dancu.kernel.actor import Actor, Purpose
from dancu.kernel.errors import Invalid, Unavailable
from dancu.kit.db import Conn
from dancu.kit.i18n import N_
from dancu.kit.ring import ring
from dancu.population import service as population
from dancu.population.models import CardState, PersonView
from dancu.population.service.look import nobody
from dancu.population.service.verify import compare

_TABLE, _SECONDS = "accounts.identity", 900


@dataclass(frozen=True, slots=True)
class Proof:
    """What this officer checked of this person: words of policy.CHECKS. `portrait`: there is one to compare with."""

    person_key: int
    checks: frozenset[str]
    portrait: bool

    @property
    def enough(self) -> bool:
        return policy.identity_enough(self.checks, has_reference=self.portrait)


async def read_card(conn: Conn, actor: Actor, purpose: Purpose, text: str) -> tuple[int, str]:
    """The person a scanned card names, compared with the registry, and the sealed proof. Raises Invalid for what is no card
    (a typed number proves nothing), does not agree with the record or was replaced, lost or revoked, or is of somebody recorded dead, NotFound, NotAllowed."""
    access.require(actor, PERMISSION)
    reading = cards.read_text(text)
    declared = dict(reading.declared())
    if reading.kind.value not in ("qr", "mrz") or not declared.get("birth"):
        raise Invalid("identity.no_card", N_("Hãy quét mã QR hoặc dòng chữ máy đọc trên thẻ; chỉ gõ số thì chưa chứng minh được gì."))
    keys = await population.keys_by_number(conn, reading.number)
    if not keys:
        raise nobody(actor, purpose)
    view = await person(conn, actor, purpose, keys[0])
    words = compare(view, declared)
    # A reader that mangles the marks of the name gives none: then birth date and the rest must agree.
    if any(str(word) not in ("yes", "close") for field, word in words.items() if field in policy.ON_THE_CARD):
        raise Invalid("identity.differs", N_("Thông tin trên thẻ không khớp với người mang số này. Hãy quét lại."))
    if view.death is not None:  # which ended the cards too: the way out is not a new one
        raise Invalid(
            "identity.dead",
            N_("Cơ sở dữ liệu ghi người này đã mất nên thẻ và tài khoản không dùng được. Nếu ghi nhầm, mời họ sang tư pháp – hộ tịch để sửa trước."),
        )
    if cards.void(reading, view) not in (None, CardState.EXPIRED):
        raise Invalid(
            "identity.card_void",
            N_("Thẻ này đã được thay, báo mất hoặc bị thu hồi nên không chứng minh được ai. Hãy quét thẻ đang dùng; chưa có thì làm thẻ mới trước."),
        )
    return view.person_key, seal(actor, view.person_key, ["card"])


async def compare_face(conn: Conn, actor: Actor, purpose: Purpose, proof: Proof, image: bytes) -> str:
    """The proof with the face added where it is the one of the reference portrait. Raises Invalid where it is not, or the
    picture shows no face well enough."""
    match = await cards.compare_faces(conn, proof.person_key, image, actor=actor, purpose=purpose)
    if not match.matched:
        raise Invalid("identity.face", N_("Khuôn mặt không khớp với ảnh gốc. Chụp lại chỗ sáng, nhìn thẳng; nếu vẫn không khớp thì dừng."))
    return seal(actor, proof.person_key, [*proof.checks, "face"])


def seen(actor: Actor, proof: Proof) -> str:
    """The proof with the officer's own word that this is the person on the card."""
    return seal(actor, proof.person_key, [*proof.checks, "seen"])


def seal(actor: Actor, key: int, checks: Iterable[str]) -> str:
    plain = f"{key}|{int(time.time()) + _SECONDS}|{actor.session_id}|{','.join(sorted(set(checks)))}"
    return ring().encrypt(plain.encode(), table=_TABLE, row=actor.actor_id, column="proof").hex()


async def unseal(conn: Conn, actor: Actor, key: int, sealed: str) -> Proof:
    """What was checked of this person. Raises Invalid where nothing was, it is too old, or another officer's."""
    try:
        plain = ring().decrypt(bytes.fromhex(sealed), table=_TABLE, row=actor.actor_id, column="proof").decode()
        person_key, until, session, checks = plain.split("|")
        good = int(person_key) == key and int(until) > time.time() and session == actor.session_id
    except (ValueError, Unavailable):
        good, checks = False, ""
    if not good:
        raise Invalid("identity.over", N_("Cần quét thẻ của công dân (lại). Mỗi lần quét dùng trong 15 phút."))
    return Proof(key, frozenset(filter(None, checks.split(","))), await has_portrait(conn, key))


async def person(conn: Conn, actor: Actor, purpose: Purpose, key: int) -> PersonView:
    """The record as the counter sees it, recorded."""
    return await population.person(conn, actor, purpose, key, permission=PERMISSION)
