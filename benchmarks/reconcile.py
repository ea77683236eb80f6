"""Reconciling a partner's file in bulk, finished = compared, stored, handed out, sequenced: rows a second, minutes for a million
rows, CPU time of program and database for each row, peak memory of the process, precision and recall on labelled files (another
seed than the weights were set with).

Baseline: a plain SQL join on exact keys, the floor: COPY of the same file into a table, joined with the registry on number, name
and birth date; no errors forgiven, no evidence, no results. The ratio is of rates: reconcile / join.

30,000 people and 12,000 rows; a million of each with --deep. Rows without any number are measured beside (a tenth as many).
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from common import embedded, report
from province import children_of, cpu_seconds

ORG, LAW = "bhxh", "41/2024/QH15"
SEED, HELD_OUT = 20230415, 61_001


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--people", type=int, default=30_000)
    parser.add_argument("--rows", type=int, default=12_000)
    parser.add_argument("--deep", action="store_true")
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)  # the measured process itself: data, run, file
    asked = parser.parse_args()
    if asked.one:
        asyncio.run(_one(Path(asked.one[0]), int(asked.one[1]), Path(asked.one[2])))
        return
    measure(asked.people, asked.rows)
    if asked.deep:
        measure(1_000_000, 1_000_000)


def people_of(people: int) -> Callable[[], Iterator[Any]]:
    """The registry's people: the synthetic province with look-alikes planted in it."""
    from dancu.demo.lookalikes import planted
    from dancu.demo.people import generate
    from dancu.demo.records import FlawRates

    return lambda: planted(generate(people, SEED, flaws=FlawRates(duplicate=0.0), personas=False), 5)


