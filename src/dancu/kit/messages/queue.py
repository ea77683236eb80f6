"""Asking for messages, and what became of them. All SQL of this package's requests; delivery has its own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from dancu.kernel.errors import Invalid
from dancu.kernel.numbers import normalize_phone
from dancu.kit.db import Conn
from dancu.kit.i18n import N_
from dancu.kit.ring import ring

CHANNELS = ("sms", "email", "push")
LIFE = timedelta(days=2)
_TABLE = "kit.message"
_MAX_TEXT = 2000
_THUMBPRINT = 43
_EMAIL = re.compile(r"[^@\s<>\"]{1,64}@[A-Za-z0-9.-]{1,253}\.[A-Za-z]{2,24}")


@dataclass(frozen=True, slots=True)
class Stand:
    """What became of a message: `state` queued, sent, delivered, failed or expired; `error` the provider's word."""

    message_id: int
    channel: str
    kind: str
    ref: str
    state: str
    error: str
    created_at: datetime
    settled_at: datetime | None


@dataclass(frozen=True, slots=True)
class Shown:
    """A message as the demonstration's outbox shows it."""

    to: str
    channel: str
    text: str
    at: datetime
    kind: str


async def send(
    conn: Conn, *, channel: str, to: str, text: str, kind: str, person_key: int | None, ref: str = "", language: str = "vi",
    life: timedelta = LIFE,
) -> int:  # fmt: skip
    """Ask for one message in the caller's transaction; its id. `to`: phone, e-mail address, or the
    thumbprint of a device's key. `kind`
    names the occasion ("account.approved"), `ref` what it was about; `life`: after that it is not worth sending.
    Raises Invalid for what is no phone number or address."""
    field, index, body = sealed(channel, to, text)
    cursor = await conn.execute(
        "SELECT kit.send_message(%s, %s, %s::bigint, %s, %s, %s::bytea, %s::bytea, %s::bytea, %s)",
        (channel, kind, person_key, ref, language, field, index, body, life),
    )
    (message_id,) = await cursor.fetchone() or (0,)
    return int(message_id)


def sealed(channel: str, to: str, text: str) -> tuple[bytes, bytes, bytes]:
    """Address, its digest and text as a message keeps them, for a statement that sends one among other things. Raises
    Invalid for what is no phone number or address."""
    if channel not in CHANNELS or len(text) > _MAX_TEXT:
        raise ValueError(channel)
    address, index = address_of(channel, to)
    field = ring().encrypt(address.encode(), table=_TABLE, row=channel, column="address")
    # Bound to the address: a text cannot be moved to somebody else's message.
    return field, index, ring().encrypt(text.encode(), table=_TABLE, row=index.hex(), column="body")


async def stands(conn: Conn, person_key: int, kind: str = "") -> list[Stand]:
    """Messages to a person, newest first; of one kind where given."""
    cursor = await conn.execute("SELECT * FROM kit.messages_about(%s::bigint, %s)", (person_key, kind))
    return [Stand(*row) for row in await cursor.fetchall()]


async def failed_since(conn: Conn, since: datetime, kind: str) -> list[int]:
    """Whom a text message whose kind begins with `kind` did not reach, known since then (role worker)."""
    cursor = await conn.execute(
        "SELECT DISTINCT person_key FROM kit.message WHERE state = 'failed' AND settled_at > %s AND channel = 'sms'"
        " AND person_key IS NOT NULL AND starts_with(kind, %s)",
        (since, kind),
    )
    return [row[0] for row in await cursor.fetchall()]


async def receipt(conn: Conn, provider_ref: str, *, delivered: bool, reason: str = "") -> bool:
    """A provider's word about a message it took; False where that message is unknown or settled already."""
    cursor = await conn.execute("SELECT kit.message_receipt(%s, %s, %s)", (provider_ref, delivered, reason))
    (changed,) = await cursor.fetchone() or (False,)
    return bool(changed)


async def outbox(conn: Conn, to: str = "", *, most: int = 50) -> list[Shown]:
    """The latest messages of a demonstration, to one address where given; nothing in any other database."""
    index = address_of(_channel_of(to), to)[1] if to else None
    cursor = await conn.execute(
        "SELECT channel, kind, address, body, created_at FROM kit.demo_outbox(%s::bytea, %s)", (index, most)
    )
    return [Shown(*unsealed(channel, address, body), at, kind) for channel, kind, address, body, at in await cursor.fetchall()]


def _channel_of(to: str) -> str:
    """What kind of address was typed: a thumbprint is longer than any phone number."""
    return "email" if "@" in to else "push" if len(to.strip()) == _THUMBPRINT else "sms"


def is_mail(text: str) -> bool:
    """Can a letter be sent there? To be asked wherever an address is taken: a message that cannot be sent undoes what it tells of."""
    return _EMAIL.fullmatch(text) is not None


def address_of(channel: str, to: str) -> tuple[str, bytes]:
    """The address as it is handed over, and the digest under which it is found."""
    address = normalize_phone(to) if channel == "sms" else to.strip()
    if channel == "email" and not is_mail(address):
        raise Invalid("message.email", N_("Địa chỉ thư điện tử chưa đúng. Ví dụ: ten@example.vn"))
    return address, ring().blind_index(address.casefold().encode(), table=_TABLE, column="address")


def unsealed(channel: str, address: bytes, body: bytes) -> tuple[str, str, str]:
    """(address, channel, text) of a message as kept."""
    to = ring().decrypt(bytes(address), table=_TABLE, row=channel, column="address").decode()
    index = address_of(channel, to)[1]
    return to, channel, ring().decrypt(bytes(body), table=_TABLE, row=index.hex(), column="body").decode()
