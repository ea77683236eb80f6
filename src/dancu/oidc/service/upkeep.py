"""What the provider does by the clock."""

from __future__ import annotations

from pathlib import Path

from dancu.kit.db import Conn
from dancu.oidc.service.keys import SigningKeys
from dancu.oidc.store import detached, families, notices


def rotate_keys(directory: Path) -> bool:
    """Lay down the next signing key under `directory`/oidc if the newest has served; True when one was made."""
    return SigningKeys(directory / "oidc").rotate()


async def sweep(conn: Conn) -> tuple[int, int]:
    """Forget marks and families that mean nothing any more (role worker); how many of each."""
    await notices.sweep(conn)
    await detached.sweep(conn)
    return await families.sweep(conn)
