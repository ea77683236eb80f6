"""Rows of card orders. Row security shows those of persons opened in this transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import psycopg

from dancu.cards.models import CardOrder, OrderReason, OrderState
from dancu.kernel.actor import Actor, Purpose
from dancu.kernel.errors import NotAllowed
from dancu.kit.db import Conn
from dancu.kit.i18n import N_

_COLUMNS = (
    "person_key, order_id, reason, state, office, org_code, ordered_by, ordered_at, case_ref, number, issued_on, expires_on,"
    " produced_at, delivered_at, activated_at, cancelled_at"
)
#: SQLSTATE of `cards.open_orders` for who may not see the list.
_NO_RIGHT = "DA003"


def _order(row: Sequence[Any]) -> CardOrder:
    return CardOrder(row[0], row[1], OrderReason(row[2]), OrderState(row[3]), *row[4:])


async def add(
    conn: Conn, actor: Actor, key: int, *, reason: str, office: str, areas: Sequence[int], case_ref: str, number: str,
    expires_on: date | None,
) -> CardOrder | None:  # fmt: skip
    """The new order; None where one of the person is open."""
    cursor = await conn.execute(
        "INSERT INTO cards.card_order (person_key, reason, office, areas, org_code, ordered_by, case_ref, number, expires_on)"
        " VALUES (%s::bigint, %s, %s, %s::int[], %s, %s::bigint, %s, %s, %s::date)"
        " ON CONFLICT (person_key) WHERE state IN ('ordered', 'produced', 'delivered') DO NOTHING"
        f" RETURNING {_COLUMNS}",
        (key, reason, office, list(areas), actor.org_code, actor.actor_id, case_ref, number, expires_on),
    )
    row = await cursor.fetchone()
    return _order(row) if row else None


async def one(conn: Conn, key: int, order_id: int, *, lock: bool = False) -> CardOrder | None:
    row = await (
        await conn.execute(
            f"SELECT {_COLUMNS} FROM cards.card_order WHERE person_key = %s::bigint AND order_id = %s::bigint{' FOR UPDATE' if lock else ''}",
            (key, order_id),
        )
    ).fetchone()
    return _order(row) if row else None


async def of_persons(conn: Conn, keys: Sequence[int]) -> list[CardOrder]:
    """Orders of opened persons, the newest first."""
    cursor = await conn.execute(
        f"SELECT {_COLUMNS} FROM cards.card_order WHERE person_key = ANY (%s::bigint[]) ORDER BY ordered_at DESC, order_id DESC",
        (list(keys),),
    )
    return [_order(row) for row in await cursor.fetchall()]


async def waiting(conn: Conn, actor: Actor, purpose: Purpose, how_many: int) -> list[tuple[int, int]]:
    """(person_key, order_id) of the open orders of the officer's area, the oldest first; on record. Raises NotAllowed."""
    try:
        cursor = await conn.execute(
            "SELECT person_key, order_id FROM cards.open_orders(%s, %s::bigint, %s, %s::bytea, %s, %s, %s, %s, %s)",
            (
                actor.kind, actor.actor_id, actor.org_code, bytes.fromhex(actor.session_id), purpose.code,
                purpose.legal_basis, actor.request_id, actor.channel, how_many,
            ),
        )  # fmt: skip
    except psycopg.Error as error:
        if error.sqlstate == _NO_RIGHT:
            raise NotAllowed("card_order.no_right", N_("Bạn không có quyền xem đơn làm thẻ cho mục đích này.")) from error
        raise
    return await cursor.fetchall()


async def change(conn: Conn, order: CardOrder, state: OrderState, *, by: int = 0) -> None:
    """Put an order, locked by the caller, into its next state."""
    stamp = {
        OrderState.DELIVERED: ", delivered_at = now(), delivered_by = %(by)s::bigint",
        OrderState.ACTIVE: ", activated_at = now()",
        OrderState.CANCELLED: ", cancelled_at = now()",
    }[state]
    await conn.execute(
        f"UPDATE cards.card_order SET state = %(state)s{stamp} WHERE person_key = %(key)s::bigint AND order_id = %(id)s::bigint",
        {"state": state, "by": by, "key": order.person_key, "id": order.order_id},
    )


async def produce(conn: Conn, issued_on: date, most: int) -> list[tuple[int, int, str]]:
    """Mark the oldest orders as produced (role worker); (person, order, office) of each."""
    done = await conn.execute(
        "UPDATE cards.card_order o SET state = 'produced', issued_on = %s::date, produced_at = now() FROM ("
        " SELECT person_key, order_id FROM cards.card_order WHERE state = 'ordered'"
        " ORDER BY ordered_at LIMIT %s FOR UPDATE SKIP LOCKED) AS next"
        " WHERE o.person_key = next.person_key AND o.order_id = next.order_id RETURNING o.person_key, o.order_id, o.office",
        (issued_on, most),
    )
    return [(row[0], row[1], row[2]) for row in await done.fetchall()]
