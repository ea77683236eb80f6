"""Getting back in. An officer who has seen who it is starts a recovery and hands on its link; the citizen completes it on
their own phone or at the kiosk with a code only they get, or after a second officer's word, and chooses the passcode
themselves. No officer sees or sets a secret, and none can do it alone."""

from __future__ import annotations

import base64
import hashlib
import importlib
import secrets
from collections.abc import Collection
from dataclasses import replace
from typing import Any

from dancu.access import service as access
from dancu.accounts.events import ACCOUNT_RECOVERED
from dancu.accounts.models import AccountState
from dancu.accounts.models.locks import Ground
from dancu.accounts.models.recovery import ForSecond, Needs, Recovery, Started
from dancu.accounts.policy import recovery as policy
from dancu.accounts.service import activate, authenticators, codes, core, locks
from dancu.accounts.service.links import link
from dancu.accounts.store import recovery as store
from dancu.audit import service as audit
from dancu.kernel.actor import SYSTEM, Actor, Channel, Purpose
from dancu.kernel.clock import SYSTEM_CLOCK, VIETNAM
from dancu.kernel.errors import Conflict, Invalid, NotAllowed, NotFound
from dancu.kit import events
from dancu.kit.authn import throttle
from dancu.kit.db import Conn
from dancu.kit.i18n import N_
from dancu.kit.ring import ring
from dancu.population import service as population

PERMISSION = "eid.recover"


async def open_at_desk(conn: Conn, actor: Actor, purpose: Purpose, key: int) -> None:
    """The officer's look at an account before anything is done with it; recorded. Raises NotAllowed, NotFound."""
    access.require(actor, PERMISSION)
    await population.open_person(conn, actor, purpose, key, fields=("name", "birth", "account"), permission=PERMISSION)
    await core.open(conn, [key])


async def begin_at_counter(conn: Conn, actor: Actor, purpose: Purpose, key: int, checks: Collection[str], *, once: str = "") -> Started:
    """The holder stands here and `checks` (`card`, `face`, `seen`) were made; `once`: see `begin`. Raises Invalid where that is no proof,
    Conflict where the account is not in use yet or locked for what a counter cannot end."""
    await open_at_desk(conn, actor, purpose, key)
    if not policy.identity_enough(checks, has_reference=await has_portrait(conn, key)):
        raise Invalid(
            "recovery.identity",
            N_("Cần đọc thẻ và so khuôn mặt. Chỉ khi chưa có ảnh chân dung gốc mới thay bằng cán bộ nhận mặt theo ảnh trên thẻ."),
        )
    return await begin(conn, actor, purpose, key, way="counter", identity=sorted(set(checks) & policy.CHECKS), once=once)


async def begin(
    conn: Conn, actor: Actor, purpose: Purpose, key: int, *, way: str, identity: list[str], once: str = ""
) -> Started:  # fmt: skip
    """A recovery whose identity was checked by the caller. The holder is told at once, by every contact. `once`: what the check is
    known by; the same again, while it is under way, is the recovery there is, its link included: a form sent twice shows no dead one."""
    found = await core.existing(conn, key, lock=True)
    if found.activated_at is None:
        raise Conflict("account.not_activated", N_("Tài khoản này chưa kích hoạt. Hãy gửi mã kích hoạt mới."))
    await locks.refuse_where_held_back(conn, key)
    ways = await authenticators.ways(conn, key)
    to_phone = "sms" in [way.value for way in ways.ways]
    needs = policy.needs_of(code_reaches_holder=to_phone)
    if needs is Needs.SECOND and way != "counter" and ways.sms_from is not None:
        raise Conflict(
            "recovery.phone_new",
            N_("Số điện thoại hay SIM của tài khoản vừa đổi, từ {time} mới nhận mã được. Xin ra quầy một cửa bất kỳ, mang theo thẻ căn cước. Nếu không phải chủ tài khoản đổi, hãy khóa tài khoản ngay."),
            time=f"{ways.sms_from.astimezone(VIETNAM):%H:%M %d/%m/%Y}",
        )  # fmt: skip
    if needs is Needs.SECOND and way != "counter":
        raise Conflict("recovery.no_phone", N_("Không gửi được mã tới điện thoại của tài khoản. Xin ra quầy một cửa bất kỳ, mang theo thẻ căn cước."))
    token = base64.urlsafe_b64encode(ring().mac("accounts.recovery", f"{key}|{once}".encode())[:24]).decode() if once else secrets.token_urlsafe(24)
    sent_to = ways.phone_end if needs is Needs.CODE else ""
    known = await store.last_of(conn, key, _digest(token))
    if known is not None:
        if known.state == "open" and known.needs is needs and known.expires_at > SYSTEM_CLOCK.now():
            return Started(known.recovery_id, link(f"/eid/recover/{token}"), needs, sent_to, known.expires_at)
        token = secrets.token_urlsafe(24)
    until = SYSTEM_CLOCK.now() + policy.LINK_LIVES
    recovery_id = await store.start(
        conn, key, way=way, identity=identity, needs=needs, link_digest=_digest(token), by=actor.actor_id, org=actor.org_code,
        expires_at=until,
    )  # fmt: skip
    await _recorded(conn, actor, purpose, key, "recovery.begin", way=way, identity=identity, recovery_id=recovery_id)
    await core.happened(conn, key, "recovery_begun", way=way)
    await core.notify(conn, key, "recovery.begun")
    return Started(recovery_id, link(f"/eid/recover/{token}"), needs, sent_to, until)


