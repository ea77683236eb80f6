"""Challenges that a key of the citizen signs: sealed into the page for one browser, ten minutes, taken once."""

from __future__ import annotations

import base64
import binascii
import re
import secrets
import time

import orjson

from dancu.kernel.errors import Invalid, Unavailable
from dancu.kit.authn import throttle
from dancu.kit.db import Conn
from dancu.kit.i18n import N_
from dancu.kit.ring import ring
from dancu.kit.tokens import in_url

SECONDS = 600
_BYTES = 32


def fresh(bound_to: str, column: str) -> tuple[bytes, str]:
    """(challenge, the same sealed). `bound_to`: the browser's own cookie; `column`: what the challenge is for."""
    challenge = secrets.token_bytes(_BYTES)
    return challenge, seal(challenge, bound_to, column)


def seal(challenge: bytes, bound_to: str, column: str) -> str:
    text = orjson.dumps([encoded(challenge), int(time.time())])
    return encoded(ring().encrypt(text, table="form", row=bound_to, column=column)).rstrip("=")  # which a form would escape


async def spent(conn: Conn, sealed: str, bound_to: str, column: str) -> bytes:
    """The challenge, once. Raises Invalid("passkey.old") for one that is late, used, altered or of another browser."""
    try:
        if not bound_to or not re.fullmatch(r"[A-Za-z0-9_=-]{1,600}", sealed):
            raise ValueError
        text, made = orjson.loads(ring().decrypt(decoded(sealed + "=" * (-len(sealed) % 4)), table="form", row=bound_to, column=column))
        late = time.time() - made > SECONDS
    except (ValueError, binascii.Error, Unavailable) as error:
        raise _old() from error
    if late or not await throttle.once(conn, column, text, seconds=SECONDS):
        raise _old()
    return decoded(text)


def encoded(value: bytes) -> str:
    return in_url(value)


def decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text)


def _old() -> Invalid:
    return Invalid("passkey.old", N_("Trang này đã mở quá lâu. Xin tải lại trang rồi thử lại."))
