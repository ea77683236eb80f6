"""Requests that share a statement: nobody is left waiting, nobody fails for another, nothing runs when nobody asks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dancu.kernel.errors import Unavailable
from dancu.kit.batching import Batches


@dataclass
class Database:
    """Answers twice the number; `bad` ones it refuses with the whole statement they stand in. `rounds`: turns of the loop that a
    statement takes."""

    bad: frozenset[int] = frozenset()
    rounds: int = 1
    down: bool = False
    batches: list[list[int]] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[None]:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            if self.down:
                self.batches.append([])
                raise psycopg.OperationalError("down")
            yield None
        finally:
            self.at_once -= 1

    async def serve(self, conn: Any, asked: Sequence[int]) -> list[int]:
        self.batches.append(list(asked))
        for _ in range(self.rounds):
            await asyncio.sleep(0)
        if self.bad.intersection(asked):
            raise ValueError("a bad one")
        return [2 * one for one in asked]

    def batching(self, **bounds: Any) -> Batches[int, int]:
        return Batches(self.connect, self.serve, busy="test.busy", **bounds)


def run(work: Any) -> Any:
    async def bounded() -> Any:
        async with asyncio.timeout(2):
            return await work

    return asyncio.run(bounded())


@settings(deadline=None, max_examples=150)
@given(
    # Of each who asks: turns of the loop before, whether the database refuses it, and after how many turns it leaves.
    asking=st.lists(st.tuples(st.integers(0, 3), st.booleans(), st.none() | st.integers(0, 4)), min_size=1, max_size=40),
    lanes=st.integers(1, 3), batch=st.integers(1, 8), rounds=st.integers(0, 3),
)  # fmt: skip
def test_everybody_who_stays_gets_their_own_answer(asking, lanes, batch, rounds):
    bad = frozenset(n for n, (_, wrong, _) in enumerate(asking) if wrong)
    database = Database(bad, rounds)

    async def work() -> None:
        batches, tasks = database.batching(lanes=lanes, batch=batch), []

        async def leaving(task: asyncio.Task[int], turns: int) -> None:
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()

        for n, (before, _, after) in enumerate(asking):
            for _ in range(before):
                await asyncio.sleep(0)
            task = asyncio.create_task(batches.ask(n))
            tasks.append(task)
            if after is not None:
                tasks.append(asyncio.create_task(leaving(task, after)))
        await asyncio.wait(tasks)
        for n, ((_, _, after), task) in enumerate(zip(asking, [t for t in tasks if t.get_coro().__name__ == "ask"], strict=True)):
            if task.cancelled():
                assert after is not None
            elif n in bad:
                assert isinstance(task.exception(), ValueError)
            else:
                assert task.result() == 2 * n
        for _ in range(4 * len(asking) + 20):  # a batch whose askers have all left still ends
            await asyncio.sleep(0)
        assert not batches._running and not batches._waiting

    run(work())
    assert max(map(len, database.batches), default=0) <= batch and database.most_at_once <= lanes


def test_who_left_before_being_served_is_not_served():
    """Nobody's evidence is written for a question that nobody waits to hear the answer of."""
    database = Database(rounds=3)

    async def work() -> None:
        batches = database.batching(lanes=1, batch=4)
        first = asyncio.create_task(batches.ask(0))
        for _ in range(2):  # the first is under way
            await asyncio.sleep(0)
        waiting = [asyncio.create_task(batches.ask(n)) for n in range(1, 5)]
        await asyncio.sleep(0)
        for leaving in waiting[::2]:
            leaving.cancel()
        told = await asyncio.gather(first, *waiting, return_exceptions=True)
        assert [one for one in told if not isinstance(one, asyncio.CancelledError)] == [0, 4, 8]

    run(work())
    assert database.batches == [[0], [2, 4]]


def test_who_left_while_a_failed_batch_is_tried_one_by_one_is_not_served():
    database = Database(frozenset({1}), rounds=3)

    async def work() -> None:
        batches = database.batching(lanes=1, batch=4)
        asking = [asyncio.create_task(batches.ask(n)) for n in range(4)]
        for _ in range(50):  # until the whole batch failed and the first is tried alone
            if len(database.batches) == 2:
                break
            await asyncio.sleep(0)
        asking[2].cancel()
        told = await asyncio.gather(*asking, return_exceptions=True)
        assert told[0] == 0 and isinstance(told[1], ValueError) and told[3] == 6

    run(work())
    assert database.batches == [[0, 1, 2, 3], [0], [1], [3]]


def test_who_left_while_the_connection_was_waited_for_is_not_served():
    database = Database()

    async def work() -> None:
        free = asyncio.Event()

        @asynccontextmanager
        async def connect() -> AsyncIterator[None]:
            await free.wait()
            yield None

        batches: Batches[int, int] = Batches(connect, database.serve, busy="test.busy")
        leaving, staying = (asyncio.create_task(batches.ask(n)) for n in (0, 1))
        for _ in range(2):
            await asyncio.sleep(0)
        leaving.cancel()
        await asyncio.sleep(0)
        free.set()
        assert await staying == 2

    run(work())
    assert database.batches == [[1]]


