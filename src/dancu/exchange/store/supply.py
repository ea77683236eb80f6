"""Rows of what partners handed in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from dancu.kit.db import Conn


@dataclass(frozen=True, slots=True)
class Handed:
    """One fact handed in. `outcome`: accepted, needs_verification or refused; `subject`: whom it is about, 0 where unknown; `members`:
    what of a refused one must be mended, dotted ("document.date")."""

    ref: str
    kind: str
    digest: bytes
    outcome: str
    reasons: tuple[str, ...]
    subject: int
    members: tuple[str, ...] = ()


async def find(conn: Conn, org_code: str, ref: str) -> Handed | None:
    row = await (
        await conn.execute("SELECT ref, kind, digest, outcome, reasons, coalesce(subject, 0), members FROM exchange.handed_row(%s, %s)", (org_code, ref))
    ).fetchone()
    return Handed(row[0], row[1], bytes(row[2]), row[3], tuple(row[4]), row[5], tuple(row[6])) if row else None


async def keep(conn: Conn, org_code: str, client_no: int, handed: Handed) -> None:
    """A refused fact may be handed in again, mended, under the same reference."""
    await conn.execute(
        "SELECT exchange.keep_handed(%s, %s::bigint, %s, %s, %s::bytea, %s, %s::text[], %s::bigint, %s::text[])",
        (
            org_code, client_no, handed.ref, handed.kind, handed.digest, handed.outcome, list(handed.reasons), handed.subject,
            list(handed.members),
        ),
    )  # fmt: skip


async def lock(conn: Conn, org_code: str, refs: Iterable[str]) -> None:
    """One at a time works on a reference. All of a call together and in order, so that two calls with the same ones never wait in a circle."""
    await conn.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended(r, 7)) FROM unnest(%s::text[]) AS r", (sorted({f"exchange.supply/{org_code}/{ref}" for ref in refs}),)
    )
