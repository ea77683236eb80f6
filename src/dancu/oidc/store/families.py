"""Families of tokens, by the functions of migrations/0030_oidc.sql: each is one statement that checks, marks and records."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson

from dancu.kit import arrays
from dancu.kit.db import Conn
from dancu.kit.prepared import Prepared
from dancu.oidc.models import Family, Mark

_SCOPE, _AMR = map(Family._fields.index, ("scope", "amr"))
FAM = ", ".join(f"(fam).{name}" for name in Family._fields)
_REDEEM = Prepared(
    "SELECT oidc.redeem(%s::bytea[], %s::integer[], %s::bigint, %s::bytea, %s::bigint, %s, %s::text[], %s::jsonb, %s::jsonb, %s, %s, %s,"
    " %s::smallint, %s::text[], %s::timestamptz, %s::integer, %s, %s, %s, make_interval(secs => %s), %s)"
)
_USE = Prepared(
    f"SELECT word, {FAM} FROM oidc.use_many(%s::integer[], %s::bytea[], %s::integer[], %s::bigint[], %s::bytea[], %s::bigint[]) ORDER BY ord"
)
_STALE = Prepared("SELECT oidc.stale(%s::integer[], %s::bytea[], %s::integer[])")
_TOKENS = Prepared(
    "SELECT oidc.client_tokens(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::integer[], %s::bytea[], %s::integer[], %s, %s)"
)


def family(row: Sequence[Any]) -> Family:
    values = list(row)
    values[_SCOPE], values[_AMR] = tuple(values[_SCOPE]), tuple(values[_AMR])
    return Family._make(values)


def _marks(marks: Sequence[Mark]) -> tuple[str, str]:
    if not marks:
        return "{}", "{}"
    digests, seconds = zip(*marks, strict=True)
    return arrays.blobs(digests), arrays.numbers(seconds)


async def spend(conn: Conn, marks: Sequence[Mark]) -> bool:
    """True when every mark comes for the first time."""
    row = await (await conn.execute("SELECT oidc.spend(%s::bytea[], %s::integer[])", _marks(marks))).fetchone()
    return bool(row and row[0])


async def redeem(
    conn: Conn, marks: Sequence[Mark], new: Family, *, org_code: str, life: int, request_id: str
) -> str:
    """'ok', 'reused', 'replayed' or 'locked'; `life` in seconds."""
    row = await _REDEEM.row(
        conn,
        (
            *_marks(marks), new.person_key, new.family_id, new.client_no, org_code, arrays.texts(new.scope),
            orjson.dumps(new.claims).decode(), orjson.dumps(new.details).decode(), new.purpose, new.legal_basis, new.sid, new.acr,
            arrays.texts(new.amr), new.auth_time, new.lock_version, new.jkt, new.x5t, new.offline, life, request_id,
        ),
    )  # fmt: skip
    return str(row[0]) if row else "unknown"


async def use(
    conn: Conn, marks: Sequence[Mark], person_key: int, family_id: bytes, client_no: int
) -> tuple[str, Family | None]:
    """('ok', family), or another word and None."""
    cursor = await conn.execute(
        f"SELECT word, {FAM} FROM oidc.use_family(%s::bytea[], %s::integer[], %s::bigint, %s::bytea, %s::bigint)",
        (*_marks(marks), person_key, family_id, client_no),
    )
    return _worded(await cursor.fetchone())


#: Marks, and (person, family, client) or None where there are only marks to spend.
Use = tuple[Sequence[Mark], tuple[int, bytes, int] | None]


async def use_many(conn: Conn, asked: Sequence[Use]) -> list[tuple[str, Family | None]]:
    """`use` of many at once; 'ok' and None for one that only spends marks."""
    if not any(whose for _, whose in asked):
        stale = await _STALE.row(conn, brought([marks for marks, _ in asked]))
        return [("replayed" if stale and n in stale[0] else "ok", None) for n in range(1, len(asked) + 1)]
    of = [whose or (0, b"", 0) for _, whose in asked]
    rows = await _USE.rows(
        conn,
        (
            *brought([marks for marks, _ in asked]), arrays.numbers(one[0] for one in of), arrays.blobs(one[1] for one in of),
            arrays.numbers(one[2] for one in of),
        ),
    )
    return [_worded(row) if whose else (row[0], None) for row, (_, whose) in zip(rows, asked, strict=True)]


def brought(marks: Sequence[Sequence[Mark]]) -> tuple[str, str, str]:
    """Marks of many requests as arrays (which request, from 1; digest; seconds)."""
    if not any(marks):
        return "{}", "{}", "{}"
    whose, digests, seconds = zip(*[(n, *mark) for n, of_one in enumerate(marks, 1) for mark in of_one], strict=True)
    return arrays.numbers(whose), arrays.blobs(digests), arrays.numbers(seconds)


async def refresh(
    conn: Conn, marks: Sequence[Mark], person_key: int, family_id: bytes, generation: int, client_no: int, *,
    org_code: str, jkt: str, x5t: str, rotate: bool, grace: int, request_id: str,
) -> tuple[str, Family | None]:  # fmt: skip
    """('ok', the family as it stands afterwards), or another word and None."""
    cursor = await conn.execute(
        f"SELECT word, {FAM} FROM oidc.refresh_family(%s::bytea[], %s::integer[], %s::bigint, %s::bytea, %s::integer,"
        " %s::bigint, %s, %s, %s, %s, %s::integer, %s)",
        (
            *_marks(marks), person_key, family_id, generation, client_no, org_code, jkt, x5t, rotate, grace, request_id,
        ),
    )  # fmt: skip
    return _worded(await cursor.fetchone())


def _worded(row: tuple[Any, ...] | None) -> tuple[str, Family | None]:
    if row is None:
        return "unknown", None
    return (row[0], family(row[1:])) if row[0] == "ok" else (row[0], None)


async def end(conn: Conn, person_key: int, family_id: bytes, client_no: int, why: str) -> bool:
    """End one family; False where it had ended or never was."""
    cursor = await conn.execute(
        "SELECT oidc.end_family(%s::bigint, %s::bytea, %s::bigint, %s)", (person_key, family_id, client_no, why)
    )
    row = await cursor.fetchone()
    return bool(row and row[0])


async def client_tokens(
    conn: Conn, asked: Sequence[tuple[int, str, str, str, Sequence[Mark]]], purpose: str, legal_basis: str
) -> list[bool]:
    """Many (client_no, org_code, request_id, scope, marks) at once: for each, whether all its marks were new. Those that
    were are recorded."""
    row = await _TOKENS.row(
        conn,
        (
            arrays.numbers(one[0] for one in asked), arrays.texts(one[1] for one in asked), arrays.texts(one[2] for one in asked),
            arrays.texts(one[3] for one in asked), *brought([one[4] for one in asked]), purpose, legal_basis,
        ),
    )  # fmt: skip
    return list(row[0]) if row else []


async def of_person(conn: Conn, person_key: int, since: datetime | None = None, *, expired: bool = False) -> list[Family]:
    """Running families of an opened account, newest first; with `expired` also those whose tokens ran out by themselves and that nobody
    ended (`sweep` forgets them after a week)."""
    cursor = await conn.execute(
        f"SELECT {', '.join(Family._fields)} FROM oidc.family WHERE person_key = %s::bigint AND ended_at IS NULL"
        " AND (%s OR expires_at > now()) AND (%s::timestamptz IS NULL OR created_at > %s) ORDER BY created_at DESC LIMIT 500",
        (person_key, expired, since, since),
    )
    return [family(row) for row in await cursor.fetchall()]


async def sweep(conn: Conn) -> tuple[int, int]:
    """Delete marks and families that mean nothing any more (role worker): how many of each."""
    marks = await conn.execute("DELETE FROM oidc.mark WHERE until < now()")
    families = await conn.execute("DELETE FROM oidc.family WHERE expires_at < now() - interval '7 days'")
    return marks.rowcount, families.rowcount
