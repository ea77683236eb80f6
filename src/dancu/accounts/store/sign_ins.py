"""What sessions proved."""

from __future__ import annotations

from collections.abc import Sequence

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
