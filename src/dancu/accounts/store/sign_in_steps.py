"""The steps of a sign-in, one statement each (migrations/0043_fast_sign_in.sql). They open the account themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

import orjson

from dancu.accounts.models.core import AccountState
from dancu.accounts.models.sign_in import Asks, Standing
from dancu.kit import arrays
from dancu.kit.authn.throttle import (
    NOTHING,
    WITHOUT_DISK,
    Bucket,
    seconds_of,
    settle_params,
    try_params,
    without_disk,
)
from dancu.kit.db import Conn
from dancu.kit.prepared import Prepared
from dancu.kit.ring import ring
from dancu.sharing.models import Consent

_ACCOUNT = "person_key, level, state, lock_version, language, contact_changed_at, phone, phone_verified, kinds"
_STANDING = Prepared(f"SELECT {_ACCOUNT}, passcode FROM accounts.to_sign_in(%s::text[], %s::bigint)")
_TRY_PASSCODE = {
    first: Prepared(
        f"SELECT {first}, wait, {_ACCOUNT}, passcode FROM accounts.try_passcode(%s::text[], %s::bigint, %s, %s::text[], %s::text[],"
        " %s::float8[], %s::bytea[], %s::float8[])"
    )
    for first in (WITHOUT_DISK, NOTHING)
}
_SEND_CODE = {
    first: Prepared(
        f"SELECT {first}, accounts.send_code(%s::bytea[], %s::bytea[], %s::float8[], %s::bytea[], %s::float8[], %s::float8[], %s::bigint, %s,"
        " %s::bytea, %s::interval, %s, %s, %s, %s, %s::bytea, %s::bytea, %s::bytea)"
    )
    for first in (WITHOUT_DISK, NOTHING)
}
# The consent that the service waiting for the sign-in asks about; none is looked for where nothing is asked, or nobody signed in.
_CONSENT = "c.consent_id::text, c.claims, c.given_at, c.until, c.receipt"
# Its commit does not wait for the disk: what a crash forgets is the session with its line of history and its entry, all of them or
# none, and whoever had it signs in again. What is released to a service waits, and with it everything before it.
_SIGNED_IN = {
    first: Prepared(
        f"SELECT {first}, done.it, {_CONSENT} FROM (SELECT accounts.signed_in(%s::bytea[], %s::bytea[], %s::float8[], %s::bytea, %s::bigint,"
        " %s::bytea, %s::interval, %s::interval, %s, %s, %s, %s::smallint, %s::text[], %s::integer, %s, %s, %s::jsonb, %s, %s, %s) AS it) AS done"
        " LEFT JOIN LATERAL sharing.standing(%s::bigint, %s::bigint, %s) AS c ON true"
    )
    for first in (WITHOUT_DISK, NOTHING)
}
_BY_CODE = Prepared(
    f'SELECT wait, "right", signed, {_CONSENT}, {_ACCOUNT} FROM accounts.sign_in_by_code(%s::bytea[], %s::float8[], %s::bytea[], %s::float8[],'
    " %s::bytea[], %s::bigint, %s::bytea, %s::integer, %s::timestamptz, %s::bytea, %s::bytea, %s::interval, %s::interval, %s, %s, %s,"
    " %s::smallint, %s::text[], %s, %s, %s::jsonb, %s, %s, %s) AS s"
    " LEFT JOIN LATERAL sharing.standing(CASE WHEN s.signed THEN s.person_key END, %s::bigint, %s) AS c ON true"
)


_STATES: Final = {state.value: state for state in AccountState}


class Success(NamedTuple):
    """What a right factor gives back: the tries of `forgiven`, one try of each of `refunded`."""

    forgiven: Sequence[Bucket] = ()
    refunded: Sequence[Bucket] = ()


class UnnamedBuckets(NamedTuple):
    """What is charged and watched before a passcode is looked at, the account not known yet, as arrays. `heads` and `tails` of what
    is charged (`throttle.head`) and the `seconds` it costs; `network`: the key of what is only watched; `rooms` of all."""

    heads: str
    tails: str
    seconds: str
    network: str
    rooms: str


@dataclass(frozen=True, slots=True)
class NewCode:
    """A code to be kept and sent; address and text encrypted (kit.messages.sealed)."""

    use: str
    digest: bytes
    life: timedelta
    context: str
    channel: str
    language: str
    address: bytes
    address_index: bytes
    body: bytes


class NewSession(NamedTuple):
    """A session and what it proved. `old`: hash of the session the browser held until now."""

    person_key: int
    session_hash: bytes
    old: bytes | None
    life: timedelta
    idle: timedelta
    network: str
    agent: str
    sid: str
    acr: int
    amr: Sequence[str]
    lock_version: int
    device: str
    assisted: bool
    note: dict[str, Any]


async def standing(conn: Conn, *, key: int = 0, numbers: Sequence[str] | None = None) -> Standing | None:
    """The account of `key`, or of whoever `numbers` name; None where there is none."""
    row = await _STANDING.row(conn, (None if numbers is None else arrays.texts(numbers), key))
    return None if row is None else _standing(*row)


def _standing(
    person: int, level: int, state: str, version: int, language: str, changed_at: datetime | None, phone: bytes | None, verified: bool,
    kinds: Sequence[str], passcode: bytes | None = None,
) -> Standing:  # fmt: skip
    return Standing(
        person, level, _STATES[state], version, language, changed_at, phone, verified, frozenset(kinds), passcode.decode() if passcode else None
    )


def phone_of(account: Standing) -> str:
    """Where text messages reach the account's holder; "" where that is not known."""
    if account.phone is None:
        return ""
    return ring().decrypt(account.phone, table="accounts.account", row=account.person_key, column="phone").decode()


