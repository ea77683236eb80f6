"""Prometheus metrics. Labels come from short fixed lists (part of the site, method, status), never from people's data: a label
value is a time series that lives as long as the process. How one route does stands in the log, a line a request."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import accumulate

from prometheus_client import CollectorRegistry, Counter, Gauge, disable_created_metrics, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from dancu.kit.reading import Reading

disable_created_metrics()  # type: ignore[no-untyped-call]  # one more series for each counter, which nobody asks for
REGISTRY = CollectorRegistry(auto_describe=True)
ProcessCollector(registry=REGISTRY)
PlatformCollector(registry=REGISTRY)
GCCollector(registry=REGISTRY)

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def counter(name: str, help_: str, labels: Sequence[str] = ()) -> Counter:
    return Counter(name, help_, labels, registry=REGISTRY)


def gauge(name: str, help_: str, labels: Sequence[str] = ()) -> Gauge:
    return Gauge(name, help_, labels, registry=REGISTRY)


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


@lru_cache(4096)
def part_of(route: str) -> str:
    """The part of the site a route template belongs to: "/me" of "/me/record", "/desk/cases" of "/desk/cases/{key}". Every
    route with its times would be a megabyte at every scrape."""
    words = route.split("/")[1:3]
    return "/" + "/".join(words[: 2 if words[0] in _DEEPER and "{" not in words[-1] else 1]) if words else route


def exposition() -> bytes:
    """All metrics in Prometheus' text format."""
    return generate_latest(REGISTRY)


class Requests(Collector):
    """Requests answered and being answered, counted by the one event loop there is: in plain numbers, where the library's own counters
    would take locks for five of them at every request."""

    BOUNDS = (0.005, 0.025, 0.1, 0.5, 2.5, 10.0)  # seconds
    _MOST = 100  # of one kind are added up together

    def __init__(self) -> None:
        self.in_flight = 0
        # Seconds of those answered since the others were added up.
        self._new: defaultdict[tuple[str, str, int], list[float]] = defaultdict(list)
        self._answered: defaultdict[tuple[str, str, int], int] = defaultdict(int)
        # How many within each bound, how many beyond, and the seconds of all.
        self._took: defaultdict[str, list[float]] = defaultdict(lambda: [0.0] * (len(self.BOUNDS) + 2))

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """One more; `seconds` until it was sent."""
        new = self._new[method, route, status]
        new.append(seconds)
        if len(new) >= self._MOST:
            self._add_up()

    def refused(self, method: str, route: str, status: int) -> None:
        """One more, answered at the door, which took no time."""
        self._answered[method, part_of(route), status] += 1

    def _add_up(self) -> None:
        new, self._new = self._new, defaultdict(list)
        for (method, route, status), all_seconds in new.items():
            part = part_of(route)
            self._answered[method, part, status] += len(all_seconds)
            took = self._took[part]
            for seconds in all_seconds:
                took[bisect_left(self.BOUNDS, seconds)] += 1
                took[-1] += seconds

    def collect(self) -> Iterator[Metric]:
        self._add_up()
        answered = CounterMetricFamily("dancu_http_requests_total", "Requests answered", labels=("method", "part", "status"))
        for (method, part, status), count in list(self._answered.items()):
            answered.add_metric((method, part, str(status)), count)
        took = HistogramMetricFamily("dancu_http_request_seconds", "Time until the answer was sent", labels=("part",))
        for part, (*counts, seconds) in list(self._took.items()):
            bounds = map(floatToGoString, (*self.BOUNDS, float("inf")))
            took.add_metric((part,), buckets=list(zip(bounds, accumulate(counts), strict=True)), sum_value=seconds)
        yield from (answered, took, GaugeMetricFamily("dancu_http_requests_in_flight", "Requests being answered now", self.in_flight))


REQUESTS = Requests()
REGISTRY.register(REQUESTS)
REFUSED = counter("dancu_http_refused_total", "Requests refused before a handler saw them", ("why",))
