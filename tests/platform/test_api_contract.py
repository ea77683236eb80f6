"""The JSON API keeps what its description promises, whatever is sent to it."""

from __future__ import annotations

import contextlib
import json
import re
import time
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.specs.openapi.checks import content_type_conformance, status_code_conformance

from tests.kit.html import check_page
from tests.platform.installation import Installation

_FREE = {"DANCU_RATE_PER_ADDRESS": "100000", "DANCU_RATE_PER_SESSION": "100000"}
_DIGITS = re.compile(r"\d{9,}")
KNOWN = {"type", "title", "status", "detail", "code", "request_id", "errors"}
_SETTINGS = settings(max_examples=7, deadline=None, suppress_health_check=list(HealthCheck), database=None)


@pytest.fixture(scope="module")
def served(installation: Installation) -> Iterator[tuple[str, str]]:
    """(base address, bearer token of somebody who may look)."""
    with installation.serving(env=_FREE) as port:
        yield f"http://localhost:{port}", installation.token()


@pytest.fixture(scope="module")
def description(served: tuple[str, str]) -> dict[str, Any]:
    with urllib.request.urlopen(f"{served[0]}/api/openapi.json", timeout=20) as answer:
        found: dict[str, Any] = json.loads(answer.read())
    return found


@pytest.mark.parametrize("signed_in", [True, False], ids=["with a session", "without"])
def test_whatever_is_sent(served: tuple[str, str], signed_in: bool) -> None:
    """Each operation is sent what its description allows and what it does not."""
    base, token = served
    headers = {"Authorization": f"Bearer {token}"} if signed_in else {}
    began = time.monotonic()
    for found in schemathesis.openapi.from_url(f"{base}/api/openapi.json").get_all_operations():
        operation = found.ok()
        for mode in GenerationMode:

            @_SETTINGS
            @given(case=operation.as_strategy(generation_mode=mode))
            def send(case: Case) -> None:
                if time.monotonic() - began > 45:  # a busy machine sends fewer
                    return
                response = case.call(headers=headers, timeout=20)
                check(case, response)
                case.validate_response(response, checks=[status_code_conformance, content_type_conformance])
                if case.operation.definition.raw.get("security") and not signed_in:
                    assert response.status_code >= 400, "an answer without a session"

            with contextlib.suppress(Unsatisfiable):  # nothing can be wrong where nothing is asked for
                send()


def check(case: Case, response: Any) -> None:
    assert response.status_code < 500 or response.status_code == 503, response.status_code
    if response.status_code >= 400:
        assert "application/problem+json" in response.headers["content-type"]
        body = json.loads(response.content)
        assert set(body) <= KNOWN, set(body) - KNOWN
        assert body["status"] == response.status_code
        # What was sent is not said back, nor anybody's number.
        said = {**body, "request_id": ""}
        assert not _DIGITS.search(json.dumps(said)), said
        for value in _texts(case.body):
            if len(value) > 5 and not value.isascii():
                assert value not in body["detail"]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)


