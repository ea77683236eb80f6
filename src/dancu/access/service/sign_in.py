"""Signing in: password and one-time code, slowed down for guessers, alike for known and unknown logins."""

from __future__ import annotations

import base64
import hmac
import math
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime

from dancu.access.models import Credential, SignIn, SignInState, StaffState
from dancu.access.service import evidence, sessions
from dancu.access.service.rights import recompute_rights
from dancu.access.service.staff import setup_hash
from dancu.access.store import credentials
from dancu.access.store import sessions as session_store
from dancu.access.store import staff as staff_store
from dancu.kernel.actor import Actor, ActorKind
from dancu.kernel.errors import Invalid, NotAllowed, NotFound, Unavailable
from dancu.kit.authn import passwords, throttle, totp
from dancu.kit.db import Conn
from dancu.kit.i18n import N_
from dancu.kit.keys import KeyRing

ISSUER = "Dancu"
_TABLE, _COLUMN = "access.credential", "totp_secret"
_REFUSED = SignIn(SignInState.REFUSED)
# Compared against when there is no secret, so that a wrong password and a wrong code take the same path.
_DECOY_SECRET = base64.b32encode(secrets.token_bytes(20)).decode()


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A second factor being set up. `sealed` travels through the form and back: nothing is stored before the
    first code was right."""

    secret: str
    uri: str
    qr_svg: str
    sealed: str


@dataclass(frozen=True, slots=True)
class _Buckets:
    own: throttle.Bucket
    account: list[throttle.Bucket]
    network: throttle.Bucket

    @property
    def all(self) -> list[throttle.Bucket]:
        return [self.own, *self.account, self.network]


def _buckets(keys: KeyRing, login: str, address: str, device: str) -> _Buckets:
    """Five free tries for a login from one network or known device, then one a minute; a network as a whole
    fifty, then one every five seconds. Tries for one account from devices it never used share one more
    bucket, so that guessing from many networks is slow too, while its owner's own device is not touched by
    it."""
    network = throttle.network_of(address)
    net = throttle.bucket("sign-in network", network, burst=50, seconds=5)
    if _known_device(keys, login, device):
        return _Buckets(throttle.bucket("sign-in device", device, burst=5, seconds=60), [], net)
    pair = throttle.bucket("sign-in pair", login, network, burst=5, seconds=60)
    account = throttle.bucket("sign-in account", login, burst=20, seconds=10)
    return _Buckets(pair, [account], net)


def _new_device(keys: KeyRing, login: str) -> str:
    nonce = secrets.token_urlsafe(12)
    return f"{nonce}.{keys.mac('device', f'{nonce}|{login}'.encode()).hex()}"


def _known_device(keys: KeyRing, login: str, device: str) -> bool:
    nonce, _, mac = device.partition(".")
    if not device.isascii():
        return False
    return hmac.compare_digest(keys.mac("device", f"{nonce}|{login}".encode()).hex(), mac)


async def sign_in(
    conn: Conn,
    keys: KeyRing,
    *,
    login: str,
    password: str,
    code: str,
    address: str,
    agent: str = "",
    device: str = "",
    old_token: str = "",
) -> SignIn:
    """Check a login, password and one-time code and open a session.

    Answers REFUSED alike for an unknown login, a wrong password, a wrong or used code and an account that may
    not sign in; WAIT when there were too many failures; ENROL when the password is right and no second factor
    exists yet. `device` is the browser's remembered-device cookie, `old_token` a session it still held (ended
    here: a session from before the sign-in may have been planted).
    """
    login = login.strip().lower()[:64]
    buckets = _buckets(keys, login, address, device)
    if wait := await throttle.wait_seconds(conn, buckets.all):
        return SignIn(SignInState.WAIT, wait_seconds=math.ceil(wait))
    # Charged before the check: tries that run at the same moment wait for each other here and cannot outrun
    # the count.
    await throttle.charge(conn, [buckets.own, *buckets.account])
    credential = await credentials.of_login(conn, login)
    usable = credential if credential is not None and credential.state != StaffState.INACTIVE else None
    right = await passwords.matches(password, usable.password_hash if usable else None)
    if usable is None or not right or not await second_factor(conn, keys, usable, code):
        await throttle.charge(conn, [buckets.network])
        if credential is not None:
            await evidence.sign_in_entry(conn, _actor(credential), ok=False)
        return _REFUSED

    await throttle.forgive(conn, [buckets.own])
    await throttle.refund(conn, buckets.account)
    if usable.password_hash and passwords.outdated(usable.password_hash):
        await credentials.set_password(conn, usable.staff_id, await passwords.hash_password(password))
    enrol = usable.totp_secret is None
    await recompute_rights(conn, usable.staff_id)
    await sessions.forget_token(conn, old_token)
    token = await sessions.issue_session(
        conn, ActorKind.STAFF, usable.staff_id, usable.org_code, enrol=enrol,
        network=throttle.network_of(address), agent=agent,
    )  # fmt: skip
    await evidence.sign_in_entry(conn, _actor(usable), ok=True, note={"stage": "enrol" if enrol else "full"})
    state = SignInState.ENROL if enrol else SignInState.OK
    return SignIn(state, token, "" if enrol else _new_device(keys, login))


async def set_up(
    conn: Conn,
    keys: KeyRing,
    *,
    login: str,
    code: str,
    password: str,
    address: str,
    agent: str = "",
    old_token: str = "",
) -> SignIn:
    """Use a one-time set-up code to choose a password; answers ENROL with a session that may only set up the
    second factor. Raises Invalid for a weak password before anything about the account is looked at."""
    login = login.strip().lower()[:64]
    passwords.check_strength(password, unlike=(login,))
    buckets = _buckets(keys, login, address, "")
    if wait := await throttle.wait_seconds(conn, buckets.all):
        return SignIn(SignInState.WAIT, wait_seconds=math.ceil(wait))
    await throttle.charge(conn, [buckets.own, *buckets.account])
    credential = await credentials.of_login(conn, login)
    hashed = await passwords.hash_password(password)
    expected = credential.setup_hash if credential is not None and credential.setup_hash else b"\0" * 32
    fits = hmac.compare_digest(setup_hash(code), expected)
    if (
        credential is None
        or not fits
        or credential.state == StaffState.INACTIVE
        or credential.setup_until is None
        or credential.setup_until < datetime.now(UTC)
    ):
        await throttle.charge(conn, [buckets.network])
        return _REFUSED
    await throttle.forgive(conn, [buckets.own])
    await throttle.refund(conn, buckets.account)
    await credentials.set_password(conn, credential.staff_id, hashed)
    await session_store.revoke_all(conn, ActorKind.STAFF, credential.staff_id)
    await sessions.forget_token(conn, old_token)
    token = await sessions.issue_session(
        conn, ActorKind.STAFF, credential.staff_id, credential.org_code, enrol=True,
        network=throttle.network_of(address), agent=agent,
    )  # fmt: skip
    await evidence.sign_in_entry(conn, _actor(credential), ok=True, note={"stage": "set_up"})
    return SignIn(SignInState.ENROL, token)


async def start_totp(conn: Conn, keys: KeyRing, actor: Actor) -> Enrolment:
    """A fresh secret with its QR code, for the session that must enrol."""
    await _require_enrolling(conn, actor)
    staff = await staff_store.one(conn, actor.actor_id)
    if staff is None:
        raise NotFound("staff.unknown", N_("Không tìm thấy cán bộ này."))
    return _enrolment(keys, actor, staff.login, totp.new_secret())


async def reopen_totp(conn: Conn, keys: KeyRing, actor: Actor, sealed: str) -> Enrolment:
    """The same enrolment again, to show the form once more after a mistyped code."""
    await _require_enrolling(conn, actor)
    staff = await staff_store.one(conn, actor.actor_id)
    return _enrolment(keys, actor, staff.login if staff else "", _unseal(keys, actor, sealed))


async def confirm_totp(
    conn: Conn, keys: KeyRing, actor: Actor, *, sealed: str, code: str, address: str, agent: str = ""
) -> SignIn:
    """Accept the second factor when its first code is right; the session is exchanged for a full one."""
    await _require_enrolling(conn, actor)
    secret = _unseal(keys, actor, sealed)
    step = totp.matching_step(secret, code, datetime.now(UTC))
    staff = await staff_store.one(conn, actor.actor_id)
    if step is None or staff is None:
        return _REFUSED
    field = keys.encrypt(secret.encode(), table=_TABLE, row=staff.staff_id, column=_COLUMN)
    await credentials.set_totp(conn, staff.staff_id, field, step)
    await session_store.revoke_all(conn, ActorKind.STAFF, staff.staff_id)
    await recompute_rights(conn, staff.staff_id)
    token = await sessions.issue_session(
        conn,
        ActorKind.STAFF,
        staff.staff_id,
        staff.org_code,
        network=throttle.network_of(address),
        agent=agent,
    )
    await evidence.change_entry(conn, actor, "access.totp.enrol", staff_id=staff.staff_id)
    return SignIn(SignInState.OK, token, _new_device(keys, staff.login))


async def change_password(conn: Conn, actor: Actor, *, current: str, new: str) -> SignInState:
    """Change one's own password; all other sessions end. OK, REFUSED (the current one was wrong) or WAIT."""
    staff = await staff_store.one(conn, actor.actor_id) if actor.kind is ActorKind.STAFF else None
    if staff is None:
        raise NotFound("staff.unknown", N_("Không tìm thấy cán bộ này."))
    passwords.check_strength(new, unlike=(staff.login,))
    own = throttle.bucket("password change", str(staff.staff_id), burst=5, seconds=60)
    if await throttle.wait_seconds(conn, [own]):
        return SignInState.WAIT
    await throttle.charge(conn, [own])
    credential = await credentials.of_login(conn, staff.login)
    if credential is None or not await passwords.matches(current, credential.password_hash):
        await evidence.sign_in_entry(conn, actor, ok=False, note={"verb": "access.password.change"})
        return SignInState.REFUSED
    await throttle.forgive(conn, [own])
    await credentials.set_password(conn, staff.staff_id, await passwords.hash_password(new))
    await sessions.end_other_sessions(conn, actor)
    await evidence.change_entry(conn, actor, "access.password.change", staff_id=staff.staff_id)
    return SignInState.OK


