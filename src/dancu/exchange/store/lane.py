"""The batched statement of the hot path (migrations/0110_calls_at_once.sql)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import orjson

from dancu.kit.arrays import blobs, numbers, texts
from dancu.kit.db import Conn
from dancu.kit.prepared import Prepared

if TYPE_CHECKING:
    from dancu.exchange.service.lane import Ask

_ANSWERS = Prepared(
    "SELECT verdict, entry_id, record::text FROM exchange.answer_many(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[],"
    " %s::text[], %s::text[], %s::text[], %s::bytea[], %s::integer[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[])"
)


@lru_cache(1024)
def _literal(codes: tuple[str, ...]) -> str:
    """Codes of the catalogue as an array literal; they are plain words."""
    return "{" + ",".join(codes) + "}"


async def answer_many(conn: Conn, asks: Sequence[Ask], micros: Sequence[int]) -> list[tuple[str, int | None, dict[str, Any] | None]]:
    """(verdict, entry_id, record) per call, in order."""
    calls = [ask.call for ask in asks]
    rows = await _ANSWERS.rows(
        conn,
        (
            numbers([c.client_no for c in calls]), texts([c.message_id for c in calls]), texts([c.org_code for c in calls]),
            texts([c.service for c in calls]), texts([c.officer for c in calls]), texts([c.purpose for c in calls]),
            texts([c.legal_basis for c in calls]), texts([c.case_ref for c in calls]), blobs([c.digest for c in calls]), numbers(micros),
            texts([ask.permission for ask in asks]), texts([ask.number for ask in asks]), texts([_literal(ask.needs) for ask in asks]),
            texts([_literal(ask.evidence) for ask in asks]), texts([ask.verb for ask in asks]),
        ),
    )  # fmt: skip
    return [(verdict, entry_id, None if record is None else orjson.loads(record)) for verdict, entry_id, record in rows]
