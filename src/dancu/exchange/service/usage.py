"""Who used a citizen's data, as a portal of another state's make shows it to them (Estonia's data tracker, findUsage).

Entries of one person are numbered 1, 2, 3 … as they were sequenced, so a period is a stretch of numbers: its ends are found by halving, its
size is a difference, and any page of it is one short read, however long the list.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

from dancu.access import service as access
from dancu.access.models import Organisation
from dancu.audit import service as audit
from dancu.audit.models import Access
from dancu.exchange.service.registries import Reader
from dancu.exchange.store import usage as store
from dancu.kernel.actor import SYSTEM
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kernel.errors import DancuError, Invalid, NotAllowed
from dancu.kit.db import Conn
from dancu.kit.i18n import N_, gettext
from dancu.oidc.service import registration
from dancu.population import service as population
from dancu.population.models import KinRelation, PersonView
from dancu.population.service import verify as registry
from dancu.population.service.look import check_number, missed

MOST: Final = 10_000
USUAL: Final = 1000
_COUNTRY: Final = "VN"
_BATCH: Final = 500
_LAST: Final = (1 << 62) - 1
_GROWN: Final = 18
_FIELDS: Final = ("accesses",)
ITSELF: Final = N_("Chính công dân")
_DID: Final[Mapping[str, str]] = {
    "read": N_("Đã xem dữ liệu"), "search": N_("Đã thấy trong kết quả tìm kiếm"), "write": N_("Đã ghi thay đổi"),
    "denied": N_("Bị từ chối xem"), "erase": N_("Đã xóa nội dung một mục nhật ký"), "export": N_("Đã xuất dữ liệu"),
    "sign_in": N_("Đã đăng nhập"), "system": N_("Hệ thống đã xử lý"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Usage:
    """One use. `receiver_*`: the organisation that used the data, and its program."""

    at: datetime
    action: str
    receiver_code: str
    receiver_name: str
    receiver_system: str


async def find(
    conn: Conn, reader: Reader, asker: str, person: str, systems: Mapping[int, str], *, since: datetime | None = None,
    until: datetime | None = None, offset: int = 0, limit: int = USUAL,
) -> tuple[int, list[Usage]]:  # fmt: skip
    """(how many in the period, this page of them, latest first). `asker`, `person`: codes, `VN` before the number or not; the
    asker is the person, or its parent or representative as the registry knows them. `systems`: names of programs. The look at
    the list is itself recorded. Raises Invalid for what is no code, NotAllowed where the asker may not speak for the person."""
    check_page(offset, limit)
    key = await opened(conn, reader, asker, person)
    if key is None:
        return 0, []
    first, last = await stretch(conn, key, since, until)
    found = await page(conn, key, first, last - offset, limit)
    names = await organisations(conn, found)
    usages = [_usage(one, names, systems, key) for one in found]
    return max(0, last - first + 1), sorted(usages, key=lambda one: one.at, reverse=True)


def check_page(offset: int, limit: int) -> None:
    """Raises Invalid."""
    if not (0 <= offset < _LAST and 0 <= limit <= MOST):
        raise Invalid("usage.page", N_("offset từ 0, limit từ 0 đến {most}."), most=MOST)


async def opened(conn: Conn, reader: Reader, asker: str, person: str) -> int | None:
    """Whose list is opened for whom asks, recorded; None for nobody. Raises Invalid for what is no code, NotAllowed where the asker
    may not speak for the person."""
    numbers = [_number(asker), _number(person)]
    keys = await population.keys_by_number(conn, numbers[1])
    if len(keys) != 1:
        await missed(conn, reader.actor, reader.reason, verb="usage.find")
        return None
    if numbers[0] == numbers[1]:
        await population.open_person(conn, reader.actor, reader.reason, keys[0], fields=_FIELDS, permission="person.release")
    else:
        _, view = await registry.released(conn, reader.actor, reader.reason, keys[0], (*_FIELDS, "kin"))
        if not set(await population.keys_by_number(conn, numbers[0])) & _speaking_for(view, SYSTEM_CLOCK.today()):
            raise NotAllowed("usage.not_represented", N_("Người hỏi không phải là người này, cũng không phải cha, mẹ hoặc người đại diện theo sổ đăng ký."))
    return keys[0]


async def organisations(conn: Conn, found: Sequence[Access]) -> dict[str, Organisation | str]:
    """Organisations by code; of a program whose organisation works nowhere here, the name it gave."""
    known: dict[str, Organisation | str] = {org.org_code: org for org in await access.organisations(conn)}
    if any(one.org_code and one.org_code not in known for one in found):
        for client in await registration.registered(conn, SYSTEM):
            known.setdefault(client.org_code, client.org_name or client.name)
    return known


async def kept_since(conn: Conn) -> datetime:
    """Since when uses are kept."""
    return await store.kept_since(conn) or datetime.now(UTC)


def _number(code: str) -> str:
    """The number in a person's code. Raises Invalid."""
    number = code.strip().removeprefix(_COUNTRY)
    try:
        check_number(number)
    except DancuError as error:
        raise Invalid("usage.person_code", N_("Mã người không đúng: VN và 12 chữ số của số định danh.")) from error
    return number


