"""Reconciling in a process of its own, to be killed. Arguments: connection string, keys folder, run number, file, result file."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import psycopg

from dancu.exchange.service.reconcile import results, work
from dancu.kit.keys import KeyRing


async def main(dsn: str, keys: str, run_no: str, file: str, out: str) -> None:
    with results.Writer(Path(out)) as writer:
        await work.work(
            lambda: psycopg.AsyncConnection.connect(dsn, autocommit=True), KeyRing.open(Path(keys)), int(run_no), Path(file),
            deliver=writer.deliver, chunk=60,
        )  # fmt: skip


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
