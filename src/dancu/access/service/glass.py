"""Break-glass: one person outside one's area, for an hour, with a written reason, told to the supervisor and
the auditors at once and reviewed later."""

from __future__ import annotations

from dataclasses import replace

from dancu.access import events, policy
from dancu.access.catalogue.choosing import choose_purpose
from dancu.access.models import BrokenGlass, Staff
from dancu.access.service import contacts
from dancu.access.service.organisations import english_names
from dancu.access.store import catalogue as catalogue_store
from dancu.access.store import glass as store
from dancu.access.store import organisations as org_store
from dancu.access.store import staff as staff_store
from dancu.audit.service import record
from dancu.kernel.actor import Actor, ActorKind, Purpose
from dancu.kernel.errors import Conflict, Invalid, NotAllowed, NotFound
from dancu.kit.db import Conn
from dancu.kit.events import emit
from dancu.kit.i18n import N_

PERMISSION = "break_glass"
REVIEW = "break_glass.review"
FINDINGS = ("justified", "unjustified")
_LAST_KEY = 2**63 - 1
# Nothing of the citizen: it may be read on a locked screen.
_TOLD = N_("Mở khẩn cấp số {number}: {name} vừa mở hồ sơ một công dân ngoài địa bàn. Xin vào Dancu, mục Mở khẩn cấp, để xem xét.")


async def supervisor_of(conn: Conn, staff_id: int) -> Staff | None:
    """The head of the staff member's organisation, or of the nearest one above that has another head."""
    staff = await staff_store.one(conn, staff_id)
    if staff is None:
        return None
    chain = await org_store.chain_up(conn, staff.org_code)
    heads = dict(reversed([(org, who) for org, who in await staff_store.heads_of(conn, chain) if who != staff_id]))
    nearest = next((heads[org] for org in chain if org in heads), None)
    return await staff_store.one(conn, nearest) if nearest is not None else None


def nobody(actor: Actor, purpose: Purpose) -> NotFound:
    """The refusal where the key names nobody. Nobody is told of an opening that is none, and the attempt is kept."""
    error = _unknown_person()
    error.evidence = lambda other: record(
        other, actor, purpose, action="denied", subjects=[None], fields=[PERMISSION],
        note={"verb": "access.break_glass", "verdict": "not_found"},
    )  # fmt: skip
    return error


def _unknown_person() -> NotFound:
    return NotFound("glass.nobody", N_("Không có hồ sơ này để mở khẩn cấp."))


def _session(actor: Actor) -> bytes:
    return bytes.fromhex(actor.session_id) if actor.session_id else b""


async def break_glass(conn: Conn, actor: Actor, person_key: int, reason: str, purpose: Purpose) -> int:
    """Open one person to this staff member for 60 minutes; returns the opening's id.

    The looks themselves still go through the gate, each with its own entry. Raises Invalid for a reason that
    says too little, NotAllowed without the permission or with a purpose that does not serve it, Conflict
    where there is nobody to tell: an opening nobody hears of must not happen. Those told see it on their page, and hear of it
    at once where they said how (`contacts`).
    """
    policy.require(actor, PERMISSION)
    if not 0 < person_key <= _LAST_KEY:
        raise _unknown_person()
    if actor.kind is not ActorKind.STAFF:
        raise NotAllowed("glass.staff_only", N_("Chỉ cán bộ được mở khẩn cấp."))
    text = policy.check_reason(reason)
    if not await catalogue_store.purpose_ok(conn, purpose.code, purpose.legal_basis, PERMISSION):
        raise NotAllowed("glass.purpose", N_("Mục đích này không cho phép mở khẩn cấp."))
    if await store.is_broken(conn, actor.actor_id, person_key):
        raise Conflict("glass.open", N_("Bạn đã mở khẩn cấp hồ sơ này; lần mở còn hiệu lực."))
    to = await _to_tell(conn, actor.actor_id)
    if not to:
        raise Conflict(
            "glass.nobody_to_tell",
            N_("Cơ quan chưa có người phụ trách hoặc kiểm toán viên để báo. Hãy hỏi quản trị viên."),
        )
    glass_id = await store.open_one(
        conn, _session(actor), person_key, actor.actor_id, actor.org_code, purpose, text, to
    )
    if glass_id is None:
        raise nobody(actor, purpose)
    await record(
        conn, actor, purpose, action="write", subjects=[person_key], fields=[PERMISSION],
        note={"verb": "access.break_glass", "glass_id": glass_id},
    )  # fmt: skip
    await emit(
        conn,
        events.GLASS_BROKEN,
        person_key,
        {"glass_id": glass_id, "staff_id": actor.actor_id, "to": list(to)},
    )
    opener = await staff_store.one(conn, actor.actor_id)
    values = {"number": str(glass_id), "name": opener.display_name if opener else ""}
    await contacts.tell(conn, to, _TOLD, kind="access.glass", ref=str(glass_id), values=values)
    return glass_id


async def _to_tell(conn: Conn, staff_id: int) -> dict[int, str]:
    """Staff id → capacity: the supervisor, and every auditor of the organisation or one above it."""
    staff = await staff_store.one(conn, staff_id)
    chain = await org_store.chain_up(conn, staff.org_code) if staff else []
    to = {who: "auditor" for who in await staff_store.holders_of(conn, "audit.read", chain) if who != staff_id}
    supervisor = await supervisor_of(conn, staff_id)
    if supervisor is not None:
        to[supervisor.staff_id] = "supervisor"
    return to


async def openings(conn: Conn, actor: Actor, *, only_open: bool = False) -> list[BrokenGlass]:
    """The emergency openings this person was told of. Each says that somebody needed this citizen's record and why, so
    reading it is an entry in that citizen's list."""
    policy.require(actor, REVIEW)
    found = await store.told(
        conn, _session(actor), actor, choose_purpose("audit"), only_open=only_open, verb="access.break_glass.list"
    )
    english = await english_names(conn)
    return [replace(one, org_name=english.get(one.org_code, one.org_name)) for one in found]


async def open_reviews(conn: Conn, actor: Actor) -> int:
    """How many wait for a review, for the menu's badge; 0 for those who do not review."""
    return await store.open_count(conn, actor.actor_id) if actor.can(REVIEW) else 0


async def review(conn: Conn, actor: Actor, glass_id: int, finding: str, comment: str) -> None:
    """Mark an opening as reviewed: `finding` 'justified' or 'unjustified', with a comment."""
    policy.require(actor, REVIEW)
    text = " ".join(comment.split())
    if finding not in FINDINGS:
        raise Invalid("glass.finding", N_("Hãy chọn kết luận: có căn cứ hoặc không có căn cứ."))
    if not text:
        raise Invalid("glass.comment", N_("Hãy ghi nhận xét."))
    person_key = await store.review(conn, _session(actor), glass_id, actor.actor_id, finding, text)
    if person_key is None:
        raise Conflict("glass.reviewed", N_("Lần mở này đã được người khác xem xét."))
    await record(
        conn, actor, choose_purpose("audit"), action="write", subjects=[person_key], fields=[REVIEW],
        note={"verb": "access.break_glass.review", "glass_id": glass_id, "finding": finding},
    )  # fmt: skip
    await emit(conn, events.GLASS_REVIEWED, person_key, {"glass_id": glass_id, "finding": finding})
