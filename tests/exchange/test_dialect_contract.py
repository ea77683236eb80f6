"""The outside dialects keep what the standards' own descriptions promise, whatever is sent: programs of real partners, signed."""

from __future__ import annotations

import contextlib
import json
import os
import uuid
from collections import Counter
from pathlib import Path

import httpx
import pytest
import yaml
from schemathesis import GenerationMode

from tests.exchange.contract import as_described, every, problem
from tests.exchange.test_govstack import HEADER as MEDIATOR
from tests.exchange.test_govstack import dialect  # noqa: F401
from tests.exchange.test_spdci import NOW, by_number, spdci  # noqa: F401
from tests.exchange.test_spdci_signature import program, proxied  # noqa: F401
from tests.population.conftest import registry  # noqa: F401

SPECS = Path(os.environ.get("DANCU_SPECS") or Path(__file__).parents[3] / "shared" / "specs")
pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.skipif(not SPECS.is_dir(), reason="the standards' descriptions are not here: DANCU_SPECS names their folder"),
]
BASE = "http://localhost"
NOBODY = {"reg_event_type": "Death", "filter": {"type": "UIN", "value": "001099000001"}, "notify_record_type": "Person"}


def description(name):  # type: ignore[no-untyped-def]
    (found,) = SPECS.glob(name)
    return yaml.safe_load(found.read_text("utf-8"))


@pytest.mark.parametrize("spec", ["govstack/*Data_API*", "govstack/*Database_API*"])
async def test_govstack(dialect, spec):  # type: ignore[no-untyped-def]
    client = await dialect()
    there = {"id": "EE378129127223"}  # one of the records that the standard's examples name
    turn = 0

    async def send(case, mode, request):  # type: ignore[no-untyped-def]
        """Good cases go to a registry that is there, every other one to a record that is there."""
        nonlocal turn
        turn += 1
        headers, path, content = dict(request.headers), request.url.raw_path.decode(), request.content
        if mode is GenerationMode.POSITIVE:
            headers |= {name.lower(): value for name, value in MEDIATOR.items()}
            path, content = known(case, path, content, there if turn % 2 else {})
        return await client.request(request.method, BASE + path, headers={k: v for k, v in headers.items() if k.lower() != "content-length"}, content=content)

    def check(case, response):  # type: ignore[no-untyped-def]
        if response.status_code in (200, 204):
            as_described(case, response)
        elif response.status_code != 404 or not response.headers["content-type"].startswith("application/json"):
            problem(response)

    seen = await every(description(spec), BASE, lambda method, path: True, send, check)
    good = {name for name, statuses in seen.items() if {200, 204} & set(statuses)}
    assert len(seen) >= 4 and good == set(seen), {name: Counter(statuses) for name, statuses in seen.items()}


def known(case, path, content, there):  # type: ignore[no-untyped-def]
    """(path, body) of a case about what is there."""
    if case.path.startswith("/data/{registryName}"):
        parts = path.split("/")
        parts[2:4] = ["registryname", "111"]
        if there and "{uuid}" in case.path:
            parts[4:] = ["80bcb084-fa17-11ed-be56-0242ac120002", "readValue", "firstName.json"]
        path = "/".join(parts)
    if there and case.path == "/data/myPersonalDataUsage":
        path = f"{case.path}?userId={there['id']}&databaseId=MCTS"
    if there and case.path == "/database/modify":
        with contextlib.suppress(ValueError, TypeError):
            content = json.dumps({**json.loads(content), "code": f"MCR{len(content)}", "schema": {"type": "object"}}).encode()
    if there and case.path == "/database/{id}":
        path = "/database/1"
    if there and content:
        with contextlib.suppress(ValueError, KeyError, TypeError):
            body = json.loads(content)
            body["query"]["content"] = there
            body.get("write", {}).pop("content", None)
            if "write" in body:
                body["write"]["content"] = {"firstName": "Eva"}
            content = json.dumps(body).encode()
    return path, content


@pytest.mark.parametrize("spec", ["spdci/crvs*", "spdci/social*"])
async def test_spdci(spdci, program, tmp_path, monkeypatch, spec):  # type: ignore[no-untyped-def]
    monkeypatch.setenv("DANCU_DATA", str(tmp_path))
    partner = await program(f"Bộ theo chuẩn {spec.partition('/')[2][:4]}")
    client = await proxied(spdci, tmp_path, monkeypatch)
    errors: Counter[str] = Counter()

    async def send(case, mode, request):  # type: ignore[no-untyped-def]
        """Signed; where the description's blanks would stop a good case at the envelope, they are filled in."""
        content = request.content
        if "multipart" in request.headers.get("content-type", ""):  # files are not taken here
            return None
        try:
            body = json.loads(content)
            head, message = body["header"], body["message"]
            if mode is GenerationMode.POSITIVE and "ciphertext" not in message:
                body = {"header": head, "message": message}
                fill(head, message)
                if "social" in spec and message.get("txnstatus_request", {}).get("txn_type") == "subscribe":
                    message["txnstatus_request"]["txn_type"] = "search"  # that edition has no shape for the answer; CRVS has one
            if isinstance(head.get("sender_id"), str):
                head["sender_id"] = "spp.example.org"
                body["signature"] = partner.sign(head, message)
            content = json.dumps(body).encode()
        except (ValueError, KeyError, TypeError, AttributeError):  # such a case is sent as it is
            pass
        return await client.post(str(request.url), content=content, headers={**partner.headers, "content-type": "application/json"})

    def check(case, response: httpx.Response) -> None:  # type: ignore[no-untyped-def]
        if response.status_code == 200:
            as_described(case, response)
            return
        (one,) = response.json()["errors"]
        errors[one["code"]] += 1
        assert one["code"].startswith("err.") and isinstance(one["message"], str)

    ours = {"/registry/sync/search", "/registry/sync/txn/status"}
    if "crvs" in spec:  # acknowledgements are the same in both
        ours |= {"/registry/search", "/registry/subscribe", "/registry/unsubscribe", "/registry/txn/status"}
    seen = await every(description(spec), BASE, lambda method, path: path in ours, send, check)
    assert set(seen) == {f"POST {path}" for path in ours}
    assert all(200 in statuses for statuses in seen.values()), (seen, errors)


def fill(head, message):  # type: ignore[no-untyped-def]
    """What a good message must have beyond its description: an id of its own, a time, at least one request."""
    action, count = head["action"], head["total_count"]
    head.clear()
    head |= {"action": action, "total_count": count, "message_id": str(uuid.uuid4()), "message_ts": NOW, "sender_id": "x"}
    message["transaction_id"] = f"t-{uuid.uuid4().hex}"
    if "txnstatus_request" in message:  # the description lets any value name what is asked after
        message["txnstatus_request"] |= {"attribute_value": "r0", "reference_id": "r0"}
    for member in ("search_request", "subscribe_request"):
        if member in message:
            message[member] = message[member] or [{"search_criteria": by_number("001099000001"), "subscribe_criteria": NOBODY}]
            for index, one in enumerate(message[member]):
                one |= {"reference_id": f"r{index}", "timestamp": NOW}
    if "subscription_codes" in message:
        message["subscription_codes"] = message["subscription_codes"] or [str(uuid.uuid4())]
