"""Measures the resolver on the labelled addresses.

python tests/territory/accuracy.py [--failures tune]
"""

import csv
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import date
from pathlib import Path

from dancu.territory.matching import resolve
from dancu.territory.models import Resolution, Status

SET = Path(__file__).parent / "addresses.csv"


def right(answer: Resolution, status: str, codes: set[str]) -> bool:
    """The status, and: the one unit; every heir or homonym among the candidates; the later unit offered."""
    if answer.status != status:
        return False
    got = [c.unit.code for c in answer.candidates]
    if status == Status.EXACT:
        return got[0] in codes
    return codes <= set(got)


def measure(failed: Callable[[str, Resolution, str, str], None] | None = None) -> dict[str, dict[str, tuple[int, int]]]:
    """split -> category -> (right, all)."""
    good: dict[str, Counter[str]] = defaultdict(Counter)
    total: dict[str, Counter[str]] = defaultdict(Counter)
    with SET.open(encoding="utf-8") as f:
        for row in csv.DictReader(f):
            answer = resolve(row["text"], date.fromisoformat(row["as_of"]))
            ok = right(answer, row["status"], set(row["codes"].split()))
            total[row["split"]][row["category"]] += 1
            good[row["split"]][row["category"]] += ok
            if not ok and failed:
                failed(
                    row["split"],
                    answer,
                    row["text"] + " @" + row["as_of"],
                    f"{row['category']}: {row['status']} {row['codes']}",
                )
    return {s: {c: (good[s][c], n) for c, n in sorted(total[s].items())} for s in total}


def main() -> None:
    show = sys.argv[2] if len(sys.argv) > 2 else ""

    def failed(split: str, answer: Resolution, text: str, expected: str) -> None:
        if split == show:
            got = ", ".join(f"{c.unit.code} {c.unit.title} {c.confidence}" for c in answer.candidates[:4])
            print(
                f"- {text}\n    expected {expected}\n    got {answer.status} [{got}] rest={answer.rest!r} {answer.note}"
            )

    resolve("Hà Nội", date(2023, 1, 1))
    start = time.perf_counter()
    result = measure(failed)
    spent = time.perf_counter() - start
    for split, categories in result.items():
        right_, all_ = sum(g for g, _ in categories.values()), sum(n for _, n in categories.values())
        print(f"{split}: {right_}/{all_} = {right_ / all_:.1%}")
        print("   " + "  ".join(f"{c} {g}/{n}" for c, (g, n) in categories.items()))
    print(f"{spent:.2f} s")


if __name__ == "__main__":
    main()
