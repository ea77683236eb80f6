"""Passwords: argon2id with parameters stated here, in a pool that cannot take the whole machine.

A hash costs about 20 ms of one core and 19 MiB. Without a bound, a flood of sign-ins would starve every other
request; with it, the flood waits or is told to come back, and the rest of the service goes on.
"""

from __future__ import annotations

import functools
import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from dancu.kernel.errors import FieldError, Invalid, Unavailable
from dancu.kit.authn.threads import Threads

if TYPE_CHECKING:
    from argon2 import PasswordHasher

# OWASP's floor for argon2id; the library's own default costs 154 ms of CPU, seven times as much.
TIME_COST = 2
MEMORY_KIB = 19 * 1024
PARALLELISM = 1

MIN_LENGTH = 12
MAX_LENGTH = 128
# Waiting hashes beyond this are refused: at 50 a second and core nobody waits longer than about a second.
MAX_WAITING = 64

#: What the threads that hash are called.
THREADS = "argon2"

T = TypeVar("T")
_waiting = 0
_threads = Threads(THREADS)


@functools.cache
def _hasher() -> PasswordHasher:
    from argon2 import PasswordHasher, Type

    return PasswordHasher(TIME_COST, MEMORY_KIB, PARALLELISM, hash_len=32, salt_len=16, type=Type.ID)


@functools.cache
def _decoy() -> str:
    """A hash no password matches, so that an unknown login costs what a known one does."""
    return _hasher().hash(secrets.token_urlsafe(32))


def check_strength(password: str, *, unlike: tuple[str, ...] = ()) -> None:
    """Raise Invalid unless `password` may be used. Length and no copy of the login or name: nothing else
    helps people (NIST SP 800-63B), and the second factor carries the rest."""

    def refuse(code: str, message: str, **params: int) -> None:
        raise Invalid(
            code, message, fields=(FieldError("password", code, message, tuple(params.items())),), **params
        )

    if len(password) < MIN_LENGTH:
        refuse("password.short", "Mật khẩu cần ít nhất {least} ký tự.", least=MIN_LENGTH)
    if len(password) > MAX_LENGTH:
        refuse("password.long", "Mật khẩu chỉ dài tối đa {most} ký tự.", most=MAX_LENGTH)
    if len(set(password)) < 5:
        refuse("password.repeated", "Mật khẩu lặp lại quá ít ký tự. Hãy chọn một câu ngắn mà chỉ bạn biết.")
    folded = password.casefold()
    if any(len(word) >= 4 and word.casefold() in folded for word in unlike):
        refuse("password.like_login", "Mật khẩu không được chứa tên đăng nhập.")


async def hash_password(password: str) -> str:
    return await _run(_hash, password)


async def matches(password: str, hashed: str | None) -> bool:
    """Whether `password` is the one behind `hashed`. `None` (unknown login, no password yet) costs the same
    time and is always False."""
    return await _run(_matches, password, hashed)


def outdated(hashed: str) -> bool:
    """Whether the hash was made with other parameters than today's and should be made again at this
    sign-in."""
    return _hasher().check_needs_rehash(hashed)


def _hash(password: str) -> str:
    return _hasher().hash(password)


def _matches(password: str, hashed: str | None) -> bool:
    from argon2.exceptions import Argon2Error, InvalidHashError

    if len(password) > MAX_LENGTH:
        password, hashed = "", None
    try:
        return _hasher().verify(hashed or _decoy(), password) and hashed is not None
    except (Argon2Error, InvalidHashError):
        return False


async def _run(work: Callable[..., T], *given: Any) -> T:
    global _waiting
    if _waiting >= MAX_WAITING:
        raise Unavailable("password.busy", "Đang có quá nhiều người đăng nhập. Xin thử lại sau ít giây.")
    _waiting += 1
    try:
        return await _threads.run(work, *given)
    finally:
        _waiting -= 1
