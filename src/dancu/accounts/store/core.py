"""Rows of accounts. Row security shows none that `open_accounts` has not opened in this transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from psycopg.types.json import Jsonb

from dancu.accounts.models import Account, AccountState, Happening
from dancu.kit.db import Conn

_COLUMNS = (
    "person_key", "level", "state", "lock_version", "language", "channel", "office", "unit_id", "assisted", "guardian_key",
    "approved_at", "notified_at", "activate_by", "activated_at", "used_at", "last_used_at", "contact_changed_at", "closed_reason",
)  # fmt: skip
_ACCOUNT = ", ".join(_COLUMNS)


@dataclass(frozen=True, slots=True)
class ContactFields:
    """Contacts as kept: encrypted, with their digests; None where there is none."""

    phone: bytes | None
    phone_index: bytes | None
    email: bytes | None
    email_index: bytes | None


def _account(row: Sequence[Any]) -> Account:
    values = dict(zip(_COLUMNS, row, strict=True))
    return Account(**{**values, "state": AccountState(values["state"])})


async def open_accounts(conn: Conn, keys: Sequence[int]) -> None:
    await conn.execute("SELECT accounts.open(%s::bigint[])", (list(keys),))


async def account(conn: Conn, key: int, *, lock: bool = False) -> Account | None:
    """The row of an opened account; `lock`: nobody else changes it before the transaction ends."""
    row = await (
        await conn.execute(
            f"SELECT {_ACCOUNT} FROM accounts.account WHERE person_key = %s::bigint{' FOR UPDATE' if lock else ''}", (key,)
        )
    ).fetchone()
    return _account(row) if row else None


async def insert(
    conn: Conn, key: int, fields: ContactFields, *, level: int, channel: str, language: str, office: str, unit_id: int | None,
    assisted: bool, guardian_key: int | None, phone_verified: bool, email_verified: bool,
) -> Account | None:  # fmt: skip
    """The new account; None where the person has one."""
    row = await (
        await conn.execute(
            "INSERT INTO accounts.account (person_key, level, channel, language, office, unit_id, assisted, guardian_key,"
            " phone, phone_index, email, email_index, phone_verified_at, email_verified_at)"
            " VALUES (%s::bigint, %s, %s, %s, %s, %s::int, %s, %s::bigint, %s, %s, %s, %s,"
            " CASE WHEN %s THEN now() END, CASE WHEN %s THEN now() END)"
            f" ON CONFLICT (person_key) DO NOTHING RETURNING {_ACCOUNT}",
            (
                key, level, channel, language, office, unit_id, assisted, guardian_key,
                fields.phone, fields.phone_index, fields.email, fields.email_index, phone_verified, email_verified,
            ),
        )
    ).fetchone()  # fmt: skip
    return _account(row) if row else None


async def claim_phone(conn: Conn, index: bytes, key: int) -> bool:
    """Let the phone serve this opened account; False where it serves another."""
    row = await (await conn.execute("SELECT accounts.claim_phone(%s::bytea, %s::bigint)", (index, key))).fetchone()
    return bool(row and row[0])


async def free_phones(conn: Conn, key: int, *, but: bytes | None) -> None:
    """The opened account has no other phone than `but` any more."""
    await conn.execute("SELECT accounts.free_phones(%s::bigint, %s::bytea)", (key, but))


async def holder_of_phone(conn: Conn, index: bytes) -> int | None:
    row = await (await conn.execute("SELECT accounts.holder_of_phone(%s::bytea)", (index,))).fetchone()
    return int(row[0]) if row and row[0] is not None else None


async def set_contacts(
    conn: Conn, key: int, fields: ContactFields, *, phone_verified: bool, email_verified: bool, cool: bool | None
) -> bool:
    """Both contacts anew. `cool`: the change starts (False: ends) the time in which a text message proves nothing. That messages did not reach the
    old phone is no reason any more."""
    done = await conn.execute(
        "UPDATE accounts.account SET idle_reason = CASE WHEN idle_reason = 'wrong_phone' AND phone_index IS DISTINCT FROM %s THEN ''"
        " ELSE idle_reason END, phone = %s, phone_index = %s, email = %s, email_index = %s,"
        " phone_verified_at = CASE WHEN %s THEN now() END, email_verified_at = CASE WHEN %s THEN now() END,"
        " contact_changed_at = CASE %s::boolean WHEN true THEN now() WHEN false THEN NULL ELSE contact_changed_at END WHERE person_key = %s::bigint",
        (
            fields.phone_index, fields.phone, fields.phone_index, fields.email, fields.email_index, phone_verified, email_verified, cool, key,
        ),
    )  # fmt: skip
    return done.rowcount == 1


async def cool(conn: Conn, key: int) -> None:
    """The phone of an opened account proves nothing for a while from now on."""
    await conn.execute("UPDATE accounts.account SET contact_changed_at = now() WHERE person_key = %s::bigint", (key,))


async def contact_fields(conn: Conn, key: int) -> tuple[bytes | None, bytes | None, bool, bool] | None:
    """(phone, email, phone verified, email verified), the values encrypted."""
    row = await (
        await conn.execute(
            "SELECT phone, email, phone_verified_at IS NOT NULL, email_verified_at IS NOT NULL FROM accounts.account"
            " WHERE person_key = %s::bigint",
            (key,),
        )
    ).fetchone()
    return (row[0], row[1], row[2], row[3]) if row else None


async def set_level(conn: Conn, key: int, level: int, channel: str, office: str) -> int | None:
    """The new lock version; None where there is no such account or its level is as high already."""
    row = await (
        await conn.execute(
            "UPDATE accounts.account SET level = %s, lock_version = lock_version + 1, channel = %s, office = %s"
            " WHERE person_key = %s::bigint AND level < %s AND state <> 'closed' RETURNING lock_version",
            (level, channel, office, key, level),
        )
    ).fetchone()
    return int(row[0]) if row else None


async def set_state(conn: Conn, key: int, state: str, *, bump: bool = True) -> int | None:
    """The lock version after the change of state; None where there is no such account."""
    row = await (
        await conn.execute(
            "UPDATE accounts.account SET state = %s, lock_version = lock_version + %s::int WHERE person_key = %s::bigint"
            " RETURNING lock_version",
            (state, int(bump), key),
        )
    ).fetchone()
    return int(row[0]) if row else None


async def close(conn: Conn, key: int, reason: str) -> None:
    """Closed, for this reason, under the next lock version."""
    await conn.execute(
        "UPDATE accounts.account SET state = 'closed', closed_at = now(), closed_reason = %s, lock_version = lock_version + 1"
        " WHERE person_key = %s::bigint",
        (reason, key),
    )


async def reopen(conn: Conn, key: int, *, keep_phone: bool) -> None:
    """Not closed any more; locked, until its locks are looked at."""
    await conn.execute(
        "UPDATE accounts.account SET state = 'locked', closed_at = NULL, closed_reason = '',"
        " phone = CASE WHEN %(keep)s THEN phone END, phone_index = CASE WHEN %(keep)s THEN phone_index END,"
        " phone_verified_at = CASE WHEN %(keep)s THEN phone_verified_at END WHERE person_key = %(key)s::bigint",
        {"keep": keep_phone, "key": key},
    )


async def phone_index_of(conn: Conn, key: int) -> bytes | None:
    row = await (
        await conn.execute("SELECT phone_index FROM accounts.account WHERE person_key = %s::bigint", (key,))
    ).fetchone()
    return bytes(row[0]) if row and row[0] is not None else None


async def bump(conn: Conn, key: int) -> int | None:
    row = await (
        await conn.execute(
            "UPDATE accounts.account SET lock_version = lock_version + 1 WHERE person_key = %s::bigint RETURNING lock_version",
            (key,),
        )
    ).fetchone()
    return int(row[0]) if row else None


async def lock_versions(conn: Conn, keys: Sequence[int]) -> dict[int, int]:
    rows = await (
        await conn.execute("SELECT person_key, lock_version FROM accounts.lock_versions(%s::bigint[])", (list(keys),))
    ).fetchall()
    return {row[0]: row[1] for row in rows}


async def record_use(conn: Conn, key: int) -> None:
    """First use, and the last one at most once an hour: signing in is not a write to the account each time."""
    await conn.execute(
        "UPDATE accounts.account SET used_at = coalesce(used_at, now()), last_used_at = now() WHERE person_key = %s::bigint"
        " AND (last_used_at IS NULL OR last_used_at < now() - interval '1 hour')",
        (key,),
    )


async def add_happening(conn: Conn, key: int, kind: str, note: dict[str, Any]) -> None:
    await conn.execute(
        "INSERT INTO accounts.happening (person_key, kind, note) VALUES (%s::bigint, %s, %s)", (key, kind, Jsonb(note))
    )


async def happenings(conn: Conn, key: int, limit: int) -> list[Happening]:
    rows = await (
        await conn.execute(
            "SELECT happening_id, kind, at, note, disowned_at FROM accounts.happening WHERE person_key = %s::bigint"
            " ORDER BY at DESC, happening_id DESC LIMIT %s",
            (key, limit),
        )
    ).fetchall()
    return [Happening(*row) for row in rows]
