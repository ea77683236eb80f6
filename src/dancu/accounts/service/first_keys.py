"""Right after activation: the way back in stays on the screen, and the phone in the hand may be given a key of its own. Whoever is here
proved the code of the notice and chose the passcode a moment ago: two factors, as the account page asks for."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from dancu.accounts.models import Account, AccountState
from dancu.accounts.service import core
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kernel.errors import Invalid
from dancu.kit.db import Conn
from dancu.kit.i18n import N_
from dancu.kit.ring import ring

_SECONDS = 900


@dataclass(frozen=True, slots=True)
class JustActivated:
    """`codes`: the recovery codes just made, for the page that must show them again."""

    account: Account
    codes: tuple[str, ...]


def seal(account: Account, codes: Sequence[str]) -> str:
    """What the browser carries from the passcode to its key: for a quarter of an hour, this account and its present locks."""
    plain = json.dumps([account.person_key, account.lock_version, int(SYSTEM_CLOCK.now().timestamp()) + _SECONDS, list(codes)])
    return ring().encrypt(plain.encode(), table="accounts.activate", row=0, column="keys").hex()


async def unsealed(conn: Conn, sealed: str) -> JustActivated:
    """Raises Invalid where it ended or was altered, or the account was locked since."""
    try:
        plain = ring().decrypt(bytes.fromhex(sealed), table="accounts.activate", row=0, column="keys")
        key, version, until, codes = json.loads(plain)
    except Exception:
        raise _ended() from None
    found = await core.account(conn, key, lock=True)
    if found is None or found.state is not AccountState.ACTIVE or found.lock_version != version or until < SYSTEM_CLOCK.now().timestamp():
        raise _ended()
    return JustActivated(found, tuple(codes))


def _ended() -> Invalid:
    return Invalid("activation.keys_ended", N_("Trang này mở đã lâu. Tài khoản đã kích hoạt: hãy đăng nhập rồi thêm khóa ở trang tài khoản."))
