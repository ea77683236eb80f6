"""Outside dialects: the same data in the words of other standards, each on a port of its own (`dancu serve --dialect …`)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from dancu.kernel.actor import SYSTEM, Channel
from dancu.kit.db import Conn
from dancu.kit.web import APIRouter


def _govstack() -> APIRouter:
    from dancu.exchange.endpoints.dialects import govstack

    return govstack.router


def _spdci() -> APIRouter:
    from dancu.exchange.endpoints.dialects import spdci

    return spdci.router


# Name -> its routes, loaded when asked for.
DIALECTS: Final[dict[str, Callable[[], APIRouter]]] = {"govstack": _govstack, "spdci": _spdci}


async def lay_down(conn: Conn, dialect: str) -> None:
    """What a demonstration shows in this dialect."""
    from dancu.exchange.endpoints.dialects.callers import DEMO_REASON
    from dancu.exchange.service import registries, registry_samples

    if dialect == "govstack":
        reader = registries.Reader(replace(SYSTEM, channel=Channel.CLI), DEMO_REASON, "dancu/demo/dancu/demo", frozenset())
        await registry_samples.lay_down(conn, reader)
