"""Rows of what partners handed in."""

from __future__ import annotations

from dataclasses import dataclass

from dancu.kit.db import Conn


@dataclass(frozen=True, slots=True)
class Handed:
    """One fact handed in. `outcome`: accepted, needs_verification or refused; `subject`: whom it is about, 0 where unknown."""

    ref: str
    kind: str
    digest: bytes
    outcome: str
    reasons: tuple[str, ...]
    subject: int


async def find(conn: Conn, org_code: str, ref: str) -> Handed | None:
    row = await (
        await conn.execute(
            "SELECT ref, kind, digest, outcome, reasons, coalesce(subject, 0) FROM exchange.supply WHERE org_code = %s AND ref = %s", (org_code, ref)
        )
    ).fetchone()
    return Handed(row[0], row[1], bytes(row[2]), row[3], tuple(row[4]), row[5]) if row else None


async def keep(conn: Conn, org_code: str, client_no: int, handed: Handed) -> None:
    """A refused fact may be handed in again, mended, under the same reference."""
    await conn.execute(
        "INSERT INTO exchange.supply (org_code, ref, client_no, kind, digest, outcome, reasons, subject)"
        " VALUES (%s, %s, %s::bigint, %s, %s, %s, %s::text[], nullif(%s::bigint, 0)) ON CONFLICT (org_code, ref) DO UPDATE"
        " SET digest = excluded.digest, outcome = excluded.outcome, reasons = excluded.reasons, subject = excluded.subject, kind = excluded.kind,"
        " at = now() WHERE supply.outcome = 'refused'",
        (org_code, handed.ref, client_no, handed.kind, handed.digest, handed.outcome, list(handed.reasons), handed.subject),
    )


async def lock(conn: Conn, org_code: str, ref: str) -> None:
    """One at a time works on a reference."""
    await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 7))", (f"exchange.supply/{org_code}/{ref}",))
