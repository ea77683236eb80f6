"""One slow ministry slows nobody else: answers a second and 99th percentile of a well connector, alone and while another hangs with as
many askers as it lets in; over the network, against the simulated ministries."""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from pathlib import Path

from common import report

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from tests.exchange.ministries import HOA, ministries

_SECONDS, _ASKERS, _SLOW_ASKERS = 6.0, 4, 40


async def _load(lines: object, seconds: float) -> list[float]:
    """Milliseconds of each answer of the well connector."""
    spent: list[float] = []
    until = time.monotonic() + seconds

    async def ask() -> None:
        while time.monotonic() < until:
            began = time.monotonic()
            fetched = await lines.ask("electricity", HOA)  # type: ignore[attr-defined]
            assert fetched.outcome.answered, fetched.outcome
            spent.append((time.monotonic() - began) * 1000)

    await asyncio.gather(*(ask() for _ in range(_ASKERS)))
    return spent


async def _hang(lines: object, stop: asyncio.Event) -> None:
    """People who keep asking a ministry that does not answer."""
    while not stop.is_set():
        await lines.ask("housing", HOA)  # type: ignore[attr-defined]
        await asyncio.sleep(0.05)  # nobody asks again in the same moment


async def _measure(made: object) -> tuple[list[float], list[float], int]:
    limits = {"per_second": 1e6, "at_once": _ASKERS, "seconds": 3.0, "failures": 10**9}
    async with made.lines(**limits) as lines:  # type: ignore[attr-defined]
        await _load(lines, 1.0)
        alone = await _load(lines, _SECONDS)
        await asyncio.to_thread(made.faults, "housing", "slow")  # type: ignore[attr-defined]
        stop = asyncio.Event()
        hanging = [asyncio.create_task(_hang(lines, stop)) for _ in range(_SLOW_ASKERS)]
        await asyncio.sleep(0.5)
        beside = await _load(lines, _SECONDS)
        stop.set()
        asked = lines.lines["housing"].asked
        await asyncio.gather(*hanging)
    return alone, beside, asked


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--deep", action="store_true")
    parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, ministries(Path(folder)) as made:
        alone, beside, asked = asyncio.run(_measure(made))
    p99 = [statistics.quantiles(spent, n=100)[98] for spent in (alone, beside)]
    report(
        "connectors, one of them hanging: answers per second of another", len(beside) / _SECONDS, "1/s", len(alone) / _SECONDS,
        p99_ms=round(p99[1], 1), p99_alone_ms=round(p99[0], 1), slow_asked=asked,
    )  # fmt: skip


if __name__ == "__main__":
    main()
