"""Locking without signing in: a number, and a code to the account's phone. Who has neither an account nor a phone gets the
same answer after the same work; a lock needs the code, so nobody locks a stranger out."""

from __future__ import annotations

import contextlib
import math
import time

from dancu.accounts.service import codes, core, locks
from dancu.accounts.store import sign_ins as store
from dancu.kernel.actor import Actor
from dancu.kernel.errors import Exceeded, Invalid, Unavailable
from dancu.kit.authn import throttle
from dancu.kit.db import Conn
from dancu.kit.i18n import N_
from dancu.kit.ring import ring
from dancu.population import service as population

_TABLE, _SECONDS, _USE = "accounts.lock_by_code", 600, "lock"
# Nobody's account: what is done for it is undone at once.
_NOBODY = "0900000000"


async def send(conn: Conn, number: str, address: str) -> str:
    """Send the code, if the number has an account with a phone; what the next page carries, the same for everybody.
    `address`: the asker's. Raises Invalid for what is no number, Exceeded where one network asks too often."""
    population.check_number(number)
    network = throttle.bucket("lock by code, network", throttle.network_of(address), burst=30, seconds=60)
    if wait := await throttle.wait_seconds(conn, [network]):
        raise Exceeded("lock.wait", N_("Đã thử nhiều lần. Xin đợi {seconds} giây, hoặc gọi tổng đài."), seconds=math.ceil(wait))
    await throttle.charge(conn, [network])
    key = await store.account_among(conn, await population.keys_by_number(conn, number))
    known = bool(key) and bool((await core.contacts(conn, key)).phone)
    async with conn.transaction(force_rollback=not known):
        # Where a code is on its way already, to say so would say that there is an account.
        with contextlib.suppress(Exceeded):
            await codes.send_code(conn, key if known else 0, _USE, to="" if known else _NOBODY)
    plain = f"{key if known else 0:019d}|{int(time.time()) + _SECONDS}"
    return ring().encrypt(plain.encode(), table=_TABLE, row=0, column="flow").hex()


async def lock(conn: Conn, actor: Actor, flow: str, code: str) -> bool:
    """Lock the account where the code is right; a wrong one counts, so the caller commits. Raises Invalid for a page that
    is too old."""
    try:
        key, until = map(int, ring().decrypt(bytes.fromhex(flow), table=_TABLE, row=0, column="flow").decode().split("|"))
    except (ValueError, Unavailable):
        key, until = 0, 0
    if until < time.time():
        raise Invalid("lock.old_page", N_("Trang này đã quá hạn. Xin làm lại từ đầu."))
    if not await codes.check_code(conn, key, _USE, code):
        return False
    await locks.own_request(conn, actor, locks.eid_purpose(), key, way="code")
    return True
