"""Another second factor: a new phone for its owner, a lost one through an administrator."""

from __future__ import annotations

from dancu.access.models import SignIn, SignInState, StaffState
from dancu.access.service import evidence, sessions
from dancu.access.service.sign_in import second_factor
from dancu.access.service.staff import reachable
from dancu.access.store import credentials
from dancu.access.store import sessions as session_store
from dancu.access.store import staff as staff_store
from dancu.kernel.actor import Actor, ActorKind
from dancu.kernel.errors import Invalid, NotFound
from dancu.kit.authn import passwords, throttle
from dancu.kit.db import Conn
from dancu.kit.i18n import N_
from dancu.kit.keys import KeyRing

VERB = "access.totp.change"


async def change_totp(
    conn: Conn, keys: KeyRing, actor: Actor, *, password: str, code: str, address: str, agent: str = ""
) -> SignIn:
    """The owner wants another second factor and proves both old ones. ENROL with a session that may do nothing else;
    REFUSED, or WAIT after too many failures.

    The old factor holds until the first code of the new one was right: whoever gives up half way signs in as before."""
    staff = await staff_store.one(conn, actor.actor_id) if actor.kind is ActorKind.STAFF else None
    if staff is None:
        raise NotFound("staff.unknown", N_("Không tìm thấy cán bộ này."))
    own = throttle.bucket("second factor change", str(staff.staff_id), burst=5, seconds=60)
    if wait := await throttle.wait_seconds(conn, [own]):
        return SignIn(SignInState.WAIT, wait_seconds=max(1, round(wait + 0.5)))
    await throttle.charge(conn, [own])
    credential = await credentials.of_login(conn, staff.login)
    right = await passwords.matches(password, credential.password_hash if credential else None)
    if credential is None or not right or not await second_factor(conn, keys, credential, code):
        await evidence.sign_in_entry(conn, actor, ok=False, note={"verb": VERB})
        return SignIn(SignInState.REFUSED)
    await throttle.forgive(conn, [own])
    await sessions.sign_out(conn, actor)
    token = await sessions.issue_session(
        conn, ActorKind.STAFF, staff.staff_id, staff.org_code, enrol=True,
        network=throttle.network_of(address), agent=agent,
    )  # fmt: skip
    await evidence.change_entry(conn, actor, VERB, staff_id=staff.staff_id)
    return SignIn(SignInState.ENROL, token)


async def reset_totp(conn: Conn, actor: Actor, staff_id: int) -> None:
    """An administrator forgets somebody's second factor: all their sessions end, and their next sign-in with the password
    sets up a new one before anything else. Raises Invalid for oneself and for accounts that have no password yet."""
    staff = await reachable(conn, actor, staff_id)
    if staff_id == actor.actor_id and actor.kind is ActorKind.STAFF:
        raise Invalid("staff.reset_oneself", N_("Hãy nhờ một quản trị viên khác đặt lại tài khoản của bạn."))
    if staff.state != StaffState.ACTIVE or not await credentials.forget_totp(conn, staff_id):
        raise Invalid("totp.no_account", N_("Tài khoản này chưa kích hoạt hoặc đã ngừng. Hãy đặt lại cả mật khẩu."))
    await session_store.revoke_all(conn, ActorKind.STAFF, staff_id)
    await evidence.change_entry(conn, actor, "access.totp.reset", staff_id=staff_id)


__all__ = ["change_totp", "reset_totp"]
