"""No more are let in than can be answered in time, by what was measured; the others hear at once when to come back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from dancu.kit.admission import Admission, Bound
from dancu.kit.web import APIRouter, Bounded, Request, Response, WebSettings, create_app, public
from tests.kit.web import UNLIMITED, NoPool, Sessions


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def flood(door: Admission, clock: Clock, *, pace: float, seconds: float, offered: float) -> list[float]:
    """A server that answers `pace` a second in order of arrival, asked `offered` a second, then those still inside. Returns
    how long each one let in waited."""
    step, waited, asked, done = 0.01, [], 0.0, 0.0
    inside: list[float] = []
    for _ in range(int(seconds / step)):
        clock.now += step
        asked, done = asked + offered * step, done + pace * step
        while asked >= 1:
            asked -= 1
            if not door.enter():
                inside.append(clock.now)
        while done >= 1:
            done -= 1
            if inside:
                waited.append(clock.now - inside.pop(0))
                door.leave()
    for since in inside:
        clock.now += 1 / pace
        waited.append(clock.now - since)
        door.leave()
    return waited


@pytest.mark.parametrize("pace", [40.0, 70.0, 200.0, 700.0, 2000.0])
def test_whoever_is_let_in_is_served_in_time_at_any_pace(pace: float) -> None:
    clock = Clock()
    door = Admission(clock=clock)
    waited = sorted(flood(door, clock, pace=pace, seconds=12, offered=max(1000, 2 * pace)))
    assert waited[-1] < 6.5 and waited[int(len(waited) * 0.99)] < 5, "nobody waits for long"
    assert len(waited) > 0.9 * pace * 12, "and the server is never idle for want of people let in"


def test_a_server_that_becomes_slower_lets_fewer_in() -> None:
    clock = Clock()
    door = Admission(clock=clock)
    flood(door, clock, pace=500, seconds=5, offered=3000)
    assert 800 <= door.limit <= 1000
    flood(door, clock, pace=60, seconds=20, offered=3000)
    assert 90 <= door.limit <= 150


def test_a_quiet_hour_says_nothing_of_what_could_be_done() -> None:
    clock = Clock()
    door = Admission(clock=clock)
    before = door.limit
    flood(door, clock, pace=1000, seconds=60, offered=2)
    assert door.limit == before == 160
    assert [door.enter() for _ in range(160)] == [0.0] * 160


def test_an_old_measurement_is_forgotten() -> None:
    clock = Clock()
    door = Admission(clock=clock)
    flood(door, clock, pace=5, seconds=40, offered=500)
    assert door.limit == 32
    assert not any(door.enter() for _ in range(32)) and door.enter() > 5, "they would wait for longer than usual"
    for _ in range(32):
        door.leave()
    clock.now += 31
    assert door.limit == 160


def test_the_wait_is_stated_and_nothing_is_taken_by_a_refusal() -> None:
    clock = Clock()
    door = Admission(Bound(least=2, most=2), clock=clock)
    assert door.enter() == door.enter() == 0.0
    assert door.enter() >= 1.0 and door.inside == 2
    door.leave()
    assert door.enter() == 0.0


class Machine:
    """An endpoint behind the door that answers when told to, or fails."""

    def __init__(self, most: int) -> None:
        self.go, self.entered, self.seen, self.fail = asyncio.Event(), asyncio.Event(), 0, False
        router = APIRouter()
        router.add_api_route("/machine", self.answer, methods=["POST"], dependencies=[public(machine=True)], response_model=None)
        router.add_api_route("/page", self.page, methods=["GET"], dependencies=[public()], response_model=None)
        state: dict[str, Any] = {"sessions": Sessions(), "pool": NoPool(), "surfaces": (), "menu": ()}
        busy = Bounded(self.answer, b'{"error":"busy"}', {"Access-Control-Allow-Origin": "*"})
        settings = WebSettings(secret=b"s" * 32, ip_rate=UNLIMITED, session_rate=UNLIMITED, https=True)
        self.app = create_app(routers=[router], settings=settings, state=state, shortcuts={("POST", "/machine"): busy})
        self.app.state.admission._bound = Bound(least=most, most=most)

    async def answer(self, request: Request) -> Response:
        self.seen += 1
        self.entered.set()
        await self.go.wait()
        if self.fail:
            raise RuntimeError("broken")
        return Response(await request.body())

    async def page(self) -> Response:
        return Response("page")

    def http(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://localhost")


async def test_beyond_the_bound_the_answer_is_503_before_the_handler_runs() -> None:
    machine = Machine(3)
    async with machine.http() as http:
        asked = [asyncio.create_task(http.post("/machine", content=b"x")) for _ in range(10)]
        refused = [await one for one in asked[3:]]
        assert machine.seen == 3 and not any(one.done() for one in asked[:3])
        assert (await http.get("/page")).status_code == 200, "pages have no part in it"
        machine.go.set()
        accepted = [await one for one in asked[:3]]
        assert [one.status_code for one in accepted] == [200] * 3 and {one.content for one in accepted} == {b"x"}
        assert (await http.post("/machine", content=b"y")).content == b"y", "room again"
    for one in refused:
        assert one.status_code == 503 and json.loads(one.content) == {"error": "busy"}
        assert 1 <= int(one.headers["retry-after"]) <= 30
        for name in ("x-request-id", "content-security-policy", "strict-transport-security", "x-content-type-options"):
            assert one.headers[name]
        assert one.headers["access-control-allow-origin"] == "*" and one.headers["cache-control"] == "no-store"


async def test_a_body_that_is_still_coming_holds_no_place() -> None:
    machine, more = Machine(1), asyncio.Event()
    machine.go.set()

    async def slowly() -> AsyncIterator[bytes]:
        yield b"x"
        await more.wait()
        yield b"y"

    class Wire(httpx.AsyncBaseTransport):
        """Hands the parts of a body on as they come, unlike the transport for tests."""

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            parts, said = aiter(request.stream), list[Any]()  # type: ignore[arg-type]

            async def receive() -> Any:
                part = await anext(parts, b"")
                return {"type": "http.request", "body": part, "more_body": part != b""}

            async def send(message: Any) -> None:
                said.append(message)

            scope = {
                "type": "http", "method": "POST", "path": "/machine", "raw_path": b"/machine", "query_string": b"", "scheme": "http",
                "headers": [(name.lower(), value) for name, value in request.headers.raw], "client": ("127.0.0.1", 5), "server": ("localhost", 80),
            }  # fmt: skip
            await machine.app(scope, receive, send)
            return httpx.Response(said[0]["status"], content=said[1]["body"])

    async with httpx.AsyncClient(transport=Wire(), base_url="http://localhost") as http:
        waiting = asyncio.create_task(http.post("/machine", content=slowly(), headers={"content-length": "2"}))
        await asyncio.sleep(0.05)
        assert (await http.post("/machine", content=b"z")).content == b"z" and not waiting.done()
        more.set()
        assert (await waiting).content == b"xy"


@pytest.mark.parametrize("how", ["failing", "going away"])
async def test_who_leaves_in_any_way_makes_room(how: str) -> None:
    machine = Machine(1)
    async with machine.http() as http:
        for _ in range(3):
            machine.go.clear()
            asked = asyncio.create_task(http.post("/machine", content=b"x"))
            await machine.entered.wait()
            machine.entered.clear()
            if how == "failing":
                machine.fail = True
                machine.go.set()
                assert (await asked).status_code == 500
            else:
                asked.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await asked
            assert machine.app.state.admission.inside == 0
