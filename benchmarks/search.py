"""Search by name and year of birth: 95th percentile at 100,000 people (1 and 10 million with --deep), in process, with
the gate, the ranking and the evidence of every person shown. Baseline: an exact look-up of as many rows by key."""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import time
from typing import Any

from common import report
from province import Running, province

QUERIES = 400


async def sample(running: Running) -> list[tuple[str, str, int]]:
    """(name, year, key) of random people."""
    import psycopg

    async with await psycopg.AsyncConnection.connect(running.dsn("admin")) as conn:
        rows = await (
            await conn.execute(
                "SELECT n.full_name, b.birth_year::text, n.person_key FROM population.person_name n"
                " JOIN population.person_birth b USING (person_key) WHERE n.person_key %% %s = 0 AND b.birth_year IS NOT NULL"
                " LIMIT %s",
                (97, QUERIES * 5),
            )
        ).fetchall()
    random.Random(7).shuffle(rows)
    return rows[:QUERIES]


async def forget_shown(running: Running) -> None:
    """Nobody may be shown as many people in an hour as the benchmark asks for; start the hour again."""
    import psycopg

    async with await psycopg.AsyncConnection.connect(running.dsn("admin")) as conn:
        await conn.execute("TRUNCATE access.shown")


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


async def run(running: Running) -> dict[str, Any]:
    import psycopg

    from dancu.access import service as access
    from dancu.kernel.actor import Purpose
    from dancu.kernel.errors import DancuError
    from dancu.population import service

    rng, why = random.Random(11), Purpose("identity_check", "26/2023/QH15")
    asked = await sample(running)
    took: list[float] = []
    found = broad = 0
    async with await psycopg.AsyncConnection.connect(running.dsn("app")) as conn:
        token, _ = await access.enter_as(conn, "one_stop_officer", demo=True)
        actor = await access.sessions.resolve(conn, token)
        assert actor is not None
        await conn.commit()
        for nth, (name, year, key) in enumerate(asked):
            text = spoil(name, rng)
            if nth % 10 == 0:
                await forget_shown(running)
            began = time.perf_counter()
            try:
                hits = await service.search(conn, actor, why, text, born=year)
                await conn.commit()
            except DancuError as error:
                if not error.code.startswith("search.too_broad"):
                    raise
                await conn.rollback()
                hits, broad = [], broad + 1
            took.append(time.perf_counter() - began)
            found += key in {hit.person_key for hit in hits}
        base: list[float] = []
        for _, _, key in asked:
            began = time.perf_counter()
            await service.look(conn, actor, why, [key])
            await conn.commit()
            base.append(time.perf_counter() - began)
    cuts = statistics.quantiles(took, n=100)
    return {
        "p50": statistics.median(took) * 1e3, "p95": cuts[94] * 1e3, "p99": cuts[98] * 1e3,
        "base": statistics.quantiles(base, n=100)[94] * 1e3, "found": found / len(asked), "broad": broad,
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--people", type=int)
    parser.add_argument("--deep", action="store_true")
    asked = parser.parse_args()
    before: float | None = None
    for people in (asked.people,) if asked.people else ((100_000, 1_000_000, 10_000_000) if asked.deep else (100_000,)):
        with province(people) as running:
            figures = asyncio.run(run(running))
        report(
            f"search by name and year, {people:,} people", figures["p95"], "ms p95", figures["base"], p50_ms=round(figures["p50"], 2),
            p99_ms=round(figures["p99"], 2), found=round(figures["found"], 3), too_broad=figures["broad"],
            growth=round(figures["p95"] / before, 2) if before else None,
        )  # fmt: skip
        before = figures["p95"]


if __name__ == "__main__":
    main()
