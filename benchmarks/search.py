"""Search by name and year of birth: 95th percentile at 100,000 people, in process, with the gate, the ranking and the
evidence of every person shown. Baseline: an exact look-up of as many rows by key.

With --deep at 1 and 10 million too. Those beyond 100,000 are not imported (ten million the ordinary way take hours and 70 GB)
but made by multitude.py, which says what of them is there and what is not: about 25 GB under /tmp and most of an hour.

Every question is asked three times and its median counts; the CPU of application and database is told beside the clock.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import time
from dataclasses import dataclass
from typing import Any

import multitude
from common import cpu_ns, report
from province import Running, province

QUERIES = 400


async def sample(running: Running) -> list[tuple[str, str, int]]:
    """(name, year, key) of people from anywhere in the table."""
    import psycopg

    async with await psycopg.AsyncConnection.connect(running.dsn("admin")) as conn:
        (size,) = await (await conn.execute("SELECT count(*) FROM population.person_name")).fetchone()  # type: ignore[misc]
        rows = await (
            await conn.execute(
                "SELECT n.full_name, b.birth_year::text, n.person_key FROM population.person_name n TABLESAMPLE SYSTEM (%s) REPEATABLE (7)"
                " JOIN population.person_birth b USING (person_key) WHERE b.birth_year IS NOT NULL",
                (min(100.0, 1000.0 * QUERIES / max(size, 1)),),
            )
        ).fetchall()
    random.Random(7).shuffle(rows)
    return rows[:QUERIES]


async def forget_shown(running: Running) -> None:
    """Nobody may be shown as many people in an hour as the benchmark asks for; start the hour again."""
    import psycopg

    async with await psycopg.AsyncConnection.connect(running.dsn("admin")) as conn:
        await conn.execute("TRUNCATE access.shown")


async def unwatched(running: Running) -> None:
    """Whoever opens hundreds of people within minutes is held by the watch over staff; the benchmark's officer is not."""
    import psycopg

    async with await psycopg.AsyncConnection.connect(running.dsn("admin")) as conn:
        await conn.execute("UPDATE monitoring.threshold SET value = 1000000000 WHERE code LIKE '%.brake'")
        await conn.execute("UPDATE access.brake SET lifted_at = now() WHERE lifted_at IS NULL")


def spoil(name: str, rng: random.Random) -> str:
    """As people type: without diacritics, given name first, sometimes a wrong letter or a word left out."""
    from dancu.kernel.names import fold_ascii

    words = fold_ascii(name).split()
    kind = rng.random()
    if kind < 0.3:
        words = words[-1:] + words[:-1]
    elif kind < 0.5 and len(words) > 2:
        words.pop(1)
    elif kind < 0.7 and len(words[-1]) > 3:
        at = rng.randrange(len(words[-1]))
        words[-1] = words[-1][:at] + rng.choice("aeiounht") + words[-1][at + 1 :]
    return " ".join(words)


@dataclass(frozen=True, slots=True)
class Took:
    """Milliseconds of one search: by the clock, and of both processes' CPU (application and database)."""

    clock: float
    cpu: float
    found: bool
    broad: bool


async def ask(running: Running, conn: Any, actor: Any, asked: list[tuple[str, str, int]]) -> list[Took]:
    """Every question once."""
    from dancu.kernel.actor import Purpose
    from dancu.kernel.errors import DancuError
    from dancu.population import service

    rng, why, took = random.Random(11), Purpose("identity_check", "26/2023/QH15"), []
    database = conn.info.backend_pid
    for nth, (name, year, key) in enumerate(asked):
        text, broad = spoil(name, rng), False
        if nth % 10 == 0:
            await forget_shown(running)
        spent, began = cpu_ns(database) + time.thread_time_ns(), time.perf_counter()
        try:
            hits = await service.search(conn, actor, why, text, born=year)
            await conn.commit()
        except DancuError as error:
            if not error.code.startswith("search.too_broad"):
                raise
            await conn.rollback()
            hits, broad = [], True
        clock = time.perf_counter() - began
        cpu = cpu_ns(database) + time.thread_time_ns() - spent
        took.append(Took(clock * 1e3, cpu / 1e6, key in {hit.person_key for hit in hits}, broad))
    return took


