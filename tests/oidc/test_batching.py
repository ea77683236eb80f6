"""Requests that share a statement: nobody is left waiting."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import pytest

from dancu.oidc.service.batching import Batches

pytestmark = pytest.mark.asyncio


async def test_who_comes_just_as_a_lane_ends_is_served():
    """The answer wakes us in the round in which the lane ends, before any callback of its task runs."""

    @asynccontextmanager
    async def connect():
        yield None

    async def serve(conn, asked):
        return [one + 1 for one in asked]

    batches = Batches(connect, serve, lanes=1)
    async with asyncio.timeout(5):
        for _ in range(20):
            assert await batches.ask(1) == 2
            assert await batches.ask(2) == 3
