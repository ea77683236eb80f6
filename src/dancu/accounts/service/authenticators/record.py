"""Entries of the evidence log about authenticators: which kind came or went, never what it is."""

from __future__ import annotations

from dancu.audit import service as audit
from dancu.kernel.actor import Actor, Purpose
from dancu.kit.db import Conn


async def changed(conn: Conn, actor: Actor, purpose: Purpose, key: int, verb: str, kind: str) -> None:
    await audit.record(
        conn, actor, purpose, action="write", subjects=[key], fields=["authenticator"],
        note={"verb": f"account.{verb}", "kind": kind},
    )  # fmt: skip
