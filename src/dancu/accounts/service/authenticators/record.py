"""What is written and told of authenticators: which kind came or went, never what it is."""

from __future__ import annotations

from dancu.accounts.service import core
from dancu.audit import service as audit
from dancu.kernel.actor import Actor, Purpose
from dancu.kit.db import Conn


async def added(conn: Conn, key: int, way: str, *, told: bool = True) -> None:
    """A way to sign in came: in the history, and told at once, for whoever got in would add one of their own to stay."""
    await core.happened(conn, key, "authenticator_added", way=way)
    if told:
        await core.notify(conn, key, "authenticator_added")


async def removed(conn: Conn, key: int, way: str) -> None:
    """One went: told as well, for whoever got in would take away the ones that keep them out."""
    await core.happened(conn, key, "authenticator_removed", way=way)
    await core.notify(conn, key, "authenticator_removed")


async def changed(conn: Conn, actor: Actor, purpose: Purpose, key: int, verb: str, kind: str) -> None:
    await audit.record(
        conn, actor, purpose, action="write", subjects=[key], fields=["authenticator"],
        note={"verb": f"account.{verb}", "kind": kind},
    )  # fmt: skip
