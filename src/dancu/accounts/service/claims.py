"""Claims and portraits of applications, encrypted under the application's reference."""

from __future__ import annotations

import json

from dancu.accounts.models.application import Claim
from dancu.accounts.store import applications as store
from dancu.kit.db import Conn
from dancu.kit.ring import ring

_TABLE = "accounts.application"


def seal_claim(ref: str, claim: Claim) -> bytes:
    plain = json.dumps(claim.as_dict(), ensure_ascii=False, separators=(",", ":"))
    return ring().encrypt(plain.encode(), table=_TABLE, row=ref, column="claimed")


def seal_portrait(ref: str, image: bytes | None) -> bytes | None:
    return ring().encrypt(image, table=_TABLE, row=ref, column="portrait") if image else None


async def open_claim(conn: Conn, application_id: int, ref: str) -> tuple[Claim, bytes | None]:
    """The claim and the portrait of an opened application."""
    sealed, portrait = await store.claimed(conn, application_id)
    plain = ring().decrypt(sealed, table=_TABLE, row=ref, column="claimed")
    image = ring().decrypt(portrait, table=_TABLE, row=ref, column="portrait") if portrait else None
    return Claim.from_dict(json.loads(plain)), image
