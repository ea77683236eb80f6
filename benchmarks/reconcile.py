"""Reconciling a partner's file in bulk, finished = compared, stored, handed out, sequenced: rows a second, minutes for a million
rows, CPU time of program and database for each row, memory of both, precision and recall on labelled files (another seed than the
weights were set with).

Baseline: a plain SQL join on exact keys, the floor: COPY of the same file into a table, joined with the registry on number, name
and birth date; no errors forgiven, no evidence, no results. The ratio is of rates: reconcile / join.

Memory, megabytes: `peak_mb` of the process; `mb_by_fifths`, the highest of the process and its sequencer in each fifth of the
time, which do not differ where memory is flat; `db_mb`, the highest of all the server's processes beside the buffers they share.

30,000 people and 12,000 rows; a million of each with --deep, and 40,000, 80,000 and 160,000 rows against the same register, whose
memory must be one. Rows without any number are measured beside (a tenth as many). `--registry FOLDER` keeps the people and the files.
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
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from common import report
from province import children_of, cpu_seconds
from reconcile_registry import LAW, ORG, people_of, registry

HELD_OUT = 61_001


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--people", type=int, default=30_000)
    parser.add_argument("--rows", type=int, nargs="+", default=[12_000])
    parser.add_argument("--registry", type=Path, help="a folder that keeps the people and the files")
    parser.add_argument("--numbered", action="store_true", help="without the files that have no numbers")
    parser.add_argument("--minutes", type=float, help="end each file there: figures are of the rows done until then")
    parser.add_argument("--deep", action="store_true")
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)  # the measured process itself: data, run, file
    asked = parser.parse_args()
    if asked.one:
        asyncio.run(_one(Path(asked.one[0]), int(asked.one[1]), Path(asked.one[2]), asked.minutes))
    elif asked.deep:
        measure(1_000_000, [40_000, 80_000, 160_000, 1_000_000], asked.registry, asked.minutes)
    else:
        measure(asked.people, asked.rows, asked.registry, asked.minutes, numbered=asked.numbered)


def measure(people: int, sizes: list[int], kept: Path | None, minutes: float | None, *, numbered: bool = False) -> None:
    """Reconcile files of these sizes, one after another, with one registry."""
    from dancu.demo.messy.insured import UNNUMBERED, Rates

    with registry(people, kept) as cluster, _folder(kept) as folder:
        for size in sizes:
            _measure(cluster, folder, people, size, "", Rates(), minutes)
        if not numbered:
            _measure(cluster, folder, people, max(max(sizes) // 10, 1_500), " without numbers", UNNUMBERED, minutes)


@contextmanager
def _folder(kept: Path | None) -> Iterator[Path]:
    if kept is not None:
        yield kept
        return
    with tempfile.TemporaryDirectory(prefix="dancu-bench-") as folder:
        yield Path(folder)


def _measure(cluster: Any, folder: Path, people: int, rows: int, kind: str, rates: Any, minutes: float | None) -> None:
    from dancu.demo.messy.files import truth_path
    from dancu.demo.messy.insured import write_insured
    from dancu.kernel.clock import SYSTEM_CLOCK

    file = folder / f"insured-{rows}{kind.replace(' ', '-')}.csv"
    if not file.exists():
        new = file.with_name(f"new-{file.name}")
        truth = write_insured(new, people_of(people), rows, population=people, seed=HELD_OUT, rates=rates, today=SYSTEM_CLOCK.today())
        truth.replace(truth_path(file))
        new.replace(file)
    floor = _join(cluster, file) if not kind else None
    took = _measured(cluster, asyncio.run(_submit(cluster, file)), file, minutes)
    precision, recall = _judge(file, truth_path(file), Path(took["out"]))
    done = "" if not minutes or took["rows"] == rows else f"{took['rows']:,} of "
    report(
        f"reconcile {done}{rows:,} rows{kind} against {people:,} people", took["rows"] / took["seconds"], "rows/s",
        rows / floor if floor else None, minutes=round(took["seconds"] / 60, 2),
        minutes_per_million=round(took["seconds"] / took["rows"] * 1e6 / 60, 2), peak_mb=round(took["peak_mb"], 1),
        mb_by_fifths=took["mb_by_fifths"], db_mb=took["db_mb"], cpu_app_us=took["cpu_us"], cpu_sequencer_us=took["cpu_sequencer_us"], cpu_db_us=took["cpu_db_us"],
        precision=round(precision, 5), recall=round(recall, 5), entries=took["compared"],
        join_seconds=round(floor, 2) if floor else None, sequenced=took["sequenced"],
    )  # fmt: skip


async def _submit(cluster: Any, file: Path) -> int:
    import psycopg

    from dancu.exchange.service.reconcile import runs
    from dancu.kernel.actor import Purpose
    from dancu.sharing.service import data_agreements

    async with await psycopg.AsyncConnection.connect(cluster.dsn("app")) as conn:
        agreement = await data_agreements.in_force(conn, ORG, runs.SERVICE)
        run = await runs.submit(
            conn, agreement, Purpose("social_insurance", LAW, f"BENCH {time.time_ns()}"), digest=runs.digest_of(file), file_name=file.name,
            profile_name="social-insurance",
        )  # fmt: skip
        return int(run.run_no)


def _measured(cluster: Any, run: int, file: Path, minutes: float | None) -> dict[str, Any]:
    before = _database_cpu(cluster)
    command = [sys.executable, __file__, "--one", str(cluster.data), str(run), str(file)]
    child = subprocess.Popen(
        [*command, *(("--minutes", str(minutes)) if minutes else ())], stdout=subprocess.PIPE, text=True
    )
    sizes, database = [], 0.0
    while child.poll() is None:
        time.sleep(0.5)
        sizes.append(sum(map(_resident_mb, [child.pid, *children_of(child.pid)])))
        database = max(database, _private_mb(children_of(cluster.pid())))
    if child.returncode or child.stdout is None:
        raise SystemExit(f"reconciling ended with {child.returncode}")
    told: dict[str, Any] = json.loads(child.stdout.read())
    told["cpu_db_us"] = round((_database_cpu(cluster) - before) / max(told["rows"], 1) * 1e6)
    told["mb_by_fifths"] = [round(max(sizes[at * len(sizes) // 5 : (at + 1) * len(sizes) // 5] or [0])) for at in range(5)]
    told["db_mb"] = round(database, 1)
    return told


def _resident_mb(pid: int) -> float:
    """0 where it has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:")), 0) / 1024


