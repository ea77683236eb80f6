"""The batched statement of the hot path (migrations/0035_calls.sql)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from dancu.kit.db import Conn

if TYPE_CHECKING:
    from dancu.exchange.service.lane import Ask

_SQL = (
    "SELECT verdict, entry_id, record FROM exchange.answer_many(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[],"
    " %s::text[], %s::text[], %s::text[], %s::bytea[], %s::integer[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[])"
)


@lru_cache(1024)
def _literal(codes: tuple[str, ...]) -> str:
    """Codes of the catalogue as an array literal; they are plain words."""
    return "{" + ",".join(codes) + "}"


async def answer_many(conn: Conn, asks: Sequence[Ask], micros: Sequence[int]) -> list[tuple[str, int | None, dict[str, Any] | None]]:
    """(verdict, entry_id, record) per call, in order."""
    calls = [ask.call for ask in asks]
    cursor = await conn.execute(
        _SQL,
        (
            [c.client_no for c in calls], [c.message_id for c in calls], [c.org_code for c in calls], [c.service for c in calls],
            [c.officer for c in calls], [c.purpose for c in calls], [c.legal_basis for c in calls], [c.case_ref for c in calls],
            [c.digest for c in calls], list(micros), [ask.permission for ask in asks], [ask.number for ask in asks],
            [_literal(ask.needs) for ask in asks], [_literal(ask.evidence) for ask in asks], [ask.verb for ask in asks],
        ),
    )  # fmt: skip
    return await cursor.fetchall()
