"""Contract tests: cases that a description allows and such as it does not, sent to an application in this process from a thread of
their own, so that what the description's tools do not wait for is awaited here."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import httpx
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

SETTINGS = settings(
    max_examples=6, deadline=None, suppress_health_check=list(HealthCheck), database=None, derandomize=True, phases=[Phase.generate]
)
KNOWN = {"type", "title", "status", "detail", "code", "request_id", "errors"}
Send = Callable[[Case, GenerationMode, httpx.Request], Awaitable[httpx.Response | None]]
Check = Callable[[Case, httpx.Response], None]


def prepared(case: Case, base: str) -> httpx.Request:
    """The case as a request."""
    made = requests.Request(**{k: v for k, v in case.as_transport_kwargs(base_url=base).items() if k in ("method", "url", "headers", "params", "data", "json", "cookies", "files")})
    ready = made.prepare()
    return httpx.Request(ready.method or "GET", ready.url or base, headers=dict(ready.headers), content=ready.body or b"")


async def every(description: dict[str, Any], base: str, served: Callable[[str, str], bool], send: Send, check: Check) -> dict[str, list[int]]:
    """Send cases to every operation that is served; statuses by operation. How many is counted, not timed: a slow machine sends the same."""
    loop, seen = asyncio.get_running_loop(), dict[str, list[int]]()

    def wait(work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, loop).result(60)

    async def one(case: Case, mode: GenerationMode) -> httpx.Response | None:
        return await send(case, mode, prepared(case, base))

    def all_of_them() -> None:
        for found in schemathesis.openapi.from_dict(description).get_all_operations():
            operation = found.ok()
            if not served(operation.method, operation.path):
                continue
            statuses = seen.setdefault(f"{operation.method.upper()} {operation.path}", [])
            for mode in GenerationMode:

                @SETTINGS
                @given(case=operation.as_strategy(generation_mode=mode))
                def go(case: Case) -> None:
                    response = wait(one(case, mode))  # noqa: B023
                    if response is not None:
                        statuses.append(response.status_code)  # noqa: B023
                        assert response.status_code < 500, (case.as_curl_command(), response.text)
                        check(case, response)

                with contextlib.suppress(Unsatisfiable):  # nothing can be wrong where nothing is asked for
                    go()

    await asyncio.to_thread(all_of_them)
    return seen


def as_described(case: Case, response: httpx.Response) -> None:
    """The body is what the description says of its status."""
    case.validate_response(response, checks=[response_schema_conformance, content_type_conformance])


def problem(response: httpx.Response) -> None:
    """A refusal as every edge of ours writes it."""
    assert response.headers["content-type"].startswith("application/problem+json"), response.text
    body = json.loads(response.content)
    assert set(body) <= KNOWN and body["status"] == response.status_code, body
