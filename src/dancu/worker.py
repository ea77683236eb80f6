"""The worker process: sequences the evidence log, numbers events and hands them to subscribers, runs timed jobs."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable

from dancu.audit import service as audit
from dancu.audit.note import Signer
from dancu.kernel.errors import DancuError
from dancu.kit import collector, events
from dancu.kit.db import Conn, dsn, open_connection
from dancu.kit.log import configure, get_logger
from dancu.settings import Settings

log = get_logger("dancu.worker")
_IDLE_SECONDS = 0.5
_RETRY_SECONDS = 2.0
# At the latest; of its time the search for patterns takes a fiftieth at most: on a busy day it looks every second, on a quiet one at once.
_DETECT_SECONDS, _DETECT_REST = 2.0, 49
# Programs are weighed at most and at least so often; a hundredth of the time goes into it.
_WEIGH_SECONDS, _WEIGH_REST = (1.0, 10.0), 100


async def run(settings: Settings) -> None:
    """Until SIGINT or SIGTERM. A loop that fails (the database restarts) is tried again; it never ends the others."""
    configure(level=settings.log_level, stream=settings.log_stream())
    await _refuse_wrong_key(settings)
    collector.settle()
    stop, sequenced = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    loops: list[tuple[str, Callable[[asyncio.Event], Awaitable[None]]]] = [
        ("sequencer", lambda s: _sequence(settings, s, sequenced)),
        ("events", _dispatch),
        ("accounts", _protect),
        ("cases", _cases),
        ("detection", lambda s: _detect(s, sequenced)),
        ("documents", _documents),
        ("jobs", _jobs),
        ("messages", lambda s: _deliver(settings, s)),
        ("logouts", lambda s: _logouts(settings, s)),
        ("subscriptions", lambda s: _announce(settings, s)),
    ]
    tasks = [asyncio.create_task(_forever(name, work, stop)) for name, work in loops]
    await stop.wait()
    _, pending = await asyncio.wait(tasks, timeout=8)
    for task in pending:
        task.cancel()


async def _forever(name: str, work: Callable[[asyncio.Event], Awaitable[None]], stop: asyncio.Event) -> None:
    while not stop.is_set():
        try:
            await work(stop)
        except Exception as error:
            log.warning("loop failed, trying again", loop=name, exc_info=error)
            await _pause(stop, _RETRY_SECONDS)


async def _pause(stop: asyncio.Event, seconds: float, *others: asyncio.Event) -> None:
    """Until one of the events, or so long."""
    waits = [asyncio.ensure_future(event.wait()) for event in (stop, *others)]
    try:
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()


async def _refuse_wrong_key(settings: Settings) -> None:
    """Raises Unavailable where the log's key is not here. A database that does not answer yet is waited for later."""
    try:
        await _signer(settings)
    except DancuError as error:
        if error.code.startswith(("audit.key.", "audit.vkey.", "keys.")):
            raise
    except Exception as error:
        log.warning("the log's key could not be checked yet", exc_info=error)


async def _signer(settings: Settings) -> Signer:
    conn = await open_connection("worker", autocommit=True)
    try:
        return await audit.signer_of_log(conn, settings.keys, settings.checkpoints)
    finally:
        await conn.close()


async def _sequence(settings: Settings, stop: asyncio.Event, sequenced: asyncio.Event) -> None:
    signer = await _signer(settings)
    await audit.run_sequencer(dsn("worker", settings.data), signer, stop, checkpoints=settings.checkpoints, on_taken=sequenced.set)


async def _follow(stop: asyncio.Event, take: Callable[[Conn], Awaitable[object]], idle: float = _IDLE_SECONDS) -> None:
    """`take` what is new; where nothing was, again after `idle` seconds."""
    conn = await open_connection("worker", autocommit=True)
    try:
        while not stop.is_set():
            if not await take(conn):
                await _pause(stop, idle)
    finally:
        await conn.close()


async def _dispatch(stop: asyncio.Event) -> None:
    await _follow(stop, events.dispatch_once)


async def _protect(stop: asyncio.Event) -> None:
    """Accounts follow the registry: who died cannot sign in."""
    from dancu.accounts import subscribers

    await _follow(stop, subscribers.consume)


async def _documents(stop: asyncio.Event) -> None:
    """Disputes hear what their desks answered; documents that waited for it are asked for again."""
    from dancu.credentials import subscribers
    from dancu.exchange.service import disputes

    async def take(conn: Conn) -> int:
        return await disputes.consume(conn) + await subscribers.consume(conn)

    await _follow(stop, take)


