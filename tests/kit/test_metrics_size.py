"""What /metrics weighs after every page of the whole program was opened."""

from __future__ import annotations

from fastapi.routing import iter_route_contexts
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from dancu.app import ROUTERS
from dancu.kit import metrics


def test_every_route_opened_stays_small():
    parts = {
        (method, metrics.part_of(context.path)) for router in ROUTERS for context in iter_route_contexts(router.routes)
        for method in context.methods or ()
    }  # fmt: skip
    routes = sum(1 for router in ROUTERS for _ in iter_route_contexts(router.routes))
    assert routes > 400
    registry, requests = CollectorRegistry(), metrics.Requests()
    registry.register(requests)
    for method, part in parts:
        for status in (200, 303, 404, 422, 503):
            requests.answered(method, part, status, 1.0)
    assert len(generate_latest(registry)) + len(metrics.exposition()) < 100_000
    assert not any("{" in part for _, part in parts)


def test_requests_are_shown_as_the_library_shows_its_own():
    ours, theirs, requests = CollectorRegistry(), CollectorRegistry(), metrics.Requests()
    ours.register(requests)
    count = Counter("dancu_http_requests_total", "Requests answered", ("method", "part", "status"), registry=theirs)
    took = Histogram("dancu_http_request_seconds", "Time until the answer was sent", ("part",), buckets=metrics.Requests.BOUNDS, registry=theirs)
    Gauge("dancu_http_requests_in_flight", "Requests being answered now", registry=theirs).set(2)
    assert generate_latest(ours).count(b"# TYPE") == generate_latest(theirs).count(b"# TYPE") == 3, "before the first, too"
    requests.in_flight = 2
    for part, status, seconds in (("/me", 200, 0.005), ("/me", 200, 0.3), ("/me", 503, 30.0), ("/desk", 200, 0.00001)):
        requests.answered("GET", part, status, seconds)
        count.labels("GET", part, status).inc()
        took.labels(part).observe(seconds)
    assert generate_latest(ours) == generate_latest(theirs)
    for _ in range(1000):
        requests.answered("GET", "/me", 200, 0.1)
    assert sum(map(len, requests._new.values())) < 200, "also where nobody reads them"


def test_a_part_is_a_place_of_the_site_and_never_a_persons():
    for route, part in {
        "/": "/", "/me/{key}/print": "/me", "/desk/{key}": "/desk", "/oidc/token": "/oidc/token", "/desk": "/desk", "/api/v1/{number}": "/api/v1", "/healthz": "/healthz", "unmatched": "unmatched",
    }.items():  # fmt: skip
        assert metrics.part_of(route) == part
