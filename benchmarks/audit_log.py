"""The evidence log: entries appended a second, sequencing of a backlog, size and time of a proof.

    python benchmarks/audit_log.py            100,000 entries
    python benchmarks/audit_log.py --deep     proofs at 1, 3 and 10 million entries as well (5 GB under /tmp, half an hour)

The millions are ordinary entries put into the queue by COPY, as an import leaves them, and sequenced as the worker does.

Appended means recorded, committed (durably), numbered, hashed and under a signed checkpoint. Baselines write the same
rows into the same columns of a plain table and promise nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import multiprocessing
import os
import random
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

from common import alternating, connection, cpu_ns, embedded, report

from dancu.audit import merkle, note, service, verify_proof
from dancu.audit import proofs as tree
from dancu.audit.store import publish
from dancu.kernel.actor import Actor, ActorKind, Purpose

SIGNER = note.new_signer("bench.dancu/log")
OFFICER = Actor(ActorKind.STAFF, 7, "49.505.20515", request_id="01J8Z3V9Q2M6")
PURPOSE = Purpose("residence_management", "Luật Cư trú 2020, Điều 38", "HS-2026-00012")
FIELDS = ["name", "birth", "residence"]
PEOPLE = 100_000
seconds_each = 4.0  # of appending

_COLUMNS = (
    "entry_id, action, actor_kind, actor_id, org_code, purpose, legal_basis, case_ref, subject, fields, request_id,"
    " channel, facts, note"
)
_INSERT = (
    "INSERT INTO bare.pending (action, actor_kind, actor_id, org_code, purpose, legal_basis, case_ref, subject, fields,"
    " request_id, channel) SELECT 'read', 'staff', 7, %s, %s, %s, %s, s, %s, %s, 'web' FROM unnest(%s::bigint[]) AS s"
)


async def prepare(dsn: str) -> None:
    """Plain tables like the log's own, for the baselines."""
    async with connection(dsn) as admin:
        await admin.execute("CREATE SCHEMA bare; GRANT USAGE ON SCHEMA bare TO dancu_app, dancu_import")
        for table in ("pending", "content", "leaf"):
            await admin.execute(f"CREATE TABLE bare.{table} (LIKE audit.{table} INCLUDING ALL)")
        await admin.execute("GRANT INSERT ON ALL TABLES IN SCHEMA bare TO dancu_app, dancu_import")
        await admin.execute("GRANT USAGE ON SEQUENCE audit.entry_id_seq TO dancu_app")


async def append(cluster: Any, writers: int, per_commit: int, *, plain: bool) -> float:
    """Entries a second of `writers` connections; with the log, until the last one is sequenced."""
    done, started = 0, 0.0

    async def write(seed: int) -> None:
        nonlocal done
        assert started
        rng = random.Random(seed)
        async with connection(cluster.dsn("app")) as conn:
            while time.perf_counter() - started < seconds_each:
                subjects = [rng.randrange(PEOPLE) for _ in range(per_commit)]
                if plain:
                    await conn.execute(
                        _INSERT, (OFFICER.org_code, PURPOSE.code, PURPOSE.legal_basis, PURPOSE.case_ref, FIELDS,
                                  OFFICER.request_id, subjects), prepare=True,
                    )  # fmt: skip
                else:
                    await service.record(conn, OFFICER, PURPOSE, action="read", subjects=subjects, fields=FIELDS)
                done += per_commit

    with nullcontext() if plain else sequencer(cluster):
        started = time.perf_counter()
        await asyncio.gather(*[write(seed) for seed in range(writers)])
        if not plain:
            async with connection(cluster.dsn("worker")) as conn:
                while (await (await conn.execute("SELECT count(*) FROM audit.pending")).fetchone()) != (0,):
                    await asyncio.sleep(0.02)
        return done / (time.perf_counter() - started)


@contextmanager
def sequencer(cluster: Any) -> Iterator[None]:
    """A sequencer in a process of its own, as the worker runs it."""
    context = multiprocessing.get_context("spawn")
    ready, stop = context.Event(), context.Event()
    child = context.Process(target=_sequence_until, args=(cluster.dsn("worker"), SIGNER.skey, ready, stop))
    child.start()
    try:
        ready.wait(30)
        yield
    finally:
        stop.set()
        child.join()


def _sequence_until(dsn: str, skey: str, ready: Any, stop: Any) -> None:
    async def work() -> None:
        ended = asyncio.Event()
        loop = asyncio.create_task(service.run_sequencer(dsn, note.parse_skey(skey), ended))
        ready.set()
        await asyncio.to_thread(stop.wait)
        ended.set()
        await loop

    asyncio.run(work())


