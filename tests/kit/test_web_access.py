"""Closed by default, and open to exactly those a route names."""

import pytest
from fastapi import APIRouter
from starlette.routing import Mount, Route

from dancu.kit.web import ClosedByDefault, CurrentActor, allow, public, signed_in

from .web import TOKENS, client, make_app


async def _hello(actor: CurrentActor) -> dict[str, str]:
    return {"kind": str(actor.kind), "request": actor.request_id, "channel": str(actor.channel)}


def _router(**dependencies) -> APIRouter:
    router = APIRouter()
    for path, dependency in dependencies.items():
        router.add_api_route(f"/api/{path}", _hello, dependencies=[dependency])
        router.add_api_route(f"/pages/{path}", _hello, dependencies=[dependency], include_in_schema=False)
    return router


@pytest.fixture(scope="module")
def app():
    return make_app(
        _router(
            anybody=public(),
            somebody=signed_in(),
            reader=allow("person.read"),
            either=allow("person.read", "case.read"),
            citizen=allow("citizen"),
        )
    )


def test_a_route_that_states_nothing_stops_the_start_and_is_named():
    router = APIRouter(prefix="/desk")
    router.add_api_route("/fine", _hello, dependencies=[public()])
    router.add_api_route("/forgotten", _hello, methods=["POST"])
    with pytest.raises(ClosedByDefault, match="POST /desk/forgotten") as failure:
        make_app(router)
    assert "/desk/fine" not in str(failure.value)


def test_a_permission_on_the_router_covers_its_routes_nested_ones_too():
    inner, outer = APIRouter(prefix="/in"), APIRouter(dependencies=[allow("person.read")])
    inner.add_api_route("/x", _hello)
    outer.include_router(inner)
    stated = make_app(outer).state.access
    assert [access.codes for access in stated["GET /in/x"]] == [("person.read",)]


@pytest.mark.parametrize("route", [Route("/bare", _hello), Mount("/mounted", app=_hello)])
def test_what_cannot_state_a_permission_stops_the_start(route):
    router = APIRouter()
    router.routes.append(route)
    with pytest.raises(ClosedByDefault, match=r"/bare|/mounted"):
        make_app(router)


@pytest.mark.parametrize(
    ("path", "who"),
    [
        ("anybody", {"", "staff-token", "clerk-token", "citizen-token", "unknown"}),
        ("somebody", {"staff-token", "clerk-token", "citizen-token"}),
        ("reader", {"staff-token"}),
        ("either", {"staff-token", "clerk-token"}),
        ("citizen", {"citizen-token"}),
    ],
)
async def test_who_comes_in(app, path, who):
    for token in ["", "unknown", *TOKENS]:
        async with client(app, token) as browser:
            answer = await browser.get(f"/api/{path}")
        expected = 200 if token in who else 403 if token in TOKENS else 401
        assert answer.status_code == expected, (path, token)
        if expected != 200:
            assert answer.json()["code"] == ("permission.missing" if token in TOKENS else "session.required")


async def test_pages_send_the_unknown_to_sign_in_and_back(app):
    async with client(app) as browser:
        answer = await browser.get("/pages/reader?tab=kin")
        assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=/pages/reader%3Ftab%3Dkin")
    async with client(app, "clerk-token") as browser:
        assert (await browser.get("/pages/reader")).status_code == 403


async def test_the_actor_carries_this_request(app):
    async with client(app, "staff-token") as browser:
        answer = await browser.get("/api/reader", headers={"X-Request-Id": "0af7651916cd43dd8448eb211c80319c"})
        assert answer.json() == {"kind": "staff", "request": "0af7651916cd43dd8448eb211c80319c", "channel": "api"}
        assert (await browser.get("/pages/reader")).json()["channel"] == "web"


@pytest.mark.parametrize("insane", ["x", "a" * 65, "two words", "line\tbreak"])
async def test_a_request_id_that_could_forge_a_log_line_is_replaced(app, insane):
    async with client(app) as browser:
        answer = await browser.get("/api/anybody", headers={"X-Request-Id": insane})
    assert answer.headers["x-request-id"] != insane


async def test_who_asked_is_never_left_behind_for_the_next_request(app):
    """A server may hand the same state to every request."""
    shared: dict = {}

    async def server(scope, receive, send):
        await app({**scope, "state": shared}, receive, send)

    async with client(server, "staff-token") as browser:
        assert (await browser.get("/api/reader")).status_code == 200
    assert shared == {}
    async with client(server) as browser:
        assert (await browser.get("/api/reader")).status_code == 401
