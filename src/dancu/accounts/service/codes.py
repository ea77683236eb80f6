"""One-time codes sent to the holder's phone or mailbox: six digits, good once, five tries.

A code of activation is another matter: it lives for days, and whoever knows the number may try it. If five wrong tries ended it,
anybody could keep a stranger from the account. So the short one takes SHORT_TRIES from everywhere together, then a long one is sent
in its place, which LONG_TRIES do not exhaust in its days. Guessing both to the end succeeds once in 20,000 accounts
(SHORT_TRIES / 10^6 + LONG_TRIES / 10^10), however many machines guess; that each network is slowed besides is the page's matter.

A try counts even when it fails, so the caller must let its transaction commit (a page that shows the form again does).
"""

from __future__ import annotations

import hmac
import math
import secrets
from datetime import UTC, datetime, timedelta

from dancu.accounts.service import core
from dancu.accounts.store import codes as store
from dancu.accounts.store.sign_in_steps import NewCode
from dancu.kernel.errors import Exceeded
from dancu.kit import messages
from dancu.kit.authn import throttle
from dancu.kit.db import Conn
from dancu.kit.i18n import N_, gettext
from dancu.kit.ring import ring

TRIES = 5
SHORT_TRIES, LONG_TRIES, LONG_DIGITS = 20, 300_000, 10
LIVES = {
    "sign_in": timedelta(minutes=5), "phone": timedelta(minutes=10), "email": timedelta(minutes=30),
    "recover": timedelta(minutes=10), "activate": timedelta(days=7), "lock": timedelta(minutes=10),
}  # fmt: skip
# No letter of it may look like a request to pass it on: codes are given away on the phone to people who ask nicely.
TEXTS = {
    "sign_in": N_("{code} là mã đăng nhập Dancu, dùng trong 5 phút. Không đưa mã cho ai, kể cả cán bộ."),
    "phone": N_("{code} là mã xác nhận số điện thoại này cho Dancu, dùng trong 10 phút. Không đưa mã cho ai."),
    "email": N_("{code} là mã xác nhận địa chỉ thư này cho Dancu, dùng trong 30 phút. Không đưa mã cho ai."),
    "recover": N_("{code} là mã lấy lại tài khoản Dancu, dùng trong 10 phút. Không đưa mã cho ai, kể cả cán bộ."),
    "lock": N_("{code} là mã khóa tài khoản Dancu, dùng trong 10 phút. Không xin khóa thì bỏ qua, không đưa mã cho ai."),
    "activate_long": N_("Có người thử mã kích hoạt Dancu của bạn nhiều lần nên mã cũ đã hủy. Mã mới dài hơn: {code}. Không đưa mã cho ai, kể cả cán bộ."),
    "activate": N_("{code} là mã kích hoạt tài khoản Dancu. Không đưa mã cho ai, kể cả cán bộ."),
}


async def new_code(
    conn: Conn, key: int, use: str, *, context: str = "", until: datetime | None = None, again: bool = False
) -> str:
    """A fresh code of this use, for a text of the caller's own; the one before is worth nothing from now on. Lives as
    LIVES says; a code of use "activate" as long as the account's activation may take. `context` must be the same when
    the code comes back (a new phone, a session). `again`: asked for by whoever has the number, so wrong tries count on, and after
    SHORT_TRIES of them it is a long one."""
    await core.open(conn, [key])
    if until is None and use == "activate":
        found = await core.account(conn, key)
        until = found.activate_by if found else None
    digits = LONG_DIGITS if again and await store.tries(conn, key, use) >= SHORT_TRIES else 6
    code = _drawn(digits)
    kept = digest(key, use, code, context)
    await store.put(conn, key, use, kept, until or datetime.now(UTC) + LIVES[use], context, digits=digits, tries_stay=again)
    return code


def ready_sms(key: int, use: str, phone: str, language: str, *, context: str = "") -> NewCode:
    """A code and its message, neither kept nor sent yet: for the one statement of a sign-in that does both."""
    code = _drawn()
    text = gettext(TEXTS[use], language, code=code)
    return NewCode(use, digest(key, use, code, context), LIVES[use], context, "sms", language, *messages.sealed("sms", phone, text))


