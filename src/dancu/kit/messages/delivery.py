"""The worker's side: take what waits, hand it over, try again later, give up in time."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from dancu.kernel.errors import DancuError
from dancu.kit.db import Conn
from dancu.kit.log import get_logger
from dancu.kit.messages.providers import Later, Letter, Provider, Refused
from dancu.kit.messages.queue import unsealed

log = get_logger("dancu.messages")
_BATCH = 20
_IDLE_SECONDS = 0.3
_SWEEP_EVERY = 3600.0
KEPT_DAYS = 30
# Seconds before the next try; the last is repeated until the message is not worth sending any more.
PAUSES = (2, 5, 15, 60, 300, 1800)


async def deliver_once(conn: Conn, carriers: Mapping[str, Provider]) -> int:
    """Hand over one batch; how many messages were touched. Role worker; `conn` in autocommit.

    The rows stay locked while they are handed over, so two workers never carry one message; after a crash in between it
    is handed over again under the same id, which a provider takes once.
    """
    async with conn.transaction():
        rows = await (
            await conn.execute(
                "SELECT message_id, channel, kind, address, body, tries, expires_at < now() FROM kit.message"
                " WHERE state = 'queued' AND due_at <= now() AND channel = ANY (%s)"
                " ORDER BY due_at LIMIT %s FOR UPDATE SKIP LOCKED",
                (list(carriers), _BATCH),
            )
        ).fetchall()
        live = [row for row in rows if not row[6]]
        if len(live) < len(rows):
            await _settle(conn, [row[0] for row in rows if row[6]], "expired", "")
        outcomes = await asyncio.gather(*(_carry(carriers[row[1]], row) for row in live))
        sent = [(row, word) for row, (state, word) in zip(live, outcomes, strict=True) if state == "sent"]
        if sent:
            await _keep_sent(conn, carriers, sent)
        for row, (state, word) in zip(live, outcomes, strict=True):
            if state != "sent":
                await _keep(conn, row, state, word)
    return len(rows)


async def _carry(carrier: Provider, row: tuple[Any, ...]) -> tuple[str, str]:
    """('sent', the provider's reference), ('failed', why) or ('queued', why)."""
    message_id, channel, kind, address, body = row[:5]
    try:
        to, _, text = unsealed(channel, address, body)
        return "sent", await carrier.hand_over(Letter(message_id, to, text, kind))
    except Refused as refused:
        return "failed", str(refused)
    except Later as later:
        return "queued", str(later)
    except DancuError as error:  # a field that does not decrypt will not do so later
        return "failed", error.code


async def _keep_sent(conn: Conn, carriers: Mapping[str, Provider], sent: Sequence[tuple[tuple[Any, ...], str]]) -> None:
    # No receipt will come for what has no reference: handed over is all that will ever be known.
    await conn.execute(
        "UPDATE kit.message m SET tries = m.tries + 1, state = CASE WHEN s.ref = '' THEN 'delivered' ELSE 'sent' END, sent_at = now(),"
        " settled_at = CASE WHEN s.ref = '' THEN now() END, provider_ref = s.ref, error = '', body = CASE WHEN s.keeps THEN m.body END"
        " FROM unnest(%s::bigint[], %s::text[], %s::boolean[]) AS s(id, ref, keeps) WHERE m.message_id = s.id",
        ([row[0] for row, _ in sent], [word for _, word in sent], [carriers[row[1]].keeps for row, _ in sent]),
    )


async def _keep(conn: Conn, row: tuple[Any, ...], state: str, word: str) -> None:
    message_id, tries = row[0], row[5]
    if state == "queued":
        pause = timedelta(seconds=PAUSES[min(tries, len(PAUSES) - 1)])
        await conn.execute(
            "UPDATE kit.message SET tries = tries + 1, due_at = now() + %s, error = %s WHERE message_id = %s::bigint",
            (pause, word[:80], message_id),
        )
    else:
        await _settle(conn, [message_id], state, word)


async def _settle(conn: Conn, ids: list[int], state: str, word: str) -> None:
    await conn.execute(
        "UPDATE kit.message SET state = %s, error = %s, settled_at = now(), body = NULL WHERE message_id = ANY (%s::bigint[])",
        (state, word[:80], ids),
    )


async def sweep(conn: Conn) -> int:
    """Forget messages of over a month ago: who was told what is in the history of the room that told it."""
    done = await conn.execute("DELETE FROM kit.message WHERE created_at < now() - make_interval(days => %s)", (KEPT_DAYS,))
    return done.rowcount


async def deliver_forever(conn: Conn, carriers: Mapping[str, Provider], stop: asyncio.Event) -> None:
    """Until `stop`. `conn`: role worker, autocommit."""
    swept = 0.0
    clock = asyncio.get_running_loop().time
    if not carriers:
        log.warning("no provider for messages is set: they wait", settings="DANCU_SMS_URL, DANCU_SMTP_URL, DANCU_PUSH_URL")
    while not stop.is_set():
        if clock() - swept > _SWEEP_EVERY:
            swept = clock()
            await sweep(conn)
        # After a batch that was not full, gather some: each round is a transaction of its own.
        if await deliver_once(conn, carriers) < _BATCH:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), _IDLE_SECONDS)
