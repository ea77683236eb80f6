"""Where staff are told of what is urgent. Addresses are encrypted before they come here."""

from __future__ import annotations

from collections.abc import Iterable

from dancu.kit.db import Conn


async def keep(conn: Conn, staff_id: int, channel: str, address: bytes | None) -> None:
    await conn.execute(
        """INSERT INTO access.staff_contact (staff_id, channel, address) VALUES (%s::bigint, %s, %s::bytea)
           ON CONFLICT (staff_id, channel) DO UPDATE SET address = excluded.address, changed_at = now()""",
        (staff_id, channel, address),
    )


async def of(conn: Conn, staff_ids: Iterable[int]) -> list[tuple[int, str, bytes]]:
    """(staff, channel, address) of those of them who work and said where."""
    cursor = await conn.execute(
        """SELECT c.staff_id, c.channel, c.address FROM access.staff_contact c JOIN access.staff s USING (staff_id)
            WHERE c.staff_id = ANY (%s::bigint[]) AND c.address IS NOT NULL AND s.state <> 'inactive' ORDER BY 1, 2""",
        (list(staff_ids),),
    )
    return [(int(staff_id), str(channel), bytes(address)) for staff_id, channel, address in await cursor.fetchall()]
