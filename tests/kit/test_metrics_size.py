"""What /metrics weighs after every page of the whole program was opened."""

from __future__ import annotations

from fastapi.routing import iter_route_contexts
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from dancu.app import ROUTERS
from dancu.kit import metrics


def test_every_route_opened_stays_small():
    parts = {
        (method, metrics.part_of(context.path)) for router in ROUTERS for context in iter_route_contexts(router.routes)
        for method in context.methods or ()
    }  # fmt: skip
    routes = sum(1 for router in ROUTERS for _ in iter_route_contexts(router.routes))
    assert routes > 400
    registry = CollectorRegistry()
    count = Counter("dancu_http_requests_total", "-", ("method", "part", "status"), registry=registry)
    took = Histogram("dancu_http_request_seconds", "-", ("part",), buckets=metrics.REQUEST_SECONDS._kwargs["buckets"], registry=registry)
    for method, part in parts:
        took.labels(part).observe(1)
        for status in ("200", "303", "404", "422", "503"):
            count.labels(method, part, status).inc()
    assert len(generate_latest(registry)) + len(metrics.exposition()) < 100_000
    assert not any("{" in part for _, part in parts)


def test_a_part_is_a_place_of_the_site_and_never_a_persons():
    for route, part in {
        "/": "/", "/me/{key}/print": "/me", "/desk/{key}": "/desk", "/oidc/token": "/oidc/token", "/desk": "/desk", "/api/v1/{number}": "/api/v1", "/healthz": "/healthz", "unmatched": "unmatched",
    }.items():  # fmt: skip
        assert metrics.part_of(route) == part
