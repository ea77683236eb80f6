"""The flow between two pages: encrypted, bound to the browser, ten minutes."""

from __future__ import annotations

import binascii
import time
from typing import Any

import orjson

from dancu.accounts.models.sign_in import Flow
from dancu.kernel.errors import Invalid, Unavailable
from dancu.kit.i18n import N_
from dancu.kit.ring import ring
from dancu.kit.tokens import in_url

SECONDS = 600
_KEY, _AMR = map(Flow._fields.index, ("key", "amr"))
_FROM_URL = bytes.maketrans(b"-_+/", b"+/!!")
_TABLE, _COLUMN = "form", "sign_in/4"


def seal(flow: Flow, bound_to: str) -> str:
    """The flow as text for a hidden field. `bound_to`: the browser's own cookie. As long for somebody as for nobody: its length is in
    the page, and must not tell whether a number has an account."""
    values: list[Any] = list(flow)
    values[_KEY] = f"{flow.key:019d}"
    # Without padding: a form would escape it, and a form without escapes is read at once.
    return in_url(ring().encrypt(orjson.dumps(values), table=_TABLE, row=bound_to, column=_COLUMN)).rstrip("=")


def unseal(text: str, bound_to: str, *, now: float | None = None) -> Flow:
    """Raises Invalid("sign_in.old") for what is too old, altered, or of another browser."""
    flow = of_any_age(text, bound_to)
    if (now or time.time()) - flow.started > SECONDS:
        raise _old()
    return flow


def of_any_age(text: str, bound_to: str) -> Flow:
    """As `unseal`, however old: only for where it led, nothing that was proved in it counts."""
    try:
        if not bound_to or len(text) > 60_000:
            raise ValueError
        sealed = binascii.a2b_base64((text + "=" * (-len(text) % 4)).encode("ascii").translate(_FROM_URL), strict_mode=True)
        values = orjson.loads(ring().decrypt(sealed, table=_TABLE, row=bound_to, column=_COLUMN))
        values[_KEY], values[_AMR] = int(values[_KEY]), tuple(values[_AMR])
        return Flow._make(values)
    except (ValueError, Unavailable) as error:
        raise _old() from error


def _old() -> Invalid:
    return Invalid("sign_in.old", N_("Trang đăng nhập đã mở quá lâu. Xin bắt đầu lại."))