def _private_mb(pids: list[int]) -> float:
    """Memory of their own: without the buffers that all of the server's processes share."""
    total = 0
    for pid in pids:
        try:
            smaps = Path(f"/proc/{pid}/smaps_rollup").read_text()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in smaps.splitlines() if line.startswith("Pss_Anon:"))
    return total / 1024


def _database_cpu(cluster: Any) -> float:
    """Seconds of the server and its children, those that have ended too."""
    pid = cluster.pid()
    ended = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[13:15]
    return cpu_seconds([pid, *children_of(pid)]) + sum(map(int, ended)) / os.sysconf("SC_CLK_TCK")


async def _one(data: Path, run_no: int, file: Path, minutes: float | None) -> None:
    """Reconcile, at most for so long, wait until sequenced, print what it took."""
    from dancu.audit import service as audit
    from dancu.exchange.service.reconcile import results, runs, work
    from dancu.kit import collector
    from dancu.kit.db import open_connection, use_data
    from dancu.kit.keys import KeyRing

    use_data(data)
    collector.settle()  # as the command does
    out = file.with_suffix(".jsonl")
    began = time.perf_counter()
    async with audit.sequencer() as sequenced:
        with results.Writer(out) as writer:
            done = await work.work(
                lambda: open_connection("app", autocommit=True), KeyRing.open(data / "keys"), run_no, file, deliver=writer.deliver,
                seconds=minutes * 60 if minutes else None,
            )  # fmt: skip
        settled = sequenced and await runs.settled(done.run)
        seconds, cpu = time.perf_counter() - began, time.process_time()
    told = runs.report(done.run)
    ended = os.times()  # what our sequencer took is known when it has ended
    print(
        json.dumps(
            {
                "seconds": seconds, "rows": told["rows"], "compared": told["compared"], "sequenced": settled, "out": str(out),
                "peak_mb": _peak_mb(), "cpu_us": round(cpu / max(told["rows"], 1) * 1e6),
                "cpu_sequencer_us": round((ended.children_user + ended.children_system) / max(told["rows"], 1) * 1e6),
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
        for row, line, result in zip(csv.DictReader(rows), map(json.loads, true), map(json.loads, told), strict=False):
            known += bool(line["person"])
            if result["outcome"] in ("matched", "matched_with_differences", "dead", "duplicate"):
                said += 1
                # Told where it is another than the row's own, in whichever column that stands.
                mine = result.get("personal_id")
                right += bool(line["person"]) and (mine == line["person"] if mine else line["person"] in row.values())
    return right / max(said, 1), right / max(known, 1)


if __name__ == "__main__":
    main()
