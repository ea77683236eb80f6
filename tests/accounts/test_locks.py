"""Who may lock and open an account; and whatever is done in whatever order, the account is locked exactly while a lock stands."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import psycopg
import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dancu.access.service import sessions
from dancu.accounts.models import AccountState
from dancu.accounts.models.locks import Ground, LockState
from dancu.accounts.policy import locks as policy
from dancu.accounts.rules import rule_on
from dancu.accounts.service import core, locks
from dancu.accounts.store import locks as store
from dancu.kernel.actor import SYSTEM, Actor
from dancu.kernel.clock import SetClock
from dancu.kernel.errors import Conflict, DancuError, Invalid, NotAllowed
from tests.accounts.protection import Holder, grounds, holder, officer, told

WHY = locks.eid_purpose()
REASON = "Công văn 12/CV-VKS ngày 02/03/2026"


@pytest_asyncio.fixture
async def hoa(app, office) -> Holder:  # type: ignore[no-untyped-def]
    return await holder(app, office)


@pytest_asyncio.fixture
async def chief(app) -> Actor:  # type: ignore[no-untyped-def]
    """An officer of the organisation above the ward's police."""
    return await officer(app, "registrar")


async def test_own_request_ends_sessions_and_is_told(app, hoa):
    assert await locks.own_request(app, hoa.actor, WHY, hoa.key, way="account")
    assert not await locks.own_request(app, hoa.actor, WHY, hoa.key, way="code")
    found = await core.existing(app, hoa.key)
    assert (found.state, found.lock_version) == (AccountState.LOCKED, 2)
    assert await sessions.resolve(app, hoa.token) is None


async def test_a_police_request_is_decided_by_another_officer_within_two_working_days(app, police, chief, hoa):
    friday = SetClock(datetime(2026, 3, 6, 3, tzinfo=UTC))
    asked = await locks.request(app, police, WHY, hoa.key, REASON, clock=friday)
    assert asked.state is LockState.REQUESTED
    assert f"{asked.due_on}" == "2026-03-10"
    assert (await core.existing(app, hoa.key)).state is AccountState.ACTIVE
    with pytest.raises(NotAllowed, match=r"lock\.own_request"):
        await locks.decide(app, police, WHY, hoa.key, asked.lock_id, grant=True, decision="")
    assert [line.lock_id for line in await locks.waiting(app, chief, WHY)] == [asked.lock_id]
    decided = await locks.decide(app, chief, WHY, hoa.key, asked.lock_id, grant=True, decision="Đồng ý")
    assert (decided.state, decided.decided_by) == (LockState.STANDING, chief.actor_id)
    assert (await core.existing(app, hoa.key)).state is AccountState.LOCKED
    with pytest.raises(Conflict, match=r"lock\.decided"):
        await locks.decide(app, chief, WHY, hoa.key, asked.lock_id, grant=False, decision=REASON)


async def test_a_refusal_needs_its_reason_and_locks_nothing(app, police, chief, hoa):
    asked = await locks.request(app, police, WHY, hoa.key, REASON)
    with pytest.raises(Invalid, match=r"lock\.reason"):
        await locks.decide(app, chief, WHY, hoa.key, asked.lock_id, grant=False, decision="không")
    refused = await locks.decide(app, chief, WHY, hoa.key, asked.lock_id, grant=False, decision="Thiếu văn bản của cơ quan yêu cầu")
    assert refused.state is LockState.REFUSED
    found = await core.existing(app, hoa.key)
    assert (found.state, found.lock_version) == (AccountState.ACTIVE, 1)
    await locks.request(app, police, WHY, hoa.key, REASON)


async def test_the_database_itself_refuses_one_officer_deciding_alone(app, police, hoa):
    asked = await locks.request(app, police, WHY, hoa.key, REASON)
    with pytest.raises(psycopg.errors.CheckViolation):
        async with app.transaction():
            await app.execute(
                "UPDATE accounts.lock SET state = 'standing', decided_by = asked_by, decided_at = now() WHERE lock_id = %s", (asked.lock_id,)
            )
    with pytest.raises(psycopg.errors.CheckViolation):
        async with app.transaction():
            await app.execute("UPDATE accounts.lock SET state = 'standing' WHERE lock_id = %s", (asked.lock_id,))


