"""Prometheus metrics. Labels come from short fixed lists (part of the site, method, status), never from people's data: a label
value is a time series that lives as long as the process. How one route does stands in the log, a line a request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from dancu.kit.reading import Reading

disable_created_metrics()  # type: ignore[no-untyped-call]  # one more series for each counter, which nobody asks for
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


class Readings(Collector):
    """The readings of this moment, set by whoever answers for /metrics."""

    now: Iterable[Reading] = ()

    def collect(self) -> Iterator[Metric]:
        families: dict[str, CounterMetricFamily | GaugeMetricFamily] = {}
        for one in self.now:
            kind = CounterMetricFamily if one.total else GaugeMetricFamily
            family = families.get(one.name)
            if family is None:
                family = families[one.name] = kind(one.name, one.help, labels=[label for label, _ in one.labels])
            family.add_metric([value for _, value in one.labels], one.value)
        yield from families.values()


READINGS = Readings()
REGISTRY.register(READINGS)


_DEEPER = frozenset({"api", "desk", "exchange", "oidc"})


def part_of(route: str) -> str:
    """The part of the site a route template belongs to: "/me" of "/me/record", "/desk/cases" of "/desk/cases/{key}". Every
    route with its times would be a megabyte at every scrape."""
    words = route.split("/")[1:3]
    return "/" + "/".join(words[: 2 if words[0] in _DEEPER and "{" not in words[-1] else 1]) if words else route


def exposition() -> bytes:
    """All metrics in Prometheus' text format."""
    return generate_latest(REGISTRY)


REQUESTS = counter("dancu_http_requests_total", "Requests answered", ("method", "part", "status"))
REQUEST_SECONDS = histogram(
    "dancu_http_request_seconds", "Time until the answer was sent", ("part",), (0.005, 0.025, 0.1, 0.5, 2.5, 10.0)
)
IN_FLIGHT = gauge("dancu_http_requests_in_flight", "Requests being answered now")
REFUSED = counter("dancu_http_refused_total", "Requests refused before a handler saw them", ("why",))
