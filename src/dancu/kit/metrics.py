"""Prometheus metrics. Labels come from fixed lists (route template, method, status), never from people's
data: a label value is a time series that lives as long as the process."""

from __future__ import annotations

from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

REGISTRY = CollectorRegistry(auto_describe=True)
ProcessCollector(registry=REGISTRY)
PlatformCollector(registry=REGISTRY)
GCCollector(registry=REGISTRY)

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

# From a cached static file (1 ms) to a report somebody waits for (10 s).
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


def counter(name: str, help_: str, labels: Sequence[str] = ()) -> Counter:
    return Counter(name, help_, labels, registry=REGISTRY)


def gauge(name: str, help_: str, labels: Sequence[str] = ()) -> Gauge:
    return Gauge(name, help_, labels, registry=REGISTRY)


def histogram(
    name: str, help_: str, labels: Sequence[str] = (), buckets: Sequence[float] = SECONDS
) -> Histogram:
    return Histogram(name, help_, labels, buckets=buckets, registry=REGISTRY)


def exposition() -> bytes:
    """All metrics in Prometheus' text format."""
    return generate_latest(REGISTRY)


REQUESTS = counter("dancu_http_requests_total", "Requests answered", ("method", "route", "status"))
REQUEST_SECONDS = histogram(
    "dancu_http_request_seconds", "Time until the answer was sent", ("method", "route")
)
IN_FLIGHT = gauge("dancu_http_requests_in_flight", "Requests being answered now")
REFUSED = counter("dancu_http_refused_total", "Requests refused before a handler saw them", ("why",))