def test_who_comes_just_as_a_lane_ends_is_served():
    """The answer wakes us in the round in which the lane ends, before any callback of its task runs."""
    database = Database()

    async def work() -> None:
        batches = database.batching(lanes=1)
        for _ in range(20):
            assert await batches.ask(1) == 2
            assert await batches.ask(2) == 4

    run(work())


def test_those_who_wait_go_together_and_one_who_comes_alone_goes_at_once():
    database = Database(rounds=3)

    async def work() -> None:
        batches = database.batching()
        assert await batches.ask(0) == 0
        await asyncio.gather(*(batches.ask(n) for n in range(1, 30)))

    run(work())
    assert database.batches[0] == [0]
    assert database.batches[1:] == [list(range(1, 30))]


def test_another_lane_helps_where_one_cannot_keep_up_or_is_held_up():
    async def work(asked: int, pause: float) -> int:
        database = Database()
        free = asyncio.Event()

        async def serve(conn: Any, asked: Sequence[int]) -> list[int]:
            await free.wait()
            return [2 * one for one in asked]

        batches: Batches[int, int] = Batches(database.connect, serve, busy="test.busy", batch=8)
        tasks = [asyncio.create_task(batches.ask(0))]
        await asyncio.sleep(pause)
        tasks += [asyncio.create_task(batches.ask(n)) for n in range(1, asked)]
        await asyncio.sleep(0.01)
        free.set()
        await asyncio.gather(*tasks)
        return database.most_at_once

    assert run(work(3, 0.005)) == 1
    assert run(work(12, 0.005)) == 2
    assert run(work(2, 0.08)) == 2


def test_a_database_that_is_down_is_asked_once_for_all_who_wait():
    """Sixty-four looks tried one by one, fifteen seconds each, kept everybody waiting for a quarter of an hour."""
    database = Database(down=True)

    async def work() -> list[Any]:
        batches = database.batching(lanes=1)
        return list(await asyncio.gather(*(batches.ask(n) for n in range(20)), return_exceptions=True))

    assert all(isinstance(one, psycopg.OperationalError) for one in run(work()))
    assert len(database.batches) <= 2


def test_more_than_may_wait_are_refused_at_once_and_who_waited_too_long_before_anything_is_done():
    database = Database(rounds=3)

    async def full() -> list[Any]:
        batches = database.batching(lanes=1, batch=1, queue=3)
        return list(await asyncio.gather(*(batches.ask(n) for n in range(10)), return_exceptions=True))

    told = run(full())
    assert told[:3] == [0, 2, 4]
    assert all(isinstance(one, Unavailable) and one.code == "test.busy" for one in told[3:])
    assert sorted(n for one in database.batches for n in one) == [0, 1, 2]

    async def late() -> list[Any]:
        batches = database.batching(patience=-1.0)
        return list(await asyncio.gather(batches.ask(50), return_exceptions=True))

    (refused,) = run(late())
    assert isinstance(refused, Unavailable) and [50] not in database.batches


def test_too_few_answers_leave_nobody_waiting():
    async def serve(conn: Any, asked: Sequence[int]) -> list[int]:
        return [] if 3 in asked else [2 * one for one in asked]

    async def work() -> list[Any]:
        batches: Batches[int, int] = Batches(Database().connect, serve, busy="test.busy")
        return list(await asyncio.gather(*(batches.ask(n) for n in range(5)), return_exceptions=True))

    *told, last = run(work())
    assert told[:3] == [0, 2, 4] and isinstance(told[3], RuntimeError) and last == 8


def test_a_cancelled_lane_tells_all_who_wait():
    database = Database(rounds=1000)

    async def work() -> list[Any]:
        batches = database.batching(lanes=1, batch=2)
        tasks = [asyncio.create_task(batches.ask(n)) for n in range(6)]
        for _ in range(5):
            await asyncio.sleep(0)
        for lane in list(batches._running):
            lane.cancel()
        told = await asyncio.gather(*tasks, return_exceptions=True)
        assert not batches._running
        return list(told)

    assert all(isinstance(one, asyncio.CancelledError) for one in run(work()))


@pytest.mark.parametrize("alone", [True, False])
def test_the_pace_is_learned_from_batches_that_worked(alone):
    database = Database(bad=frozenset() if alone else frozenset({1}))

    async def work() -> float:
        batches = database.batching()
        with_error = await asyncio.gather(batches.ask(1), return_exceptions=True)
        assert isinstance(with_error[0], ValueError) is not alone
        return batches.pace

    assert (run(work()) > 0) is alone


def test_who_is_on_the_way_comes_along_and_nobody_else_is_waited_for():
    database = Database()

    async def work() -> None:
        batches = database.batching()

        async def ask(turns: int) -> None:
            for _ in range(turns):
                await asyncio.sleep(0)
            await batches.ask(turns)

        await asyncio.gather(ask(0), ask(1), ask(2), ask(20))

    run(work())
    assert [sorted(batch) for batch in database.batches] == [[0, 1, 2], [20]]
