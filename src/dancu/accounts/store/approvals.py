"""Rows of approvals, of an opened account; by id through a function."""

from __future__ import annotations

from uuid import UUID

from dancu.accounts.models.approvals import Answer, Approval, ApprovalState
from dancu.accounts.models.core import SignIn
from dancu.kit.db import Conn

_SHOWN = """approval_id::text, client_name, org_name, kind, text, purpose,
    CASE WHEN state = 'pending' AND expires_at < now() THEN 'expired' ELSE state END, asked_at, expires_at, decided_at,
    client_name_en"""


async def insert(
    conn: Conn, key: int, client_no: int, names: tuple[str, str, str], kind: str, text: str, purpose: str, seconds: int
) -> str:
    """`names`: of the client, the same in English, of its organisation."""
    row = await (
        await conn.execute(
            "INSERT INTO accounts.approval (person_key, client_no, client_name, client_name_en, org_name, kind, text, purpose, expires_at)"
            " VALUES (%s::bigint, %s::bigint, %s, %s, %s, %s, %s, %s, now() + make_interval(secs => %s)) RETURNING approval_id::text",
            (key, client_no, *names, kind, text, purpose, seconds),
        )
    ).fetchone()
    assert row is not None
    return str(row[0])


async def waiting_count(conn: Conn, key: int) -> int:
    """How many wait. Who asks the same citizen at the same moment counts after this transaction."""
    await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended('accounts.approval', %s::bigint))", (key,))
    row = await (
        await conn.execute(
            "SELECT count(*) FROM accounts.approval WHERE person_key = %s::bigint AND state = 'pending' AND expires_at > now()",
            (key,),
        )
    ).fetchone()
    return int(row[0]) if row else 0


async def recent(conn: Conn, key: int, limit: int) -> list[Approval]:
    """What waits first, then what was answered, newest first."""
    rows = await (
        await conn.execute(
            f"SELECT {_SHOWN} FROM accounts.approval WHERE person_key = %s::bigint"
            " ORDER BY state = 'pending' AND expires_at > now() DESC, asked_at DESC LIMIT %s",
            (key, limit),
        )
    ).fetchall()
    return [
        Approval(approval_id, client_name, org_name, kind, text, purpose, ApprovalState(state), *rest)
        for approval_id, client_name, org_name, kind, text, purpose, state, *rest in rows
    ]


async def decide(conn: Conn, key: int, approval_id: UUID, state: ApprovalState, signed: SignIn | None) -> bool:
    """True for the one answer that counts: in time, and the first."""
    done = await conn.execute(
        "UPDATE accounts.approval SET state = %s, decided_at = now(), acr = %s, amr = %s, sid = %s, auth_time = %s, lock_version = %s"
        " WHERE person_key = %s::bigint AND approval_id = %s::uuid AND state = 'pending' AND expires_at > now()",
        (
            state.value, signed.acr if signed else None, list(signed.amr) if signed else [], signed.sid if signed else "",
            signed.at if signed else None, signed.lock_version if signed else None, key, approval_id,
        ),
    )  # fmt: skip
    return done.rowcount == 1


async def answer(conn: Conn, approval_id: UUID) -> Answer | None:
    row = await (await conn.execute("SELECT * FROM accounts.approval_state(%s::uuid)", (approval_id,))).fetchone()
    if row is None:
        return None
    key, client_no, state, purpose, acr, amr, sid, auth_time, lock_version, expires_at = row
    return Answer(key, client_no, ApprovalState(state), purpose, acr, tuple(amr), sid, auth_time, lock_version, expires_at)
