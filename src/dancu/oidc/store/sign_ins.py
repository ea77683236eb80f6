"""What a session proved, read beside the accounts room until that room answers itself."""

from __future__ import annotations

from dancu.accounts.models import SignIn
from dancu.kit.db import Conn


async def of_session(conn: Conn, person_key: int, session_id: str) -> SignIn | None:
    """None where nothing was proved, the sign-in ended, or the account moved on."""
    await conn.execute("SELECT accounts.open(ARRAY[%s::bigint])", (person_key,))
    cursor = await conn.execute(
        "SELECT s.sid, a.level, s.acr, s.amr, s.at, s.lock_version, s.assisted FROM accounts.sign_in s"
        " JOIN accounts.account a ON a.person_key = s.person_key"
        " WHERE s.person_key = %s::bigint AND s.session_hash = %s AND s.ended_at IS NULL AND a.state = 'active'"
        " AND a.lock_version = s.lock_version",
        (person_key, bytes.fromhex(session_id)),
    )
    row = await cursor.fetchone()
    if row is None:
        return None
    sid, level, acr, amr, at, version, assisted = row
    return SignIn(person_key, session_id, sid, level, acr, tuple(amr), at, version, assisted)
