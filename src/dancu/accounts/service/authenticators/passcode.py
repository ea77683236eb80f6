"""The passcode: 6 to 12 digits, or 8 characters and more; argon2id in the bounded pool of kit.authn."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from dancu.accounts.service import core
from dancu.accounts.service.authenticators.own_words import own_words
from dancu.accounts.service.authenticators.record import changed
from dancu.accounts.store import authenticators as store
from dancu.kernel.actor import Actor, Purpose
from dancu.kernel.errors import FieldError, Invalid
from dancu.kit.authn import breached, passwords
from dancu.kit.db import Conn
from dancu.kit.i18n import N_

FEWEST_DIGITS, MOST_DIGITS, FEWEST_LETTERS, LONGEST = 6, 12, 8, 64
# Guessing online is slow (five tries, then one a minute), so digits need only be away from what everybody picks.
_DIGIT_GUESSES, _LETTER_GUESSES = 2e4, 1e7
_OWN = N_("Mật mã không được lấy từ ngày sinh, số điện thoại, số định danh hoặc tên của bạn.")


async def check_passcode(passcode: str, *, unlike: Sequence[str] = ()) -> None:
    """Raise Invalid, with a field "passcode", unless it may be used. `unlike`: the person's numbers, names and dates."""
    if len(passcode) > LONGEST:
        raise _refusal("passcode.long", N_("Mật mã dài tối đa {most} ký tự."), most=LONGEST)
    if passcode.isascii() and passcode.isdigit():
        if not FEWEST_DIGITS <= len(passcode) <= MOST_DIGITS:
            raise _refusal(
                "passcode.digits", N_("Mật mã bằng số cần từ {least} đến {most} chữ số."), least=FEWEST_DIGITS, most=MOST_DIGITS
            )
        floor = _DIGIT_GUESSES
    elif len(passcode) < FEWEST_LETTERS:
        raise _refusal(
            "passcode.short", N_("Mật mã cần ít nhất {digits} chữ số, hoặc {letters} ký tự nếu có chữ."),
            digits=FEWEST_DIGITS, letters=FEWEST_LETTERS,
        )  # fmt: skip
    else:
        floor = _LETTER_GUESSES
    if _own(passcode, unlike):
        raise _refusal("passcode.own", _OWN)
    if _patterned(passcode) or await breached.guesses(passcode, unlike) < floor:
        raise _refusal(
            "passcode.common", N_("Mật mã này nhiều người dùng nên dễ bị đoán. Hãy chọn số hoặc câu khác mà chỉ bạn biết.")
        )


async def set_passcode(
    conn: Conn, actor: Actor, purpose: Purpose, key: int, passcode: str
) -> None:
    """The passcode from now on, in place of the one before. Raises Invalid for a weak one, and for one made of what others
    know of the holder: numbers, birth date, name, phone, e-mail."""
    contacts = await core.contacts(conn, key)
    unlike = await own_words(conn, actor, purpose, key)
    await check_passcode(passcode, unlike=[*unlike, contacts.phone, contacts.email.partition("@")[0]])
    hashed = await passwords.hash_password(passcode)
    await core.open(conn, [key])
    await store.revoke_kind(conn, key, "passcode")
    made = await store.add(conn, key, "passcode", "")
    await store.keep_secret(conn, key, made, hashed.encode())
    await changed(conn, actor, purpose, key, "set_authenticator", "passcode")
    await core.happened(conn, key, "passcode_set")


async def change_passcode(conn: Conn, actor: Actor, purpose: Purpose, key: int, passcode: str) -> None:
    """`set_passcode` by a holder who is signed in, and who is told of it: it may have been somebody else at their screen."""
    await set_passcode(conn, actor, purpose, key, passcode)
    await core.notify(conn, key, "passcode_changed")


async def verify_passcode(conn: Conn, key: int, passcode: str) -> bool:
    """Whether it is the account's passcode; the same work where there is no account. The caller throttles."""
    kept = await store.secrets(conn, key, "passcode")
    return await passcode_matches(passcode, kept[0][1].decode() if kept else None)


async def passcode_matches(passcode: str, hashed: str | None) -> bool:
    """The same of a hash already read, None where there is none: with nothing of the database held meanwhile."""
    return await passwords.matches(passcode, hashed)


async def has_passcode(conn: Conn, key: int) -> bool:
    return bool(await store.secrets(conn, key, "passcode"))


def _own(passcode: str, unlike: Sequence[str]) -> bool:
    """Does it hold a word of the person's own, or stand inside one of their numbers?"""
    folded, digits = passcode.casefold(), passcode if passcode.isdigit() else ""
    for word in unlike:
        # A phone is kept as +84…, and typed as 0…
        for form in {re.sub(r"[\s./-]", "", word.casefold()), re.sub(r"\D", "", word.replace("+84", "0"))}:
            if len(form) >= 4 and form in folded:
                return True
            if len(digits) >= FEWEST_DIGITS and digits in form:
                return True
    return False


def _patterned(passcode: str) -> bool:
    """One or two characters only, a run up or down, or a short piece repeated."""
    steps = {ord(b) - ord(a) for a, b in pairwise(passcode)}
    if len(set(passcode)) < 3 or (len(steps) == 1 and steps <= {1, -1}):
        return True
    return any(len(passcode) % n == 0 and passcode[:n] * (len(passcode) // n) == passcode for n in (2, 3))


def _refusal(code: str, message: str, **params: int) -> Invalid:
    return Invalid(code, message, fields=(FieldError("passcode", code, message, tuple(params.items())),), **params)
