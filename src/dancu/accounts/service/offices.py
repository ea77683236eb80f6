"""Offices of level 2, their hours and devices: kept by the organisation they belong to, read by everybody who is sent to one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from dancu.access import service as access
from dancu.accounts.models.level2 import Device, DeviceKind, DeviceState, Office, OfficeChoice, OfficeKind, Span
from dancu.accounts.policy import level2 as policy
from dancu.accounts.rules_level2 import Level2Rule
from dancu.accounts.store import offices as store
from dancu.audit import service as audit
from dancu.kernel.actor import Actor
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kernel.errors import Conflict, FieldError, Invalid, NotAllowed, NotFound
from dancu.kit.db import Conn
from dancu.kit.i18n import N_
from dancu.territory.service import gazetteer

PERMISSION = "eid.office"


async def mine(conn: Conn, actor: Actor) -> list[Office]:
    """Offices of the actor's organisation and of those below it that exist today."""
    return await store.offices(conn, org_codes=sorted(await _reach(conn, actor.org_code)), on=SYSTEM_CLOCK.today())


async def _reach(conn: Conn, org_code: str) -> set[str]:
    """An organisation and everything below it: what is not done in time is done above."""
    parents = {org.org_code: org.parent for org in await access.organisations(conn)}
    found = {org_code}
    for code in parents:
        chain: list[str] = []
        at: str | None = code
        while at is not None and at not in found and at not in chain:
            chain.append(at)
            at = parents.get(at)
        if at in found:
            found.update(chain)
    return found


async def name_of(conn: Conn, office_id: int) -> str:
    """What an office is called; "" where there is none of that number."""
    found = await store.office(conn, office_id)
    return found.name if found is not None else ""


async def office(conn: Conn, office_id: int) -> Office:
    found = await store.office(conn, office_id)
    if found is None:
        raise NotFound("office.unknown", N_("Không có điểm này."))
    return found


async def own(conn: Conn, actor: Actor, office_id: int) -> Office:
    """An office of the actor's organisation or of one below it. Raises NotAllowed for another's."""
    found = await office(conn, office_id)
    if found.org_code != actor.org_code and found.org_code not in await _reach(conn, actor.org_code):
        raise NotAllowed("office.other_organisation", N_("Điểm này thuộc cơ quan khác. Chỉ cơ quan của điểm mới làm việc này."))
    return found


async def choices(conn: Conn, rule: Level2Rule, unit_id: int | None, *, most: int = 3) -> list[OfficeChoice]:
    """Offices that can serve now, the nearest to the unit first."""
    now = SYSTEM_CLOCK.now()
    found = await store.offices(conn, on=SYSTEM_CLOCK.today())
    places = {o.unit_id: at for o in found if (at := _point(o.unit_id)) is not None}
    return policy.nearest(found, rule, now, _point(unit_id) if unit_id is not None else None, places, most=most)


def _point(unit_id: int) -> tuple[float, float] | None:
    """Where a unit of any time lies today; None where that is not known."""
    today = SYSTEM_CLOCK.today()
    try:
        now = gazetteer().successors(unit_id, today)
    except NotFound:
        return None
    return next(((u.latitude, u.longitude) for u in now if u.latitude is not None and u.longitude is not None), None)


async def save(
    conn: Conn, actor: Actor, *, office_id: int | None = None, name: str, kind: str, unit_id: int | None, place: str,
    phone: str = "", hours: Mapping[int, Sequence[Span]], days: Sequence[date] = (), valid_to: date | None = None,
) -> int:  # fmt: skip
    """A new office of the actor's organisation, or another state of one of its own; its number. Raises Invalid."""
    access.require(actor, PERMISSION)
    _check(name, kind, unit_id, place, hours, days)
    assert unit_id is not None
    if office_id is None:
        office_id = await store.add_office(
            conn, name=name.strip(), kind=kind, org_code=actor.org_code, unit_id=unit_id, place=place.strip(), phone=phone.strip(),
            hours=hours, days=days, valid_from=SYSTEM_CLOCK.today(),
        )  # fmt: skip
    else:
        await own(conn, actor, office_id)
        await store.change_office(
            conn, office_id, name=name.strip(), kind=kind, unit_id=unit_id, place=place.strip(), phone=phone.strip(), hours=hours,
            days=days, valid_to=valid_to,
        )  # fmt: skip
    await _recorded(conn, actor, "office.save", office_id)
    return office_id


