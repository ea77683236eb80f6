"""The steps of a sign-in. Each counts its failures and must be committed even then: pages answer, they do not raise.

`connect` gives a connection for single statements; none is held while a passcode is hashed, so a crowd signing in waits
for the hashes and takes no connection from anybody else meanwhile.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime

from dancu.accounts.models.level2 import CaptureKind
from dancu.accounts.models.sign_in import Asks, Browser, Flow, Kind, Standing, Step, StepState, Way
from dancu.accounts.policy.assurance import Next, acr_of, enough, next_proof, words
from dancu.accounts.service import authenticators, codes, core, push
from dancu.accounts.service.sign_in.begin import identify, named_by, typed
from dancu.accounts.service.sign_in.finish import new_session, open_session, opened, purpose, refused
from dancu.accounts.service.sign_in.throttling import Buckets, buckets, unnamed_buckets
from dancu.accounts.service.visit import has_reference
from dancu.accounts.store import sign_in_steps as store
from dancu.accounts.store.sign_in_steps import Success
from dancu.kit.authn import throttle
from dancu.kit.authn.passkey import Site
from dancu.kit.db import Conn

Connect = Callable[[], AbstractAsyncContextManager[Conn]]
_NOTHING = Success()


async def passcode(
    connect: Connect, flow: Flow, secret: str, browser: Browser, *, number: str = "", request_id: str = "", asks: Asks | None = None
) -> Step:
    """The passcode of the account that the number named: `number`, or the one of an earlier page. `asks`: read with the sign-in
    where this ends it. Raises Invalid for what cannot be a number."""
    async with connect() as conn:
        flow, account, wait = await _may_try(conn, flow, browser, number)
    if wait:
        return Step(StepState.WAIT, flow, wait_seconds=math.ceil(wait))
    counted = buckets(flow, browser)
    right = await authenticators.passcode_matches(secret, account.passcode if account else None)
    async with connect() as conn:
        if account is None or not right:
            return await _refused(conn, flow, counted, "passcode", request_id)
        flow = flow._replace(amr=words({*flow.amr, "pin"}))
        return await _onward(conn, flow, account, browser, counted.success, request_id, asks)


async def _may_try(conn: Conn, flow: Flow, browser: Browser, number: str) -> tuple[Flow, Standing | None, float]:
    """Whose passcode it is, and the seconds to wait before it is looked at; a try is charged before the check: tries that run at
    the same moment cannot outrun the count."""
    if browser.device:  # whether it is this account's known device only we can tell, once we know the account
        flow, account = await identify(conn, flow, number) if number else (flow, await store.standing(conn, key=flow.key))
        counted = buckets(flow, browser)
        return flow, account, await throttle.charge_unless_waiting(conn, counted.all, counted.before)
    unnamed = unnamed_buckets(browser)
    if not number:
        wait, account = await store.try_passcode(conn, key=flow.key, nobody=str(flow.key or flow.number), counted=unnamed)
        return flow, account, wait
    digits, named = typed(number)
    wait, account = await store.try_passcode(conn, numbers=[digits], nobody=named, counted=unnamed)
    return named_by(flow, named, account), account, wait


async def second(
    connect: Connect, flow: Flow, way: Way, code: str, browser: Browser, *, request_id: str = "", asks: Asks | None = None
) -> Step:
    """A code: from a message, an authenticator app, or the list of recovery codes. Counts only after another factor. `asks`: as at
    the passcode."""
    if not flow.key or not flow.amr:
        return Step(StepState.REFUSED, flow)
    counted = buckets(flow, browser, "second")
    async with connect() as conn:
        if way is Way.SMS and enough({*flow.amr, "sms"}, flow.acr):
            return await _by_message(conn, flow, code, browser, counted, request_id, asks)
        account = await store.standing(conn, key=flow.key)
        offered = _ways(account)
        digest = None
        if way is Way.SMS and way in offered.ways:
            digest = codes.digest(flow.key, "sign_in", codes.cleaned(code), flow.sid)
        wait, right = await store.try_code(conn, counted.all, counted.before, flow.key, "sign_in", digest, codes.TRIES)
        if wait:
            return _more(flow, offered, StepState.WAIT, math.ceil(wait))
        if way in offered.ways and way is not Way.SMS:
            async with conn.transaction():
                right = await _other(conn, flow.key, way, code)
        if account is None or not right:
            await _refused(conn, flow, counted, way.value, request_id)
            return _more(flow, offered, StepState.REFUSED)
        flow = flow._replace(amr=words({*flow.amr, "sms" if way is Way.SMS else "otp"}))
        return await _onward(conn, flow, account, browser, counted.success, request_id, asks)


async def _by_message(
    conn: Conn, flow: Flow, code: str, browser: Browser, counted: Buckets, request_id: str, asks: Asks | None
) -> Step:
    """`second` where the code of a message, if right, is the last thing needed: one statement."""
    proved = flow._replace(amr=words({*flow.amr, "sms"}))
    digest = codes.digest(flow.key, "sign_in", codes.cleaned(code), flow.sid)
    token, new = new_session(proved, flow.key, browser)
    tried = await store.sign_in_by_code(
        conn, counted.all, counted.before, [counted.own], digest, codes.TRIES, datetime.now(UTC) - authenticators.COOLING, new,
        purpose=purpose(), request_id=request_id, asks=asks,
    )  # fmt: skip
    if tried.wait:
        return _more(flow, _ways(tried.account), StepState.WAIT, math.ceil(tried.wait))
    if tried.signed and tried.account is not None:
        if flow.told:
            await push.signed_in(conn, tried.account, browser)
        return opened(proved, tried.account, browser, token, new, asks, tried.consent)
    if tried.right and tried.account is not None:
        return await _onward(conn, proved, tried.account, browser, counted.success, request_id)
    await _refused(conn, flow, counted, Way.SMS.value, request_id)
    return _more(flow, _ways(tried.account), StepState.REFUSED)


async def _other(conn: Conn, key: int, way: Way, code: str) -> bool:
    await store.standing(conn, key=key)  # opens the account to this transaction
    if way is Way.TOTP:
        return await authenticators.verify_totp(conn, key, code)
    return way is Way.RECOVERY and await authenticators.use_recovery_code(conn, key, code)


async def passkey(
    conn: Conn, flow: Flow, site: Site, bound_to: str, browser: Browser, *, sealed: str, answer: str, request_id: str = ""
) -> Step:
    """An answered challenge: it says itself whose it is. Raises Invalid for a false or late one."""
    key, proved = await authenticators.verify_passkey(conn, site, bound_to, sealed=sealed, answer=answer)
    account = await store.standing(conn, key=key)
    if account is None or (flow.key and flow.amr and flow.key != key):
        await refused(conn, key, "passkey", request_id=request_id)
        return Step(StepState.REFUSED, flow)
    before = flow.amr if flow.key == key else ()
    return await _onward(conn, flow._replace(key=key, amr=words({*before, *proved})), account, browser, _NOTHING, request_id)


async def finish(
    conn: Conn, flow: Flow, amr: tuple[str, ...], browser: Browser, *, request_id: str = ""
) -> Step:
    """Sign in with factors that another verb of this room has just checked (a face, an activation code)."""
    account = await store.standing(conn, key=flow.key)
    if account is None:
        return Step(StepState.REFUSED, flow)
    return await _onward(conn, flow._replace(amr=words({*flow.amr, *amr})), account, browser, _NOTHING, request_id)


async def send_sms(conn: Conn, flow: Flow) -> Step:
    """Send the code of this sign-in, where another factor was given and the phone may serve. WAIT where too many were."""
    account = await store.standing(conn, key=flow.key)
    if account is None or not flow.amr or Way.SMS not in _ways(account).ways:
        return _more(flow, _ways(account))
    return await _sent(conn, flow._replace(told=_told(account)), account, _NOTHING)


async def _sent(conn: Conn, flow: Flow, account: Standing, success: Success) -> Step:
    offered = _ways(account)
    code = codes.ready_sms(flow.key, "sign_in", store.phone_of(account), account.language, context=flow.sid)
    wait = await store.send_code(conn, success, codes.sending_buckets(flow.key, "sign_in"), flow.key, code)
    if wait:
        return _more(flow, offered, StepState.WAIT, math.ceil(wait))
    return _more(flow, offered)._replace(hint=offered.phone_end)


async def _onward(
    conn: Conn, flow: Flow, account: Standing, browser: Browser, success: Success, request_id: str, asks: Asks | None = None
) -> Step:
    if account.usable and enough(flow.amr, flow.acr):
        step = await open_session(conn, flow, account, browser, success=success, request_id=request_id, asks=asks)
        if _told(account):
            await push.signed_in(conn, account, browser)
        return step
    flow, offered = await portrait_known(conn, flow._replace(told=_told(account))), _ways(account)
    # Nothing better than the phone: the code is on its way before the page is.
    if account.usable and offered.ways[:1] == (Way.SMS,) and next_proof(flow.amr, flow.acr) is Next.SECOND:
        return await _sent(conn, flow, account, success)
    await throttle.settle(conn, success.forgiven, success.refunded)
    return _more(flow, offered) if account.usable else Step(StepState.LOCKED, flow)


async def portrait_known(conn: Conn, flow: Flow) -> Flow:
    """The flow, saying whether a face can be compared at all where one is what is missing now. Before two factors nothing is
    looked up: whether an account has a portrait is nobody else's business."""
    if flow.acr <= 2 or acr_of(flow.amr) < 2:
        return flow
    async with conn.transaction():
        await core.open(conn, [flow.key])
        return flow._replace(portrait=await has_reference(conn, flow.key, CaptureKind.PORTRAIT))


def _told(account: Standing) -> bool:
    return Kind.DEVICE in account.kinds


def _ways(account: Standing | None) -> authenticators.ListedWays:
    return authenticators.NO_WAYS if account is None else authenticators.ways_of(account)


def _more(flow: Flow, offered: authenticators.ListedWays, state: StepState = StepState.MORE, wait: int = 0) -> Step:
    return Step(state, flow, offered.ways, wait_seconds=wait, hint=offered.phone_end if Way.SMS in offered.ways else "", sms_from=offered.sms_from)


async def _refused(conn: Conn, flow: Flow, counted: Buckets, what: str, request_id: str) -> Step:
    async with conn.transaction():
        await throttle.charge(conn, [counted.network])
        await refused(conn, flow.key, what, request_id=request_id)
    return Step(StepState.REFUSED, flow)
