"""Run the benchmarks, one process each: `python -m benchmarks`, `python -m benchmarks lookup`, `… --deep`.

All of them together keep within eight minutes on two quiet cores: they share one demonstration, and the import takes
50,000 rows instead of the 100,000 it takes alone.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from dancu.cli.doctor import optimised

HERE = Path(__file__).resolve().parent
TOGETHER = {"import_people": ("--rows", "50000"), "audit_log": ("--seconds", "2")}
ORDER = ("import_people", "lookup", "audit_log", "search", "memory", "oidc", "oidc_journey", "oidc_burst", "connectors", "exchange_verify", "reconcile", "fanout")


def main() -> int:
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("name", nargs="?", choices=ORDER, help="run one of them")
    parser.add_argument("--deep", action="store_true", help="1 and 10 million as well")
    asked = parser.parse_args()
    failed, more = [], {} if asked.name or asked.deep else TOGETHER
    shared = "" if asked.name or asked.deep or os.environ.get("DANCU_BENCH_DATA") else tempfile.mkdtemp(prefix="dancu-bench-", dir="/tmp")
    env = {**os.environ, "DANCU_BENCH_DATA": shared} if shared else None
    started = time.monotonic()
    print(f"# Python {platform.python_version()}, {'' if optimised() else 'not '}an optimised build", flush=True)
    try:
        for name in (asked.name,) if asked.name else ORDER:
            began = time.monotonic()
            print(f"# {name}", flush=True)
            options = [*(["--deep"] if asked.deep else []), *more.get(name, ())]
            done = subprocess.run([sys.executable, f"{name}.py", *options], cwd=HERE, check=False, env=env)
            print(f"# {name}: {time.monotonic() - began:.0f} s", flush=True)
            if done.returncode:
                failed.append(name)
        print(f"# together: {time.monotonic() - started:.0f} s", flush=True)
    finally:
        if shared:
            subprocess.run([sys.executable, "-m", "dancu", "demo", "--forget", "--data", f"{shared}/data"], check=False, stdout=subprocess.DEVNULL)
            shutil.rmtree(shared, ignore_errors=True)
    if failed:
        print("failed:", ", ".join(failed), file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