def measure(people: int, rows: int) -> None:
    from dancu.demo.messy.insured import UNNUMBERED, Rates, write_insured
    from dancu.kernel.clock import SYSTEM_CLOCK

    with embedded(migrated=False, options=("-c", "shared_buffers=1GB")) as cluster, tempfile.TemporaryDirectory(prefix="dancu-bench-") as folder:
        _fill(cluster, people)
        for kind, rates, count in (("", Rates(), rows), (" without numbers", UNNUMBERED, max(rows // 10, 1_500))):
            file = Path(folder) / f"insured{len(kind)}.csv"
            truth = write_insured(
                file, people_of(people), count, population=people, seed=HELD_OUT, rates=rates, today=SYSTEM_CLOCK.today()
            )
            floor = _join(cluster, file) if not kind else None
            run = asyncio.run(_submit(cluster, file))
            took = _measured(cluster, run, file)
            precision, recall = _judge(file, truth, Path(took["out"]))
            report(
                f"reconcile {count:,} rows{kind} against {people:,} people", took["rows"] / took["seconds"], "rows/s",
                took["rows"] / floor if floor else None, minutes_per_million=round(took["seconds"] / took["rows"] * 1e6 / 60, 2),
                peak_mb=round(took["peak_mb"], 1), cpu_app_us=took["cpu_us"], cpu_db_us=took["cpu_db_us"], precision=round(precision, 5), recall=round(recall, 5),
                entries=took["compared"], join_seconds=round(floor, 2) if floor else None, sequenced=took["sequenced"],
            )  # fmt: skip


def _fill(cluster: Any, people: int) -> None:
    import psycopg

    from dancu.audit import service as audit
    from dancu.cli.operate import bring_up_to_date
    from dancu.demo import fill
    from dancu.kit.db import use_data

    use_data(cluster.data)
    audit.make_signer(cluster.data / "keys")
    bring_up_to_date()

    async def make() -> None:
        async with audit.sequencer():
            await fill.people(people, lambda done: None, people_of(people))
        await fill.settle()

    asyncio.run(make())
    with psycopg.connect(cluster.dsn("admin"), cursor_factory=psycopg.ClientCursor) as conn:
        conn.execute(
            """INSERT INTO access.organisation (org_code, name, name_en, kind, valid) VALUES (%(org)s, 'BHXH', 'Social insurance',
                   'ministry', '[2020-01-01,)');
               INSERT INTO exchange.partner (org_code, state, live_at) VALUES (%(org)s, 'live', now());
               INSERT INTO sharing.data_agreement (org_code, service, version, fields, purposes, valid, quota_day, state, proposed_by,
                   proposed_org, proposed_at, proposed_entry, agreed_by, agreed_org, agreed_at, agreed_entry, sealed)
               VALUES (%(org)s, 'reconcile', 1, '{name,birth,sex,personal_id,address,head,household}',
                   jsonb_build_object('social_insurance', %(law)s::text), '[2020-01-01,2100-01-01)', 100000000, 'in_force', 0, %(org)s,
                   now(), 1, 0, 'dancu', now(), 1, 'x')""",
            {"org": ORG, "law": LAW},
        )


async def _submit(cluster: Any, file: Path) -> int:
    import psycopg

    from dancu.exchange.service.reconcile import runs
    from dancu.kernel.actor import Purpose
    from dancu.sharing.service import data_agreements

    async with await psycopg.AsyncConnection.connect(cluster.dsn("app")) as conn:
        agreement = await data_agreements.in_force(conn, ORG, runs.SERVICE)
        run = await runs.submit(
            conn, agreement, Purpose("social_insurance", LAW, "BENCH"), digest=runs.digest_of(file), file_name=file.name,
            profile_name="social-insurance",
        )  # fmt: skip
        return int(run.run_no)


def _measured(cluster: Any, run: int, file: Path) -> dict[str, Any]:
    before = _database_cpu(cluster)
    done = subprocess.run(
        [sys.executable, __file__, "--one", str(cluster.data), str(run), str(file)], check=True, stdout=subprocess.PIPE, text=True
    )
    told: dict[str, Any] = json.loads(done.stdout)
    told["cpu_db_us"] = round((_database_cpu(cluster) - before) / max(told["rows"], 1) * 1e6)
    return told


def _database_cpu(cluster: Any) -> float:
    """Seconds of the server and its children, those that have ended too."""
    pid = cluster.pid()
    ended = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[13:15]
    return cpu_seconds([pid, *children_of(pid)]) + sum(map(int, ended)) / os.sysconf("SC_CLK_TCK")


async def _one(data: Path, run_no: int, file: Path) -> None:
    """Reconcile, wait until sequenced, print what it took."""
    from dancu.audit import service as audit
    from dancu.exchange.service.reconcile import results, runs, work
    from dancu.kit.db import open_connection, use_data
    from dancu.kit.keys import KeyRing

    use_data(data)
    out = file.with_suffix(".jsonl")
    began = time.perf_counter()
    async with audit.sequencer() as sequenced:
        with results.Writer(out) as writer:
            done = await work.work(
                lambda: open_connection("app", autocommit=True), KeyRing.open(data / "keys"), run_no, file, deliver=writer.deliver
            )
        settled = sequenced and await runs.settled(done.run)
        seconds, cpu = time.perf_counter() - began, time.process_time()
    told = runs.report(done.run)
    print(
        json.dumps(
            {
                "seconds": seconds, "rows": told["rows"], "compared": told["compared"], "sequenced": settled, "out": str(out),
                "peak_mb": _peak_mb(), "cpu_us": round(cpu / max(told["rows"], 1) * 1e6),
            }
        )
    )  # fmt: skip


def _peak_mb() -> float:
    """Of this process; what getrusage says begins with the size of the one that started it."""
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")) / 1024


def _join(cluster: Any, file: Path) -> float:
    """Seconds of the floor."""
    import psycopg

    began = time.perf_counter()
    with psycopg.connect(cluster.dsn("admin")) as conn, conn.cursor() as cursor:
        with file.open(encoding="utf-8-sig", newline="") as content:
            header = next(csv.reader(content))
        columns = [f"c{n}" for n in range(len(header))]
        cursor.execute(f"CREATE TEMPORARY TABLE theirs ({', '.join(f'{c} text' for c in columns)})")
        with file.open("rb") as raw, cursor.copy("COPY theirs FROM STDIN (FORMAT csv, HEADER)") as into:
            while block := raw.read(1 << 18):
                into.write(block)
        at = {title: columns[n] for n, title in enumerate(header)}
        cursor.execute(
            f"""SELECT count(*) FROM theirs t JOIN population.directory d ON d.number = t.{at['Số định danh/CCCD/CMND']}
                JOIN population.person_name n ON n.person_key = d.person_key AND upper_inf(n.recorded)
                     AND n.full_name = t.{at['Họ và tên']}
                JOIN population.person_birth b ON b.person_key = d.person_key AND upper_inf(b.recorded)
                     AND t.{at['Ngày sinh']} = to_char(make_date(b.birth_year, b.birth_month, b.birth_day), 'DD/MM/YYYY')"""
        )
        cursor.fetchone()
    return time.perf_counter() - began


def _judge(file: Path, truth: Path, out: Path) -> tuple[float, float]:
    """(precision, recall) of the matches."""
    said = right = known = 0
    with file.open(encoding="utf-8-sig", newline="") as rows, truth.open() as true, out.open() as told:
        for row, line, result in zip(csv.DictReader(rows), map(json.loads, true), map(json.loads, told), strict=True):
            known += bool(line["person"])
            if result["outcome"] in ("matched", "matched_with_differences", "dead", "duplicate"):
                said += 1
                # Told where it is another than the row's own, in whichever column that stands.
                mine = result.get("personal_id")
                right += bool(line["person"]) and (mine == line["person"] if mine else line["person"] in row.values())
    return right / max(said, 1), right / max(known, 1)


if __name__ == "__main__":
    main()
