"""Level 2 from the phone: the biometrics taken for a card of the rule's days are used again, a live portrait is compared with
them. A refusal names an office that can serve, its hours and what to bring."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from dancu.access import service as access
from dancu.accounts.models import Account
from dancu.accounts.models.level2 import CaptureKind, OfficeChoice
from dancu.accounts.policy import level2 as policy
from dancu.accounts.rules_level2 import Level2Rule
from dancu.accounts.service import core, offices
from dancu.accounts.service.locks import end_sessions
from dancu.accounts.service.visit import cards, check_portrait, has_reference, rule_in_force
from dancu.accounts.store import level2 as store
from dancu.audit import service as audit
from dancu.cards.service import over
from dancu.kernel.actor import Actor, ActorKind, Purpose
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kernel.errors import Conflict, DancuError, Exceeded, Invalid, NotAllowed
from dancu.kit.authn import throttle
from dancu.kit.db import Conn
from dancu.kit.i18n import N_
from dancu.population import service as population
from dancu.population.models import CardFact, CardState, PersonView

TRIES_A_DAY: Final = 5
PICTURES_A_DAY: Final = 20  # looked at, whether there was a face to compare in them or not
_MANY = N_("Bạn đã gửi nhiều ảnh chưa rõ mặt. Hãy thử lại sau {minutes} phút, ở nơi sáng hơn, hoặc đến công an xã, phường làm mức 2.")
#: Assurance the sign-in must have: something known and something had.
ACR: Final = 2


@dataclass(frozen=True, slots=True)
class Standing:
    """How somebody stands to level 2. `refusal` None: from the phone, now. `choices`: where to go instead; `bring`: codes of
    what to bring."""

    rule: Level2Rule
    account: Account
    refusal: DancuError | None
    choices: tuple[OfficeChoice, ...] = ()
    bring: tuple[str, ...] = ()
    tries_left: int = TRIES_A_DAY


def own_purpose() -> Purpose:
    return access.choose_purpose("own_record")


async def standing(conn: Conn, actor: Actor) -> Standing:
    """What the signed-in citizen may do. Raises NotAllowed for others, NotFound without an account, Conflict where level 2
    is held."""
    if actor.kind is not ActorKind.CITIZEN:
        raise NotAllowed("session.required", N_("Xin đăng nhập để tiếp tục."))
    account = await core.existing(conn, actor.actor_id)
    if account.level >= 2:
        raise Conflict("account.level_held", N_("Tài khoản đã ở mức này hoặc cao hơn."))
    view = await population.person(conn, actor, own_purpose(), actor.actor_id)
    return await _standing(conn, account, view)


async def _standing(conn: Conn, account: Account, view: PersonView) -> Standing:
    rule, today, card = rule_in_force(), SYSTEM_CLOCK.today(), _card(view)
    left = TRIES_A_DAY - await store.tries_today(conn, account.person_key)
    refused: DancuError | None = policy.refusal_of(
        rule, today, alive=view.alive_until is None and view.death is None, born=view.born, has_number=view.personal_id is not None
    ) or policy.phone_refusal(
        rule, today, card.issued_on if card else None, card.expires_on if card else None, card=card is not None
    )  # fmt: skip
    if refused is None and not await has_reference(conn, account.person_key, CaptureKind.PORTRAIT):
        refused = Invalid(
            "level2.no_reference", N_("Chưa có ảnh làm thẻ của bạn để so sánh. Hãy đến một điểm dưới đây, mất khoảng 15 phút.")
        )
    if refused is None and left <= 0:
        refused = Exceeded(
            "level2.tries", N_("Hôm nay bạn đã thử nhiều lần. Hãy thử lại ngày mai hoặc đến một điểm dưới đây."), seconds=86_400
        )
    return Standing(rule, account, refused, *(await _elsewhere(conn, rule, view) if refused else ((), ())), max(left, 0))


def _card(view: PersonView) -> CardFact | None:
    """The card in force; without one the last that was, which may have run out."""
    return view.card or max(
        (card for card in view.cards if card.state == CardState.ACTIVE and over(card.expires_on, view.as_of)),
        key=lambda card: card.expires_on or view.as_of, default=None,
    )  # fmt: skip


async def _elsewhere(conn: Conn, rule: Level2Rule, view: PersonView) -> tuple[tuple[OfficeChoice, ...], tuple[str, ...]]:
    place = view.current_place or view.temporary or view.permanent
    found = await offices.choices(conn, rule, place.unit_id if place else None)
    bring = ("card" if _card(view) is not None else "birth_certificate", "phone")
    alone = view.born is None or policy.age_on(view.born, SYSTEM_CLOCK.today()) >= rule.alone_from
    return tuple(found), bring if alone else ("guardian", *bring)


@dataclass(frozen=True, slots=True)
class Outcome:
    """`done`: the account is at level 2; sign in again. Otherwise `why`, with where to go."""

    done: bool
    why: DancuError | None = None
    standing: Standing | None = None


async def try_portrait(conn: Conn, actor: Actor, image: bytes, *, assisted: bool = False) -> Outcome:
    """Compare a live portrait with the one on file and give level 2 where they agree. A portrait that is not good enough is
    an answer with what to do; it spends none of the tries, for no face was compared, but one of the day's pictures. Raises what
    `standing` raises."""
    now = await standing(conn, actor)
    if now.refusal is not None:
        return Outcome(False, now.refusal, now)
    key = actor.actor_id
    # Two tries at once must not both be the last one.
    await core.existing(conn, key, lock=True)
    pictures = [throttle.bucket("eid level2 picture", str(key), burst=PICTURES_A_DAY, seconds=86_400 / PICTURES_A_DAY)]
    if wait := await throttle.charge_unless_waiting(conn, pictures, pictures):
        return Outcome(False, Exceeded("level2.pictures", _MANY, seconds=math.ceil(wait), minutes=math.ceil(wait / 60)), now)
    try:
        shown = await cards.check_portrait(image)
        check_portrait(shown)
    except Invalid as error:
        return Outcome(False, error, now)
    match = await cards.compare_faces(conn, key, shown, actor=actor)
    word = "matched" if match.matched else "differs"
    await store.add_try(conn, key, rule=now.rule.code, outcome=word, score=float(match.score))
    await audit.record(
        conn, actor, own_purpose(), action="write", subjects=[key], fields=["account"],
        note={"verb": "level2.compare", "outcome": word, "rule": now.rule.code, "assisted": assisted},
    )  # fmt: skip
    if not match.matched:
        await core.happened(conn, key, "level2_differs")
        view = await population.person(conn, actor, own_purpose(), key)
        choices, bring = await _elsewhere(conn, now.rule, view)
        left = max(now.tries_left - 1, 0)
        why = Invalid(
            "level2.face_differs",
            N_("Ảnh vừa chụp chưa khớp với ảnh làm thẻ. Chụp lại ở nơi đủ sáng, bỏ kính và khẩu trang, hoặc đến một điểm dưới đây."),
        )
        return Outcome(False, why, Standing(now.rule, now.account, None if left else why, choices, bring, left))
    await core.raise_level(conn, actor, own_purpose(), key, 2, channel="online")
    await end_sessions(conn, key)
    await core.notify(conn, key, "level", level=2)
    return Outcome(True)
