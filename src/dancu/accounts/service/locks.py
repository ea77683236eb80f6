"""Locking an account and opening it again. Every lock and every end of one raises the lock version, ends all sessions and
tells the holder by every contact known. An account is locked while one lock stands, whatever others end."""

from __future__ import annotations

from collections.abc import Coroutine
from dataclasses import replace
from typing import Any

from dancu.access import service as access
from dancu.accounts import events as news
from dancu.accounts.models import AccountState
from dancu.accounts.models.locks import Ground, Lock, LockState, WaitingLock
from dancu.accounts.policy import locks as policy
from dancu.accounts.rules import rule_on
from dancu.accounts.service import activate, closing, core
from dancu.accounts.store import locks as store
from dancu.audit import service as audit
from dancu.kernel.actor import Actor, ActorKind, Purpose
from dancu.kernel.clock import SYSTEM_CLOCK, Clock
from dancu.kernel.errors import Conflict, FieldError, Invalid, NotAllowed, NotFound
from dancu.kernel.workdays import add_working_days
from dancu.kit import events
from dancu.kit.db import Conn
from dancu.kit.i18n import N_
from dancu.kit.log import get_logger
from dancu.population import service as population

log = get_logger("dancu.accounts")
PERMISSION = "eid.lock"


def eid_purpose(case_ref: str = "") -> Purpose:
    """Care of accounts, on the law in force today."""
    return access.choose_purpose("eid_account", "", case_ref)


# What the holder, or something that protects them, does -----------------------------------------------------------------


async def own_request(conn: Conn, actor: Actor, purpose: Purpose, key: int, *, way: str) -> bool:
    """The holder wants it locked; `way`: "account", "code" or "hotline". The caller has proved who asks. False where it is
    locked by own request already."""
    return await _place(conn, actor, purpose, key, Ground.OWN_REQUEST, way=way)


async def suspect(conn: Conn, actor: Actor, purpose: Purpose, key: int, *, way: str) -> bool:
    """Somebody else seems to use it ("this was not me", an objected change of contact)."""
    return await _place(conn, actor, purpose, key, Ground.SUSPICION, way=way)


async def after_identity(conn: Conn, actor: Actor, purpose: Purpose, key: int) -> tuple[Ground, ...]:
    """The holder proved who they are: locks that only waited for that end. Returns their grounds."""
    freed = policy.freed_by_identity(await _held(conn, key))
    if freed:
        await _lift(conn, actor, purpose, key, freed)
    return freed


async def refuse_where_held_back(conn: Conn, key: int) -> None:
    """Raises Conflict where a lock stands that no proof of identity ends (death, police, revoked card)."""
    await core.open(conn, [key])
    if policy.holding_back(await store.of(conn, key)):
        raise Conflict("account.held_back", N_("Tài khoản đang bị khóa vì lý do mà quầy không mở được. Xem lý do ở trang khóa tài khoản."))


# What the registry says -------------------------------------------------------------------------------------------------


async def registry_says(conn: Conn, actor: Actor, key: int, ground: Ground) -> bool:
    """News that takes the account out of use. False where there is no account or it is locked for this already."""
    if await core.account(conn, key, lock=True) is None:
        return False
    return await _place(conn, actor, eid_purpose(), key, ground, way="registry")


async def registry_unsays(conn: Conn, actor: Actor, key: int, ground: Ground) -> bool:
    """The cause ended (the death was an error, a new card was issued). False where nothing stood."""
    found = await core.account(conn, key, lock=True)
    if found is None:
        return False
    if found.closed_reason == ground:
        await closing.reopen(conn, actor, found)
    return await _lift(conn, actor, eid_purpose(), key, (ground,))


# What officers do -------------------------------------------------------------------------------------------------------


async def request(
    conn: Conn, actor: Actor, purpose: Purpose, key: int, reason: str, *, clock: Clock = SYSTEM_CLOCK
) -> Lock:
    """The police ask for a lock; another officer decides within two working days. Raises Invalid for a reason too short,
    Conflict where such a request waits or stands."""
    text, rule = _reason("reason", reason), rule_on(clock.today())
    # The holder reads the case of every look: the paper asking for a lock is named where only auditors read it.
    why = purpose if rule.lock_request_shown else replace(purpose, case_ref="")
    await _open(conn, actor, why, key)
    await core.existing(conn, key, lock=True)
    lock_id = await store.add(
        conn, key, Ground.POLICE_REQUEST, LockState.REQUESTED, asked_by=actor.actor_id, asked_org=actor.org_code, reason=text,
        due_on=add_working_days(clock.today(), rule.lock_days),
    )  # fmt: skip
    if lock_id is None:
        raise Conflict("lock.waiting_already", N_("Đã có yêu cầu khóa của công an đang chờ hoặc đang có hiệu lực."))
    await _recorded(conn, actor, why, key, "lock.request", lock_id=lock_id, **({"paper": purpose.case_ref} if purpose.case_ref else {}))
    return await one(conn, key, lock_id)