async def gap(cluster: Any, rounds: int = 40) -> tuple[float, float]:
    """Median and longest milliseconds from an entry's commit until it is under a signed checkpoint: the window in
    which its removal would leave no trace."""
    times = []
    with sequencer(cluster):
        async with connection(cluster.dsn("app")) as conn, connection(cluster.dsn("verify")) as watch:
            for _ in range(rounds):
                await asyncio.sleep(random.random() * 0.3)
                (entry_id,) = await service.record(conn, OFFICER, PURPOSE, action="read", subjects=[1], fields=FIELDS)
                started = time.perf_counter()
                query = "SELECT EXISTS (SELECT FROM audit.content WHERE entry_id = %s)"
                while (await (await watch.execute(query, (entry_id,))).fetchone()) != (True,):
                    await asyncio.sleep(0.005)
                times.append((time.perf_counter() - started) * 1000)
    return statistics.median(times), max(times)


async def backlog(cluster: Any, count: int) -> None:
    """`count` waiting entries by COPY, as an import leaves them."""
    async with connection(cluster.dsn("import"), autocommit=False) as conn:
        first = await service.take_entry_ids(conn, count)
        async with (
            conn.cursor() as cursor,
            cursor.copy(f"COPY audit.pending ({_COLUMNS}) FROM STDIN") as copy,
        ):
            for start in range(0, count, 1000):
                await copy.write("".join(_line(first + i) for i in range(start, min(start + 1000, count))).encode())
        await conn.commit()


def _line(entry_id: int) -> str:
    return (
        f"{entry_id}\twrite\tstaff\t7\t49.505.20515\timport\tNĐ 123/2015/NĐ-CP, Điều 9\tbatch-1\t"
        f"{random.randrange(PEOPLE)}\t{{name,birth,residence}}\t01J8Z3V9Q2M6\tjob\t\\\\x{os.urandom(32).hex()}\t"
        '{"verb": "population.person.register"}\n'
    )


async def sequence(cluster: Any, count: int) -> float:
    await backlog(cluster, count)
    async with connection(cluster.dsn("worker")) as conn:
        started = time.perf_counter()
        assert await service.drain(conn, SIGNER) == count
        return count / (time.perf_counter() - started)


async def copy_bare(cluster: Any, count: int) -> float:
    """The same rows by COPY into plain tables with the log's indexes."""
    async with connection(cluster.dsn("admin")) as conn:
        rows = {}
        for table, key in (("content", "idx"), ("leaf", "idx")):
            await conn.execute(f"TRUNCATE bare.{table}")
            async with conn.cursor() as cursor, cursor.copy(
                f"COPY (SELECT * FROM audit.{table} WHERE {key} < {count} ORDER BY {key}) TO STDOUT"
            ) as copy:
                rows[table] = [bytes(block) async for block in copy]
        started = time.perf_counter()
        for table, blocks in rows.items():
            async with conn.cursor() as cursor, cursor.copy(f"COPY bare.{table} FROM STDIN") as copy:
                for start in range(0, len(blocks), 1000):
                    await copy.write(b"".join(blocks[start : start + 1000]))
        return count / (time.perf_counter() - started)


@dataclass(frozen=True, slots=True)
class Proofs:
    """Of a log of `size` entries: medians in milliseconds (CPU: of application and database together), longest paths in
    hashes, and the kilobytes of a downloaded proof. Consistency: that the tree of any earlier size is a prefix of this one."""

    size: int
    inclusion_ms: float
    inclusion_cpu_ms: float
    inclusion_hashes: int
    consistency_ms: float
    consistency_hashes: int
    kilobytes: float


async def proofs(cluster: Any, rounds: int = 200) -> Proofs:
    """Proofs of random entries, and of random earlier sizes; each is checked as whoever gets it checks it."""
    async with connection(cluster.dsn("verify")) as conn:
        head = await publish.head(conn)
        assert head is not None
        rng, times, cpu, longest, kilobytes = random.Random(1), [], [], 0, 0.0
        database = conn.info.backend_pid
        for _ in range(rounds):
            idx = rng.randrange(head.size)
            spent, started = cpu_ns(database) + time.thread_time_ns(), time.perf_counter()
            made = await service.proof(conn, idx=idx, vkey=SIGNER.verifier.vkey)
            times.append(time.perf_counter() - started)
            cpu.append((cpu_ns(database) + time.thread_time_ns() - spent) / 1e6)
            longest = max(longest, len(made.path))
            text = json.dumps(made.as_json())
            kilobytes = max(kilobytes, len(text) / 1000)
            verify_proof.check(json.loads(text), SIGNER.verifier.vkey)
        older, widest = [], 0
        for _ in range(rounds):
            old = rng.randrange(1, head.size)
            [root] = await tree.hashes(conn, [(0, old)])
            started = time.perf_counter()
            path = await tree.consistency(conn, old, head.size)
            older.append(time.perf_counter() - started)
            widest = max(widest, len(path))
            assert merkle.verify_consistency(old, head.size, root, head.root, path)
        return Proofs(
            head.size, statistics.median(times) * 1000, statistics.median(cpu), longest, statistics.median(older) * 1000,
            widest, kilobytes,
        )  # fmt: skip


