"""The catalogue as others use it: synchronising, listing, choosing a purpose."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from dancu.access.catalogue import LAWS, PERMISSIONS, PURPOSES, ROLES, rules
from dancu.access.models import LegalBasis, Purpose, Role
from dancu.access.service.rights import recompute_all
from dancu.access.store import catalogue as store
from dancu.kernel.actor import Purpose as ChosenPurpose
from dancu.kernel.clock import SystemClock
from dancu.kernel.errors import Invalid
from dancu.kit.db import Conn
from dancu.kit.i18n import N_


async def sync_catalogue(conn: Conn) -> None:
    """Make the database's copy of the catalogue equal to the program's, then what staff may do. Needs the
    admin role; part of `dancu migrate`."""
    await store.write(conn, PERMISSIONS.values(), ROLES.values(), LAWS.values(), PURPOSES.values(), rules())
    await recompute_all(conn)


def purposes(
    as_of: date | None = None, *, serving: Iterable[str] = ()
) -> list[tuple[Purpose, list[LegalBasis]]]:
    """The purposes valid on the day (default: today), each with its legal bases of that day, most specific
    first. With `serving`, only those that serve at least one of these permissions."""
    day = as_of or SystemClock().today()
    wanted = set(serving)
    found = []
    for purpose in PURPOSES.values():
        bases = [LAWS[code] for code in purpose.bases if LAWS[code].holds(day)]
        if purpose.holds(day) and bases and (not wanted or wanted & set(purpose.permissions)):
            found.append((purpose, bases))
    return found


def roles() -> list[Role]:
    return list(ROLES.values())


def choose_purpose(
    code: str, legal_basis: str = "", case_ref: str = "", as_of: date | None = None
) -> ChosenPurpose:
    """The kernel's Purpose for a code; without a legal basis the first one valid that day. Raises Invalid
    `purpose.unknown` or `purpose.basis`; whether it serves a permission the gate decides."""
    for purpose, bases in purposes(as_of):
        if purpose.code == code:
            basis = " ".join(legal_basis.split()) or bases[0].code
            if not any(basis == law.code or basis.startswith(law.code + " ") for law in bases):
                raise Invalid("purpose.basis", N_("Căn cứ pháp lý này không dùng được cho mục đích đã chọn."))
            return ChosenPurpose(code, basis, case_ref.strip())
    raise Invalid("purpose.unknown", N_("Không có mục đích này. Xem danh sách: dancu access purposes"))