async def decide(conn: Conn, actor: Actor, purpose: Purpose, key: int, lock_id: int, *, grant: bool, decision: str) -> Lock:
    """Another officer grants or refuses a request; the holder hears of either. A refusal is given in writing, so it needs its reason. Raises NotAllowed
    for the one who asked, Conflict where it is decided."""
    text = decision.strip() if grant else _reason("decision", decision)
    await _open(conn, actor, purpose, key)
    await core.existing(conn, key, lock=True)
    asked = await one(conn, key, lock_id)
    if asked.asked_by == actor.actor_id:
        raise NotAllowed("lock.own_request", N_("Người đề nghị không tự quyết định. Hãy chuyển cho cán bộ khác."))
    state = LockState.STANDING if grant else LockState.REFUSED
    if not await store.decide(conn, key, lock_id, state, by=actor.actor_id, decision=text):
        raise Conflict("lock.decided", N_("Yêu cầu này đã được quyết định."))
    await _recorded(conn, actor, purpose, key, "lock.decide", lock_id=lock_id, grant=grant)
    if grant:
        await _settle(conn, key, locked=(Ground.POLICE_REQUEST,), way="police")
    else:
        await core.happened(conn, key, "lock_refused", ground=Ground.POLICE_REQUEST.value)
        await tell(conn, key, "lock_refused")
    return await one(conn, key, lock_id)


async def breach(conn: Conn, actor: Actor, purpose: Purpose, key: int, reason: str) -> Lock:
    """An officer locks at once because the rules of use are broken. Raises Invalid, Conflict."""
    text = _reason("reason", reason)
    await _open(conn, actor, purpose, key)
    if not await _place(conn, actor, purpose, key, Ground.BREACH, way="police", reason=text):
        raise Conflict("lock.stands", N_("Tài khoản đã bị khóa vì lý do này."))
    return next(lock for lock in await store.of(conn, key) if lock.ground is Ground.BREACH and lock.standing)


async def lift(conn: Conn, actor: Actor, purpose: Purpose, key: int, lock_id: int, reason: str) -> None:
    """An officer ends a lock that officers may end. Raises NotAllowed for those only the registry or the holder's proof
    of identity ends."""
    text = _reason("decision", reason)
    await _open(conn, actor, purpose, key)
    await core.existing(conn, key, lock=True)
    found = await one(conn, key, lock_id)
    if policy.LIFTED_BY[found.ground] is not policy.Lifts.OFFICER:
        raise NotAllowed("lock.not_by_officer", N_("Khóa này không do cán bộ mở: cần công dân chứng minh nhân thân, hoặc cơ sở dữ liệu sửa nguyên nhân."))
    if not await _lift(conn, actor, purpose, key, (found.ground,), reason=text):
        raise Conflict("lock.not_standing", N_("Khóa này không còn hiệu lực."))


async def locks_of(conn: Conn, actor: Actor, purpose: Purpose, key: int) -> list[Lock]:
    """All locks of one account, newest first: an officer's look, recorded. Citizens see their own, as far as the rule shows them."""
    if actor.kind is not ActorKind.CITIZEN:
        await _open(conn, actor, purpose, key)
        return await store.of(conn, key)
    if actor.actor_id != key:
        raise NotAllowed("account.not_own", N_("Bạn chỉ xem được tài khoản của mình."))
    await core.open(conn, [key])
    return policy.shown_to_holder(await store.of(conn, key), rule_on(SYSTEM_CLOCK.today()))


async def waiting(conn: Conn, actor: Actor, purpose: Purpose, *, limit: int = 100) -> list[WaitingLock]:
    """Requests that wait for this officer's organisation, due first on top."""
    access.require(actor, PERMISSION)
    return await store.waiting(conn, actor, purpose, limit)


async def standing(conn: Conn, key: int) -> list[Lock]:
    """The locks that stand on an account the caller has opened."""
    return [lock for lock in await store.of(conn, key) if lock.standing]


async def why(conn: Conn, key: int) -> Ground | None:
    """The ground that weighs most among those standing, for whoever proved the passcode; None where none stands."""
    await core.open(conn, [key])
    grounds = {lock.ground for lock in await standing(conn, key)}
    return next((ground for ground in policy.WEIGHT if ground in grounds), None)


async def one(conn: Conn, key: int, lock_id: int) -> Lock:
    """One lock of an opened account. Raises NotFound."""
    for lock in await store.of(conn, key):
        if lock.lock_id == lock_id:
            return lock
    raise NotFound("lock.unknown", N_("Không có lần khóa này."))


