"""Rows of recoveries, contact changes and identity checks by telephone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from dancu.accounts.models.recovery import ContactChange, ForSecond, Needs, Recovery
from dancu.accounts.store.locks import whose
from dancu.kernel.actor import Actor, Purpose
from dancu.kit.db import Conn

_RECOVERY_COLUMNS = (
    "person_key", "recovery_id", "way", "state", "identity", "needs", "started_by", "started_org", "started_at", "expires_at",
    "second_by", "second_at", "code_ok_at", "done_at",
)  # fmt: skip
_CHANGE_COLUMNS = (
    "person_key", "change_id", "kind", "identity", "state", "asked_by", "asked_org", "asked_at", "expires_at", "decided_by",
    "decided_at", "reason",
)  # fmt: skip
_OPEN = "state = 'open' AND expires_at > now()"


def _recovery(row: Sequence[Any]) -> Recovery:
    values = dict(zip(_RECOVERY_COLUMNS, row, strict=True))
    return Recovery(**{**values, "identity": tuple(values["identity"]), "needs": Needs(values["needs"])})


def _change(row: Sequence[Any]) -> ContactChange:
    values = dict(zip(_CHANGE_COLUMNS, row, strict=True))
    return ContactChange(**{**values, "identity": tuple(values["identity"])})


async def start(
    conn: Conn, key: int, *, way: str, identity: Sequence[str], needs: Needs, link_digest: bytes, by: int, org: str,
    expires_at: datetime,
) -> int:  # fmt: skip
    """A new recovery in place of one that was open; its id."""
    await conn.execute("UPDATE accounts.recovery SET state = 'cancelled' WHERE person_key = %s::bigint AND state = 'open'", (key,))
    row = await (
        await conn.execute(
            "INSERT INTO accounts.recovery (person_key, way, identity, needs, link_digest, started_by, started_org, expires_at)"
            " VALUES (%s::bigint, %s, %s, %s, %s::bytea, %s::bigint, %s, %s) RETURNING recovery_id",
            (key, way, list(identity), needs, link_digest, by, org, expires_at),
        )
    ).fetchone()
    assert row is not None
    return int(row[0])


async def by_link(conn: Conn, digest: bytes) -> Recovery | None:
    """The open recovery of a link; its account is open from now on."""
    row = await (await conn.execute("SELECT * FROM accounts.recovery_by_link(%s::bytea)", (digest,))).fetchone()
    return await recovery(conn, row[0], row[1]) if row else None


async def last_of(conn: Conn, key: int, digest: bytes) -> Recovery | None:
    """The newest recovery of an opened account that began with this link."""
    row = await (
        await conn.execute(
            f"SELECT {', '.join(_RECOVERY_COLUMNS)} FROM accounts.recovery WHERE person_key = %s::bigint AND link_digest = %s::bytea"
            " ORDER BY recovery_id DESC LIMIT 1", (key, digest),
        )
    ).fetchone()  # fmt: skip
    return _recovery(row) if row else None


async def recovery(conn: Conn, key: int, recovery_id: int) -> Recovery | None:
    row = await (
        await conn.execute(
            f"SELECT {', '.join(_RECOVERY_COLUMNS)} FROM accounts.recovery WHERE person_key = %s::bigint AND recovery_id = %s::bigint",
            (key, recovery_id),
        )
    ).fetchone()
    return _recovery(row) if row else None


async def confirm(conn: Conn, key: int, recovery_id: int, *, by: int) -> bool:
    """The second officer's word; False where it is not waiting for one."""
    done = await conn.execute(
        "UPDATE accounts.recovery SET second_by = %s::bigint, second_at = now() WHERE person_key = %s::bigint"
        f" AND recovery_id = %s::bigint AND needs = 'second' AND second_by IS NULL AND {_OPEN}",
        (by, key, recovery_id),
    )
    return done.rowcount == 1


