"""What locks and unlocks an account: pure rules."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from dancu.accounts.models import Account, AccountState
from dancu.accounts.models.locks import Ground, Lock, LockState
from dancu.accounts.rules import Rule

SHORTEST_REASON: Final = 10


class Lifts(StrEnum):
    """Who can end a lock. `IDENTITY`: the holder, having proved who they are at a counter or by telephone. `OFFICER`: an
    officer for locks, with a reason. `REGISTRY`: only news of the registry that ends the cause."""

    IDENTITY = "identity"
    OFFICER = "officer"
    REGISTRY = "registry"


LIFTED_BY: Final = {
    Ground.OWN_REQUEST: Lifts.IDENTITY,
    Ground.SUSPICION: Lifts.IDENTITY,
    Ground.BREACH: Lifts.OFFICER,
    Ground.POLICE_REQUEST: Lifts.OFFICER,
    Ground.DEATH: Lifts.REGISTRY,
    Ground.CARD_REVOKED: Lifts.REGISTRY,
    Ground.RECORD_MERGED: Lifts.REGISTRY,
}

#: What somebody who cannot sign in is told first.
WEIGHT: Final = (
    Ground.DEATH, Ground.RECORD_MERGED, Ground.CARD_REVOKED, Ground.POLICE_REQUEST, Ground.BREACH, Ground.SUSPICION, Ground.OWN_REQUEST,
)  # fmt: skip


def state_of(account: Account, locks: Iterable[Lock]) -> AccountState:
    """The account's state with these locks: locked while one stands, otherwise as far as it had come."""
    if account.state is AccountState.CLOSED:
        return AccountState.CLOSED
    if any(lock.standing for lock in locks):
        return AccountState.LOCKED
    if account.activated_at is not None:
        return AccountState.ACTIVE
    return AccountState.NOTIFIED if account.notified_at is not None else AccountState.APPROVED


def freed_by_identity(locks: Iterable[Lock]) -> tuple[Ground, ...]:
    """Grounds of standing locks that end when the holder has proved who they are."""
    return tuple(lock.ground for lock in locks if lock.standing and LIFTED_BY[lock.ground] is Lifts.IDENTITY)


def holding_back(locks: Iterable[Lock]) -> tuple[Ground, ...]:
    """Grounds that stand even against a holder who proved who they are: no recovery helps before they end."""
    return tuple(lock.ground for lock in locks if lock.standing and LIFTED_BY[lock.ground] is not Lifts.IDENTITY)


def shown_to_holder(locks: Iterable[Lock], rule: Rule) -> list[Lock]:
    """What the holder may see: all but a request that is still being decided, where the rule does not show it before."""
    return [lock for lock in locks if rule.lock_request_shown or lock.state is not LockState.REQUESTED]
