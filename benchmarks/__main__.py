"""Run the benchmarks, one process each: `python -m benchmarks`, `python -m benchmarks lookup`, `… --deep`."""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ORDER = ("import_people", "lookup", "audit_log", "search", "memory")


def main() -> int:
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("name", nargs="?", choices=ORDER, help="run one of them")
    parser.add_argument("--deep", action="store_true", help="1 and 10 million as well")
    asked = parser.parse_args()
    failed = []
    for name in (asked.name,) if asked.name else ORDER:
        began = time.monotonic()
        print(f"# {name}", flush=True)
        done = subprocess.run([sys.executable, f"{name}.py", *(["--deep"] if asked.deep else [])], cwd=HERE, check=False)
        print(f"# {name}: {time.monotonic() - began:.0f} s", flush=True)
        if done.returncode:
            failed.append(name)
    if failed:
        print("failed:", ", ".join(failed), file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
