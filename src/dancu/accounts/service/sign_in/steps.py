"""The steps of a sign-in. Each counts its failures and must be committed even then: pages answer, they do not raise."""

from __future__ import annotations

import math
from dataclasses import replace

from dancu.accounts.models import Account
from dancu.accounts.models.sign_in import Browser, Flow, Step, StepState, Way
from dancu.accounts.policy.assurance import enough, words
from dancu.accounts.service import authenticators, codes, core
from dancu.accounts.service.sign_in.finish import open_session, refused
from dancu.accounts.service.sign_in.throttling import Buckets, buckets
from dancu.kernel.errors import Exceeded
from dancu.kit.authn import throttle
from dancu.kit.authn.passkey import Site
from dancu.kit.db import Conn


async def passcode(conn: Conn, flow: Flow, secret: str, browser: Browser, *, request_id: str = "") -> Step:
    """The passcode of the account that the number named."""
    counted = buckets(flow, browser)
    # Charged before the check: tries that run at the same moment wait for each other here and cannot outrun the count.
    if wait := await throttle.charge_unless_waiting(conn, counted.all, counted.before):
        return Step(StepState.WAIT, flow, wait_seconds=math.ceil(wait))
    account = await core.account(conn, flow.key)
    right = await authenticators.verify_passcode(conn, flow.key, secret)
    if account is None or not right:
        return await _refused(conn, flow, counted, "passcode", request_id)
    await _forgiven(conn, counted)
    return await _onward(conn, replace(flow, amr=words({*flow.amr, "pin"})), account, browser, request_id)


async def second(conn: Conn, flow: Flow, way: Way, code: str, browser: Browser, *, request_id: str = "") -> Step:
    """A code: from a message, an authenticator app, or the list of recovery codes. Counts only after another factor."""
    if not flow.key or not flow.amr:
        return Step(StepState.REFUSED, flow)
    counted = buckets(flow, browser, "second")
    offered = await authenticators.ways(conn, flow.key)
    if wait := await throttle.charge_unless_waiting(conn, counted.all, counted.before):
        return _more(flow, offered, StepState.WAIT, math.ceil(wait))
    account = await core.account(conn, flow.key)
    if way not in offered.ways:
        right, word = False, ""
    elif way is Way.SMS:
        right, word = await codes.check_code(conn, flow.key, "sign_in", code, context=flow.sid), "sms"
    elif way is Way.TOTP:
        right, word = await authenticators.verify_totp(conn, flow.key, code), "otp"
    else:
        right, word = way is Way.RECOVERY and await authenticators.use_recovery_code(conn, flow.key, code), "otp"
    if account is None or not right:
        await _refused(conn, flow, counted, way.value, request_id)
        return _more(flow, offered, StepState.REFUSED)
    await _forgiven(conn, counted)
    return await _onward(conn, replace(flow, amr=words({*flow.amr, word})), account, browser, request_id)


async def passkey(
    conn: Conn, flow: Flow, site: Site, bound_to: str, browser: Browser, *, sealed: str, answer: str, request_id: str = ""
) -> Step:
    """An answered challenge: it says itself whose it is. Raises Invalid for a false or late one."""
    key, proved = await authenticators.verify_passkey(conn, site, bound_to, sealed=sealed, answer=answer)
    account = await core.account(conn, key)
    if account is None or (flow.key and flow.amr and flow.key != key):
        await refused(conn, key, "passkey", request_id=request_id)
        return Step(StepState.REFUSED, flow)
    before = flow.amr if flow.key == key else ()
    return await _onward(conn, replace(flow, key=key, amr=words({*before, *proved})), account, browser, request_id)


async def finish(
    conn: Conn, flow: Flow, amr: tuple[str, ...], browser: Browser, *, request_id: str = ""
) -> Step:
    """Sign in with factors that another verb of this room has just checked (a face, an activation code)."""
    account = await core.account(conn, flow.key)
    if account is None:
        return Step(StepState.REFUSED, flow)
    return await _onward(conn, replace(flow, amr=words({*flow.amr, *amr})), account, browser, request_id)


async def send_sms(conn: Conn, flow: Flow) -> Step:
    """Send the code of this sign-in, where another factor was given and the phone may serve. WAIT where too many were."""
    offered = await authenticators.ways(conn, flow.key)
    if not flow.key or not flow.amr or Way.SMS not in offered.ways:
        return _more(flow, offered)
    try:
        hint = await codes.send_code(conn, flow.key, "sign_in", context=flow.sid)
    except Exceeded as error:
        return _more(flow, offered, StepState.WAIT, int(error.params["seconds"]))
    return replace(_more(flow, offered), hint=hint)


async def _onward(conn: Conn, flow: Flow, account: Account, browser: Browser, request_id: str) -> Step:
    if not account.usable:
        return Step(StepState.LOCKED, flow)
    if enough(flow.amr, flow.acr):
        return await open_session(conn, flow, account, browser, request_id=request_id)
    offered = await authenticators.ways(conn, flow.key)
    # Nothing better than the phone: the code is on its way before the page is.
    if offered.ways[:1] == (Way.SMS,):
        return await send_sms(conn, flow)
    return _more(flow, offered)


def _more(flow: Flow, offered: authenticators.ListedWays, state: StepState = StepState.MORE, wait: int = 0) -> Step:
    return Step(state, flow, offered.ways, wait_seconds=wait, hint=offered.phone_end if Way.SMS in offered.ways else "")


async def _refused(conn: Conn, flow: Flow, counted: Buckets, what: str, request_id: str) -> Step:
    await throttle.charge(conn, [counted.network])
    await refused(conn, flow.key, what, request_id=request_id)
    return Step(StepState.REFUSED, flow)


async def _forgiven(conn: Conn, counted: Buckets) -> None:
    await throttle.settle(conn, [counted.own], counted.account)
