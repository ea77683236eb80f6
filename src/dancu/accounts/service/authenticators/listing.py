"""Which ways an account has, and taking one away."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from dancu.accounts.models.sign_in import Authenticator, Kind, Standing, Way
from dancu.accounts.service import core
from dancu.accounts.service.authenticators.record import changed, removed
from dancu.accounts.store import authenticators as store
from dancu.accounts.store import sign_in_steps as steps
from dancu.kernel.actor import Actor, Purpose
from dancu.kernel.errors import Conflict, NotFound
from dancu.kit.db import Conn
from dancu.kit.i18n import N_

# After a change of phone that no second factor confirmed, a text message proves nothing for a while: whoever moved the
# number to another SIM must not get in with it.
COOLING = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class ListedWays:
    """Second factors that may be used now; `sms_from`: the phone is too new for text messages until then."""

    ways: tuple[Way, ...]
    sms_from: datetime | None
    phone_end: str


NO_WAYS = ListedWays((), None, "")


async def has(conn: Conn, key: int) -> set[str]:
    """Kinds of authenticators the account has."""
    await core.open(conn, [key])
    return await store.kinds(conn, key)


async def listed(conn: Conn, key: int) -> list[Authenticator]:
    """Those in use, oldest first."""
    await core.open(conn, [key])
    return await store.listed(conn, key)


async def ways(conn: Conn, key: int, *, now: datetime | None = None) -> ListedWays:
    """What may serve as a second factor, best first."""
    found = await steps.standing(conn, key=key)
    return NO_WAYS if found is None else ways_of(found, now=now)


def ways_of(account: Standing, *, now: datetime | None = None) -> ListedWays:
    """The same of an account already read."""
    kinds, changed_at = account.kinds, account.contact_changed_at
    sms_from = changed_at + COOLING if changed_at is not None and (now or datetime.now(UTC)) - changed_at < COOLING else None
    found = [way for way, kind in ((Way.PASSKEY, "passkey"), (Way.DEVICE, "device"), (Way.TOTP, "totp")) if kind in kinds]
    phone = steps.phone_of(account)
    if phone and account.phone_verified and sms_from is None:
        found.append(Way.SMS)
    if "recovery" in kinds:
        found.append(Way.RECOVERY)
    return ListedWays(tuple(found), sms_from, phone[-3:])


async def remove(conn: Conn, actor: Actor, purpose: Purpose, key: int, authenticator_id: int) -> None:
    """Take one away. Raises NotFound for what is not the account's, Conflict for the passcode while no passkey is left
    to sign in with."""
    await core.open(conn, [key])
    all_of = await store.listed(conn, key)
    found = next((one for one in all_of if one.authenticator_id == authenticator_id), None)
    if found is None or not await _removable(all_of, found):
        if found is not None:
            raise Conflict("passcode.last", N_("Đây là cách đăng nhập duy nhất của bạn nên chưa xóa được. Hãy thêm cách khác trước."))
        raise NotFound("authenticator.none", N_("Cách đăng nhập này đã được xóa."))
    await store.revoke(conn, key, authenticator_id)
    await changed(conn, actor, purpose, key, "remove_authenticator", found.kind.value)
    await removed(conn, key, found.kind.value)


async def _removable(all_of: list[Authenticator], one: Authenticator) -> bool:
    ways_in = {Kind.PASSCODE, Kind.PASSKEY}
    return one.kind not in ways_in or any(o.kind in ways_in and o is not one for o in all_of)


async def revoke_all(conn: Conn, actor: Actor, purpose: Purpose, key: int) -> None:
    """All of them: a device was lost, or somebody else set them up. What follows is recovery."""
    await core.open(conn, [key])
    for kind in Kind:
        if await store.revoke_kind(conn, key, kind.value):
            await changed(conn, actor, purpose, key, "remove_authenticator", kind.value)
