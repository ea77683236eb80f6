"""Messages that reach nobody: numbers for the operator."""

from __future__ import annotations

from dancu.kit.db import Conn
from dancu.kit.reading import Reading


async def readings(conn: Conn) -> list[Reading]:
    """For metrics, by channel: messages of the last day that did not reach their address and that were handed over, those that
    wait longer than a quarter of an hour, and the age of the oldest that waits (roles app, verify)."""
    found: list[Reading] = []
    for channel, failed, sent, late, oldest in await (await conn.execute("SELECT * FROM kit.unreached()")).fetchall():
        labels = (("channel", channel),)
        found += [
            Reading("dancu_messages_unreached", "Messages of the last day that did not reach their address", float(failed), labels),
            Reading("dancu_messages_handed_over", "Messages of the last day that were handed over", float(sent), labels),
            Reading("dancu_messages_late", "Messages waiting for over a quarter of an hour", float(late), labels),
            Reading("dancu_messages_oldest_waiting_seconds", "Age of the oldest message that waits, 0: none", float(oldest), labels),
        ]
    return found
