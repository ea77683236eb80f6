"""What an import did: counters that move with the rows they count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

OUTCOMES: Final = ("inserted", "updated", "unchanged", "needs_review", "rejected")


@dataclass(slots=True)
class Tally:
    """`rows` by outcome; `reasons` by code, of rows refused, waiting, or passed over; `findings` by code;
    `entries`: first and last+1 evidence entry of the run (0, 0: none)."""

    rows: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    findings: Counter[str] = field(default_factory=Counter)
    entries: tuple[int, int] = (0, 0)

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Tally:
        """From what `as_json` gave."""
        return cls(
            Counter({name: data[name] for name in OUTCOMES if name in data}),
            Counter(data.get("reasons", {})),
            Counter(data.get("findings", {})),
            tuple(data.get("entries", (0, 0))),
        )

    def as_json(self) -> dict[str, Any]:
        return {
            **{name: self.rows[name] for name in OUTCOMES},
            "reasons": dict(self.reasons),
            "findings": dict(self.findings),
            "entries": list(self.entries),
        }

    def count(self, outcome: str, reasons: Iterable[str] = ()) -> None:
        self.rows[outcome] += 1
        self.reasons.update(reasons)

    def add(self, other: Tally) -> None:
        self.rows.update(other.rows)
        self.reasons.update(other.reasons)
        self.findings.update(other.findings)
        self.cover(*other.entries)

    def cover(self, first: int, end: int) -> None:
        """Widen `entries`."""
        if end:
            low, high = self.entries
            self.entries = (min(low, first) if high else first, max(high, end))

    def copy(self) -> Tally:
        return Tally(Counter(self.rows), Counter(self.reasons), Counter(self.findings), self.entries)


@dataclass(frozen=True, slots=True)
class Result:
    """Of a whole run. `rejects_file` None: no row was refused (or nothing was to be written). `sequenced` False: the
    evidence waits for its place in the log, nobody is sequencing."""

    run_id: int
    tally: Tally
    rejects_file: str | None
    ignored_columns: tuple[str, ...]
    seconds: float
    sequenced: bool
    resumed: bool
    dry_run: bool

    @property
    def total(self) -> int:
        return sum(self.tally.rows.values())

    def as_json(self) -> dict[str, Any]:
        return {
            **{name: self.tally.rows[name] for name in OUTCOMES},
            "rejects_file": self.rejects_file,
            "reasons": dict(self.tally.reasons.most_common()),
            "findings": dict(self.tally.findings.most_common()),
            "ignored_columns": list(self.ignored_columns),
            "run_id": self.run_id,
            "rows": self.total,
            "seconds": round(self.seconds, 3),
            "rate": round(self.total / self.seconds, 1) if self.seconds else 0.0,
            "sequenced": self.sequenced,
            "resumed": self.resumed,
            "dry_run": self.dry_run,
        }
