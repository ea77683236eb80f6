"""Measures the resolver on the labelled addresses: right answers, what confidence is worth, time.

python tests/territory/accuracy.py [--failures SPLIT]
"""

import csv
import statistics
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path

from dancu.territory.matching import resolve
from dancu.territory.models import Resolution, Status

SET = Path(__file__).parent / "addresses.csv"
DOUBT = "doubt"
"""Label of an address that may be answered in any way but `exact`."""
BUCKETS = (0.0, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 1.01)


@dataclass(frozen=True, slots=True)
class Measured:
    """One labelled address and what it was read as. `ms`: milliseconds of CPU it took."""

    row: dict[str, str]
    answer: Resolution
    ms: float

    @property
    def codes(self) -> set[str]:
        return set(self.row["codes"].split())

    @property
    def right(self) -> bool:
        """The status, and: the one unit; every heir or homonym among the candidates; the later unit offered."""
        got = [c.unit.code for c in self.answer.candidates]
        wanted = self.row["status"]
        if wanted == DOUBT:
            return self.answer.status is not Status.EXACT and self.codes <= set(got)
        if self.answer.status != wanted:
            return False
        return got[0] in self.codes if wanted == Status.EXACT else self.codes <= set(got)


def measure() -> list[Measured]:
    """Every labelled address, read."""
    measured = []
    with SET.open(encoding="utf-8", newline="") as f:
        for row in csv.DictReader(f):
            start = time.thread_time()
            answer = resolve(row["text"], date.fromisoformat(row["as_of"]))
            measured.append(Measured(row, answer, (time.thread_time() - start) * 1000))
    return measured


def by_category(measured: list[Measured]) -> dict[str, dict[str, tuple[int, int]]]:
    """split -> category -> (right, all)."""
    count: dict[str, dict[str, Counter[bool]]] = defaultdict(lambda: defaultdict(Counter))
    for m in measured:
        count[m.row["split"]][m.row["category"]][m.right] += 1
    return {s: {c: (n[True], n.total()) for c, n in sorted(of.items())} for s, of in count.items()}


def exact_precision(measured: list[Measured]) -> tuple[int, int]:
    """(right, all) of the answers `exact`, whatever was expected."""
    said = [m for m in measured if m.answer.status is Status.EXACT]
    return sum(m.right for m in said), len(said)


def calibration(measured: list[Measured]) -> Iterator[tuple[float, float, int, float, float]]:
    """For each bucket of confidence: (from, to, candidates, mean confidence, share that the label names).

    All candidates of the addresses that mean one unit count; those of split communes, where every heir is right, do not.
    """
    pairs = [
        (c.confidence, c.unit.code in m.codes)
        for m in measured
        if m.row["status"] == Status.EXACT or (m.row["status"] == DOUBT and not m.codes)
        for c in m.answer.candidates[:8]
    ]
    for low, high in pairwise(BUCKETS):
        inside = [(c, ok) for c, ok in pairs if low <= c < high]
        if inside:
            shares = [statistics.mean(x) for x in zip(*inside, strict=True)]
            yield low, min(high, 1.0), len(inside), shares[0], shares[1]


def _failure(m: Measured) -> str:
    got = ", ".join(f"{c.unit.code} {c.unit.title} {c.confidence} {c.via}" for c in m.answer.candidates[:4])
    expected = f"{m.row['category']}: {m.row['status']} {m.row['codes']}"
    return (
        f"- {m.row['text']} @{m.row['as_of']}\n    expected {expected}\n"
        f"    got {m.answer.status} [{got}] rest={m.answer.rest!r} {m.answer.note}"
    )


def main() -> None:
    show = sys.argv[2] if len(sys.argv) > 2 else ""
    resolve("Hà Nội", date(2023, 1, 1))
    measured = measure()
    for m in measured:
        if m.row["split"] == show and not m.right:
            print(_failure(m))
    for split, categories in by_category(measured).items():
        right, total = (sum(n) for n in zip(*categories.values(), strict=True))
        print(f"{split}: {right}/{total} = {right / total:.1%}")
        print("   " + "  ".join(f"{c} {g}/{n}" for c, (g, n) in categories.items()))
    right, said = exact_precision(measured)
    print(f"said exact: {right}/{said} right = {right / said:.1%}")
    for low, high, n, mean, share in calibration(measured):
        print(f"   confidence {low:.2f}-{high:.2f}: {n:5} candidates, mean {mean:.2f}, right {share:.1%}")
    times = sorted(m.ms for m in measured)
    p50, p95 = times[len(times) // 2], times[len(times) * 95 // 100]
    print(f"{len(times)} addresses, p50 {p50:.2f} ms, p95 {p95:.2f} ms, max {times[-1]:.1f} ms")


if __name__ == "__main__":
    main()
