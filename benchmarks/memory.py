"""Idle memory: PSS of application, worker, database and the demonstration's two services with 100,000 people; all of it under
500 MB. The simulated ministries stand for machines of others: reported apart, not counted."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from common import report
from province import children_of, province, pss_kb

LIMIT_MB = 500


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--deep", action="store_true")
    asked = parser.parse_args()
    from dancu.kit import postgres

    with province(asked.people) as running:
        time.sleep(20)
        postmaster = postgres.locate(running.data).pid()
        assert postmaster is not None
        beside = [pid for pid in children_of(running.pid) if pid != postmaster]
        services = [pid for pid in beside if b"relying_parties" in Path(f"/proc/{pid}/cmdline").read_bytes()]
        outside = [pid for pid in beside if b"dancu.demo.simulators" in Path(f"/proc/{pid}/cmdline").read_bytes()]
        parts = {
            "application": [running.pid],
            "worker": [pid for pid in beside if pid not in services and pid not in outside],
            "services": services,
            "database": [postmaster, *children_of(postmaster)],
        }
        figures = {f"{name}_mb": round(sum(map(pss_kb, pids)) / 1024, 1) for name, pids in parts.items()}
        apart = round(sum(pss_kb(pid) for one in outside for pid in (one, *children_of(one))) / 1024, 1)
        report("idle memory", sum(figures.values()), "MB PSS", LIMIT_MB, **figures, simulators_apart_mb=apart)


if __name__ == "__main__":
    main()