async def test_officers_open_what_officers_may_open(app, police, hoa):
    await locks.own_request(app, hoa.actor, WHY, hoa.key, way="account")
    (own,) = await locks.locks_of(app, police, WHY, hoa.key)
    with pytest.raises(NotAllowed, match=r"lock\.not_by_officer"):
        await locks.lift(app, police, WHY, hoa.key, own.lock_id, REASON)
    broken = await locks.breach(app, police, WHY, hoa.key, REASON)
    with pytest.raises(Invalid, match=r"lock\.reason"):
        await locks.lift(app, police, WHY, hoa.key, broken.lock_id, "ngắn")
    await locks.lift(app, police, WHY, hoa.key, broken.lock_id, f"  {REASON}, đã xin lỗi")
    assert await grounds(app, hoa.key) == {Ground.OWN_REQUEST}
    assert (await locks.one(app, hoa.key, broken.lock_id)).lifted_reason == f"{REASON}, đã xin lỗi", "what is asked for is kept"
    with pytest.raises(Conflict, match=r"lock\.not_standing"):
        await locks.lift(app, police, WHY, hoa.key, broken.lock_id, REASON)


async def test_without_the_right_nothing_is_seen_or_done(app, clerk, hoa):
    for call in (
        locks.request(app, clerk, WHY, hoa.key, REASON),
        locks.breach(app, clerk, WHY, hoa.key, REASON),
        locks.locks_of(app, clerk, WHY, hoa.key),
        locks.waiting(app, clerk, WHY),
        locks.locks_of(app, hoa.actor, WHY, hoa.key + 1),
    ):
        with pytest.raises(NotAllowed):
            await call
    with pytest.raises(psycopg.DatabaseError, match="no right"):
        async with app.transaction():
            await store.waiting(app, clerk, WHY, 10)


async def test_suspicion_waits_for_proof_and_police_does_not(app, police, chief, hoa):
    await locks.suspect(app, hoa.actor, WHY, hoa.key, way="account")
    asked = await locks.request(app, police, WHY, hoa.key, REASON)
    await locks.decide(app, chief, WHY, hoa.key, asked.lock_id, grant=True, decision="")
    assert await locks.after_identity(app, SYSTEM, WHY, hoa.key) == (Ground.SUSPICION,)
    assert await grounds(app, hoa.key) == {Ground.POLICE_REQUEST}
    with pytest.raises(Conflict, match=r"account\.held_back"):
        await locks.refuse_where_held_back(app, hoa.key)


async def test_the_citizen_sees_own_locks(app, hoa):
    await locks.suspect(app, hoa.actor, WHY, hoa.key, way="account")
    assert [lock.ground for lock in await locks.locks_of(app, hoa.actor, WHY, hoa.key)] == [Ground.SUSPICION]


@pytest.mark.parametrize(("grant", "tells", "happened"), [(True, "locked.police_request", "locked"), (False, "lock_refused", "lock_refused")])
async def test_a_police_request_is_shown_and_told_once_it_is_decided(app, admin, police, chief, hoa, grant, tells, happened):
    before = [one.kind for one in await core.happenings(app, hoa.key)]
    asked = await locks.request(app, police, locks.eid_purpose("12/CV-VKS"), hoa.key, REASON)
    assert [lock.lock_id for lock in await locks.locks_of(app, police, WHY, hoa.key)] == [asked.lock_id]
    assert await locks.locks_of(app, hoa.actor, WHY, hoa.key) == []
    assert [one.kind for one in await core.happenings(app, hoa.key)] == before
    await locks.decide(app, chief, WHY, hoa.key, asked.lock_id, grant=grant, decision=REASON)
    assert [lock.lock_id for lock in await locks.locks_of(app, hoa.actor, WHY, hoa.key)] == [asked.lock_id]
    assert (await core.happenings(app, hoa.key))[0].kind == happened
    await app.commit()
    assert await told(admin, "sms", hoa.phone) == [f"account.{tells}"]
    said = await admin.execute("SELECT DISTINCT case_ref, note ->> 'paper' FROM audit.pending WHERE subject = %s AND actor_id = %s", (hoa.key, police.actor_id))
    assert set(await said.fetchall()) == {(None, None), (None, "12/CV-VKS")}


async def test_a_rule_may_show_the_request_while_it_waits(app, police, hoa):
    asked = await locks.request(app, police, WHY, hoa.key, REASON)
    rule = rule_on(date(2026, 3, 6))
    assert policy.shown_to_holder([asked], rule) == []
    assert policy.shown_to_holder([asked], replace(rule, lock_request_shown=True)) == [asked]


async def test_no_message_reaches_a_phone_in_clear(app, admin, hoa):
    await locks.own_request(app, hoa.actor, WHY, hoa.key, way="account")
    await app.commit()
    assert await told(admin, "sms", hoa.phone) == ["account.locked.own_request"]
    rows = await (await admin.execute("SELECT body, address FROM kit.message WHERE person_key = %s", (hoa.key,))).fetchall()
    assert rows
    assert not any(hoa.phone.encode() in bytes(value) or "định danh".encode() in bytes(value) for row in rows for value in row)


# The state machine ------------------------------------------------------------------------------------------------------