def operations(description: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def test_every_operation_is_described_with_an_example(description: dict[str, Any]) -> None:
    found = list(operations(description))
    assert len(found) >= 8
    for method, path, operation in found:
        assert operation.get("summary"), path
        if method == "post":
            content = operation["requestBody"]["content"]["application/json"]
            assert content.get("examples") or content.get("example"), path
        for parameter in operation.get("parameters", []):
            known = "example" in parameter or parameter.get("examples") or parameter["schema"].get("examples")
            assert known or not parameter.get("required"), (path, parameter["name"])
        assert "application/problem+json" in operation["responses"]["422"]["content"]
        assert operation.get("security") or path.startswith(("/api/v1/territory/", "/api/v1/eid/doorstep/key", "/api/v1/exchange/proof/", "/log/")), path


def test_the_examples_work(description: dict[str, Any], served: tuple[str, str], installation: Installation) -> None:
    """A body copied from the description is understood; where it names a person, ours is put in."""
    base, token = served
    number = min(installation.numbers())
    for method, path, operation in operations(description):
        headers = {"Authorization": f"Bearer {token}"} if operation.get("security") else {}
        body = None
        if method == "post":
            content = operation["requestBody"]["content"]["application/json"]
            body = next(iter(content["examples"].values()))["value"]
            body = {**body, **({"number": number} if "number" in body else {})}
        for parameter in operation.get("parameters", []):
            example = parameter.get("example") or (parameter["schema"].get("examples") or [""])[0]
            path = path.replace("{" + parameter["name"] + "}", str(example))
        answer = requests.request(method, base + path, json=body, headers=headers, timeout=20)
        if operation.get("security") == [{"exchange": []}]:
            # A partner's program signs its calls; the examples are tried by one in tests/exchange.
            assert answer.status_code in (401, 404) and answer.json()["code"].startswith("exchange."), (path, answer.text)
            continue
        # A tile's name depends on how long the log is, a trip on a kit that was registered.
        assert answer.status_code == 200 or "/tile/" in path or "/exchange/proof/" in path or ("/doorstep/" in path and answer.status_code in (403, 404)), (path, answer.text)


def test_the_page_for_integrators(served: tuple[str, str], description: dict[str, Any]) -> None:
    answer = requests.get(f"{served[0]}/api/docs", headers={"Accept": "text/html"}, timeout=20)
    assert answer.status_code == 200
    check_page(answer.text)
    for _, path, _ in operations(description):
        assert path.replace("{", "‹").replace("}", "›") in answer.text
    assert "/api/openapi.json" in answer.text
    # Nothing of third parties.
    assert not re.search(r'(src|href)="https?://', answer.text)
    english = requests.get(f"{served[0]}/api/docs?lang=en", headers={"Accept": "text/html", "Accept-Language": "en"}, timeout=20)
    assert "Needs an access token" in english.text


def test_a_bearer_token_needs_no_csrf_token_and_a_cookie_does(served: tuple[str, str], installation: Installation) -> None:
    base, token = served
    body = {"number": min(installation.numbers()), "purpose": "identity_check"}
    with_bearer = requests.post(f"{base}/api/v1/persons/view", json=body, headers={"Authorization": f"Bearer {token}"}, timeout=20)
    assert with_bearer.status_code == 200
    with_cookie = requests.post(f"{base}/api/v1/persons/view", json=body, cookies={f"dancu_session_{base.rpartition(':')[2]}": token}, timeout=20)
    assert (with_cookie.status_code, with_cookie.json()["code"]) == (403, "csrf.token")
    nobody = requests.post(f"{base}/api/v1/persons/view", json=body, headers={"Authorization": "Bearer x"}, timeout=20)
    assert nobody.status_code == 401
    # A bearer token is for programs under /api/ only; it opens no page.
    page = requests.get(f"{base}/desk", headers={"Authorization": f"Bearer {token}"}, allow_redirects=False, timeout=20)
    assert page.status_code in (303, 401, 403)


def test_requests_in_parallel_each_get_their_own_answer(served: tuple[str, str], installation: Installation) -> None:
    from concurrent.futures import ThreadPoolExecutor

    base, token = served
    numbers = sorted(installation.numbers())[:60]

    def find(number: str) -> tuple[int, Any]:
        body = {"number": number, "purpose": "identity_check"}
        answer = requests.post(f"{base}/api/v1/persons/find", json=body, headers={"Authorization": f"Bearer {token}"}, timeout=30)
        return answer.status_code, answer.json()

    began = time.monotonic()
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(find, [*numbers, "000000000000"]))
    assert [status for status, _ in answers] == [200] * len(numbers) + [404]
    assert [body["person"]["personal_id"] for _, body in answers[:-1]] == numbers
    assert len({body["entry_id"] for _, body in answers[:-1]}) == len(numbers)
    assert time.monotonic() - began < 30