async def code_was_right(conn: Conn, key: int, recovery_id: int) -> bool:
    done = await conn.execute(
        "UPDATE accounts.recovery SET code_ok_at = now() WHERE person_key = %s::bigint AND recovery_id = %s::bigint"
        f" AND needs = 'code' AND {_OPEN}",
        (key, recovery_id),
    )
    return done.rowcount == 1


async def finish(conn: Conn, key: int, recovery_id: int) -> bool:
    """Once; False where it is over or not proved."""
    done = await conn.execute(
        "UPDATE accounts.recovery SET state = 'done', done_at = now() WHERE person_key = %s::bigint AND recovery_id = %s::bigint"
        f" AND CASE needs WHEN 'code' THEN code_ok_at IS NOT NULL ELSE second_by IS NOT NULL END AND {_OPEN}",
        (key, recovery_id),
    )
    return done.rowcount == 1


async def cancel_open(conn: Conn, key: int) -> None:
    """Neither a recovery nor a change of contact that waits goes on: somebody objected, or the account was locked."""
    await conn.execute("UPDATE accounts.recovery SET state = 'cancelled' WHERE person_key = %s::bigint AND state = 'open'", (key,))


async def add_change(
    conn: Conn, key: int, *, kind: str, value: bytes, identity: Sequence[str], state: str, asked_by: int | None, org: str,
    expires_at: datetime, objection_digest: bytes,
) -> int | None:  # fmt: skip
    """The change's id; None where one of this kind waits already. One that ran out makes room."""
    await conn.execute(
        "UPDATE accounts.contact_change SET state = 'refused', reason = 'expired', decided_at = now()"
        " WHERE person_key = %s::bigint AND kind = %s AND state = 'requested' AND expires_at <= now()",
        (key, kind),
    )
    row = await (
        await conn.execute(
            "INSERT INTO accounts.contact_change (person_key, kind, value, identity, state, asked_by, asked_org, expires_at,"
            " objection_digest) VALUES (%s::bigint, %s, %s::bytea, %s, %s, %s::bigint, %s, %s, %s::bytea)"
            " ON CONFLICT (person_key, kind) WHERE state = 'requested' DO NOTHING RETURNING change_id",
            (key, kind, value, list(identity), state, asked_by, org, expires_at, objection_digest),
        )
    ).fetchone()
    return int(row[0]) if row else None


async def change(conn: Conn, key: int, change_id: int) -> tuple[ContactChange, bytes] | None:
    """A change and its encrypted value."""
    row = await (
        await conn.execute(
            f"SELECT {', '.join(_CHANGE_COLUMNS)}, value FROM accounts.contact_change WHERE person_key = %s::bigint"
            " AND change_id = %s::bigint",
            (key, change_id),
        )
    ).fetchone()
    return (_change(row[:-1]), bytes(row[-1])) if row else None


async def waiting_changes(conn: Conn, key: int) -> list[tuple[ContactChange, bytes]]:
    """What waits for a second officer of an opened account, wherever it was begun, each with its encrypted value; oldest first."""
    rows = await (
        await conn.execute(
            f"SELECT {', '.join(_CHANGE_COLUMNS)}, value FROM accounts.contact_change WHERE person_key = %s::bigint"
            " AND state = 'requested' AND expires_at > now() ORDER BY change_id", (key,),
        )
    ).fetchall()  # fmt: skip
    return [(_change(row[:-1]), bytes(row[-1])) for row in rows]


async def lapse_changes(conn: Conn, limit: int) -> list[tuple[int, int]]:
    """End what no second officer confirmed in time; (person, change) of each (worker)."""
    cursor = await conn.execute(
        "UPDATE accounts.contact_change SET state = 'refused', reason = 'expired', decided_at = now() WHERE (person_key, change_id) IN ("
        "SELECT person_key, change_id FROM accounts.contact_change WHERE state = 'requested' AND expires_at <= now()"
        " LIMIT %s FOR UPDATE SKIP LOCKED) RETURNING person_key, change_id",
        (limit,),
    )
    return [(row[0], row[1]) for row in await cursor.fetchall()]