def _check(
    name: str, kind: str, unit_id: int | None, place: str, hours: Mapping[int, Sequence[Span]], days: Sequence[date]
) -> None:
    wrong = []
    if not name.strip():
        wrong.append(FieldError("name", "field.required", N_("Mục này cần được điền.")))
    if kind not in list(OfficeKind):
        wrong.append(FieldError("kind", "field.choice", N_("Xin chọn một trong các lựa chọn.")))
    if unit_id is None:
        wrong.append(FieldError("unit", "office.unit", N_("Chưa rõ xã, phường nào. Hãy ghi cả tỉnh.")))
    if not place.strip():
        wrong.append(FieldError("place", "field.required", N_("Mục này cần được điền.")))
    if not any(hours.values()):
        wrong.append(FieldError("hours", "office.hours", N_("Hãy ghi giờ làm việc của ít nhất một ngày.")))
    if kind == OfficeKind.MARKET_DAY and not days:
        wrong.append(FieldError("days", "office.days", N_("Điểm chợ phiên cần ghi các ngày họp.")))
    if wrong:
        raise Invalid("form.invalid", N_("Một số mục chưa đúng. Xin xem lại từng mục."), fields=tuple(wrong))


async def devices(conn: Conn, office_id: int) -> list[Device]:
    return await store.devices(conn, office_id)


async def failures(conn: Conn, office_id: int) -> list[tuple[int, str, datetime, datetime | None]]:
    """(device, what failed, when, when mended) of an office, newest first."""
    return await store.failures(conn, office_id)


async def add_device(
    conn: Conn, actor: Actor, office_id: int, *, kind: str, model: str, serial: str = "", public_key: bytes | None = None
) -> int:
    """A device for one of the organisation's offices. A doorstep kit brings its public key (Ed25519, 32 bytes)."""
    access.require(actor, PERMISSION)
    await own(conn, actor, office_id)
    if kind not in list(DeviceKind) or not model.strip():
        raise Invalid("device.incomplete", N_("Hãy chọn loại thiết bị và ghi tên máy."))
    if (kind == DeviceKind.KIT) != (public_key is not None) or (public_key is not None and len(public_key) != 32):
        raise Invalid("device.key", N_("Bộ thiết bị lưu động cần khóa công khai của nó (64 ký tự), thiết bị khác thì không."))
    made = await store.add_device(
        conn, office_id, kind=kind, model=model.strip(), serial=serial.strip(), since=SYSTEM_CLOCK.today(), public_key=public_key
    )
    if made is None:
        raise Conflict("device.known", N_("Khóa này đã thuộc một bộ thiết bị khác."))
    await _recorded(conn, actor, "device.add", office_id, device=made)
    return made


async def report(conn: Conn, actor: Actor, device_id: int, state: str, what: str = "") -> None:
    """How a device does now. What fails is written down with what failed; working again closes what was open."""
    access.require(actor, PERMISSION)
    found = await store.device(conn, device_id)
    if found is None:
        raise NotFound("device.unknown", N_("Không có thiết bị này."))
    await own(conn, actor, found.office_id)
    if state not in list(DeviceState):
        raise Invalid("device.state", N_("Xin chọn một trong các lựa chọn."))
    if state in (DeviceState.FAILING, DeviceState.BROKEN):
        if not what.strip():
            raise Invalid("device.what", N_("Hãy ghi thiết bị hỏng thế nào."))
        await store.add_failure(conn, device_id, what.strip()[:500], actor.actor_id)
    else:
        await store.mend(conn, device_id, actor.actor_id)
    await store.set_device_state(conn, device_id, state)
    await _recorded(conn, actor, "device.report", found.office_id, device=device_id, state=state)


async def _recorded(conn: Conn, actor: Actor, verb: str, office_id: int, **note: object) -> None:
    await audit.record(
        conn, actor, access.choose_purpose("administration"), action="system", subjects=[None], fields=[],
        note={"verb": verb, "office": office_id, **note},
    )  # fmt: skip
