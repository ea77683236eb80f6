"""One figure for the metrics, as a room gives it. Apart from `metrics`, so that no command loads Prometheus for it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reading:
    """Read from elsewhere (the database) when metrics are asked for. `total`: it only grows. `labels`: (label, value)
    pairs from a fixed small set, never from people's data; readings of one name have the same labels."""

    name: str
    help: str
    value: float
    labels: tuple[tuple[str, str], ...] = ()
    total: bool = False
