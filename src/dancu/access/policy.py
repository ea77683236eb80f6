"""Rules of access, as plain functions. The database's gate decides about persons; these decide about
staff."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date

from dancu.access.catalogue import EXCLUSIVE_ROLES, PERMISSIONS, ROLES, permissions_of
from dancu.access.models import Assignment, Right
from dancu.kernel.actor import Actor
from dancu.kernel.errors import Conflict, Invalid, NotAllowed, NotFound
from dancu.kit.i18n import N_

REASON_LEAST = 20


def require(actor: Actor, permission: str) -> None:
    """The actor's session holds the permission (whether it reaches a certain person the gate decides)."""
    if permission not in PERMISSIONS:
        raise ValueError(permission)
    if not actor.can(permission):
        raise NotAllowed(
            "permission.missing",
            N_("Bạn cần quyền {permission} để làm việc này. Hãy hỏi quản trị viên của cơ quan."),
            permission=permission,
        )


def rights_today(
    assignments: Iterable[Assignment], today: date, units_today: Callable[[int], Iterable[int]]
) -> list[Right]:
    """What the assignments in force amount to, one Right per permission.

    Each permission reaches the units of the assignments that give it, translated to units of today by
    `units_today`; it ends with the first of these assignments (the nightly job writes what is left then). A
    unit without a successor gives nothing: an empty area sees nobody.
    """
    found: dict[str, tuple[set[int], date]] = {}
    for held in assignments:
        if not held.in_force(today):
            continue
        role = ROLES.get(held.role)
        if role is None:
            continue  # a role that left the catalogue allows nothing
        areas = {unit for unit_id in held.unit_ids for unit in units_today(unit_id)}
        until = held.valid_to or date.max
        for permission in role.permissions:
            before = found.get(permission, (set(), date.max))
            found[permission] = (before[0] | areas, min(before[1], until))
    return [
        Right(code, not PERMISSIONS[code].area_bound, frozenset(areas), until)
        for code, (areas, until) in sorted(found.items())
    ]


def check_assignment(
    actor: Actor,
    staff_id: int,
    role: str,
    others: Sequence[Assignment],
    valid_from: date,
    valid_to: date | None,
) -> None:
    """Nobody gives themselves a right; watching and administering are never combined with another role."""
    if role not in ROLES:
        raise NotFound("role.unknown", N_("Không có vai trò này."))
    if actor.actor_id == staff_id:
        raise NotAllowed("assignment.oneself", N_("Không ai được tự giao quyền cho mình."))
    if valid_to is not None and valid_to <= valid_from:
        raise Invalid("assignment.empty", N_("Ngày kết thúc phải sau ngày bắt đầu."))
    for other in others:
        together = (valid_to is None or other.valid_from < valid_to) and (
            other.valid_to is None or valid_from < other.valid_to
        )
        if together and not other.ended and other.role != role and EXCLUSIVE_ROLES & {role, other.role}:
            raise Conflict(
                "assignment.exclusive",
                N_("Vai trò quản trị, kiểm toán và bảo vệ dữ liệu phải giữ riêng, không cùng vai trò khác."),
            )


def check_reach(admin_orgs: Iterable[str], chain: Sequence[str]) -> None:
    """An administrator acts in the organisations where they hold that role and below. `chain`: the
    organisation concerned and those above it."""
    if not set(admin_orgs) & set(chain):
        raise NotAllowed("organisation.out_of_reach", N_("Cơ quan này không thuộc phạm vi quản trị của bạn."))


def check_units(own_areas: frozenset[int], given: Iterable[frozenset[int]]) -> None:
    """An administrator with an area gives only units inside it. Each element of `given` is one unit of today
    with all units above it; an empty `own_areas` is the whole country."""
    if own_areas and not all(places & own_areas for places in given):
        raise NotAllowed("units.out_of_reach", N_("Địa bàn này nằm ngoài phạm vi quản trị của bạn."))


def check_reason(reason: str) -> str:
    """The written reason of an emergency opening, trimmed; Invalid when it says too little."""
    text = " ".join(reason.split())
    if len(text) < REASON_LEAST:
        raise Invalid(
            "glass.reason",
            N_("Hãy ghi rõ lý do, ít nhất {least} ký tự: chuyện gì xảy ra và vì sao cần xem ngay."),
            least=REASON_LEAST,
        )
    return text


def gives(role: str, permission: str) -> bool:
    return role in ROLES and permission in permissions_of([role])
