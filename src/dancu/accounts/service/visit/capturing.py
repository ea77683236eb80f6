"""What devices take into a visit: checked, compared one to one, kept encrypted until the visit is decided."""

from __future__ import annotations

from typing import Any

from dancu.accounts.models.level2 import CaptureKind, Outcome
from dancu.accounts.service.visit.common import (
    cards,
    purpose,
    recorded,
    working_visit,
)
from dancu.accounts.store import level2 as store
from dancu.kernel.actor import Actor
from dancu.kernel.errors import Invalid
from dancu.kit.db import Conn
from dancu.kit.i18n import N_
from dancu.kit.ring import ring

_CAPTURE = "accounts.capture"
#: Samples as the room of cards names them.
SAMPLE = {CaptureKind.PORTRAIT: "face", CaptureKind.FINGERPRINT: "finger"}


async def capture(
    conn: Conn, actor: Actor, visit_id: int, kind: str, image: bytes, *, device_id: int | None = None
) -> Outcome:
    """Take a portrait or a fingerprint into the visit: checked, compared one to one with what is on file, kept encrypted
    until the visit is decided. Raises Invalid with what to do where the portrait is not good enough."""
    visit = await working_visit(conn, actor, visit_id)
    key = visit.person_key
    if kind not in list(CaptureKind):
        raise Invalid("capture.kind", N_("Xin chọn một trong các lựa chọn."))
    if not image:
        raise Invalid("capture.empty", N_("Chưa có ảnh. Hãy chụp hoặc chọn tệp ảnh."))
    shown: Any = image
    if kind == CaptureKind.PORTRAIT:
        shown = await cards.check_portrait(image)
        check_portrait(shown)
        image = shown.image  # made anew, without what a camera writes beside the picture
    outcome, score = Outcome.NO_REFERENCE, None
    if await has_reference(conn, key, CaptureKind(kind)):
        match = await (cards.compare_faces if kind == CaptureKind.PORTRAIT else cards.compare_fingerprints)(
            conn, key, shown, actor=actor, purpose=purpose()
        )
        outcome, score = (Outcome.MATCHED if match.matched else Outcome.DIFFERS), float(match.score)
    sealed = ring().encrypt(image, table=_CAPTURE, row=f"{key}/{visit_id}", column=kind)
    await store.keep_capture(conn, key, visit_id, kind, image=sealed, outcome=outcome, score=score, device_id=device_id)
    await recorded(conn, actor, key, "visit.capture", visit=visit_id, kind=kind, outcome=outcome.value)
    return outcome


async def has_reference(conn: Conn, key: int, kind: CaptureKind) -> bool:
    """Is a sample on file that was taken in somebody's presence? A picture the applicant sent proves nothing about them."""
    return any(one.kind == SAMPLE[kind] and one.source != "online" for one in await cards.references(conn, key))


def check_portrait(found: Any) -> None:
    """Raises Invalid with the first problem's sentence, which says what to do."""
    if not found.ok:
        problem = found.problems[0]
        raise Invalid(problem.code, problem.message, **dict(problem.params))


async def captured(conn: Conn, key: int, visit_id: int, kind: str) -> bytes | None:
    """The image of a visit that is not decided."""
    sealed = await store.image(conn, key, visit_id, kind)
    return ring().decrypt(sealed, table=_CAPTURE, row=f"{key}/{visit_id}", column=kind) if sealed else None
