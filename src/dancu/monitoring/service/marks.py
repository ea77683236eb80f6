"""Whom the rules about famous people, relatives and neighbours look out for: persons under special protection, and which person of the
registry each staff member is. Whoever is marked sees it in the list of who looked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from dancu.access import service as access
from dancu.kernel.actor import Actor, ActorKind, Purpose
from dancu.kernel.errors import FieldError, Invalid, NotAllowed, NotFound
from dancu.kit.db import Conn
from dancu.kit.i18n import N_
from dancu.monitoring import store
from dancu.monitoring.service.unusual import StaffName

_DIGITS: Final = 12


class Why(StrEnum):
    WELL_KNOWN = "well_known"
    THREATENED = "threatened"


WHY: Final[Mapping[str, str]] = {Why.WELL_KNOWN: N_("Người nổi tiếng"), Why.THREATENED: N_("Người bị đe dọa, nhân chứng")}


@dataclass(frozen=True, slots=True)
class Marked:
    """One person, without name. `ending`: the last three digits of the number; `staff`: who they are, None for the protected."""

    ending: str
    reason: str
    staff: StaffName | None
    since: datetime | None


async def marks(conn: Conn, actor: Actor, purpose: Purpose) -> tuple[list[Marked], list[Marked]]:
    """(protected, staff). The look is recorded. Raises NotAllowed without `exchange.alert`."""
    rows = await store.marks(conn, actor, purpose)
    names = {one.staff_id: StaffName(one.staff_id, one.display_name, one.org_code) for one in await access.staff_named(conn, {row[3] for row in rows if row[3]})}
    found = [Marked(ending, reason, names.get(staff_id, StaffName(staff_id, "", "")) if staff_id else None, since) for _, ending, reason, staff_id, since in rows]
    return [one for one in found if one.staff is None], [one for one in found if one.staff is not None]


async def protect(conn: Conn, actor: Actor, purpose: Purpose, number: str, reason: str) -> None:
    """Put the person of a number under special protection; "" ends it. Raises Invalid, NotFound, NotAllowed."""
    if reason not in ("", *WHY):
        raise Invalid("marks.reason", N_("Hãy chọn lý do bảo vệ."), fields=(FieldError("reason", "marks.reason", N_("Hãy chọn lý do bảo vệ.")),))
    if not await store.protect(conn, actor, purpose, _digits(number, "number"), reason or None):
        raise _nobody("number")


async def know_staff(conn: Conn, actor: Actor, purpose: Purpose, login: str, number: str) -> None:
    """Say which person the staff member of a login is. Raises Invalid, NotFound, NotAllowed."""
    wanted = _digits(number, "staff_number")
    try:
        staff = await access.staff_by_login(conn, login)
    except NotFound as error:
        raise Invalid(error.code, error.message, fields=(FieldError("login", error.code, error.message),)) from error
    if actor.kind is ActorKind.STAFF and staff.staff_id == actor.actor_id:
        raise NotAllowed("marks.oneself", N_("Hãy để người khác ghi bạn là ai: quy tắc về người thân cũng xét bạn."))
    if not await store.know_staff(conn, actor, purpose, staff.staff_id, wanted):
        raise _nobody("staff_number")


def _digits(number: str, field: str) -> str:
    found = "".join(number.split())
    if len(found) != _DIGITS or not (found.isascii() and found.isdecimal()):
        said = N_("Số định danh phải có 12 chữ số.")
        raise Invalid("marks.number", said, fields=(FieldError(field, "marks.number", said),))
    return found


def _nobody(field: str) -> Invalid:
    said = N_("Không có ai mang số định danh này.")
    return Invalid("marks.nobody", said, fields=(FieldError(field, "marks.nobody", said),))
