"""The key of this device as the second factor of a sign-in."""

from __future__ import annotations

import math

from dancu.accounts.models.sign_in import Browser, Flow, Step, StepState
from dancu.accounts.service import authenticators
from dancu.accounts.service.sign_in.finish import refused
from dancu.accounts.service.sign_in.steps import finish
from dancu.accounts.service.sign_in.throttling import buckets
from dancu.kit.authn import throttle
from dancu.kit.authn.passkey import Site
from dancu.kit.db import Conn


async def device(
    conn: Conn, flow: Flow, site: Site, bound_to: str, browser: Browser, *, sealed: str, answer: str, request_id: str = ""
) -> Step:
    """The signed challenge. It counts only after another factor: whoever sits at the device has its key. Raises Invalid for
    a challenge that is late or was used."""
    if not flow.key or not flow.amr:
        return Step(StepState.REFUSED, flow)
    counted = buckets(flow, browser, "second")
    offered = await authenticators.ways(conn, flow.key)
    if wait := await throttle.charge_unless_waiting(conn, counted.all, counted.before):
        return Step(StepState.WAIT, flow, offered.ways, wait_seconds=math.ceil(wait))
    if not await authenticators.verify_device(conn, flow.key, site, bound_to, sealed=sealed, answer=answer):
        await throttle.charge(conn, [counted.network])
        await refused(conn, flow.key, "device", request_id=request_id)
        return Step(StepState.REFUSED, flow, offered.ways)
    await throttle.settle(conn, [counted.own], counted.account)
    return await finish(conn, flow, ("swk",), browser, request_id=request_id)