STEPS = ("own", "suspect", "breach", "ask", "grant", "refuse", "lift", "identity", "died", "lives", "revoked", "card", "merged", "parted")


class Model:
    """What must be true: the grounds that stand and whether a request waits."""

    def __init__(self) -> None:
        self.standing: set[Ground] = set()
        self.waits = False

    def apply(self, step: str) -> bool:
        """Whether the step changes what stands."""
        before = set(self.standing)
        places = {
            "own": Ground.OWN_REQUEST, "suspect": Ground.SUSPICION, "breach": Ground.BREACH, "died": Ground.DEATH,
            "revoked": Ground.CARD_REVOKED, "merged": Ground.RECORD_MERGED,
        }  # fmt: skip
        ends = {"lives": Ground.DEATH, "card": Ground.CARD_REVOKED, "parted": Ground.RECORD_MERGED}
        if step in places:
            self.standing.add(places[step])
        elif step in ends:
            self.standing.discard(ends[step])
        elif step == "ask":
            self.waits = self.waits or Ground.POLICE_REQUEST not in self.standing
        elif step in ("grant", "refuse"):
            if self.waits and step == "grant":
                self.standing.add(Ground.POLICE_REQUEST)
            self.waits = False
        elif step == "identity":
            self.standing -= {Ground.OWN_REQUEST, Ground.SUSPICION}
        elif step == "lift":
            self.standing -= {Ground.POLICE_REQUEST, Ground.BREACH}
        return self.standing != before


async def do(conn: Any, hoa: Holder, police: Actor, chief: Actor, step: str) -> None:
    """The step; what the rules refuse changes nothing."""
    key = hoa.key
    found = await store.of(conn, key)
    asked = [lock.lock_id for lock in found if lock.state is LockState.REQUESTED]
    liftable = [lock.lock_id for lock in found if lock.standing and policy.LIFTED_BY[lock.ground] is policy.Lifts.OFFICER]
    registry = {
        "died": (locks.registry_says, Ground.DEATH), "lives": (locks.registry_unsays, Ground.DEATH),
        "revoked": (locks.registry_says, Ground.CARD_REVOKED), "card": (locks.registry_unsays, Ground.CARD_REVOKED),
        "merged": (locks.registry_says, Ground.RECORD_MERGED), "parted": (locks.registry_unsays, Ground.RECORD_MERGED),
    }  # fmt: skip
    try:
        async with conn.transaction():
            if step == "own":
                await locks.own_request(conn, hoa.actor, WHY, key, way="account")
            elif step == "suspect":
                await locks.suspect(conn, hoa.actor, WHY, key, way="account")
            elif step == "breach":
                await locks.breach(conn, police, WHY, key, REASON)
            elif step == "ask":
                await locks.request(conn, police, WHY, key, REASON)
            elif step in ("grant", "refuse"):
                await locks.decide(conn, chief, WHY, key, (asked or [0])[0], grant=step == "grant", decision=REASON)
            elif step == "lift":
                for lock_id in liftable:
                    await locks.lift(conn, chief, WHY, key, lock_id, REASON)
            elif step == "identity":
                await locks.after_identity(conn, SYSTEM, WHY, key)
            else:
                verb, ground = registry[step]
                await verb(conn, SYSTEM, key, ground)
    except DancuError:
        pass


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=st.lists(st.sampled_from(STEPS), max_size=14))
async def test_locked_exactly_while_a_lock_stands(app, office, police, chief, steps: Sequence[str]):
    async with app.transaction(force_rollback=True):
        hoa = await holder(app, office)
        model, version = Model(), 1
        for step in steps:
            changed = model.apply(step)
            await do(app, hoa, police, chief, step)
            account = await core.existing(app, hoa.key)
            assert await grounds(app, hoa.key) == model.standing
            assert account.state is (AccountState.LOCKED if model.standing else AccountState.ACTIVE)
            assert (account.lock_version > version) == changed, step
            assert (await core.lock_versions(app, [hoa.key]) == {}) == bool(model.standing)
            if changed:
                assert await sessions.resolve(app, hoa.token) is None
            version = account.lock_version


def test_a_locked_account_comes_back_as_far_as_it_had_come():
    from dancu.accounts.models import Account

    at = datetime(2026, 1, 1, tzinfo=UTC)
    base = Account(1, 1, AccountState.LOCKED, 3, "vi", "online", "", None, False, None, at, None, None, None, None, None, None)
    for told_at, active in itertools.product((None, at), repeat=2):
        found = policy.state_of(replace(base, notified_at=told_at, activated_at=active), [])
        assert found is (AccountState.ACTIVE if active else AccountState.NOTIFIED if told_at else AccountState.APPROVED)
    assert policy.state_of(replace(base, state=AccountState.CLOSED), []) is AccountState.CLOSED
