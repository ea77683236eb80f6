"""The public JSON API of units."""

import pytest

from dancu.territory import api
from tests.kit.web import client, make_app

pytestmark = pytest.mark.asyncio


@pytest.fixture
async def web():  # type: ignore[no-untyped-def]
    async with client(make_app(api.router)) as c:
        yield c


async def test_resolve_answers_in_order(web) -> None:  # type: ignore[no-untyped-def]
    body = {"addresses": ["Trường Xuân, Tam Kỳ, Quảng Nam", "Paris, France"], "as_of": "2023-04-01"}
    answer = (await web.post("/api/v1/territory/resolve", json=body)).json()
    assert [r["status"] for r in answer["results"]] == ["exact", "unknown"]
    best = answer["results"][0]["candidates"][0]
    assert (best["code"], best["name"], best["kind"]) == ("20353", "Trường Xuân", "phường")
    assert 0.9 < best["confidence"] <= 1


async def test_the_same_code_on_two_days(web) -> None:  # type: ignore[no-untyped-def]
    old = (await web.get("/api/v1/territory/units/20335?as_of=2023-01-01")).json()
    new = (await web.get("/api/v1/territory/units/20335?as_of=2025-08-01")).json()
    assert (old["name"], new["name"]) == ("Tân Thạnh", "Bàn Thạch")
    assert old["successors"][0]["unit"]["unit_id"] == new["unit_id"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("units/99999", 404),
        ("units/abc", 404),
        ("units/20335?as_of=hôm nay", 422),
        ("units/20335?as_of=2023-02-30", 422),
    ],
)
async def test_what_is_wrong_is_said(web, path: str, status: int) -> None:  # type: ignore[no-untyped-def]
    answer = await web.get(f"/api/v1/territory/{path}")
    assert answer.status_code in (status, 400)
    assert answer.headers["content-type"].startswith("application/problem+json")


@pytest.mark.parametrize(
    "body", [{}, {"addresses": []}, {"addresses": ["a"] * 51}, {"addresses": ["a" * 501]}, {"addresses": [1]}]
)
async def test_bodies_are_checked(web, body: dict[str, object]) -> None:  # type: ignore[no-untyped-def]
    assert (await web.post("/api/v1/territory/resolve", json=body)).status_code in (400, 422)
