"""A small log to try things on."""

from __future__ import annotations

from typing import Any

from dancu.audit import service
from dancu.audit.note import Signer, new_signer
from dancu.kernel.actor import Actor, ActorKind, Purpose

SIGNER: Signer = new_signer("test.dancu.vn/log")
OFFICER = Actor(ActorKind.STAFF, 7, "49.505.20515", request_id="r-1")
RESIDENCE = Purpose("residence_management", "Luật Cư trú 2020, Điều 38", "HS-12")


async def look(conn: Any, *subjects: int | None, **more: Any) -> list[int]:
    """Commit one look at each subject."""
    async with conn.transaction():
        return await service.record(
            conn, OFFICER, RESIDENCE, action="read", subjects=list(subjects), fields=["name", "birth"], **more
        )


async def scalar(conn: Any, query: str, *params: Any) -> Any:
    row = await (await conn.execute(query, params)).fetchone()
    return row[0] if row else None
