"""What sessions proved."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from psycopg.types.json import Jsonb

from dancu.accounts.models.core import Happening, SignIn
from dancu.accounts.models.sign_in import PastSignIn
from dancu.kit.db import Conn


async def current(conn: Conn, key: int, session_hash: bytes) -> SignIn | None:
    """What the session proved, where the account is in use and has not moved on; opens the account."""
    row = await (
        await conn.execute("SELECT * FROM accounts.current_sign_in(%s::bigint, %s::bytea)", (key, session_hash))
    ).fetchone()
    if row is None:
        return None
    sid, level, acr, amr, at, lock_version, assisted = row
    return SignIn(key, session_hash.hex(), sid, level, acr, tuple(amr), at, lock_version, assisted)


async def begin(
    conn: Conn, key: int, session_hash: bytes, sid: str, acr: int, amr: Sequence[str], lock_version: int, *, device: str,
    network: str, assisted: bool, note: dict[str, Any],
) -> None:  # fmt: skip
    """What the session proved, its line of history, and that the account was used (to the hour): one statement, since
    every sign-in pays for it."""
    await conn.execute(
        "WITH told AS (INSERT INTO accounts.happening (person_key, kind, note) VALUES (%(key)s::bigint, 'signed_in', %(note)s)),"
        " used AS (UPDATE accounts.account SET used_at = coalesce(used_at, now()), last_used_at = now()"
        "          WHERE person_key = %(key)s::bigint AND (last_used_at IS NULL OR last_used_at < now() - interval '1 hour'))"
        " INSERT INTO accounts.sign_in (person_key, session_hash, sid, acr, amr, lock_version, device, network, assisted)"
        " VALUES (%(key)s::bigint, %(hash)s::bytea, %(sid)s, %(acr)s, %(amr)s, %(version)s, %(device)s, %(network)s, %(assisted)s)",
        {
            "key": key, "hash": session_hash, "sid": sid, "acr": acr, "amr": list(amr), "version": lock_version, "device": device,
            "network": network, "assisted": assisted, "note": Jsonb(note),
        },
    )  # fmt: skip


async def end(conn: Conn, key: int, session_hash: bytes) -> None:
    await conn.execute(
        "UPDATE accounts.sign_in SET ended_at = now() WHERE person_key = %s::bigint AND session_hash = %s::bytea AND ended_at IS NULL",
        (key, session_hash),
    )


async def end_others(conn: Conn, key: int, but: bytes) -> None:
    await conn.execute(
        "UPDATE accounts.sign_in SET ended_at = now() WHERE person_key = %s::bigint AND session_hash <> %s::bytea AND ended_at IS NULL",
        (key, but),
    )


async def recent(conn: Conn, key: int, limit: int) -> list[PastSignIn]:
    rows = await (
        await conn.execute(
            "SELECT encode(session_hash, 'hex'), sid, acr, amr, at, device, network, assisted, ended_at FROM accounts.sign_in"
            " WHERE person_key = %s::bigint ORDER BY at DESC LIMIT %s",
            (key, limit),
        )
    ).fetchall()
    return [PastSignIn(row[0], row[1], row[2], tuple(row[3]), *row[4:]) for row in rows]


async def account_among(conn: Conn, keys: Sequence[int]) -> int:
    """The one of these persons that has an account, 0 where none has; opens it."""
    await conn.execute("SELECT accounts.open(%s::bigint[])", (list(keys) or [0],))
    row = await (
        await conn.execute(
            "SELECT person_key FROM accounts.account WHERE person_key = ANY (%s::bigint[]) ORDER BY state = 'active' DESC LIMIT 1",
            (list(keys) or [0],),
        )
    ).fetchone()
    return int(row[0]) if row else 0


async def disown(conn: Conn, key: int, happening_id: int) -> Happening | None:
    """Mark a line of the history as not the holder's doing; None where it is not in it."""
    row = await (
        await conn.execute(
            "UPDATE accounts.happening SET disowned_at = coalesce(disowned_at, now()) WHERE person_key = %s::bigint"
            " AND happening_id = %s::bigint RETURNING happening_id, kind, at, note, disowned_at",
            (key, happening_id),
        )
    ).fetchone()
    return Happening(*row) if row else None
