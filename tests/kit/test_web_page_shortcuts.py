"""Pages answered without the framework's routing keep what it gave them: session, CSRF, one transaction, compression."""

import pytest
from fastapi import APIRouter

from dancu.kernel.errors import NotAllowed
from dancu.kit.web import ClosedByDefault, Request, Response, allow, csrf_token, public
from dancu.kit.web.access import demand_access
from dancu.kit.web.shortcuts import PageShortcut, checked_shortcuts
from dancu.kit.web.transaction import Lease, RequestLease

from .web import client, make_app


class Recorder:
    """A pool whose one connection remembers what became of its transaction."""

    class info:
        transaction_status = 0

    def __init__(self) -> None:
        self.said: list[str] = []

    async def getconn(self):  # type: ignore[no-untyped-def]
        return self

    async def putconn(self, conn: object) -> None:
        self.said.append("given back")

    def transaction(self):  # type: ignore[no-untyped-def]
        return self

    async def __aenter__(self) -> None:
        self.said.append("begin")

    async def __aexit__(self, kind: object, *_: object) -> None:
        self.said.append("rollback" if kind else "commit")


async def _page(request: Request, held: Lease) -> Response:
    if request.query_params.get("no"):
        await held.connection()
        raise NotAllowed("probe.no", "Không được.")
    if request.query_params.get("write"):
        await held.connection()
    who = request.state.actor.kind.value
    return Response(who + " " + csrf_token(request) + "x" * int(request.query_params.get("size", "0")), media_type="text/html")


def _app(pool: Recorder):  # type: ignore[no-untyped-def]
    router = APIRouter(dependencies=[public()])

    @router.get("/page")
    @router.post("/page")
    async def routed(request: Request, held: RequestLease) -> Response:
        raise AssertionError("the shortcut was not taken")

    app = make_app(router, pool=pool)
    app.state.shortcuts = {("GET", "/page"): PageShortcut(_page), ("POST", "/page"): PageShortcut(_page)}
    return app


async def test_a_page_is_one_transaction_ended_before_the_answer():
    pool = Recorder()
    async with client(_app(pool), "citizen-token") as browser:
        answer = await browser.get("/page?write=1")
        assert answer.status_code == 200 and answer.text.startswith("citizen ")
        assert pool.said == ["begin", "commit", "given back"]
        pool.said.clear()
        refused = await browser.get("/page?no=1")
        assert refused.status_code == 403 and pool.said == ["begin", "rollback", "given back"]


async def test_a_visitor_without_a_session_costs_no_connection():
    pool = Recorder()
    async with client(_app(pool)) as browser:
        assert (await browser.get("/page")).text.startswith("anonymous ")
    assert pool.said == []


async def test_a_form_from_elsewhere_is_refused():
    pool = Recorder()
    async with client(_app(pool)) as browser:
        token = (await browser.get("/page")).text.split(" ")[1]
        assert (await browser.post("/page", data={"csrf_token": "made.up"})).status_code == 403
        assert (await browser.post("/page", data={"csrf_token": token}, headers={"Sec-Fetch-Site": "cross-site"})).status_code == 403
        assert (await browser.post("/page", data={"csrf_token": token})).status_code == 200
        parts = await browser.post("/page", data={"csrf_token": token}, files={"paper": b"one"})
        assert parts.status_code == 200, "also where the framework's parser reads the form"


async def test_large_pages_are_compressed_and_small_ones_not():
    async with client(_app(Recorder())) as browser:
        assert (await browser.get("/page?size=3000")).headers["content-encoding"] == "gzip"
        assert "content-encoding" not in (await browser.get("/page")).headers


@pytest.mark.parametrize("stated", [public(machine=True), allow("person.read")])
def test_only_a_public_page_may_be_one(stated):  # type: ignore[no-untyped-def]
    router = APIRouter(dependencies=[stated])

    @router.get("/page")
    async def routed() -> Response:
        return Response("")

    with pytest.raises(ClosedByDefault):
        checked_shortcuts({("GET", "/page"): PageShortcut(_page)}, demand_access(router.routes))
