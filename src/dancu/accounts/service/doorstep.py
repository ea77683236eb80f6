"""What a doorstep kit brings home. A trip is taken in record by record, in any order and as often as the line drops; it is
settled once, when everything of its manifest is here, by the checks of the counter. So what comes of it depends on what was
brought, never on how it arrived."""

from __future__ import annotations

import base64
import contextlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from dancu.access import service as access
from dancu.accounts.models import Contacts
from dancu.accounts.models.level2 import CaptureKind, DeviceState, Stated, VisitState
from dancu.accounts.service import core, kit, offices, visit, visit_decision
from dancu.accounts.store import doorstep as store
from dancu.accounts.store import level2 as visit_store
from dancu.accounts.store import offices as office_store
from dancu.accounts.store.doorstep import Settled, Trip
from dancu.audit import service as audit
from dancu.kernel.actor import Actor
from dancu.kernel.clock import SYSTEM_CLOCK, vietnam_day
from dancu.kernel.errors import Conflict, DancuError, Invalid, NotAllowed, NotFound
from dancu.kernel.numbers import normalize_phone
from dancu.kit.db import Conn, data_dir, keep_evidence
from dancu.kit.i18n import N_
from dancu.kit.keys import secret
from dancu.kit.ring import ring
from dancu.population.service.verify import release

MOST_RECORDS: Final = 500
#: A record older than this is not taken: the person is visited again.
_OLDEST: Final = timedelta(days=30)
_KEY: Final = "doorstep.key"
_TABLE: Final = "accounts.doorstep_record"


@dataclass(frozen=True, slots=True)
class TripState:
    """How far a trip is. `missing`: ids still to be sent; `records`: what became of each once it is settled."""

    trip: Trip
    missing: tuple[str, ...]
    records: tuple[Settled, ...]

    @property
    def settled(self) -> bool:
        return self.trip.settled_at is not None


@dataclass(frozen=True, slots=True)
class Concerned:
    """Whom a record is about. `visit_id`: their open visit, where it is at an office of the organisation."""

    name: str
    number: str
    visit_id: int | None


def centre_key() -> bytes:
    """The public key kits seal to."""
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    private = X25519PrivateKey.from_private_bytes(secret(data_dir() / "keys", _KEY))
    return private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


async def begin(
    conn: Conn, actor: Actor, trip_id: str, kit_key: bytes, manifest: Sequence[str], signature: bytes
) -> TripState:
    """Announce a trip; again changes nothing. Raises NotAllowed for a kit that is not registered with the officer's
    organisation or out of use, Invalid for what it did not sign, Conflict where the trip is known with other contents."""
    access.require(actor, visit.ENROL)
    trip_id, ids = _uuid(trip_id), [_uuid(one) for one in manifest]
    if not ids or len(ids) > MOST_RECORDS or len(set(ids)) != len(ids):
        raise Invalid("doorstep.manifest", N_("Một chuyến có từ 1 đến {most} hồ sơ, mỗi hồ sơ một mã."), most=MOST_RECORDS)
    device = await office_store.kit_by_key(conn, kit_key)
    if device is None or device.state in (DeviceState.RETIRED, DeviceState.BROKEN):
        raise NotAllowed("doorstep.kit_unknown", N_("Bộ thiết bị này chưa đăng ký hoặc đã thôi dùng. Hãy hỏi người quản lý điểm."))
    await offices.own(conn, actor, device.office_id)
    if not kit.signed_by(kit_key, signature, kit.trip_message(trip_id, ids)):
        raise Invalid("doorstep.signature", N_("Chữ ký của bộ thiết bị không đúng."))
    await store.add_trip(conn, trip_id, device.device_id, device.office_id, actor.actor_id, ids)
    known = await store.trip(conn, trip_id, lock=True)
    assert known is not None
    if known.device_id != device.device_id or set(known.manifest) != set(ids):
        raise Conflict("doorstep.trip_differs", N_("Chuyến này đã được báo với nội dung khác."))
    return await _state(conn, known)


async def receive(conn: Conn, actor: Actor, trip_id: str, record: kit.SealedRecord) -> TripState:
    """Take in one record of an announced trip; again changes nothing. The last one settles the trip."""
    access.require(actor, visit.ENROL)
    trip = await _own_trip(conn, actor, trip_id, lock=True)
    record_id = _uuid(record.record_id)
    if record_id not in trip.manifest or len(record.sealed) > kit.LARGEST:
        raise Invalid("doorstep.not_of_trip", N_("Hồ sơ này không thuộc chuyến."))
    device = await office_store.device(conn, trip.device_id)
    key = await office_store.device_key(conn, trip.device_id)
    if device is None or key is None or not kit.signed_by(
        key, record.signature, kit.record_message(trip.trip_id, record_id, record.sealed)
    ):
        raise Invalid("doorstep.signature", N_("Chữ ký của bộ thiết bị không đúng."))
    if await store.add_record(conn, trip.trip_id, record_id, record.sealed, record.digest) != record.digest:
        raise Conflict("doorstep.record_differs", N_("Hồ sơ này đã được nhận với nội dung khác."))
    now = await _state(conn, trip)
    if now.missing or now.settled:
        return now
    await _settle(conn, actor, trip)
    done = await store.trip(conn, trip.trip_id)
    assert done is not None
    return await _state(conn, done)