async def confirm(conn: Conn, actor: Actor, purpose: Purpose, key: int, recovery_id: int) -> None:
    """A second officer of the office where it began, or right above, has seen the same person; any other office begins anew, with
    its own look at card and face. Raises NotAllowed for the first officer and for another office, Conflict where nothing waits."""
    await open_at_desk(conn, actor, purpose, key)
    found = await one(conn, key, recovery_id)
    if not await listed_for(conn, actor, found.started_org):
        raise NotAllowed("recovery.elsewhere", N_("Việc này bắt đầu ở nơi khác. Hãy quét thẻ của người này và làm lại từ đầu tại đây."))
    if found.started_by == actor.actor_id:
        raise NotAllowed("recovery.second_officer", N_("Cần một cán bộ khác xác nhận, không phải người đã bắt đầu."))
    if not await store.confirm(conn, key, recovery_id, by=actor.actor_id):
        raise Conflict("recovery.over", N_("Lần lấy lại này đã hết hạn hoặc không chờ xác nhận."))
    await _recorded(conn, actor, purpose, key, "recovery.confirm", recovery_id=recovery_id)


async def listed_for(conn: Conn, actor: Actor, org_code: str) -> bool:
    """Whether the list of what waits shows an office's work to this officer: their own office's, and that of those right below."""
    org = await access.organisation(conn, org_code)
    return actor.org_code in (org_code, org.parent if org else None)


async def for_second(conn: Conn, actor: Actor, purpose: Purpose, *, limit: int = 100) -> list[ForSecond]:
    """What waits for a second officer of this organisation, oldest first."""
    access.require(actor, PERMISSION)
    return await store.for_second(conn, actor, purpose, limit)


async def one(conn: Conn, key: int, recovery_id: int) -> Recovery:
    """One recovery of an account the caller has opened. Raises NotFound."""
    found = await store.recovery(conn, key, recovery_id)
    if found is None:
        raise NotFound("recovery.unknown", N_("Không có lần lấy lại tài khoản này."))
    return found


async def by_link(conn: Conn, token: str) -> Recovery:
    """What a link stands for. Raises NotFound for one that ended, was used, or never was: one sentence for all."""
    found = await store.by_link(conn, _digest(token)) if 20 <= len(token) <= 64 and token.isascii() else None
    if found is None:
        raise _over()
    return found


async def send_code(conn: Conn, token: str) -> str:
    """Send the code to the account's phone; the end of its number. Raises NotFound, Exceeded."""
    found = await by_link(conn, token)
    return await codes.send_code(conn, found.person_key, "recover", context=f"recovery {found.recovery_id}")


async def prove_code(conn: Conn, token: str, code: str) -> bool:
    """Whether the code is right; a wrong try counts, so the caller commits."""
    found = await by_link(conn, token)
    if not await codes.check_code(conn, found.person_key, "recover", code, context=f"recovery {found.recovery_id}"):
        return False
    return await store.code_was_right(conn, found.person_key, found.recovery_id)


async def suspected(conn: Conn, key: int) -> bool:
    """Is the opened account locked because somebody else seems to use it? What was set up before may then be theirs."""
    return any(lock.ground is Ground.SUSPICION for lock in await locks.standing(conn, key))


async def finish(conn: Conn, actor: Actor, token: str, passcode: str, *, drop_others: bool) -> int:
    """The citizen's own new passcode; the person key. What was issued before is worthless, sessions end, locks that
    waited for the holder's proof end; `drop_others`: passkeys, devices and codes set up before are taken away too.
    Raises NotFound, Conflict where the proof is missing, Invalid for a weak passcode."""
    found = await by_link(conn, token)
    key, purpose = found.person_key, locks.eid_purpose()
    await core.existing(conn, key, lock=True)
    await locks.refuse_where_held_back(conn, key)
    if not await store.finish(conn, key, found.recovery_id):
        if (await one(conn, key, found.recovery_id)).state == "done":  # the button pressed twice
            raise _over()
        raise Conflict("recovery.not_proved", N_("Cần nhập mã gửi tới điện thoại, hoặc cán bộ thứ hai xác nhận trước."))
    await _renew(conn, actor, purpose, key, passcode, drop_others=drop_others)
    await _recorded(conn, actor, purpose, key, "recovery.finish", recovery_id=found.recovery_id, way=found.way)
    await core.happened(conn, key, "recovered", way=found.way)
    await core.notify(conn, key, "recovered")
    return key


