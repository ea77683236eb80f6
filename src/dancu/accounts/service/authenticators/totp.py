"""An authenticator app: the secret is kept only after its first code was right."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import UTC, datetime

from dancu.accounts.service import core
from dancu.accounts.service.authenticators.record import added, changed
from dancu.accounts.store import authenticators as store
from dancu.kernel.actor import Actor, Purpose
from dancu.kernel.errors import FieldError, Invalid, Unavailable
from dancu.kit.authn import totp
from dancu.kit.db import Conn
from dancu.kit.i18n import N_
from dancu.kit.ring import ring

ISSUER = "Dancu"
_TABLE, _COLUMN = "accounts.secret", "totp"
_DECOY = base64.b32encode(b"\x5a" * 20).decode()


@dataclass(frozen=True, slots=True)
class TotpForm:
    """A second factor being set up; `sealed` travels through the form and belongs to this person."""

    secret: str
    qr_svg: str
    sealed: str


def begin_totp(key: int) -> TotpForm:
    return _form(key, totp.new_secret())


def reopen_totp(key: int, sealed: str) -> TotpForm:
    """The same again, after a mistyped code. Raises Invalid for a form of somebody else."""
    return _form(key, _unseal(key, sealed))


async def keep_totp(conn: Conn, actor: Actor, purpose: Purpose, key: int, *, sealed: str, code: str) -> None:
    """Take the app whose code this is, in place of the one before. Raises Invalid for a wrong code."""
    secret = _unseal(key, sealed)
    step = totp.matching_step(secret, code, datetime.now(UTC))
    if step is None:
        message = N_("Mã này chưa đúng. Hãy nhập mã 6 số đang hiện trong ứng dụng.")
        raise Invalid("totp.wrong", message, fields=(FieldError("code", "totp.wrong", message),))
    await core.open(conn, [key])
    await store.revoke_kind(conn, key, "totp")
    made = await store.add(conn, key, "totp", "")
    await store.keep_secret(conn, key, made, ring().encrypt(secret.encode(), table=_TABLE, row=f"{key}/{made}", column=_COLUMN))
    await store.use_step(conn, key, made, step)
    await changed(conn, actor, purpose, key, "set_authenticator", "totp")
    await added(conn, key, "totp")


async def verify_totp(conn: Conn, key: int, code: str) -> bool:
    """Whether the code is right and unused; it is used up by that. The caller throttles."""
    now = datetime.now(UTC)
    kept = await store.secrets(conn, key, "totp")
    if not kept:
        totp.matching_step(_DECOY, code, now)
        return False
    made, field, last = kept[0]
    secret = ring().decrypt(field, table=_TABLE, row=f"{key}/{made}", column=_COLUMN).decode()
    step = totp.matching_step(secret, code, now, last or None)
    if step is None or not await store.use_step(conn, key, made, step):
        return False
    await store.used(conn, key, made)
    return True


def _form(key: int, secret: str) -> TotpForm:
    sealed = ring().encrypt(secret.encode(), table="form", row=key, column=_COLUMN)
    # The app's label says what it opens, not whose: a phone is looked at by others.
    address = totp.uri(secret, "Tài khoản định danh", ISSUER)
    return TotpForm(secret, totp.qr_svg(address), base64.urlsafe_b64encode(sealed).decode())


def _unseal(key: int, sealed: str) -> str:
    try:
        if not re.fullmatch(r"[A-Za-z0-9_=-]{1,400}", sealed):
            raise ValueError
        return ring().decrypt(base64.urlsafe_b64decode(sealed), table="form", row=key, column=_COLUMN).decode()
    except (ValueError, binascii.Error, Unavailable) as error:
        raise Invalid("totp.form", N_("Trang cài mã đã cũ. Hãy mở lại trang này.")) from error