async def state(conn: Conn, actor: Actor, trip_id: str) -> TripState:
    """How far a trip of the officer's organisation is."""
    access.require(actor, visit.ENROL)
    return await _state(conn, await _own_trip(conn, actor, trip_id))


async def trips(conn: Conn, actor: Actor) -> list[TripState]:
    """The latest trips of the organisation's offices."""
    access.require(actor, visit.ENROL)
    mine = [office.office_id for office in await offices.mine(conn, actor)]
    return [await _state(conn, trip) for trip in await store.trips(conn, mine)]


async def concerned(conn: Conn, actor: Actor, found: TripState) -> dict[str, Concerned]:
    """Whom the records that were not taken are about, by record, for whoever looks into them; each look is on record. Without
    whom the gate does not open to this officer."""
    mine, shown = {office.office_id for office in await offices.mine(conn, actor)}, {}
    for record in found.records:
        if record.concerns is None:
            continue
        key = int(ring().decrypt(record.concerns, table=_TABLE, row=record.record_id, column="concerns"))
        try:
            async with conn.transaction():
                view = await release(conn, actor, visit.purpose(), key, ("number", "name"), permission=visit.ENROL)
        except DancuError as error:
            await keep_evidence(conn, error)
            continue
        await core.open(conn, [key])
        other = await visit_store.open_of(conn, key)
        place = await visit_store.place_of(conn, other) if other is not None else None
        shown[record.record_id] = Concerned(
            view.name.full_name if view.name else "", view.personal_id.number if view.personal_id else "",
            other if place is not None and place[1] in mine else None,
        )  # fmt: skip
    return shown


async def _own_trip(conn: Conn, actor: Actor, trip_id: str, *, lock: bool = False) -> Trip:
    found = await store.trip(conn, _uuid(trip_id), lock=lock)
    if found is None:
        raise NotFound("doorstep.trip_unknown", N_("Không có chuyến này. Hãy báo chuyến trước."))
    await offices.own(conn, actor, found.office_id)
    return found


async def _state(conn: Conn, trip: Trip) -> TripState:
    records = await store.records(conn, trip.trip_id)
    here = {record.record_id for record in records}
    return TripState(trip, tuple(one for one in trip.manifest if one not in here), tuple(records))


def _uuid(text: str) -> str:
    try:
        return str(uuid.UUID(text))
    except (ValueError, AttributeError):
        raise Invalid("doorstep.id", N_("Mã chuyến hoặc mã hồ sơ không đúng dạng.")) from None


async def _settle(conn: Conn, actor: Actor, trip: Trip) -> None:
    """Every record by the checks of the counter, in the order in which they were taken at the doors."""
    private = secret(data_dir() / "keys", _KEY)
    opened: list[tuple[datetime, str, dict[str, Any]]] = []
    for record_id, sealed in await store.sealed_of(conn, trip.trip_id):
        try:
            content = kit.unseal(private, trip.trip_id, record_id, sealed)
            opened.append((_moment(content), record_id, content))
        except Invalid as error:
            await store.settle_record(conn, record_id, "unreadable", [error.code], None)
    seen: set[int] = set()
    for at, record_id, content in sorted(opened, key=lambda one: one[:2]):
        word, reasons, visit_id, key = await _one(conn, actor, trip, record_id, content, at, seen)
        await store.settle_record(conn, record_id, word, reasons, visit_id, _sealed(record_id, key))
    await store.settle_trip(conn, trip.trip_id)
    await audit.record(
        conn, actor, visit.purpose(), action="system", subjects=[None], fields=[],
        note={"verb": "doorstep.settle", "records": len(trip.manifest), "office": trip.office_id},
    )  # fmt: skip


async def _one(
    conn: Conn, actor: Actor, trip: Trip, record_id: str, content: Mapping[str, Any], at: datetime, seen: set[int]
) -> tuple[str, list[str], int | None, int | None]:
    """What becomes of one record: (state, reasons, visit, whom it is about where it was not taken and that is known). A refusal undoes
    what the record began and nothing else; the citizen hears of it."""
    whom: list[int] = []
    try:
        async with conn.transaction():
            word, visit_id = await _visit(conn, actor, trip, record_id, content, at, seen, whom)
            return word, [], visit_id, None
    except DancuError as error:
        await keep_evidence(conn, error)
        word = "conflict" if isinstance(error, _Twice) else "refused"
        key = whom[0] if whom else None
        if error.code != "doorstep.same_person":  # the other record is answered
            await _tell(conn, word, key, content, at)
        return word, [error.code], None, key


