"""Where staff are told of what cannot wait for their next sign-in, and telling them. A message says that there is something to see
and never about whom: it may be read on a locked screen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from dancu.access.service import evidence
from dancu.access.store import contacts as store
from dancu.kernel.actor import Actor, ActorKind
from dancu.kernel.errors import FieldError, Invalid, NotAllowed
from dancu.kernel.numbers import normalize_phone
from dancu.kit import messages
from dancu.kit.db import Conn
from dancu.kit.i18n import N_, gettext
from dancu.kit.ring import ring

CHANNELS = {"sms": "phone", "email": "email"}
_TABLE = "access.staff_contact"
_MOST = 200


async def my_contacts(conn: Conn, actor: Actor) -> dict[str, str]:
    """{"sms": phone, "email": address} of oneself, without those that are not set."""
    found = await store.of(conn, [actor.actor_id]) if actor.kind is ActorKind.STAFF else []
    return {channel: _open(staff_id, channel, sealed) for staff_id, channel, sealed in found}


async def set_my_contacts(conn: Conn, actor: Actor, *, phone: str, email: str) -> None:
    """Where oneself is told; an empty one ends it. Raises Invalid with the field that is wrong."""
    if actor.kind is not ActorKind.STAFF:
        raise NotAllowed("contact.staff_only", N_("Chỉ cán bộ mới đặt liên lạc công vụ."))
    email = email.strip()
    if email and (len(email) > _MOST or not messages.is_mail(email)):
        message = N_("Địa chỉ thư điện tử chưa đúng.")
        raise Invalid("person.email.format", message, fields=(FieldError("work_email", "person.email.format", message),))
    for channel, address in (("sms", normalize_phone(phone) if phone.strip() else ""), ("email", email)):
        sealed = ring().encrypt(address.encode(), table=_TABLE, row=str(actor.actor_id), column=channel) if address else None
        await store.keep(conn, actor.actor_id, channel, sealed)
    await evidence.change_entry(conn, actor, "access.contact.change", staff_id=actor.actor_id)


async def tell(conn: Conn, staff_ids: Iterable[int], text: str, *, kind: str, ref: str, values: Mapping[str, str]) -> int:
    """A message by every channel these people gave, in the caller's transaction; how many. `text`: a msgid with {placeholders}, free of
    citizens' data."""
    sent = 0
    for staff_id, channel, sealed in await store.of(conn, staff_ids):
        said = gettext(text, "vi", **values)
        await messages.send(conn, channel=channel, to=_open(staff_id, channel, sealed), text=said, kind=kind, person_key=None, ref=ref)
        sent += 1
    return sent


def _open(staff_id: int, channel: str, sealed: bytes) -> str:
    return ring().decrypt(sealed, table=_TABLE, row=str(staff_id), column=channel).decode()