async def run(running: Running, rounds: int) -> dict[str, Any]:
    """Ask everything `rounds` times. The figures are of each question's median: what else the machine did is not the search."""
    import psycopg

    from dancu.access import service as access
    from dancu.kernel.actor import Purpose
    from dancu.population import service

    asked = await sample(running)
    await unwatched(running)
    async with await psycopg.AsyncConnection.connect(running.dsn("app")) as conn:
        token, _ = await access.enter_as(conn, "one_stop_officer", demo=True)
        actor = await access.sessions.resolve(conn, token)
        assert actor is not None
        await conn.commit()
        passes = [await ask(running, conn, actor, asked) for _ in range(rounds)]
        base: list[float] = []
        for _, _, key in asked:
            began = time.perf_counter()
            await service.look(conn, actor, Purpose("identity_check", "26/2023/QH15"), [key])
            await conn.commit()
            base.append((time.perf_counter() - began) * 1e3)
    took = [statistics.median(one.clock for one in each) for each in zip(*passes, strict=True)]
    cpu = [statistics.median(one.cpu for one in each) for each in zip(*passes, strict=True)]
    return {
        "p50": statistics.median(took), "p95": _p(took, 95), "p99": _p(took, 99), "base": _p(base, 95),
        "cpu_p50": statistics.median(cpu), "cpu_p95": _p(cpu, 95), "passes": [_p([one.clock for one in each], 95) for each in passes],
        "found": statistics.mean(one.found for one in passes[0]), "broad": sum(one.broad for one in passes[0]),
    }  # fmt: skip


def _p(values: list[float], percent: int) -> float:
    return statistics.quantiles(values, n=100)[percent - 1]


def measure(running: Running, people: int, rounds: int, smaller: dict[str, Any] | None, **more: Any) -> dict[str, Any]:
    """Ask and print; growth is against the `smaller` registry of the same run."""
    figures = asyncio.run(run(running, rounds))
    report(
        f"search by name and year, {people:,} people", figures["p95"], "ms p95", figures["base"], p50_ms=round(figures["p50"], 2),
        p99_ms=round(figures["p99"], 2), found=round(figures["found"], 3), too_broad=figures["broad"],
        cpu_p50_ms=round(figures["cpu_p50"], 2), cpu_p95_ms=round(figures["cpu_p95"], 2),
        each_pass_p95_ms=[round(p95, 1) for p95 in figures["passes"]],
        growth=round(figures["p95"] / smaller["p95"], 2) if smaller else None,
        cpu_growth=round(figures["cpu_p95"] / smaller["cpu_p95"], 2) if smaller else None, **more,
    )  # fmt: skip
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--people", type=int, help="of the demonstration, filled the ordinary way")
    parser.add_argument("--deep", action="store_true", help="1 and 10 million as well")
    parser.add_argument("--sizes", default="", help="instead of --deep: grow to these, e.g. 1000000,3000000")
    parser.add_argument("--rounds", type=int, default=3, help="how often each question is asked")
    asked = parser.parse_args()
    people = asked.people or 100_000
    sizes = (1_000_000, 10_000_000) if asked.deep else tuple(int(size) for size in asked.sizes.split(",") if size)
    with province(people) as running:
        made_by = multitude.maker(running) if sizes else None
        figures = measure(running, people, asked.rounds, None)
        for size in sizes:
            assert made_by is not None
            filled = multitude.grow(running, made_by, size)
            figures = measure(running, size, asked.rounds, figures, filled="multitude.py", **filled)


if __name__ == "__main__":
    main()
