"""Staff: adding with a one-time set-up code, assigning roles, ending, resetting."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from dancu.access import policy
from dancu.access.models import Assignment, Right, Staff, StaffState
from dancu.access.service import evidence
from dancu.access.service.organisations import (
    ADMIN,
    organisations,
    require_open,
    require_reach,
)
from dancu.access.service.rights import tell
from dancu.access.store import staff as store
from dancu.kernel.actor import Actor, ActorKind
from dancu.kernel.errors import Invalid, NotFound
from dancu.kit.db import Conn
from dancu.kit.i18n import N_
from dancu.territory.service import gazetteer

SETUP_LIFE = timedelta(hours=72)
_ALPHABET = "ABCDEFGHJKMNPQRSTVWXYZ23456789"  # without the signs people confuse


@dataclass(frozen=True, slots=True)
class StaffView:
    """One person's page in the administration: who they are, what they were given, what it amounts to
    today."""

    staff: Staff
    assignments: list[Assignment]
    rights: list[Right]


def setup_hash(code: str) -> bytes:
    """Digest of a set-up code, however it was typed (spaces, dashes, small letters)."""
    plain = "".join(sign for sign in code.upper() if sign.isalnum())
    return hashlib.sha256(b"dancu setup|" + plain.encode()).digest()


async def add_staff(
    conn: Conn, actor: Actor, login: str, display_name: str, org_code: str, *, os_user: str | None = None
) -> tuple[Staff, str]:
    """A new staff member and the one-time code with which they set their password within 72 hours. The code
    is shown once, to be handed over in person; the database keeps its digest."""
    await require_reach(conn, actor, org_code)
    await require_open(conn, org_code)
    code = _new_code()
    staff_id = await store.hire(
        conn, actor, evidence.administration(), login.strip().lower(), " ".join(display_name.split()), org_code, os_user or None,
        setup_hash(code), datetime.now(UTC) + SETUP_LIFE,
    )  # fmt: skip
    made = await store.one(conn, staff_id)
    assert made is not None
    return made, code


async def reset(conn: Conn, actor: Actor, staff_id: int) -> str:
    """Forget password and second factor, end all sessions, and give a new set-up code."""
    staff = await reachable(conn, actor, staff_id)
    if staff.state == StaffState.INACTIVE:
        raise Invalid("staff.inactive", N_("Cán bộ này đã ngừng làm việc."))
    if staff_id == actor.actor_id and actor.kind is ActorKind.STAFF:
        raise Invalid("staff.reset_oneself", N_("Hãy nhờ một quản trị viên khác đặt lại tài khoản của bạn."))
    code = _new_code()
    await store.reset(conn, actor, evidence.administration(), staff_id, setup_hash(code), datetime.now(UTC) + SETUP_LIFE)
    return code


async def deactivate(conn: Conn, actor: Actor, staff_id: int) -> None:
    """End a person's work from now: sessions, rights and open assignments."""
    await reachable(conn, actor, staff_id)
    if staff_id == actor.actor_id and actor.kind is ActorKind.STAFF:
        raise Invalid("staff.deactivate_oneself", N_("Không thể tự ngừng tài khoản của mình."))
    await store.deactivate(conn, actor, evidence.administration(), staff_id)
    await tell(conn, staff_id)


async def assign(
    conn: Conn,
    actor: Actor,
    staff_id: int,
    role: str,
    *,
    org_code: str | None = None,
    unit_ids: Sequence[int] = (),
    units_as_of: date | None = None,
    valid_from: date | None = None,
    valid_to: date | None = None,
    head: bool = False,
) -> int:
    """Give a role over units (territory ids as they stood on `units_as_of`, default today) from `valid_from`
    (default today) to before `valid_to`. Returns the assignment's id. Never to oneself, nor outside the own organisations and
    area, nor a role that is held alone beside another: the database refuses that (`access.assign`) and writes the entry."""
    staff = await reachable(conn, actor, staff_id)
    org_code = org_code or staff.org_code
    await require_reach(conn, actor, org_code)
    await require_open(conn, org_code)
    today = await store.today(conn)
    start, as_of = valid_from or today, units_as_of or today
    if valid_to is not None and valid_to <= start:
        raise Invalid("assignment.empty", N_("Ngày kết thúc phải sau ngày bắt đầu."))
    for unit_id in unit_ids:
        if not gazetteer().unit(unit_id).valid_on(as_of):
            raise Invalid("units.not_then", N_("Địa bàn này không tồn tại vào ngày đã chọn."))
    made = await store.give(
        conn, actor, evidence.administration(), staff_id, org_code, role, unit_ids, as_of, start, valid_to, head=head
    )
    await tell(conn, staff_id)
    return made


async def end_assignment(conn: Conn, actor: Actor, assignment_id: int) -> None:
    """End an assignment today."""
    held = await store.assignment(conn, assignment_id)
    if held is None:
        raise NotFound("assignment.unknown", N_("Không tìm thấy phân công này."))
    await reachable(conn, actor, held.staff_id)
    await store.end_assignment(conn, actor, evidence.administration(), assignment_id)
    await tell(conn, held.staff_id)


async def staff_list(conn: Conn, actor: Actor, *, limit: int = 200, offset: int = 0) -> list[Staff]:
    """The staff of the organisations the actor administers."""
    orgs = [org.org_code for org in await organisations(conn, actor)]
    return await store.of_organisations(conn, orgs, limit=limit, offset=offset)


async def staff_view(conn: Conn, actor: Actor, staff_id: int) -> StaffView:
    staff = await reachable(conn, actor, staff_id)
    return StaffView(staff, await store.assignments(conn, [staff_id]), await store.rights(conn, staff_id))


async def staff_named(conn: Conn, staff_ids: Iterable[int]) -> list[Staff]:
    """Who these staff ids are, for pages of those who watch."""
    return await store.named(conn, staff_ids)


async def staff_by_login(conn: Conn, login: str) -> Staff:
    found = await store.by_login(conn, login.strip().lower())
    if found is None:
        raise NotFound("staff.unknown", N_("Không tìm thấy cán bộ này."))
    return found


async def reachable(conn: Conn, actor: Actor, staff_id: int) -> Staff:
    """The staff member, where the actor administers their organisation. NotFound, NotAllowed."""
    policy.require(actor, ADMIN)
    staff = await store.one(conn, staff_id)
    if staff is None:
        raise NotFound("staff.unknown", N_("Không tìm thấy cán bộ này."))
    await require_reach(conn, actor, staff.org_code)
    return staff


def _new_code() -> str:
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(4))