async def try_passcode(
    conn: Conn, *, key: int = 0, numbers: Sequence[str] | None = None, nobody: str, counted: UnnamedBuckets
) -> tuple[float, Standing | None]:
    """`standing`, and the seconds to wait before a passcode of it may be tried; 0.0 where a try was charged. `nobody`: who it
    is for the throttle where there is no account."""
    row = await _TRY_PASSCODE[without_disk(conn)].row(
        conn,
        (
            None if numbers is None else arrays.texts(numbers), key, nobody, counted.heads, counted.tails, counted.seconds, counted.network,
            counted.rooms,
        ),
    )  # fmt: skip
    if row is None:
        return 0.0, None
    return float(row[1]), None if row[2] is None else _standing(*row[2:])


async def try_code(
    conn: Conn, watched: Sequence[Bucket], charged: Sequence[Bucket], key: int, use: str, digest: bytes | None, most: int
) -> tuple[float, bool]:
    """(seconds to wait, whether `digest` is the live code's, which is used up by that). None: only the throttle."""
    row = await (
        await conn.execute(
            'SELECT wait, "right" FROM accounts.try_code(%s::bytea[], %s::float8[], %s::bytea[], %s::float8[], %s::bigint, %s, %s::bytea, %s::integer)',
            (*try_params(watched, charged), key, use, digest, most),
        )
    ).fetchone()
    return (float(row[0]), bool(row[1])) if row else (0.0, False)


async def send_code(conn: Conn, success: Success, buckets: Sequence[Bucket], key: int, code: NewCode) -> float:
    """Seconds to wait; 0.0 where the code is kept and its message on its way. Alone, it does not wait for the disk: what a crash of
    the server in the next half second forgets is a code that nobody is signed in with yet, and another is asked for."""
    row = await _SEND_CODE[without_disk(conn)].row(
        conn,
        (
            *settle_params(success.forgiven, success.refunded), *try_params(buckets, ())[:2], seconds_of(buckets),
            key, code.use, code.digest, code.life, code.context, code.channel, f"code.{code.use}", code.language, code.address,
            code.address_index, code.body,
        ),
    )  # fmt: skip
    return float(row[1]) if row else 0.0


def _asked(asks: Asks | None) -> tuple[int | None, str | None]:
    return (asks.client_no, asks.purpose) if asks else (None, None)


def _consent(row: Sequence[Any]) -> Consent | None:
    return Consent(row[0], frozenset(row[1]), *row[2:]) if row[0] is not None else None


async def signed_in(
    conn: Conn, success: Success, new: NewSession, *, purpose: tuple[str, str], request_id: str, asks: Asks | None = None
) -> Consent | None:
    """Keep the session, what it proved, its line of history and its entry of the evidence log. `purpose`: code and legal
    basis. The consent that `asks` asks about."""
    row = await _SIGNED_IN[without_disk(conn)].row(
        conn,
        (
            *settle_params(success.forgiven, success.refunded), new.old, new.person_key, new.session_hash, new.life, new.idle,
            new.network, new.agent, new.sid, new.acr, arrays.texts(new.amr), new.lock_version, new.device, new.assisted,
            orjson.dumps(new.note).decode(), *purpose, request_id or None, new.person_key, *_asked(asks),
        ),
    )  # fmt: skip
    return _consent(row[2:]) if row else None


class Tried(NamedTuple):
    """What came of a code that was typed. `wait`: seconds to wait first; `account` None: there is none; `consent`: what was asked about."""

    wait: float
    right: bool
    signed: bool
    account: Standing | None
    consent: Consent | None = None


async def sign_in_by_code(
    conn: Conn, watched: Sequence[Bucket], charged: Sequence[Bucket], own: Sequence[Bucket], digest: bytes, most: int, settled: datetime,
    new: NewSession, *, purpose: tuple[str, str], request_id: str, asks: Asks | None = None,
) -> Tried:  # fmt: skip
    """`try_code` and, where that is right and the account may be used, `signed_in` with `new` (whose `lock_version` the account
    says), in one statement. `settled`: a phone changed since then serves nobody yet."""
    row = await _BY_CODE.row(
        conn,
        (
            *try_params(watched, charged), settle_params(own, ())[0], new.person_key, digest, most, settled, new.old, new.session_hash,
            new.life, new.idle, new.network, new.agent, new.sid, new.acr, arrays.texts(new.amr), new.device, new.assisted,
            orjson.dumps(new.note).decode(), *purpose, request_id or None, *_asked(asks),
        ),
    )  # fmt: skip
    if row is None or row[8] is None:
        return Tried(float(row[0]) if row else 0.0, False, False, None)
    return Tried(float(row[0]), row[1], row[2], _standing(*row[8:]), _consent(row[3:8]))
