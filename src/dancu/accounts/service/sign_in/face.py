"""The face as one more factor of a sign-in: a portrait taken now, held against the one the card was made with.

There is no proof of life in it, so it never stands alone and never comes first: something known and something had were
proved before, and a day has few tries.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Final

from dancu.access import service as access
from dancu.accounts.models.level2 import CaptureKind
from dancu.accounts.models.sign_in import Browser, Flow, Step, StepState
from dancu.accounts.policy.assurance import acr_of
from dancu.accounts.service import core
from dancu.accounts.service.sign_in.steps import finish
from dancu.accounts.service.visit import cards, check_portrait, has_reference
from dancu.audit import service as audit
from dancu.kernel.actor import SYSTEM, Channel
from dancu.kernel.errors import Invalid
from dancu.kit.authn import throttle
from dancu.kit.db import Conn
from dancu.kit.i18n import N_

TRIES_A_DAY: Final = 5
PICTURES_A_DAY: Final = 20  # looked at, whether there was a face to compare in them or not


async def face(conn: Conn, flow: Flow, image: bytes, browser: Browser, *, request_id: str = "") -> Step:
    """One try. REFUSED where the face differs or nothing was proved before, WAIT after the tries of the day. Raises Invalid,
    saying what to do, for a portrait that is not good enough and where no portrait was taken in somebody's presence."""
    if not flow.key or acr_of(flow.amr) < 2:
        return Step(StepState.REFUSED, flow)
    tries = throttle.bucket("eid face", str(flow.key), burst=TRIES_A_DAY, seconds=86_400 / TRIES_A_DAY)
    pictures = throttle.bucket("eid face picture", str(flow.key), burst=PICTURES_A_DAY, seconds=86_400 / PICTURES_A_DAY)
    if wait := await throttle.charge_unless_waiting(conn, [tries, pictures], [tries, pictures]):
        return Step(StepState.WAIT, flow, wait_seconds=math.ceil(wait))
    await core.open(conn, [flow.key])
    try:
        if not await has_reference(conn, flow.key, CaptureKind.PORTRAIT):
            raise Invalid("sign_in.no_portrait", N_("Chưa có ảnh làm thẻ của bạn để so sánh. Hãy mang căn cước đến công an xã, phường để chụp ảnh đối chiếu, mất khoảng 15 phút."))
        shown = await cards.check_portrait(image)
        check_portrait(shown)
    except Invalid:
        await throttle.refund(conn, [tries])  # nothing was compared: bad light is no guess
        raise
    actor, why = replace(SYSTEM, request_id=request_id, channel=Channel.WEB), access.choose_purpose("eid_account")
    match = await cards.compare_faces(conn, flow.key, shown, actor=actor, purpose=why)
    await audit.record(
        conn, actor, why, action="write" if match.matched else "denied", subjects=[flow.key], fields=["sign_in"],
        note={"verb": "account.sign_in.face", "matched": bool(match.matched)},
    )  # fmt: skip
    if not match.matched:
        await core.happened(conn, flow.key, "sign_in_refused", factor="face")
        return Step(StepState.REFUSED, flow)
    await throttle.settle(conn, [tries, pictures], [])
    return await finish(conn, flow, ("face",), browser, request_id=request_id)
