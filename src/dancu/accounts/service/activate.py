"""From an approved account to one in use: the notice with its code, reminders, activation, and why it did not happen."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Final

from dancu.access import service as access
from dancu.accounts.events import ACCOUNT_ACTIVATED
from dancu.accounts.models import Account, AccountState
from dancu.accounts.rules import REMINDER_DAYS, WAVE_DAYS, rule_on
from dancu.accounts.service import codes, core
from dancu.accounts.service.links import link
from dancu.accounts.store import activation as store
from dancu.audit import service as audit
from dancu.kernel.actor import Actor, Purpose
from dancu.kernel.clock import SYSTEM_CLOCK, VIETNAM, Clock, vietnam_day
from dancu.kernel.errors import Conflict, Exceeded, Invalid
from dancu.kit import events, messages
from dancu.kit.db import Conn
from dancu.kit.i18n import N_
from dancu.kit.ring import ring

# Why an account is not activated, kept beside it; the first is found by delivery receipts, the others are noted by officers.
IDLE_REASONS: Final[dict[str, str]] = {
    "wrong_phone": N_("Tin nhắn không tới: số điện thoại sai hoặc đã bỏ"),
    "no_smartphone": N_("Không có điện thoại thông minh hoặc mạng"),
    "no_help": N_("Không biết cách làm, cần người hướng dẫn"),
    "away": N_("Đi làm ăn xa hoặc ở nước ngoài"),
    "unwilling": N_("Chưa muốn dùng"),
    "ill_or_old": N_("Già yếu, bệnh tật"),
    "other": N_("Lý do khác"),
}
_GRANT_SECONDS = 900
#: Accounts told of in one transaction.
MOST: Final = 500
#: Failed deliveries are looked at for as long: a worker that stood still over a holiday misses none.
_RECEIPTS: Final = timedelta(days=10)


async def invite(conn: Conn, key: int, *, clock: Clock = SYSTEM_CLOCK) -> None:
    """Tell the holder (a child's guardian) that the account is there, what it gives, and the code, which holds for the
    days of the rule. Again at a counter or a doorstep: a new code, a new deadline. Raises NotFound, Conflict where the
    account is past that."""
    until = _end_of(clock, rule_on(clock.today()).activation_days)
    found = await core.existing(conn, key, lock=True)
    if not await store.notified(conn, key, until):
        raise Conflict("account.not_waiting", N_("Tài khoản này không chờ kích hoạt."))
    code = await codes.new_code(conn, key, "activate", until=until)
    await core.notify(
        conn, key, "approved", level=found.level, code=code, until=f"{last_day(until):%d/%m/%Y}", url=link("/eid/activate")
    )
    await core.happened(conn, key, "notified")


async def invite_again(conn: Conn, key: int) -> None:
    """What kept an account that nobody has activated ended: its holder gets a code with all its days, or, where the phone is known to
    be wrong, is told by e-mail where a code is had."""
    if await phone_fails(conn, key):
        await _tell(conn, key, False, "lapsed")
    else:
        await invite(conn, key)


def last_day(until: datetime | None) -> date | None:
    """The last day, in Vietnam, on which a code good `until` then can be used."""
    return vietnam_day(until - timedelta(seconds=1)) if until else None


def _end_of(clock: Clock, days: int) -> datetime:
    """The end of the `days`-th day from today, in Vietnam: people count days, not hours."""
    return datetime.combine(clock.today() + timedelta(days=days + 1), time.min, VIETNAM)


async def resend(conn: Conn, key: int) -> None:
    """Another code to the account's phone (a child's: the guardian's), the deadline staying as it is. Says nothing, does
    nothing where no account waits or codes were sent a moment ago."""
    found = await core.account(conn, key)
    if found is None or found.state is not AccountState.NOTIFIED or not found.activate_by or found.activate_by < SYSTEM_CLOCK.now():
        return
    with contextlib.suppress(Exceeded):
        await codes.send_code(conn, key, "activate", to=await _phone_of(conn, found))


async def _phone_of(conn: Conn, found: Account) -> str:
    """The holder's phone; of a child without one, the guardian's."""
    holder = await core.contacts(conn, found.person_key)
    to = holder if holder.phone or not found.guardian_key else await core.contacts(conn, found.guardian_key)
    return to.phone


async def may_activate(conn: Conn, key: int, code: str, *, by: str = "") -> bool:
    """Whether `code` is the account's code of activation; used up by that, but for the browser `by` while what it was given
    for it lasts. False also where nothing waits. Wrong tries never end the way for the holder: where they have worn the short code
    out, a long one goes to the holder's phone, once for each invitation."""
    right = await codes.check_code(conn, key, "activate", code, by=by)
    right = right or await codes.was_right(conn, key, "activate", code, by=by, seconds=_GRANT_SECONDS)
    found = await core.account(conn, key)
    waits = found is not None and found.state is AccountState.NOTIFIED
    if found is not None and waits and not right and await codes.worn_out(conn, key, "activate"):
        await codes.send_long(conn, key, "activate", to=await _phone_of(conn, found), language=found.language)
    return right and waits


def grant(account: Account) -> str:
    """What the browser carries from the code to the passcode: sealed, for a quarter of an hour and this account alone."""
    until = int(SYSTEM_CLOCK.now().timestamp()) + _GRANT_SECONDS
    plain = f"{account.person_key}|{account.lock_version}|{until}".encode()
    return ring().encrypt(plain, table="accounts.activate", row=0, column="grant").hex()


async def granted(conn: Conn, sealed: str, *, state: AccountState = AccountState.NOTIFIED) -> Account:
    """The account a grant is for, locked for the change; `state` ACTIVE: once it was activated, while the grant lasts.
    Raises Invalid where it ended, was altered or used."""
    try:
        plain = ring().decrypt(bytes.fromhex(sealed), table="accounts.activate", row=0, column="grant").decode()
        key, version, until = (int(part) for part in plain.split("|"))
    except Exception:
        raise _ended() from None
    found = await core.account(conn, key, lock=True)
    if found is None or found.state is not state or found.lock_version != version:
        raise _ended()
    if until < SYSTEM_CLOCK.now().timestamp():
        raise _ended()
    return found


def _ended() -> Invalid:
    return Invalid("activation.ended", N_("Lần kích hoạt này đã hết hạn. Xin nhập lại số định danh và mã."))


async def activate(conn: Conn, actor: Actor, key: int, *, purpose: Purpose | None = None) -> None:
    """The holder has proved the phone and chosen a passcode (service.authenticators): the account is in use from now on.
    Raises Conflict where it is not waiting or its time has passed."""
    await core.existing(conn, key, lock=True)
    if not await store.activated(conn, key):
        raise Conflict("account.not_waiting", N_("Tài khoản này không chờ kích hoạt, hoặc thời hạn đã qua."))
    why = purpose or access.choose_purpose("eid_account")
    await audit.record(conn, actor, why, action="write", subjects=[key], fields=["account"], note={"verb": "account.activate"})
    await core.happened(conn, key, "activated")
    await core.notify(conn, key, "activated")
    await events.emit(conn, ACCOUNT_ACTIVATED, key, {})


async def note_idle(conn: Conn, actor: Actor, purpose: Purpose, key: int, reason: str) -> None:
    """Keep why the account is not activated. Raises Invalid for no known reason, Conflict where it does not wait."""
    if reason not in IDLE_REASONS:
        raise Invalid("account.idle_reason", N_("Xin chọn một lý do."))
    await core.open(conn, [key])
    if not await store.note_idle(conn, key, reason):
        raise Conflict("account.not_waiting", N_("Tài khoản này không chờ kích hoạt."))
    note = {"verb": "account.idle_reason", "reason": reason}
    await audit.record(conn, actor, purpose, action="write", subjects=[key], fields=["account"], note=note)


async def phone_fails(conn: Conn, key: int) -> bool:
    """Whether messages to an opened account's phone did not arrive: the number is mended before a new code is sent."""
    return await store.idle_reason(conn, key) == "wrong_phone"


# -- what the worker does each day ------------------------------------------------------------------------------------


async def remind(conn: Conn, *, clock: Clock = SYSTEM_CLOCK) -> int:
    """Remind on days 1, 3 and 6, each once; how many were reminded. No more than a transaction should hold: called again until
    nobody is left."""
    days = rule_on(clock.today()).activation_days
    told = 0
    for day in reversed(REMINDER_DAYS):
        due = await store.due_reminders(conn, day, days, MOST)
        for key, phone_reaches in due:
            found = await core.existing(conn, key)
            until = f"{last_day(found.activate_by) or clock.today():%d/%m/%Y}"
            await _tell(conn, key, phone_reaches, "reminder", until=until, url=link("/eid/activate"))
        told += len(due)
        if len(due) == MOST:  # who is left of them must not be taken for one of an earlier day, and be reminded twice
            break
    return told


async def wave(conn: Conn) -> int:
    """Tell those whose time has passed where a new code is had: again after two weeks, a month and two. How many; as `remind`."""
    told, before = 0, 0
    for number, days in enumerate((0, *WAVE_DAYS)):
        lapsed = await store.due_wave(conn, number, days, days - before, MOST)
        for key, phone_reaches in lapsed:
            await _tell(conn, key, phone_reaches, "lapsed")
        told, before = told + len(lapsed), days
    return told


async def _tell(conn: Conn, key: int, phone_reaches: bool, template: str, /, **params: str) -> None:
    if phone_reaches:
        await core.notify(conn, key, template, **params)
    else:  # somebody else's phone, or nobody's: by e-mail alone
        found, to = await core.existing(conn, key), await core.contacts(conn, key)
        await core.tell(conn, replace(to, phone=""), template, key=key, lang=found.language, **params)


async def note_undelivered(conn: Conn) -> int:
    """Where the notice did not arrive the phone is wrong: noted, for any counter or doorstep to mend."""
    noted = 0
    failed = await messages.failed_since(conn, SYSTEM_CLOCK.now() - _RECEIPTS, "account.")
    for key in await store.waiting_without_reason(conn, failed):
        sent = [m for m in await messages.stands(conn, key) if m.channel == "sms" and m.kind.startswith("account.")]
        if sent and sent[0].state == "failed":
            noted += await store.note_idle(conn, key, "wrong_phone")
            await core.happened(conn, key, "undelivered")
    return noted
