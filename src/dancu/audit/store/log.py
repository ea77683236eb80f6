"""SQL of entries in and accesses out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from dancu.audit.entry import COLUMNS
from dancu.audit.models import Access, FoundEntry, Query
from dancu.kernel.errors import NotAllowed, Unavailable
from dancu.kit.db import Conn

# Order of audit.entry_in.
EntryIn = tuple[Any, ...]

_REFUSALS = {
    "DA001": Unavailable(
        "audit.not_sequenced",
        "Nhật ký bằng chứng đang không hoạt động nên dữ liệu tạm thời không được mở. Hãy báo quản trị hệ thống.",
    ),
    "DA002": NotAllowed("audit.not_opened", "Hồ sơ này chưa được mở với mục đích và căn cứ pháp lý."),
    "DA003": NotAllowed("audit.no_right", "Cần quyền kiểm tra nhật ký (audit.read) để xem nội dung này."),
}


def refusal(error: Exception) -> Exception | None:
    """The business error of a refusal raised by the functions of schema audit; None for any other error."""
    known = _REFUSALS.get(getattr(error, "sqlstate", None) or "")
    return type(known)(known.code, known.message) if known else None


def as_json(value: Any) -> str | None:
    return None if value is None else orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


async def _one(conn: Conn, query: str, params: Sequence[Any]) -> Any:
    import psycopg

    try:
        row = await (await conn.execute(query, params)).fetchone()
    except psycopg.DatabaseError as error:
        raise refusal(error) or error from error
    return row[0] if row else None


# Entries of one call differ in subject and digest only; everything else is sent once.
_AS_ENTRIES = """
    SELECT ARRAY(
        SELECT ROW(%s::text, %s::text, %s::bigint, %s::text, %s::text, %s::text, %s::text, e.subject, %s::text[],
                   %s::text, %s::text, e.facts, %s::jsonb)::audit.entry_in
        FROM unnest(%s::bigint[], %s::bytea[]) WITH ORDINALITY AS e (subject, facts, n) ORDER BY e.n)
"""


async def record(
    conn: Conn,
    like: EntryIn,
    subjects: Sequence[int | None],
    facts: Sequence[bytes | None],
    ids: Sequence[int] | None = None,
) -> list[int]:
    """Insert one entry per subject, all `like` the given one but for subject and facts, under `ids` taken before or
    under new ones. Entry ids in the order given."""
    *head, _subject, fields, request, channel, _facts, note = like
    params = [*head, fields, request, channel, as_json(note), list(subjects), list(facts)]
    if ids is None:
        made = await _one(conn, f"SELECT audit.record(({_AS_ENTRIES}))", params)
    else:
        made = await _one(conn, f"SELECT audit.record_as(%s::bigint[], ({_AS_ENTRIES}))", [list(ids), *params])
    return list(made or [])


async def next_entry_ids(conn: Conn, count: int) -> list[int]:
    return list(await _one(conn, "SELECT audit.next_entry_ids(%s)", [count]))


async def take_entry_ids(conn: Conn, count: int) -> int:
    return int(await _one(conn, "SELECT audit.take_entry_ids(%s::bigint)", [count]))


async def erase(conn: Conn, entry_id: int, reason: EntryIn) -> int | None:
    """Entry id of the erasure; None where there is nothing to erase under that id."""
    *rest, note = reason
    made = await _one(
        conn,
        """
        SELECT audit.erase(%s::bigint, ROW(%s::text, %s::text, %s::bigint, %s::text, %s::text, %s::text, %s::text,
            %s::bigint, %s::text[], %s::text, %s::text, %s::bytea, %s::jsonb)::audit.entry_in)
        """,
        [entry_id, *rest, as_json(note)],
    )
    return None if made is None else int(made)


def _access(row: Sequence[Any]) -> Access:
    seq, idx, entry_id, at, action, kind, actor, org, purpose, basis, fields, case, note, erased = row
    return Access(
        seq or 0, idx, entry_id, at, action, kind, actor, org, purpose, basis, tuple(fields or ()), case, note, erased
    )


async def accesses_of(conn: Conn, person_key: int, limit: int, before_seq: int | None) -> list[Access]:
    import psycopg

    try:
        cursor = await conn.execute(
            "SELECT * FROM audit.accesses_of(%s::bigint, %s, %s::bigint)", (person_key, limit, before_seq)
        )
    except psycopg.DatabaseError as error:
        raise refusal(error) or error from error
    return [_access(row) async for row in cursor]


async def search_entries(
    conn: Conn, staff_id: int, session_hash: bytes, asked: EntryIn, query: Query
) -> list[FoundEntry]:
    import psycopg

    *rest, note = asked
    try:
        cursor = await conn.execute(
            """
            SELECT subject, subject_seq, idx, entry_id, at, action, actor_kind, actor_id, org_code, purpose,
                   legal_basis, fields, case_ref, note, erased_by
            FROM audit.search_entries(%s::bigint, %s::bytea,
                ROW(%s::text, %s::text, %s::bigint, %s::text, %s::text, %s::text, %s::text, %s::bigint, %s::text[],
                    %s::text, %s::text, %s::bytea, %s::jsonb)::audit.entry_in,
                %s, %s, %s::text, %s::bigint, %s::bigint, %s::text, %s::text, %s, %s::bigint)
            """,
            [
                staff_id, session_hash, *rest, as_json(note),
                query.since, query.until, query.org_code, query.actor_id, query.subject, query.action, query.purpose,
                query.limit, query.before_idx,
            ],
        )  # fmt: skip
    except psycopg.DatabaseError as error:
        raise refusal(error) or error from error
    return [FoundEntry(row[0], _access(row[1:])) async for row in cursor]


async def content_row(
    conn: Conn, *, idx: int | None = None, entry_id: int | None = None, client_no: int | None = None
) -> tuple[int, Any] | None:
    """Index and columns (`entry.COLUMNS`) of one sequenced entry, by index or by entry id; `client_no`: of an entry that this
    program caused."""
    cursor = conn.cursor(binary=True)
    source, params = ("audit.entry_to_prove(%s::bigint, %s::bigint)", (idx, entry_id))
    if client_no is not None:
        source, params = ("audit.entry_of_client(%s::bigint, %s::bigint)", (entry_id, client_no))
    await cursor.execute(f"SELECT idx, {', '.join(COLUMNS)} FROM {source}", params)
    row = await cursor.fetchone()
    return (row[0], row[1:]) if row else None


async def waiting_of_client(conn: Conn, ids: Sequence[int], client_no: int) -> list[Any]:
    """Columns (`entry.COLUMNS`, without subject, number and salt) of entries of one program that wait."""
    cursor = await conn.execute(
        "SELECT entry_id, at, action, org_code, NULL, NULL, actor_kind, actor_id, purpose, legal_basis, case_ref, fields, request_id,"
        " channel, facts, note, NULL FROM audit.waiting_of_client(%s::bigint[], %s::bigint)",
        (list(ids), client_no),
    )
    return await cursor.fetchall()
