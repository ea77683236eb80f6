"""The data services keep what their description promises to a program that is signed in and signs: beyond its door, not at it."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import httpx
import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st
from schemathesis import GenerationMode

from dancu_client import Context
from tests.exchange.calling import ISSUER, Program, Site, citizen
from tests.exchange.calling import site as site
from tests.exchange.contract import SETTINGS, as_described, every, problem

pytestmark = pytest.mark.asyncio(loop_scope="session")
ROOT = "/api/v1/exchange/"
WHY = Context("data_sharing", "278/2025/NĐ-CP", "H47.16-230405-0003", "Nguyễn Văn Cán Bộ")
FIELDS = "name birth sex personal_id address temporary_address household head members life children marital card"
VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.text(max_size=20), st.floats(allow_nan=False, allow_infinity=False),
    st.lists(st.one_of(st.none(), st.text(max_size=5), st.dictionaries(st.text(max_size=5), st.integers(), max_size=2)), max_size=3),
    st.dictionaries(st.text(max_size=8), st.one_of(st.none(), st.text(max_size=8)), max_size=3), st.sampled_from(["\x00", "\ud800", 1 << 70, "0" * 5000]),
)  # fmt: skip


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def partner(site: Site) -> Program:
    """A live partner with agreements for everything."""
    made = await site.program("Bộ Hợp Đồng")
    for service in ("verify", "lookup", "residence", "confirm", "events", "supply", "reconcile"):
        await site.agree(made.org_code, service, FIELDS, purposes={WHY.purpose: WHY.legal_basis})
    site.forget()
    return made


async def signed(partner: Program, path: str, content: bytes) -> httpx.Response:
    """Sent and signed as the client package does, and its answer's signature checked."""
    core = partner.client.core
    response = None
    for _ in range(2):  # the second time with the nonce that the first brought
        await partner.client._prepare()
        asking = core.asking("any", {}, WHY, path=path)
        asking.content = content
        response = await partner.http.send(core.request(asking))
        core._take_nonce(response)
        core.check(response)
        if response.status_code != 401:
            break
    assert response is not None and response.status_code != 401, response.text
    return response


async def described(partner: Program) -> dict[str, Any]:
    found: dict[str, Any] = (await partner.http.get("/api/openapi.json")).json()
    return {**found, "paths": {path: what for path, what in found["paths"].items() if path.startswith(ROOT)}}


async def test_whatever_a_signed_in_program_sends(site: Site, partner: Program) -> None:
    _, number = await citizen(site)
    verdicts: Counter[str] = Counter()

    async def send(case: Any, mode: GenerationMode, request: httpx.Request) -> httpx.Response | None:
        if request.method != "POST":
            return await partner.http.request(request.method, request.url.raw_path.decode(), headers={"accept": "application/json"})
        content = request.content
        if mode is GenerationMode.POSITIVE:
            body = json.loads(content)
            body["context"] = {name: getattr(WHY, name) for name in ("purpose", "legal_basis", "case_ref", "officer")}
            if "number" in body:
                body["number"] = number
            content = json.dumps(body).encode()
        return await signed(partner, request.url.path, content)

    def check(case: Any, response: httpx.Response) -> None:
        verdicts[response.json().get("code", "ok")] += 1
        if response.status_code < 400:
            as_described(case, response)
        else:
            problem(response)

    seen = await every(await described(partner), ISSUER, lambda method, path: True, send, check)
    assert len(seen) >= 15 and verdicts["ok"] >= 4, (verdicts, seen)


async def test_examples_work_for_a_partner_and_spoiled_ones_never_break_anything(site: Site, partner: Program) -> None:
    _, number = await citizen(site)
    refused, made = dict[str, str](), dict[str, Any]()
    operations = {path: what["post"] for path, what in (await described(partner))["paths"].items() if "post" in what}
    for path, operation in sorted(operations.items(), key=lambda one: one[0].endswith("/unsubscribe")):
        examples = operation["requestBody"]["content"]["application/json"]["examples"]
        body: dict[str, Any] = {**next(iter(examples.values()))["value"], "context": {k: getattr(WHY, k) for k in ("purpose", "legal_basis", "case_ref", "officer")}}
        body |= {name: known for name, known in {"number": number, **made}.items() if name in body}
        whole = await signed(partner, path, json.dumps(body).encode())
        assert whole.status_code < 500, (path, whole.text)
        if whole.status_code == 200:
            assert whole.json()["receipt"].count(".") == 2
            if path.endswith("/events/subscribe"):
                made["subscription"] = whole.json()["subscription"]["id"]
            if path.endswith("/reconcile/create"):
                made["run"] = whole.json()["run"]
        else:
            problem(whole)
            refused[path.removeprefix(ROOT)] = whole.json()["code"]
        drawn: list[dict[str, Any]] = []

        @SETTINGS
        @given(st.sampled_from(sorted(body)), VALUES)
        def spoil(member: str, value: Any) -> None:
            drawn.append({**body, member: value})  # noqa: B023

        spoil()
        for spoiled in drawn:
            response = await signed(partner, path, json.dumps(spoiled).encode())
            assert response.status_code < 500, (path, spoiled, response.text)
            if response.status_code >= 400:
                problem(response)
    assert refused == {}, dict(refused)