async def second_factor(conn: Conn, keys: KeyRing, credential: Credential, code: str) -> bool:
    """True when there is none yet (the session will be for enrolling only) or the code is right and
    unused; the code is used up by it."""
    if credential.totp_secret is None:
        totp.matching_step(_DECOY_SECRET, code, datetime.now(UTC))
        return True
    secret = keys.decrypt(credential.totp_secret, table=_TABLE, row=credential.staff_id, column=_COLUMN).decode()
    step = totp.matching_step(secret, code, datetime.now(UTC), credential.totp_step)
    return step is not None and await credentials.use_totp_step(conn, credential.staff_id, step)


async def _require_enrolling(conn: Conn, actor: Actor) -> None:
    if actor.kind is not ActorKind.STAFF or await sessions.stage_of(conn, actor) != "enrol":
        raise NotAllowed("totp.not_enrolling", N_("Trang này chỉ dùng khi cài mã xác thực lần đầu."))


def _enrolment(keys: KeyRing, actor: Actor, login: str, secret: str) -> Enrolment:
    field = keys.encrypt(secret.encode(), table="form", row=actor.session_id, column=_COLUMN)
    address = totp.uri(secret, login, ISSUER)
    return Enrolment(secret, address, totp.qr_svg(address), base64.urlsafe_b64encode(field).decode())


def _unseal(keys: KeyRing, actor: Actor, sealed: str) -> str:
    try:
        field = base64.urlsafe_b64decode(sealed.encode())
        return keys.decrypt(field, table="form", row=actor.session_id, column=_COLUMN).decode()
    except (ValueError, Unavailable):  # not base64, altered, or from another session
        raise Invalid("totp.form", N_("Trang đã cũ. Hãy tải lại trang rồi quét mã mới.")) from None


def _actor(credential: Credential) -> Actor:
    return Actor(ActorKind.STAFF, credential.staff_id, credential.org_code, credential.display_name)
