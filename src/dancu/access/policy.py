"""Rules of access, as plain functions. The database's gate decides about persons; these decide about
staff."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dancu.access.catalogue import PERMISSIONS, ROLES, permissions_of
from dancu.kernel.actor import Actor
from dancu.kernel.errors import Invalid, NotAllowed
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


def check_reach(admin_orgs: Iterable[str], chain: Sequence[str]) -> None:
    """An administrator acts in the organisations where they hold that role and below. `chain`: the
    organisation concerned and those above it."""
    if not set(admin_orgs) & set(chain):
        raise NotAllowed("organisation.out_of_reach", N_("Cơ quan này không thuộc phạm vi quản trị của bạn."))


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
