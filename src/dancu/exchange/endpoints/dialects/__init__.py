"""Outside dialects: the same data in the words of other standards, each on a port of its own (`dancu serve --dialect …`)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, Final

from dancu.kernel.actor import SYSTEM, Channel
from dancu.kit.db import Conn
from dancu.kit.web import APIRouter


def _govstack() -> APIRouter:
    from dancu.exchange.endpoints.dialects import govstack

    return govstack.router


def _spdci() -> APIRouter:
    from dancu.exchange.endpoints.dialects import spdci

    return spdci.router


def _findusage() -> APIRouter:
    from dancu.exchange.endpoints.dialects import findusage

    return findusage.router


# Name -> its routes, loaded when asked for.
DIALECTS: Final[dict[str, Callable[[], APIRouter]]] = {"govstack": _govstack, "spdci": _spdci, "findusage": _findusage}


async def lay_down(conn: Conn, dialect: str) -> None:
    """What a demonstration shows in this dialect."""
    from dancu.exchange.endpoints.dialects.callers import DEMO_REASON
    from dancu.exchange.service import registries, registry_samples

    if dialect == "govstack":
        reader = registries.Reader(replace(SYSTEM, channel=Channel.CLI), DEMO_REASON, "dancu/demo/dancu/demo", frozenset())
        await registry_samples.lay_down(conn, reader)


@asynccontextmanager
async def beside(app: Any, dialect: str) -> AsyncIterator[None]:
    """What runs as long as this dialect is answered in. `app.state` has its pool."""
    if dialect != "spdci":
        yield
        return
    from dancu.exchange.service.receipts import AnswerKeys
    from dancu.exchange.service.spdci.callbacks import Callbacks
    from dancu.kit.keys import KeyRing
    from dancu.kit.outbound import rules

    state, stop = app.state, asyncio.Event()
    state.authorized = set()  # names that came with an Authorization header
    keys, state.ring = AnswerKeys(state.keys / "exchange"), KeyRing.open(state.keys)
    running = asyncio.create_task(Callbacks(state.pool.connection, rules(state.outbound), keys, state.ring).run(stop))
    try:
        yield
    finally:
        stop.set()
        await running