async def report_proofs(cluster: Any, smaller: Proofs | None) -> Proofs:
    """Measure and print beside the smaller log. A path may be two hashes longer than the logarithm at most."""
    made = await proofs(cluster)
    report(
        f"audit.proof.time.{made.size}", made.inclusion_ms, "ms", smaller and smaller.inclusion_ms,
        entries=made.size, cpu_ms=round(made.inclusion_cpu_ms, 2), consistency_ms=round(made.consistency_ms, 2),
    )  # fmt: skip
    report(
        f"audit.proof.size.{made.size}", made.inclusion_hashes, "hashes", smaller and smaller.inclusion_hashes,
        entries=made.size, log2=round(math.log2(made.size), 1), consistency_hashes=made.consistency_hashes,
        kilobytes=round(made.kilobytes, 1),
    )  # fmt: skip
    return made


async def fill(cluster: Any, size: int) -> None:
    """Sequence until the log has `size` entries, a million at a time; prints how fast the last of them went and what
    the log takes on disk."""
    speed, began = 0.0, time.perf_counter()
    async with connection(cluster.dsn("verify")) as conn:
        while (held := await publish.head(conn)) is None or held.size < size:
            speed = await sequence(cluster, min(1_000_000, size - (held.size if held else 0)))
    async with connection(cluster.dsn("admin")) as conn:
        query = "SELECT sum(pg_total_relation_size(('audit.' || t)::regclass)) FROM unnest(%s::text[]) AS t"
        row = await (await conn.execute(query, (["content", "leaf", "tile", "checkpoint"],))).fetchone()
    report(
        f"audit.fill.{size}", speed, "entries/s sequenced, last million", entries=size,
        minutes=round((time.perf_counter() - began) / 60, 1), bytes_per_entry=round(int(row[0]) / size),
    )  # fmt: skip


async def run(cluster: Any, entries: int, deep: tuple[int, ...], *, only_proofs: bool) -> None:
    await prepare(cluster.dsn("admin"))
    if only_proofs:
        await fill(cluster, entries)
    else:
        await appended(cluster, entries)
    last = await report_proofs(cluster, None)
    if not only_proofs:
        await verified(cluster)
    for size in deep:
        await fill(cluster, size)
        last = await report_proofs(cluster, last)


async def appended(cluster: Any, entries: int) -> None:
    """Entries appended a second, the window before they are sequenced, and sequencing of a backlog."""
    for name, writers, per_commit in (("single", 1, 1), ("concurrent", 16, 32)):
        ours, plain = await alternating(
            lambda w=writers, p=per_commit: append(cluster, w, p, plain=False),
            lambda w=writers, p=per_commit: append(cluster, w, p, plain=True),
        )
        report(f"audit.append.{name}", ours, "entries/s", plain, writers=writers, entries_per_commit=per_commit)
    median, longest = await gap(cluster)
    report("audit.gap.median", median, "ms")
    report("audit.gap.longest", longest, "ms", 1000.0)
    ours, plain = await alternating(
        lambda: sequence(cluster, entries // 2), lambda: copy_bare(cluster, min(entries // 2, 50_000))
    )
    report("audit.sequence", ours, "entries/s", plain, entries=entries // 2)


async def verified(cluster: Any) -> None:
    """The whole log checked."""
    async with connection(cluster.dsn("verify"), autocommit=False) as conn:
        started = time.perf_counter()
        found = await service.verify(conn, SIGNER.verifier)
        assert found.ok, found.findings
        report("audit.verify", found.size / (time.perf_counter() - started), "entries/s", entries=found.size)


def main() -> None:
    global seconds_each
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--entries", type=int, default=100_000)
    parser.add_argument("--deep", action="store_true", help="proofs at 1, 3 and 10 million entries")
    parser.add_argument("--only-proofs", action="store_true", help="nothing but the log's size and its proofs")
    parser.add_argument("--sizes", default="", help="proofs at these sizes, e.g. 1000000,3000000")
    parser.add_argument("--seconds", type=float, default=seconds_each, help="of appending, each time")
    given = parser.parse_args()
    seconds_each = given.seconds
    deep = (1_000_000, 3_000_000, 10_000_000) if given.deep else tuple(int(s) for s in given.sizes.split(",") if s)
    with embedded() as cluster:
        asyncio.run(run(cluster, given.entries, deep, only_proofs=given.only_proofs))


if __name__ == "__main__":
    main()
