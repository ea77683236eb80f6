"""Reference samples. Written through `cards.keep` on the application's connection, read on one of dancu_biometric; both
functions write the evidence entry themselves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import psycopg

from dancu.kernel.actor import Actor, Purpose
from dancu.kit.db import NOT_SEQUENCED, Conn, not_sequenced


@dataclass(frozen=True, slots=True)
class Sealed:
    """A sample as kept: `image` and `template` encrypted."""

    position: int
    image: bytes
    template: bytes
    engine: str
    source: str
    taken_on: date
    demo: bool


def _who(actor: Actor, purpose: Purpose) -> tuple[object, ...]:
    return (
        actor.kind, actor.actor_id, actor.org_code, purpose.code, purpose.legal_basis, purpose.case_ref or None,
        actor.request_id, actor.channel,
    )  # fmt: skip


async def keep(conn: Conn, actor: Actor, purpose: Purpose, key: int, kind: str, sample: Sealed) -> int:
    """Keep a sample in place of the one before; the evidence entry's id."""
    cursor = await conn.execute(
        "SELECT cards.keep(%s, %s::bigint, %s, %s, %s, %s, %s, %s, %s::bigint, %s, %s::smallint, %s::bytea, %s::bytea, %s, %s,"
        " %s::date, %s)",
        (
            *_who(actor, purpose), key, kind, sample.position, sample.image, sample.template, sample.engine, sample.source,
            sample.taken_on, sample.demo,
        ),
    )  # fmt: skip
    row = await cursor.fetchone()
    assert row is not None
    return int(row[0])


async def known(conn: Conn, key: int) -> list[tuple[str, int, str, date, bool]]:
    """(kind, position, source, taken_on, demo) of the samples in force."""
    return await (await conn.execute('SELECT kind, "position", source, taken_on, demo FROM cards.references_of(%s::bigint)', (key,))).fetchall()


async def read(biometric: Conn, actor: Actor, purpose: Purpose, key: int, kind: str) -> list[Sealed]:
    """The samples in force of one person, on the record. `biometric`: a connection of role "biometric"."""
    try:
        await biometric.execute(
            "SELECT cards.open_references(%s, %s::bigint, %s, %s, %s, %s, %s, %s, %s::bigint, %s)",
            (*_who(actor, purpose), key, kind),
        )
    except psycopg.Error as error:
        if error.sqlstate == NOT_SEQUENCED:
            raise not_sequenced() from error
        raise
    return await _in_force(biometric, key, kind)


async def show_face(biometric: Conn, actor: Actor, purpose: Purpose, key: int, permission: str) -> tuple[str, Sealed | None]:
    """The portrait in force for an officer who holds `permission` in the person's area, on the record; ("ok", None) where there
    is none, another word where it may not be shown."""
    kind, actor_id, org, *rest = _who(actor, purpose)
    try:
        row = await (
            await biometric.execute(
                "SELECT cards.show_face(%s, %s::bigint, %s, %s::bytea, %s, %s, %s, %s, %s, %s::bigint, %s)",
                (kind, actor_id, org, bytes.fromhex(actor.session_id), *rest, key, permission),
            )
        ).fetchone()
    except psycopg.Error as error:
        if error.sqlstate == NOT_SEQUENCED:
            raise not_sequenced() from error
        raise
    word = str(row[0]) if row else "not_found"
    found = await _in_force(biometric, key, "face") if word == "ok" else []
    return word, found[0] if found else None


async def _in_force(biometric: Conn, key: int, kind: str) -> list[Sealed]:
    cursor = await biometric.execute(
        'SELECT "position", image, template, engine, source, taken_on, demo FROM cards.reference'
        " WHERE person_key = %s::bigint AND kind = %s AND retired_at IS NULL ORDER BY \"position\"",
        (key, kind),
    )
    return [Sealed(row[0], bytes(row[1]), bytes(row[2]), *row[3:]) for row in await cursor.fetchall()]
