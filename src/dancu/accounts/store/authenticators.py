"""Authenticators and their secrets, of an opened account."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from psycopg.types.json import Jsonb

from dancu.accounts.models.sign_in import Authenticator, Kind
from dancu.kit.db import Conn


async def add(conn: Conn, key: int, kind: str, label: str, public: dict[str, Any] | None = None) -> int:
    row = await (
        await conn.execute(
            "INSERT INTO accounts.authenticator (person_key, kind, label, public) VALUES (%s::bigint, %s, %s, %s)"
            " RETURNING authenticator_id",
            (key, kind, label, Jsonb(public or {})),
        )
    ).fetchone()
    assert row is not None
    return int(row[0])


async def listed(conn: Conn, key: int) -> list[Authenticator]:
    """Those in use, oldest first."""
    rows = await (
        await conn.execute(
            "SELECT authenticator_id, kind, label, public, created_at, last_used_at FROM accounts.authenticator"
            " WHERE person_key = %s::bigint AND revoked_at IS NULL ORDER BY authenticator_id",
            (key,),
        )
    ).fetchall()
    return [Authenticator(row[0], Kind(row[1]), *row[2:]) for row in rows]


async def kinds(conn: Conn, key: int) -> set[str]:
    rows = await (
        await conn.execute(
            "SELECT DISTINCT kind FROM accounts.authenticator WHERE person_key = %s::bigint AND revoked_at IS NULL", (key,)
        )
    ).fetchall()
    return {row[0] for row in rows}


async def revoke(conn: Conn, key: int, authenticator_id: int) -> bool:
    """True for the one who did it."""
    done = await conn.execute(
        "UPDATE accounts.authenticator SET revoked_at = now() WHERE person_key = %s::bigint AND authenticator_id = %s::bigint"
        " AND revoked_at IS NULL",
        (key, authenticator_id),
    )
    return done.rowcount == 1


async def revoke_kind(conn: Conn, key: int, kind: str) -> int:
    """End those of a kind, to put another in their place: how many. Who wants the same at the same moment waits until that is done."""
    await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended('accounts.authenticator', %s::bigint))", (key,))
    done = await conn.execute(
        "UPDATE accounts.authenticator SET revoked_at = now() WHERE person_key = %s::bigint AND kind = %s AND revoked_at IS NULL",
        (key, kind),
    )
    return done.rowcount


async def used(conn: Conn, key: int, authenticator_id: int, public: dict[str, Any] | None = None) -> None:
    await conn.execute(
        "UPDATE accounts.authenticator SET last_used_at = now(), public = coalesce(%s, public)"
        " WHERE person_key = %s::bigint AND authenticator_id = %s::bigint",
        (Jsonb(public) if public is not None else None, key, authenticator_id),
    )


async def one(conn: Conn, key: int, authenticator_id: int) -> Authenticator | None:
    return next((found for found in await listed(conn, key) if found.authenticator_id == authenticator_id), None)


async def keep_secret(conn: Conn, key: int, authenticator_id: int, secret: bytes) -> None:
    await conn.execute("SELECT accounts.keep_secret(%s::bigint, %s::bigint, %s::bytea)", (key, authenticator_id, secret))


async def secrets(conn: Conn, key: int, kind: str) -> Sequence[tuple[int, bytes, int]]:
    """(authenticator, secret, last step) of those in use."""
    rows = await (
        await conn.execute("SELECT authenticator_id, secret, step FROM accounts.secret_of(%s::bigint, %s)", (key, kind))
    ).fetchall()
    return [(row[0], bytes(row[1]), row[2]) for row in rows]


async def use_step(conn: Conn, key: int, authenticator_id: int, step: int) -> bool:
    row = await (
        await conn.execute("SELECT accounts.use_step(%s::bigint, %s::bigint, %s::bigint)", (key, authenticator_id, step))
    ).fetchone()
    return bool(row and row[0])


async def passkey_holder(conn: Conn, credential_id: bytes) -> tuple[int, int] | None:
    """(person, authenticator) of a passkey."""
    row = await (
        await conn.execute(
            "SELECT person_key, authenticator_id FROM accounts.passkey_directory WHERE credential_id = %s::bytea", (credential_id,)
        )
    ).fetchone()
    return (row[0], row[1]) if row else None


async def list_passkey(conn: Conn, credential_id: bytes, key: int, authenticator_id: int) -> bool:
    """False where the credential is known already."""
    done = await conn.execute(
        "INSERT INTO accounts.passkey_directory (credential_id, person_key, authenticator_id) VALUES (%s::bytea, %s::bigint, %s::bigint)"
        " ON CONFLICT DO NOTHING",
        (credential_id, key, authenticator_id),
    )
    return done.rowcount == 1