async def _detect(stop: asyncio.Event, sequenced: asyncio.Event) -> None:
    """The log is looked through for patterns that honest work rarely makes, as soon as there is more in it: who is to be held reads on
    until then."""
    from dancu.monitoring.service import alerts

    conn, weigh_at = await open_connection("worker", autocommit=True), 0.0
    try:
        while not stop.is_set():
            sequenced.clear()
            began = time.monotonic()
            if began >= weigh_at:
                await alerts.weigh_programs(conn)
                ended = time.monotonic()
                weigh_at = ended + min(max(_WEIGH_SECONDS[0], _WEIGH_REST * (ended - began)), _WEIGH_SECONDS[1])
            found = await alerts.detect(conn)
            await _pause(stop, min(_DETECT_SECONDS, _DETECT_REST * (time.monotonic() - began)))
            if not found:
                await _pause(stop, _DETECT_SECONDS, sequenced)
    finally:
        await conn.close()


async def _cases(stop: asyncio.Event) -> None:
    """Disagreements, wrong data and demanded papers become cases of a desk."""
    from dancu.quality import subscribers

    await _follow(stop, subscribers.consume)


async def _deliver(settings: Settings, stop: asyncio.Event) -> None:
    from dancu.kit import messages

    carriers = messages.providers(
        demo=settings.demo, sms_url=settings.sms_url, sms_secret=settings.sms_secret, smtp_url=settings.smtp_url,
        mail_from=settings.mail_from, push_url=settings.push_url, push_secret=settings.push_secret,
    )  # fmt: skip
    conn = await open_connection("worker", autocommit=True)
    try:
        await messages.deliver_forever(conn, carriers, stop)
    finally:
        await conn.close()


async def _logouts(settings: Settings, stop: asyncio.Event) -> None:
    """Services hear that a citizen signed out."""
    from dancu.oidc.service import notices
    from dancu.oidc.service.keys import SigningKeys
    from dancu.oidc.service.seal import Sealer

    folder = settings.keys / "oidc"
    conn = await open_connection("worker", autocommit=True)
    try:
        await notices.tell_forever(conn, SigningKeys(folder), Sealer(folder), stop, demo=settings.demo)
    finally:
        await conn.close()


async def _announce(settings: Settings, stop: asyncio.Event) -> None:
    """Partners hear the news they subscribed to, and the answers they asked for by callback."""
    from dancu.accounts.service.links import link
    from dancu.exchange.service import receipts
    from dancu.exchange.service.delivery import Deliverer
    from dancu.exchange.service.spdci.callbacks import Callbacks
    from dancu.exchange.service.spdci.notify import Teller
    from dancu.kit.db import make_pool
    from dancu.kit.keys import KeyRing
    from dancu.kit.outbound import rules

    pool = make_pool(dsn("worker", settings.data), min_size=1, max_size=4, name="subscriptions")
    await pool.open(wait=True)
    watch = await open_connection("worker", autocommit=True)
    try:
        keys = receipts.AnswerKeys(settings.keys / "exchange")
        source = settings.public_url.rstrip("/") or link("").rstrip("/") or "urn:dancu"
        allowed, tellers = rules(settings.outbound), {"spdci": Teller(keys)}
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(Deliverer(pool.connection, allowed, keys.sign_request, source, tellers=tellers).run(stop, watch))
            tasks.create_task(Callbacks(pool.connection, allowed, keys, KeyRing.open(settings.keys)).run(stop))
    finally:
        await watch.close()
        await pool.close()


async def _jobs(stop: asyncio.Event) -> None:
    from dancu.access import jobs as access_jobs
    from dancu.accounts import jobs as accounts_jobs
    from dancu.cards import jobs as cards_jobs
    from dancu.credentials import jobs as credentials_jobs
    from dancu.exchange import jobs as exchange_jobs
    from dancu.kit import jobs
    from dancu.oidc import jobs as oidc_jobs
    from dancu.population import jobs as population_jobs

    blueprints = {
        "population": population_jobs.blueprint, "access": access_jobs.blueprint, "oidc": oidc_jobs.blueprint,
        "accounts": accounts_jobs.blueprint, "cards": cards_jobs.blueprint,
        "exchange": exchange_jobs.blueprint, "credentials": credentials_jobs.blueprint,
    }  # fmt: skip
    await jobs.run(dsn("worker"), stop, blueprints)