async def by_passkey(conn: Conn, actor: Actor, passcode: str) -> None:
    """The holder signed in with a passkey on another device a moment ago and chooses a new passcode without the old one.
    The caller has checked how fresh that is and by what it was done."""
    key, purpose = actor.actor_id, locks.eid_purpose()
    await core.existing(conn, key, lock=True)
    await _renew(conn, actor, purpose, key, passcode, drop_others=False)
    await _recorded(conn, actor, purpose, key, "recovery.finish", way="passkey")
    await core.happened(conn, key, "recovered", way="passkey")
    await core.notify(conn, key, "recovered")


async def reissue(conn: Conn, actor: Actor, purpose: Purpose, key: int, checks: Collection[str]) -> None:
    """A new activation code at any counter, within the days of the first one or after; it goes to the account's phone
    alone. Raises Invalid without a look at the card, Conflict where the account is in use."""
    await open_at_desk(conn, actor, purpose, key)
    if not policy.identity_enough(checks, has_reference=False):
        raise Invalid("recovery.identity_reissue", N_("Cần đọc thẻ và nhận mặt người đến trước khi gửi mã kích hoạt mới."))
    await send_activation(conn, actor, purpose, key, way="counter")


async def send_activation(conn: Conn, actor: Actor, purpose: Purpose, key: int, *, way: str) -> None:
    """A new activation code to the account's phone, identity checked by the caller. Asked again at once, the code that was sent stays:
    of two messages people read the first, and its code would be worth nothing."""
    found = await core.existing(conn, key, lock=True)
    if found.state is AccountState.LOCKED and found.activated_at is None:
        if await locks.why(conn, key) is Ground.CARD_REVOKED:
            raise Conflict(
                "account.awaits_card",
                N_("Thẻ căn cước của người này đã bị thu hồi nên chưa kích hoạt được. Mời họ làm thẻ ở công an xã, phường; có thẻ mới, mã kích hoạt tự gửi tới điện thoại của tài khoản."),
            )
        await locks.refuse_where_held_back(conn, key)
        if await locks.after_identity(conn, actor, purpose, key):  # the holder's proof opens it, and that sends a code
            await sent_just_now(conn, "activation", key)
            await _recorded(conn, actor, purpose, key, "activation.reissue", way=way)
        return
    if found.state not in (AccountState.APPROVED, AccountState.NOTIFIED):
        raise Conflict("account.not_waiting", N_("Tài khoản này không chờ kích hoạt."))
    in_time = found.activate_by is not None and found.activate_by > SYSTEM_CLOCK.now()
    if await sent_just_now(conn, "activation", key) and in_time:
        return
    await activate.invite(conn, key)
    await _recorded(conn, actor, purpose, key, "activation.reissue", way=way)


async def sent_just_now(conn: Conn, what: str, which: int) -> bool:
    """Whether this was sent within the minute; if not, it counts as sent now. The caller holds the account, so of many at the same
    moment one sends."""
    sent = [throttle.bucket("sent at a desk", what, str(which), burst=1, seconds=60)]
    return await throttle.charge_unless_waiting(conn, sent, sent) > 0


async def has_portrait(conn: Conn, key: int) -> bool:
    """Whether a reference portrait exists to compare a face with."""
    cards: Any = importlib.import_module("dancu.cards.service")
    known = getattr(cards, "has_reference", None)
    return bool(known and await known(conn, key, "portrait"))


def holder_of_link(request_id: str) -> Actor:
    """The actor of what is done through a link: nobody signed in."""
    return replace(SYSTEM, request_id=request_id, channel=Channel.WEB)


async def _renew(conn: Conn, actor: Actor, purpose: Purpose, key: int, passcode: str, *, drop_others: bool) -> None:
    if drop_others:
        await authenticators.revoke_all(conn, actor, purpose, key)
    await authenticators.set_passcode(conn, actor, purpose, key, passcode)
    if not await locks.after_identity(conn, actor, purpose, key):
        await core.bump(conn, key)
        await locks.end_sessions(conn, key)
    await events.emit(conn, ACCOUNT_RECOVERED, key, {})


def _over() -> NotFound:
    return NotFound(
        "recovery.link", N_("Đường dẫn này đã hết hạn hoặc đã dùng. Nếu bạn vừa đặt xong mật mã, hãy đăng nhập; chưa thì xin cán bộ hoặc tổng đài tạo lại.")
    )


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


async def _recorded(conn: Conn, actor: Actor, purpose: Purpose, key: int, verb: str, **note: object) -> None:
    await audit.record(
        conn, actor, purpose, action="write", subjects=[key], fields=["account"], note={"verb": f"account.{verb}", **note}
    )
