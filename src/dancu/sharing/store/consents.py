"""Consents, by the functions that alone reach them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from dancu.kit.db import Conn
from dancu.kit.prepared import Prepared
from dancu.sharing.models import Consent, KeptConsent

_KEPT = (
    "consent_id::text, client_no, client_name, org_code, org_name, claims, purpose, legal_basis, given_at, until, receipt, ended_at,"
    " coalesce(ended_by, ''), ends, client_name_en"
)

_STANDING = Prepared("SELECT consent_id::text, claims, given_at, until, receipt FROM sharing.standing(%s::bigint, %s::bigint, %s)")


async def standing(conn: Conn, key: int, client_no: int, purpose: str) -> Consent | None:
    row = await _STANDING.row(conn, (key, client_no, purpose))
    return Consent(row[0], frozenset(row[1]), *row[2:]) if row else None


async def ends(conn: Conn, key: int, client_no: int, purpose: str) -> dict[str, datetime]:
    """Group -> when it ends, of the consent that stands; empty where none does."""
    cursor = await conn.execute("SELECT claim, ends FROM sharing.standing_ends(%s::bigint, %s::bigint, %s)", (key, client_no, purpose))
    return dict(await cursor.fetchall())


async def lock(conn: Conn, key: int) -> None:
    """One answer of a person at a time, to the end of the transaction; `give` takes the same lock."""
    await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended('sharing.consent', %s::bigint))", (key,))


async def give(
    conn: Conn, key: int, session_hash: bytes, kept: KeptConsent, version: int | None, entry_id: int
) -> bool:
    """False where the session is not the citizen's (any more)."""
    row = await (
        await conn.execute(
            "SELECT sharing.give(%s::bigint, %s, %s, %s::bigint, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s::bigint, %s::jsonb, %s)",
            (
                key, session_hash, UUID(kept.consent_id), kept.client_no, kept.client_name, kept.org_code, kept.org_name, version,
                sorted(kept.claims), kept.purpose, kept.legal_basis, kept.given_at, kept.until, kept.receipt, entry_id,
                json.dumps({one: at.isoformat() for one, at in kept.ends.items()}), kept.client_name_en,
            ),
        )
    ).fetchone()  # fmt: skip
    return bool(row and row[0])


async def withdraw(
    conn: Conn, key: int, session_hash: bytes, consent_id: UUID, at: datetime, entry_id: int
) -> int | None:
    """The client it was for; None where nothing stands by that id."""
    row = await (
        await conn.execute(
            "SELECT sharing.withdraw(%s::bigint, %s, %s, %s, %s::bigint)", (key, session_hash, consent_id, at, entry_id)
        )
    ).fetchone()
    return row[0] if row else None


async def of_person(conn: Conn, key: int, session_hash: bytes, how_many: int) -> list[KeptConsent]:
    cursor = await conn.execute(
        f"SELECT {_KEPT} FROM sharing.consents_of(%s::bigint, %s, %s)", (key, session_hash, how_many)
    )
    return [_kept(row) for row in await cursor.fetchall()]


def _kept(row: tuple[Any, ...]) -> KeptConsent:
    consent_id, client_no, client_name, org_code, org_name, claims, *rest, ends, name_en = row
    each = {one: datetime.fromisoformat(at) for one, at in ends.items()}
    kept = KeptConsent(consent_id, client_no, client_name, org_code, org_name, frozenset(claims), *rest)
    return replace(kept, ends=each, client_name_en=name_en)