def _sealed(record_id: str, key: int | None) -> bytes | None:
    return None if key is None else ring().encrypt(str(key).encode(), table=_TABLE, row=record_id, column="concerns")


async def _tell(conn: Conn, word: str, key: int | None, content: Mapping[str, Any], at: datetime) -> None:
    """At the contacts of the account why; without any, at the phone stated at the door, which need not be the person's, only that
    nothing came of it."""
    day = f"{vietnam_day(at):%d/%m/%Y}"
    if key is not None and await core.account(conn, key) is not None and await core.notify(conn, key, f"doorstep.{word}", day=day):
        return
    with contextlib.suppress(Invalid):
        to = Contacts(phone=normalize_phone(_text(content, "phone")))
        await core.tell(conn, to, "doorstep.refused", lang="en" if content.get("language") == "en" else "vi", day=day)


class _Twice(Conflict):
    """The person is dealt with elsewhere: nothing is wrong with the record, somebody looks."""


async def _visit(
    conn: Conn, actor: Actor, trip: Trip, record_id: str, content: Mapping[str, Any], at: datetime, seen: set[int], whom: list[int]
) -> tuple[str, int]:
    now = SYSTEM_CLOCK.now()
    if at > now + timedelta(days=1) or at < now - _OLDEST:
        raise Invalid("doorstep.clock", N_("Thời điểm ghi trên bộ thiết bị không hợp lý hoặc đã quá 30 ngày."))
    opened = await visit.begin(
        conn, actor, trip.office_id, _text(content, "text"), name=_text(content, "name"), birth=_text(content, "birth"),
        assisted=True, channel="doorstep", record_id=record_id, guardian=_guardian(content), named=whom,
    )  # fmt: skip
    key, visit_id = opened.person_key, opened.visit_id
    if key in seen:
        raise _Twice("doorstep.same_person", N_("Người này đã có hồ sơ khác trong cùng chuyến."))
    if await visit_store.open_of(conn, key) != visit_id:
        raise _Twice("doorstep.open_elsewhere", N_("Người này đang có một lượt định danh khác."))
    page = await visit.page(conn, actor, visit_id)
    if not page.raises and not content.get("card_wanted"):
        raise _Twice("account.level_held", N_("Tài khoản đã ở mức này hoặc cao hơn."))
    await visit.capture(conn, actor, visit_id, CaptureKind.PORTRAIT, _image(content, "portrait"), device_id=trip.device_id)
    if content.get("fingerprint"):
        await visit.capture(conn, actor, visit_id, CaptureKind.FINGERPRINT, _image(content, "fingerprint"), device_id=trip.device_id)
    said = Stated(_text(content, "phone"), _text(content, "email"), _text(content, "language") or "vi")
    listed = content.get("documents", [])
    documents = [str(code) for code in listed] if isinstance(listed, list) else [""]
    await visit.state(conn, actor, visit_id, said, documents=documents, card_wanted=bool(content.get("card_wanted")))
    await visit.confirm(conn, actor, visit_id, _text(content, "confirmed"))
    decided = await visit_decision.submit(conn, actor, visit_id, approve=True)
    seen.add(key)
    return ("second" if decided is VisitState.SECOND else "approved"), visit_id


def _guardian(content: Mapping[str, Any]) -> str:
    """The guardian's card. Kits of before wrote a mere yes or no, which names nobody."""
    return "" if isinstance(content.get("guardian"), bool) else _text(content, "guardian")


def _text(content: Mapping[str, Any], name: str) -> str:
    value = content.get(name, "")
    if not isinstance(value, str) or len(value) > 2000:
        raise Invalid("doorstep.content", N_("Nội dung hồ sơ không đúng dạng."))
    return value


def _image(content: Mapping[str, Any], name: str) -> bytes:
    value = content.get(name, "")
    try:
        return base64.b64decode(value, validate=True) if isinstance(value, str) else b""
    except ValueError:
        raise Invalid("doorstep.content", N_("Nội dung hồ sơ không đúng dạng.")) from None


def _moment(content: Mapping[str, Any]) -> datetime:
    try:
        at = datetime.fromisoformat(str(content["captured_at"]))
    except (KeyError, ValueError):
        raise Invalid("doorstep.unreadable", N_("Bản ghi không mở được bằng khóa của trung tâm.")) from None
    if at.tzinfo is None:
        raise Invalid("doorstep.unreadable", N_("Bản ghi không mở được bằng khóa của trung tâm."))
    return at
