"""Rows of agreements."""

from __future__ import annotations

from typing import Any

from psycopg.types.json import Jsonb

from dancu.kit.db import Conn
from dancu.sharing.models import Act, Agreement, AgreementState, Terms

_COLUMNS = (
    "client_no, version, org_code, client_name, client_name_en, org_name, claims, purposes, consent_needed, level_min,"
    " lower(valid), upper(valid), state, proposed_by, proposed_org, proposed_at, proposed_entry, agreed_by, agreed_org,"
    " agreed_at, agreed_entry, closed_by, closed_at, closed_entry, coalesce(sealed, ''), reason"
)


def _agreement(row: tuple[Any, ...]) -> Agreement:
    (no, version, org_code, name, name_en, org_name, claims, purposes, consent_needed, level_min, since, to, state) = (
        row[:13]
    )
    proposed, agreed, (closed_by, closed_at, closed_entry, sealed, reason) = row[13:17], row[17:21], row[21:]
    return Agreement(
        client_no=no, version=version, org_code=org_code, client_name=name, client_name_en=name_en, org_name=org_name,
        claims=frozenset(claims), purposes=dict(purposes), consent_needed=consent_needed, level_min=level_min,
        valid_from=since, valid_to=to, state=AgreementState(state), proposed=Act(*proposed),
        agreed=Act(*agreed) if agreed[0] is not None else None,
        closed=Act(closed_by, "", closed_at, closed_entry) if closed_by is not None else None, sealed=sealed, reason=reason,
    )  # fmt: skip


async def in_state(conn: Conn, client_no: int, state: AgreementState) -> Agreement | None:
    """The version in this state, of which there is one at most ("proposed", "in_force")."""
    row = await (
        await conn.execute(
            f"SELECT {_COLUMNS} FROM sharing.agreement WHERE client_no = %s::bigint AND state = %s",
            (client_no, state.value),
        )
    ).fetchone()
    return _agreement(row) if row else None


async def versions(conn: Conn, client_no: int) -> list[Agreement]:
    cursor = await conn.execute(
        f"SELECT {_COLUMNS} FROM sharing.agreement WHERE client_no = %s::bigint ORDER BY version DESC", (client_no,)
    )
    return [_agreement(row) for row in await cursor.fetchall()]


async def all_in_state(conn: Conn, state: AgreementState) -> list[Agreement]:
    cursor = await conn.execute(
        f"SELECT {_COLUMNS} FROM sharing.agreement WHERE state = %s ORDER BY proposed_at, client_no", (state.value,)
    )
    return [_agreement(row) for row in await cursor.fetchall()]


async def lock(conn: Conn, client_no: int) -> int:
    """Let one at a time work on this client's agreement; the number of its next version."""
    await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended('sharing.agreement', %s::bigint))", (client_no,))
    row = await (
        await conn.execute(
            "SELECT coalesce(max(version), 0) + 1 FROM sharing.agreement WHERE client_no = %s::bigint", (client_no,)
        )
    ).fetchone()
    return int(row[0]) if row else 1


async def insert(
    conn: Conn, client_no: int, version: int, org_code: str, names: tuple[str, str, str], terms: Terms, act: Act
) -> None:
    """A proposed version. `names`: of the client, the same in English, of the organisation."""
    await conn.execute(
        "INSERT INTO sharing.agreement (client_no, version, org_code, client_name, client_name_en, org_name, claims, purposes,"
        " consent_needed, level_min, valid, proposed_by, proposed_org, proposed_at, proposed_entry)"
        " VALUES (%s::bigint, %s, %s, %s, %s, %s, %s, %s, %s, %s, daterange(%s::date, %s::date), %s::bigint, %s, %s, %s::bigint)",
        (
            client_no, version, org_code, *names, sorted(terms.claims), Jsonb(terms.purposes), terms.consent_needed,
            terms.level_min, terms.valid_from, terms.valid_to, act.by, act.org_code, act.at, act.entry_id,
        ),
    )  # fmt: skip


async def agree(conn: Conn, client_no: int, version: int, act: Act, sealed: str) -> bool:
    """The proposed version comes into force; False where it is not proposed (any more)."""
    done = await conn.execute(
        "UPDATE sharing.agreement SET state = 'in_force', agreed_by = %s::bigint, agreed_org = %s, agreed_at = %s,"
        " agreed_entry = %s::bigint, sealed = %s WHERE client_no = %s::bigint AND version = %s AND state = 'proposed'",
        (act.by, act.org_code, act.at, act.entry_id, sealed, client_no, version),
    )
    return done.rowcount == 1


async def close(
    conn: Conn, client_no: int, was: AgreementState, becomes: AgreementState, act: Act, reason: str
) -> bool:
    """End the version in state `was`; False where there is none."""
    done = await conn.execute(
        "UPDATE sharing.agreement SET state = %s, closed_by = %s::bigint, closed_at = %s, closed_entry = %s::bigint, reason = %s"
        " WHERE client_no = %s::bigint AND state = %s",
        (becomes.value, act.by, act.at, act.entry_id, reason, client_no, was.value),
    )
    return done.rowcount == 1
