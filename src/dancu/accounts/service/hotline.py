"""The hotline: an agent puts questions, the registry says whether the answers are enough, and no more. What follows goes to
the account's own phone; the agent never hears a code and sees no record."""

from __future__ import annotations

import math
from collections.abc import Mapping

from dancu.access import service as access
from dancu.accounts.models.recovery import Call, Started
from dancu.accounts.policy import recovery as policy
from dancu.accounts.service import core, locks, recovery
from dancu.accounts.store import recovery as store
from dancu.audit import service as audit
from dancu.kernel.actor import Actor, Purpose
from dancu.kernel.clock import VIETNAM
from dancu.kernel.errors import Exceeded, Invalid, NotAllowed
from dancu.kernel.numbers import normalize_phone
from dancu.kit.authn import throttle
from dancu.kit.db import Conn
from dancu.kit.i18n import N_
from dancu.population.service import verify as comparing

PERMISSION = "eid.hotline"
# Asked of the account itself; everything else the registry compares.
_OF_THE_ACCOUNT = frozenset({"activated"})
_FEWEST = len(policy.ON_THE_CARD) + policy.ENOUGH_ANSWERS


async def check(conn: Conn, actor: Actor, purpose: Purpose, number: str, answers: Mapping[str, str]) -> Call:
    """Compare a caller's answers (name, birth and questions of policy.OFF_THE_CARD) with the registry and the account.
    One answer for an unknown number, a person without account and wrong answers: not enough. Raises Exceeded where the
    agent or the number failed too often, Invalid where too few questions were put."""
    access.require(actor, PERMISSION)
    given = {field: _as_kept(field, value.strip()) for field, value in answers.items() if value.strip() and field in _QUESTIONS}
    if len(given) < _FEWEST or not set(policy.ON_THE_CARD) <= set(given):
        raise Invalid("hotline.too_few", N_("Cần họ tên, ngày sinh và ít nhất hai câu trả lời không có trên thẻ."))
    digits = "".join(ch for ch in number if ch.isdigit())
    tries = [
        throttle.bucket("hotline agent", str(actor.actor_id), burst=10, seconds=360),
        throttle.bucket("hotline number", digits, burst=3, seconds=4 * 3600),
    ]
    if wait := await throttle.wait_seconds(conn, tries):
        raise Exceeded(
            "hotline.wait", N_("Đã có nhiều lần trả lời sai. Xin đợi {minutes} phút, hoặc mời công dân ra quầy một cửa."),
            seconds=math.ceil(wait), minutes=math.ceil(wait / 60),
        )
    await throttle.charge(conn, tries)
    compared = await comparing.verify(conn, actor, purpose, number, {f: v for f, v in given.items() if f not in _OF_THE_ACCOUNT})
    key = compared.person_key
    account = await core.account(conn, key) if compared.found else None
    if account is None:
        return Call(False)
    words = {field: word.value for field, word in compared.fields.items()}
    if "activated" in given:
        at = account.activated_at
        words["activated"] = "unknown" if at is None else "yes" if _month(given["activated"]) == f"{at.astimezone(VIETNAM):%m/%Y}" else "no"
    enough = policy.answers_enough(words)
    call_id = await store.add_call(conn, key, agent=actor.actor_id, org=actor.org_code, asked=sorted(given), enough=enough)
    await _recorded(conn, actor, purpose, key, "hotline.check", enough=enough, asked=sorted(given))
    if not enough:
        await core.happened(conn, key, "hotline_refused")
        return Call(False)
    await throttle.refund(conn, tries)
    return Call(True, key, call_id, account.activated_at is None)


async def call(conn: Conn, actor: Actor, key: int, call_id: int) -> Call:
    """A call of this agent that was enough, as it stands. Raises NotAllowed where there is none (any more)."""
    await _asked(conn, actor, key, call_id)
    return Call(True, key, call_id, (await core.existing(conn, key)).activated_at is None)


async def lock(conn: Conn, actor: Actor, purpose: Purpose, key: int, call_id: int) -> bool:
    """Lock the account at the holder's word. False where it is locked so already."""
    await _called(conn, actor, key, call_id, "lock")
    return await locks.own_request(conn, actor, purpose, key, way="hotline")


async def recover(conn: Conn, actor: Actor, purpose: Purpose, key: int, call_id: int) -> Started:
    """Send the holder the link by which they choose a new passcode; it and its code reach the account's phone only. Asked again at
    once, the link that was sent is the one: a message a minute. Raises Conflict where no text message counts (then a counter helps)."""
    shown = "approval" if "approval" in await _called(conn, actor, key, call_id, "recover") else "answers"
    started = await recovery.begin(conn, actor, purpose, key, way="hotline", identity=[shown], once=f"call {call_id}")
    if not await recovery.sent_just_now(conn, "link", started.recovery_id):
        await core.notify(conn, key, "recovery.link", url=started.link)
    return Started(started.recovery_id, "", started.needs, started.sent_to, started.expires_at)


async def reissue(conn: Conn, actor: Actor, purpose: Purpose, key: int, call_id: int) -> None:
    """A new activation code, also after the days of the first one. Raises Conflict where the account is in use."""
    await _called(conn, actor, key, call_id, "reissue")
    await recovery.send_activation(conn, actor, purpose, key, way="hotline")


_QUESTIONS = frozenset({*policy.ON_THE_CARD, *policy.OFF_THE_CARD})


async def _called(conn: Conn, actor: Actor, key: int, call_id: int, do: str) -> list[str]:
    """What was asked in the call. Right answers open everything; what the caller agreed to on their phone opens just that."""
    asked = await _asked(conn, actor, key, call_id)
    if "approval" in asked and do not in asked:
        raise _no_call()
    return asked


async def _asked(conn: Conn, actor: Actor, key: int, call_id: int) -> list[str]:
    access.require(actor, PERMISSION)
    await core.open(conn, [key])
    asked = await store.call_asked(conn, key, call_id, agent=actor.actor_id, seconds=policy.CALL_LIVES.total_seconds())
    if asked is None:
        raise _no_call()
    return asked


def _no_call() -> NotAllowed:
    return NotAllowed("hotline.no_call", N_("Cuộc gọi này chưa xác minh xong hoặc đã quá 15 phút. Hãy hỏi lại từ đầu."))


def _as_kept(field: str, value: str) -> str:
    """A phone number as the registry writes it; what is none stays and does not agree."""
    if field != "phone":
        return value
    try:
        return normalize_phone(value)
    except Invalid:
        return value


def _month(text: str) -> str:
    """"3/2026" or "03-2026" as "03/2026"."""
    month, _, year = text.replace("-", "/").replace(".", "/").partition("/")
    return f"{month.strip().zfill(2)}/{year.strip()}"


async def _recorded(conn: Conn, actor: Actor, purpose: Purpose, key: int, verb: str, **note: object) -> None:
    await audit.record(
        conn, actor, purpose, action="read", subjects=[key], fields=["account"], note={"verb": f"account.{verb}", **note}
    )
