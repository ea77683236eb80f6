"""How the data services read in the API's description: an example of each body, and what every one of them needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from fastapi.routing import APIRoute

from dancu.kit.web import APIRouter

ROOT: Final = "/api/v1/exchange"
_CONTEXT: Final = {
    "purpose": "identity_check", "legal_basis": "26/2023/QH15", "case_ref": "H47.16-230405-0003", "officer": "CB-0042",
}  # fmt: skip
_SUBSCRIPTION: Final = "5e0c1f7e-9a57-4b8f-8a51-6a6f0d0e9b11"
_DIGEST: Final = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_PAPER: Final = {"kind": "Trích lục khai tử", "number": "12/2026", "date": "2026-11-20", "issuer": "UBND phường Trường Xuân"}

# Path below the root -> an example of the body, beside `context`.
EXAMPLES: Final[Mapping[str, Mapping[str, Any]]] = {
    "/verify": {"number": "049190012345", "fields": {"name": "Trần Thị Hoà", "birth": "1990-04-12"}},
    "/lookup": {"number": "049190012345", "fields": ["name", "address"]},
    "/residence": {"number": "049190012345", "name": "Trần Thị Hoà", "birth": "12/04/1990", "procedure": "electricity_new", "way": "lookup"},
    "/confirm": {"number": "049190012345", "kind": "residence", "procedure": "electricity_new"},
    "/log": {"lines": [{"message_id": "f3bX0m5pT2mVq8rK1nZc7w", "at": "2026-11-20T03:15:07.512+00:00", "service": "verify", "digest": _DIGEST,
                        "officer": "CB-0042", "purpose": "identity_check"}]},
    "/events/subscribe": {"kinds": ["death", "move"], "mode": "pull"},
    "/events/unsubscribe": {"subscription": _SUBSCRIPTION},
    "/events/relations": {"persons": [{"number": "049190012345", "ref": "KH-000123"}], "ended": []},
    "/events/pull": {"subscription": _SUBSCRIPTION, "most": 100},
    "/events/replay": {"subscription": _SUBSCRIPTION, "after": 0},
    "/events/state": {},
    "/supply": {"rows": [{"ref": "KT-2026-12", "kind": "death", "number": "049190012345", "name": "Trần Thị Hoà", "date": "2026-11-15", "document": _PAPER}]},
    "/supply/state": {"refs": ["KT-2026-12"]},
    "/supply/disagreements": {"disagreements": ["9f86d081884c7d659a2f"]},
    "/residence/disagreements": {"disagreements": ["C2KF2DDF0DPH83EM"]},
    "/reconcile/create": {"file_name": "bhxh-2026-11.csv", "digest": _DIGEST},
    "/reconcile/upload": {"run": 1, "offset": 0, "part": "c28sdGVuCg=="},
    "/reconcile/state": {"run": 1},
    "/reconcile/result": {"run": 1, "from": 0},
}  # fmt: skip


def describe(router: APIRouter) -> None:
    """Put into each route's description what its own module leaves out: the needed credentials, the body's example, a summary."""
    for route in _routes(router):
        if not route.path.startswith(ROOT) or not route.include_in_schema:
            continue
        extra = dict(route.openapi_extra or {})
        if "POST" in (route.methods or ()):
            extra.setdefault("security", [{"exchange": []}])
            content = extra.setdefault("requestBody", {"required": True, "content": {}})["content"].setdefault("application/json", {})
            content.setdefault("schema", {"type": "object", "required": ["context"]})
            content.setdefault("examples", {"call": {"value": {"context": _CONTEXT, **EXAMPLES[route.path.removeprefix(ROOT)]}}})
        route.openapi_extra = extra
        if not route.summary:
            route.summary = (route.description or route.name).split(". ")[0].split("\n")[0].strip().rstrip(".")[:120]


def _routes(router: Any) -> Iterator[APIRoute]:
    for route in router.routes:
        inner = getattr(route, "original_router", None) or getattr(route, "router", None)
        if isinstance(route, APIRoute):
            yield route
        elif inner is not None:
            yield from _routes(inner)