# Inside -----------------------------------------------------------------------------------------------------------------


async def _open(conn: Conn, actor: Actor, purpose: Purpose, key: int) -> None:
    access.require(actor, PERMISSION)
    await population.open_person(conn, actor, purpose, key, fields=("account",), permission=PERMISSION)
    await core.open(conn, [key])


def _reason(field: str, text: str) -> str:
    """A reason somebody can be held to. Raises Invalid."""
    kept = " ".join(text.split())
    if len(kept) < policy.SHORTEST_REASON:
        message = N_("Hãy ghi lý do, ít nhất 10 ký tự; lý do được lưu và in ra.")
        raise Invalid("lock.reason", message, fields=(FieldError(field, "lock.reason", message),))
    return kept[:2000]


async def _held(conn: Conn, key: int) -> list[Lock]:
    """The locks of an account that is held against changes until the transaction ends. Raises NotFound."""
    await core.existing(conn, key, lock=True)
    return await store.of(conn, key)


async def _place(conn: Conn, actor: Actor, purpose: Purpose, key: int, ground: Ground, *, way: str, reason: str = "") -> bool:
    await _held(conn, key)
    by = actor.actor_id if actor.kind is ActorKind.STAFF else None
    lock_id = await store.add(conn, key, ground, LockState.STANDING, asked_by=by, asked_org=actor.org_code, reason=reason)
    if lock_id is None:
        return False
    await _recorded(conn, actor, purpose, key, "lock.place", ground=ground.value, way=way)
    await _settle(conn, key, locked=(ground,), way=way)
    return True


async def _lift(conn: Conn, actor: Actor, purpose: Purpose, key: int, grounds: tuple[Ground, ...], *, reason: str = "") -> bool:
    await _held(conn, key)
    by = actor.actor_id if actor.kind is ActorKind.STAFF else None
    if not await store.lift(conn, key, grounds, by=by, reason=reason):
        return False
    await _recorded(conn, actor, purpose, key, "lock.lift", grounds=[ground.value for ground in grounds])
    await _settle(conn, key, lifted=grounds)
    return True


async def _settle(
    conn: Conn, key: int, *, locked: tuple[Ground, ...] = (), lifted: tuple[Ground, ...] = (), way: str = ""
) -> None:
    """The state that follows from the locks, under the next lock version; sessions end, the holder hears of it."""
    found = await core.existing(conn, key)
    state = policy.state_of(found, await store.of(conn, key))
    await core.set_state(conn, key, state)
    await end_sessions(conn, key)
    kind = news.ACCOUNT_LOCKED if locked else news.ACCOUNT_UNLOCKED
    for ground in locked:
        await core.happened(conn, key, "locked", ground=ground.value, way=way)
        held = ground is Ground.CARD_REVOKED and found.activated_at is None
        await tell(conn, key, "held.card_revoked" if held else f"locked.{ground.value}")
    for ground in lifted:
        await core.happened(conn, key, "unlocked", ground=ground.value)
    if lifted and state is AccountState.ACTIVE:
        await tell(conn, key, "unlocked")
    elif lifted and state in (AccountState.APPROVED, AccountState.NOTIFIED):
        await _invite(conn, key)
    await events.emit(conn, kind, key, {"grounds": [ground.value for ground in (*locked, *lifted)], "state": state.value})


async def tell(conn: Conn, key: int, template: str) -> None:
    """A notice of the registry's news or of a lock."""
    await _heard(conn, template, core.notify(conn, key, template))


async def _invite(conn: Conn, key: int) -> None:
    """Nobody has signed in yet to whom "sign in again" would say something; while it was locked the days of the code ran."""
    await _heard(conn, "approved", activate.invite_again(conn, key))


async def _heard(conn: Conn, template: str, telling: Coroutine[Any, Any, object]) -> None:
    """In a savepoint: a contact that cannot be read or a message that is refused must not keep a lock from standing, nor hold up the
    registry's news of everybody else."""
    try:
        async with conn.transaction():
            await telling
    except Exception as error:
        log.warning("holder not told", template=template, exc_info=error)


async def end_sessions(conn: Conn, key: int) -> None:
    """Every session of the holder ends, here and at the access room."""
    await store.end_sign_ins(conn, key)
    await access.sessions.end_all(conn, ActorKind.CITIZEN, key)


async def _recorded(conn: Conn, actor: Actor, purpose: Purpose, key: int, verb: str, **note: object) -> None:
    await audit.record(
        conn, actor, purpose, action="write", subjects=[key], fields=["account"], note={"verb": f"account.{verb}", **note}
    )
