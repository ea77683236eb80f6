"""Closing an account for good. A death locks at once; when the days of the rule have passed and nobody mended the entry, the
account closes: its history stays, its phone is free for somebody else. A death taken back opens it again."""

from __future__ import annotations

from typing import Final

from dancu.access import service as access
from dancu.accounts import events as news
from dancu.accounts.models import Account, AccountState
from dancu.accounts.rules import rule_on
from dancu.accounts.service import core
from dancu.accounts.store import core as store
from dancu.accounts.store import locks as lock_store
from dancu.audit import service as audit
from dancu.kernel.actor import SYSTEM, Actor
from dancu.kernel.clock import SYSTEM_CLOCK, Clock
from dancu.kit import events
from dancu.kit.db import Conn

DEATH: Final = "death"


async def close_of_the_dead(conn: Conn, *, clock: Clock = SYSTEM_CLOCK) -> int:
    """Close the accounts whose holders died longer ago than the rule waits; how many (worker)."""
    keys = await lock_store.dead_since(conn, rule_on(clock.today()).closed_after_death_days)
    for key in keys:
        await close(conn, SYSTEM, key, DEATH)
    return len(keys)


async def close(conn: Conn, actor: Actor, key: int, reason: str) -> None:
    """Close one account, keeping why. Nothing happens to one that is closed."""
    found = await core.existing(conn, key, lock=True)
    if found.state is AccountState.CLOSED:
        return
    await store.close(conn, key, reason)
    await store.free_phones(conn, key, but=None)
    await _recorded(conn, actor, key, "close", reason)
    await events.emit(conn, news.ACCOUNT_CLOSED, key, {"reason": reason})


async def reopen(conn: Conn, actor: Actor, found: Account) -> None:
    """The reason was an error: open again, with its phone where that is still free. The locks say what state follows."""
    key = found.person_key
    index = await store.phone_index_of(conn, key)
    kept = index is None or await store.claim_phone(conn, index, key)
    await store.reopen(conn, key, keep_phone=kept)
    await _recorded(conn, actor, key, "reopen", found.closed_reason)


async def _recorded(conn: Conn, actor: Actor, key: int, verb: str, reason: str) -> None:
    await core.happened(conn, key, "closed" if verb == "close" else "reopened", reason=reason)
    await audit.record(
        conn, actor, access.choose_purpose("eid_account"), action="write", subjects=[key], fields=["account"],
        note={"verb": f"account.{verb}", "reason": reason},
    )  # fmt: skip
