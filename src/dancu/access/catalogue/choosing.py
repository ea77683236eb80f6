"""Purposes as others use them: listing, choosing. Needs no database and little memory: commands start with
it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from dancu.access.catalogue.laws import LAWS
from dancu.access.catalogue.purposes import PURPOSES
from dancu.access.catalogue.roles import ROLES
from dancu.access.models import LegalBasis, Purpose, Role
from dancu.kernel.actor import Purpose as ChosenPurpose
from dancu.kernel.clock import SystemClock
from dancu.kernel.errors import Invalid, NotAllowed


def purposes(as_of: date | None = None, *, serving: Iterable[str] = ()) -> list[tuple[Purpose, list[LegalBasis]]]:
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


def law_name(basis: str, language: str = "vi") -> str:
    """A legal basis as people read it: the law's name before its number, whatever article follows."""
    law = next((law for law in LAWS.values() if basis == law.code or basis.startswith(law.code + " ")), None)
    if law is None:
        return basis
    return f"{law.name if language == 'vi' else law.name_en} ({basis})"


def roles() -> list[Role]:
    return list(ROLES.values())


def choose_purpose(
    code: str, legal_basis: str = "", case_ref: str = "", as_of: date | None = None, *, serving: str = ""
) -> ChosenPurpose:
    """The kernel's Purpose for a code; without a legal basis the first one valid that day. Raises Invalid
    `purpose.unknown` or `purpose.basis`. Whether it serves a permission the gate decides; where no gate stands before the
    work (an import), `serving` names the permission, and NotAllowed `person.no_purpose` is raised."""
    for purpose, bases in purposes(as_of):
        if purpose.code == code:
            if serving and serving not in purpose.permissions:
                raise NotAllowed(
                    "person.no_purpose",
                    "Mục đích hoặc căn cứ pháp lý không cho phép việc này. Hãy chọn mục đích khác trong danh mục.",
                )
            basis = " ".join(legal_basis.split()) or bases[0].code
            if not any(basis == law.code or basis.startswith(law.code + " ") for law in bases):
                raise Invalid("purpose.basis", "Căn cứ pháp lý này không dùng được cho mục đích đã chọn.")
            return ChosenPurpose(code, basis, case_ref.strip())
    raise Invalid("purpose.unknown", "Không có mục đích này. Xem danh sách: dancu access purposes")