async def withdraw_change(conn: Conn, key: int, change_id: int) -> bool:
    """The holder does not want it any more: nobody decided it. False where it is not waiting (any more)."""
    done = await conn.execute(
        "UPDATE accounts.contact_change SET state = 'refused', reason = 'withdrawn', decided_at = now()"
        " WHERE person_key = %s::bigint AND change_id = %s::bigint AND state = 'requested' AND expires_at > now()",
        (key, change_id),
    )
    return done.rowcount == 1


async def decide_change(conn: Conn, key: int, change_id: int, state: str, *, by: int, reason: str) -> bool:
    """False where it is not waiting (any more)."""
    done = await conn.execute(
        "UPDATE accounts.contact_change SET state = %s, decided_by = %s::bigint, decided_at = now(), reason = %s"
        " WHERE person_key = %s::bigint AND change_id = %s::bigint AND state = 'requested' AND expires_at > now()",
        (state, by, reason, key, change_id),
    )
    return done.rowcount == 1


async def by_objection(conn: Conn, digest: bytes) -> tuple[int, int] | None:
    """(person, change) of a link by which the old contact may object; the account is open from now on."""
    row = await (await conn.execute("SELECT * FROM accounts.change_by_objection(%s::bytea)", (digest,))).fetchone()
    return (int(row[0]), int(row[1])) if row else None


async def object_to(conn: Conn, key: int, change_id: int) -> bool:
    done = await conn.execute(
        "UPDATE accounts.contact_change SET state = 'objected', objected_at = now() WHERE person_key = %s::bigint"
        " AND change_id = %s::bigint AND state IN ('requested', 'applied')",
        (key, change_id),
    )
    return done.rowcount == 1


async def add_call(conn: Conn, key: int, *, agent: int, org: str, asked: Sequence[str], enough: bool) -> int:
    row = await (
        await conn.execute(
            "INSERT INTO accounts.hotline_call (person_key, agent, org_code, asked, enough)"
            " VALUES (%s::bigint, %s::bigint, %s, %s, %s) RETURNING call_id",
            (key, agent, org, list(asked), enough),
        )
    ).fetchone()
    assert row is not None
    return int(row[0])


async def add_call_of_approval(conn: Conn, key: int, approval_id: UUID, *, agent: int, org: str, asked: Sequence[str]) -> int | None:
    """The call an approval stands for, the same however often it is asked for; None where it is another agent's."""
    await conn.execute(
        "INSERT INTO accounts.hotline_call (person_key, agent, org_code, asked, enough, approval_id)"
        " VALUES (%s::bigint, %s::bigint, %s, %s, true, %s::uuid) ON CONFLICT DO NOTHING",
        (key, agent, org, list(asked), approval_id),
    )
    row = await (
        await conn.execute(
            "SELECT call_id FROM accounts.hotline_call WHERE person_key = %s::bigint AND approval_id = %s::uuid AND agent = %s::bigint",
            (key, approval_id, agent),
        )
    ).fetchone()
    return int(row[0]) if row else None


async def call_asked(conn: Conn, key: int, call_id: int, *, agent: int, seconds: float) -> list[str] | None:
    """What this agent asked in a call that was enough, not long ago; None where there is none."""
    row = await (
        await conn.execute(
            "SELECT asked FROM accounts.hotline_call WHERE person_key = %s::bigint AND call_id = %s::bigint AND agent = %s::bigint"
            " AND enough AND at > now() - make_interval(secs => %s)",
            (key, call_id, agent, seconds),
        )
    ).fetchone()
    return list(row[0]) if row else None


async def for_second(conn: Conn, actor: Actor, purpose: Purpose, limit: int) -> list[ForSecond]:
    """What waits for a second officer of the actor's organisation; each person listed is an entry."""
    cursor = await conn.execute(
        "SELECT * FROM accounts.second_waiting(%s, %s::bigint, %s, %s::bytea, %s, %s, %s, %s, %s::int)", whose(actor, purpose, limit)
    )
    return [ForSecond(*row) for row in await cursor.fetchall()]
