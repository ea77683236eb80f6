"""Access's own entries in the evidence log."""

from __future__ import annotations

from typing import Any

from dancu.access.catalogue.choosing import choose_purpose
from dancu.audit.service import record
from dancu.kernel.actor import Actor, Purpose
from dancu.kit.db import Conn


def administration() -> Purpose:
    return choose_purpose("administration")


async def sign_in_entry(conn: Conn, actor: Actor, *, ok: bool, note: dict[str, Any] | None = None) -> None:
    """A sign-in, or a refused one of a known account. It concerns nobody's data: subject null."""
    await record(
        conn,
        actor,
        administration(),
        action="sign_in" if ok else "denied",
        subjects=[None],
        fields=["sign_in"],
        note={"verb": "access.sign_in", **(note or {})},
    )


async def change_entry(conn: Conn, actor: Actor, verb: str, **note: Any) -> None:
    """A change of organisations, staff or rights. `note` holds ids and codes, no names."""
    await record(
        conn,
        actor,
        administration(),
        action="system",
        subjects=[None],
        fields=["access"],
        note={"verb": verb, **note},
    )
