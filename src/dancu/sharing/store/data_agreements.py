"""Rows of agreements of data services."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from psycopg.types.json import Jsonb

from dancu.kit.db import Conn
from dancu.sharing.models import Act, AgreementState, DataAgreement, DataTerms

_SELECT = (
    "SELECT org_code, service, version, fields, purposes, consent_needed, quota_day, lower(hours), upper(hours), lower(valid),"
    " upper(valid), state, due, partner_seal, coalesce(sealed, ''), reason, refused_basis, escalated_at, proposed_by, proposed_org,"
    " proposed_at, proposed_entry, agreed_by, agreed_org, agreed_at, agreed_entry, closed_by, closed_at, closed_entry,"
    " purpose_fields, org_kind FROM sharing.data_agreement"
)


def _agreement(row: tuple[Any, ...]) -> DataAgreement:
    org_code, service, version, fields, purposes, consent, quota, from_hour, to_hour, first, last, state, due = row[:13]
    partner_seal, sealed, reason, basis, escalated = row[13:18]
    proposed, agreed, closed = row[18:22], row[22:26], row[26:29]
    return DataAgreement(
        org_code=org_code, service=service, version=version, fields=frozenset(fields), purposes=dict(purposes),
        consent_needed=consent, quota_day=quota, hours=(from_hour, to_hour), valid=(first, last), state=AgreementState(state), due=due,
        proposed=Act(*proposed), agreed=Act(*agreed) if agreed[0] is not None else None,
        closed=Act(closed[0], "", closed[1], closed[2]) if closed[0] is not None else None, sealed=sealed,
        partner_seal=partner_seal, reason=reason, refused_basis=basis, escalated_at=escalated,
        purpose_fields={code: frozenset(line) for code, line in row[29].items()}, org_kind=row[30],
    )  # fmt: skip


async def _one(conn: Conn, where: str, *values: Any) -> DataAgreement | None:
    row = await (await conn.execute(f"{_SELECT} WHERE {where}", values)).fetchone()
    return _agreement(row) if row else None


async def _many(conn: Conn, where: str, *values: Any) -> list[DataAgreement]:
    cursor = await conn.execute(f"{_SELECT} WHERE {where}", values)
    return [_agreement(row) for row in await cursor.fetchall()]


async def version(conn: Conn, org_code: str, service: str, number: int) -> DataAgreement | None:
    return await _one(conn, "org_code = %s AND service = %s AND version = %s", org_code, service, number)


async def in_state(conn: Conn, org_code: str, service: str, state: AgreementState) -> DataAgreement | None:
    """The version in this state, of which there is one at most ("proposed", "in_force")."""
    return await _one(conn, "org_code = %s AND service = %s AND state = %s", org_code, service, state.value)


async def of(conn: Conn, org_code: str) -> list[DataAgreement]:
    """All versions of one organisation, by service, newest first."""
    return await _many(conn, "org_code = %s ORDER BY service, version DESC", org_code)


async def all_in_state(conn: Conn, state: AgreementState) -> list[DataAgreement]:
    return await _many(conn, "state = %s ORDER BY due NULLS LAST, proposed_at, org_code, service", state.value)


async def lock(conn: Conn, org_code: str, service: str) -> int:
    """Let one at a time work on this agreement; the number of its next version."""
    await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 1))", (f"sharing.data_agreement|{org_code}|{service}",))
    row = await (
        await conn.execute(
            "SELECT coalesce(max(version), 0) + 1 FROM sharing.data_agreement WHERE org_code = %s AND service = %s", (org_code, service)
        )
    ).fetchone()
    return int(row[0]) if row else 1


async def insert(conn: Conn, number: int, terms: DataTerms, due: date, act: Act, escalated_at: datetime | None, org_kind: str) -> None:
    await conn.execute(
        "INSERT INTO sharing.data_agreement (org_code, service, version, fields, purposes, consent_needed, quota_day, hours, valid, due,"
        " proposed_by, proposed_org, proposed_at, proposed_entry, purpose_fields, org_kind)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, int4range(%s, %s), daterange(%s::date, %s::date), %s, %s::bigint, %s, %s, %s::bigint, %s, %s)",
        (
            terms.org_code, terms.service, number, sorted(terms.fields), Jsonb(terms.purposes), terms.consent_needed, terms.quota_day,
            *terms.hours, *terms.valid, due, act.by, act.org_code, act.at, act.entry_id,
            Jsonb({code: sorted(line) for code, line in sorted(terms.purpose_fields.items())}), org_kind,
        ),
    )  # fmt: skip
    if escalated_at is not None:
        await conn.execute(
            "UPDATE sharing.data_agreement SET escalated_at = %s WHERE org_code = %s AND service = %s AND version = %s",
            (escalated_at, terms.org_code, terms.service, number),
        )


async def put_partner_seal(conn: Conn, org_code: str, service: str, number: int, seal: str) -> bool:
    """False where the version waits no more."""
    done = await conn.execute(
        "UPDATE sharing.data_agreement SET partner_seal = %s WHERE org_code = %s AND service = %s AND version = %s AND state = 'proposed'",
        (seal, org_code, service, number),
    )
    return done.rowcount == 1


async def agree(conn: Conn, org_code: str, service: str, number: int, act: Act, sealed: str) -> bool:
    """The proposed version comes into force; False where it is not proposed (any more)."""
    done = await conn.execute(
        "UPDATE sharing.data_agreement SET state = 'in_force', agreed_by = %s::bigint, agreed_org = %s, agreed_at = %s,"
        " agreed_entry = %s::bigint, sealed = %s WHERE org_code = %s AND service = %s AND version = %s AND state = 'proposed'",
        (act.by, act.org_code, act.at, act.entry_id, sealed, org_code, service, number),
    )
    await _changed(conn)
    return done.rowcount == 1


async def close(
    conn: Conn, org_code: str, service: str, was: AgreementState, becomes: AgreementState, act: Act, reason: str, basis: str = ""
) -> int | None:
    """End the version in state `was`; its number, None where there is none."""
    cursor = await conn.execute(
        "UPDATE sharing.data_agreement SET state = %s, closed_by = %s::bigint, closed_at = %s, closed_entry = %s::bigint, reason = %s,"
        " refused_basis = %s WHERE org_code = %s AND service = %s AND state = %s RETURNING version",
        (becomes.value, act.by, act.at, act.entry_id, reason, basis, org_code, service, was.value),
    )
    row = await cursor.fetchone()
    await _changed(conn)
    return row[0] if row else None


async def escalate(conn: Conn, today: date, now: datetime) -> list[tuple[str, str, int]]:
    """Mark what should have been answered before today: (organisation, service, version) of each newly marked."""
    cursor = await conn.execute(
        "UPDATE sharing.data_agreement SET escalated_at = %s WHERE state = 'proposed' AND due < %s AND escalated_at IS NULL"
        " RETURNING org_code, service, version",
        (now, today),
    )
    return [(row[0], row[1], row[2]) for row in await cursor.fetchall()]


async def _changed(conn: Conn) -> None:
    await conn.execute("UPDATE sharing.change SET seq = seq + 1")