def _speaking_for(view: PersonView, today: date) -> set[int]:
    """Keys of those who may ask for this person: representatives, and the parents of somebody not grown up."""
    small = view.born is not None and view.born.age_on(today)[0] < _GROWN
    said = {KinRelation.REPRESENTATIVE, KinRelation.FATHER, KinRelation.MOTHER} if small else {KinRelation.REPRESENTATIVE}
    return {fact.relative_key for fact in view.holding(view.kin) if fact.relation in said and fact.relative_key is not None}


async def stretch(conn: Conn, key: int, since: datetime | None, until: datetime | None) -> tuple[int, int]:
    """First and last number of the entries from `since` up to `until`."""
    newest = await audit.accesses_of(conn, key, limit=1)
    last = newest[0].seq if newest else 0
    first = 1 if since is None else await _before(conn, key, last, since, inclusive=False) + 1
    return first, last if until is None else await _before(conn, key, last, until, inclusive=True)


async def _before(conn: Conn, key: int, last: int, at: datetime, *, inclusive: bool) -> int:
    """The greatest number whose entry was made before `at` (or at it); 0 where none was."""
    low, high = 0, last
    while low < high:
        middle = (low + high + 1) // 2
        (one,) = await audit.accesses_of(conn, key, limit=1, before_seq=middle + 1)
        if one.at < at or (inclusive and one.at == at):
            low = middle
        else:
            high = middle - 1
    return low


async def page(conn: Conn, key: int, first: int, newest: int, limit: int) -> list[Access]:
    found: list[Access] = []
    while len(found) < limit and newest >= first:
        batch = await audit.accesses_of(conn, key, limit=min(_BATCH, limit - len(found)), before_seq=newest + 1)
        found += [one for one in batch if one.seq >= first]
        if not batch:
            break
        newest = batch[-1].seq - 1
    return found


def _usage(one: Access, names: Mapping[str, Organisation | str], systems: Mapping[int, str], key: int) -> Usage:
    did = done(one)
    why = ", ".join(word for word in (access.purpose_title(one.purpose or ""), one.legal_basis or "") if word)
    org = one.org_code or SYSTEM.org_code
    name = gettext(ITSELF) if itself(one, key) else name_of(org, names)
    program = systems.get(one.actor_id or 0, "") if one.actor_kind == "client" else ""
    return Usage(one.at, f"{did}: {why}" if why else did, org, name, program or SYSTEM.name)


def done(one: Access) -> str:
    """What was done, in words."""
    return gettext(_DID[one.action]) if one.action in _DID else one.action


def itself(one: Access, key: int) -> bool:
    """Was it the person's own look?"""
    return one.actor_kind == "citizen" and one.actor_id == key


def name_of(code: str, names: Mapping[str, Organisation | str]) -> str:
    found = SYSTEM.name if code == SYSTEM.org_code else names.get(code, code)
    return found if isinstance(found, str) else found.name