def sending_buckets(key: int, use: str) -> list[throttle.Bucket]:
    """How often codes may be sent: four at once and then one a minute of each use, twenty a day of all. Codes that lock are asked for by
    whoever knows the number: few, and none of them taken from those that let the holder in."""
    if use == "lock":
        return [throttle.bucket("code sent", str(key), use, burst=3, seconds=1800)]
    own = throttle.bucket("code sent", str(key), use, burst=4, seconds=60)
    return [own, throttle.bucket("code sent, day", str(key), burst=20, seconds=3600)]


async def send_code(conn: Conn, key: int, use: str, *, context: str = "", to: str = "") -> str:
    """Send a code to the account's phone (to its e-mail for use "email"), or to `to`; the end of where it went, "" where
    nothing is known and nothing was sent. Raises Exceeded where codes were sent too often."""
    await core.open(conn, [key])
    counted = sending_buckets(key, use)
    if wait := await throttle.charge_unless_waiting(conn, counted, counted):
        raise Exceeded("code.wait", N_("Mã vừa được gửi. Xin đợi {seconds} giây rồi xin mã khác."), seconds=math.ceil(wait))
    contacts = await core.contacts(conn, key)
    channel = "email" if use == "email" or "@" in to else "sms"
    address = to or (contacts.email if channel == "email" else contacts.phone)
    if not address:
        return ""
    account = await core.account(conn, key)
    language = account.language if account else "vi"
    code = await new_code(conn, key, use, context=context, again=use == "activate")
    text = gettext(TEXTS[use], language, code=spelled(code))
    await messages.send(
        conn, channel=channel, to=address, text=text, kind=f"code.{use}", person_key=key, language=language, life=LIVES[use]
    )
    return address[-3:] if channel == "sms" else address.partition("@")[2]


async def send_long(conn: Conn, key: int, use: str, *, to: str, language: str) -> None:
    """The long code in place of a short one that was tried too often. Not among the messages that are counted: a stranger who
    uses those up must not keep it from the holder. Once, for after it no short one is worn out."""
    code = await new_code(conn, key, use, again=True)
    text = gettext(TEXTS[f"{use}_long"], language, code=spelled(code))
    if to:
        await messages.send(conn, channel="sms", to=to, text=text, kind=f"code.{use}", person_key=key, language=language, life=LIVES[use])


async def check_code(conn: Conn, key: int, use: str, code: str, *, context: str = "", by: str = "") -> bool:
    """Whether `code` is the live one of this use and context; it is used up by that. The same work for a right and a
    wrong one, and for an account that has none. `by`: the browser it came from (see `was_right`)."""
    await core.open(conn, [key])
    given = digest(key, use, cleaned(code), context)
    live = await store.take_try(conn, key, use, *_most(use))
    right = hmac.compare_digest(live[0] if live else b"\0" * 32, given)
    return right and await store.use_up(conn, key, use, _browser(by) if by else None)


async def was_right(conn: Conn, key: int, use: str, code: str, *, by: str, seconds: int) -> bool:
    """Whether this browser used this code up within the last seconds: the button pressed twice, the way back. Counts as a
    try, a few more than for a live code."""
    await core.open(conn, [key])
    used = await store.take_try_again(conn, key, use, _browser(by), seconds, _most(use)[1] + 2 * TRIES) if by else None
    return used is not None and hmac.compare_digest(used, digest(key, use, cleaned(code), ""))


async def worn_out(conn: Conn, key: int, use: str) -> bool:
    """Whether the last try of a short code was taken and a long one is to follow."""
    short, long = _most(use)
    return short < long and await store.spent(conn, key, use, short)


def _most(use: str) -> tuple[int, int]:
    """Tries of a code of six digits and of a long one."""
    return (SHORT_TRIES, LONG_TRIES) if use == "activate" else (TRIES, TRIES)


def _browser(binding: str) -> bytes:
    return ring().mac("code.browser", binding.encode())


def cleaned(code: str) -> str:
    """A code as people type it, without the spaces."""
    return "".join(ch for ch in code if not ch.isspace())[:12]


def spelled(code: str) -> str:
    """A code as it is written to people: a long one in groups."""
    return code if len(code) == 6 else f"{code[:4]} {code[4:7]} {code[7:]}"


def _drawn(digits: int = 6) -> str:
    return f"{secrets.randbelow(10**digits):0{digits}d}"


def digest(key: int, use: str, code: str, context: str) -> bytes:
    """What is kept of a code: keyed, so that neither reading nor comparing it says anything about the code."""
    return ring().mac(f"code.{use}", f"{key}|{code}|{context}".encode())
