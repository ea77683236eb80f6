"""Every failure has its status, its words for people and for programs, and says nothing it should not."""

import io
import json
import logging
from contextlib import asynccontextmanager

import psycopg
import pytest
from fastapi import APIRouter
from pydantic import BaseModel

from dancu.kernel.errors import Conflict, FieldError, Invalid, NotAllowed, NotFound, Unavailable
from dancu.kit import log
from dancu.kit.limits import Rate
from dancu.kit.migrate import available
from dancu.kit.web import Request, Response, public, read_form

from .html import check_page, text_of
from .web import client, make_app

SECRET = "049190012345"
RAISED = {
    "invalid": (Invalid("x.y", "Sai số {n}.", n=3, fields=(FieldError("born", "b.c", "Ngày sai."),)), 422),
    "missing": (NotFound("x.y", "Không có."), 404),
    "denied": (NotAllowed("x.y", "Không được."), 403),
    "conflict": (Conflict("x.y", "Đã đổi."), 409),
    "down": (Unavailable("x.y", "Chưa chạy."), 503),
}


class Body(BaseModel):
    year: int


def _router() -> APIRouter:
    router = APIRouter(dependencies=[public()])

    @router.get("/raise/{name}")
    @router.get("/api/raise/{name}")
    async def fail(name: str) -> None:
        raise RAISED[name][0]

    @router.get("/crash")
    @router.get("/api/crash")
    async def crash() -> None:
        raise ValueError(f"somebody is {SECRET}")

    @router.post("/token", dependencies=[public(machine=True)])
    async def token() -> None: ...

    @router.get("/number/{key}")
    async def number(key: int) -> None: ...

    @router.post("/api/body")
    async def body(given: Body) -> None: ...

    @router.post("/form")
    async def form(request: Request) -> Response:
        return Response(str(len((await read_form(request)).value("text"))))

    @router.post("/large", max_body_size=5000)
    async def large(request: Request) -> Response:
        return Response(str(len(await request.body())))

    return router


@pytest.fixture(scope="module")
def app():
    return make_app(_router(), max_body=1000)


@pytest.mark.parametrize("name", sorted(RAISED))
async def test_programs_get_a_problem_and_people_a_page(app, name):
    error, status = RAISED[name]
    # A staff member, since the unknown are sent to sign in where something is not allowed.
    async with client(app, "staff-token") as browser:
        answer = await browser.get(f"/api/raise/{name}")
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
        problem = answer.json()
        assert problem["code"] == "x.y"
        assert problem["status"] == status
        assert problem["detail"] == error.text()
        assert problem["request_id"] == answer.headers["x-request-id"]
        page = await browser.get(f"/raise/{name}")
        assert page.status_code == status
        words = text_of(check_page(page.text))
        assert error.text() in words
        assert "x.y" in words
        assert ("retry-after" in page.headers) == (status == 503)
        by_accept = await browser.get(f"/raise/{name}", headers={"Accept": "application/json"})
        assert by_accept.json()["code"] == "x.y"


class _Applied:
    """A pool whose database has these migrations."""

    def __init__(self, *names):
        self.names, self.asked = names, 0

    async def execute(self, query):
        self.asked += 1
        return self

    async def fetchall(self):
        return [(name,) for name in self.names]

    @asynccontextmanager
    async def connection(self, timeout=None):
        yield self


@pytest.mark.parametrize(("applied", "status", "code"), [
    (["0001_kit.sql"], 503, "db.behind"), ([one.name for one in available()], 500, "unexpected"),
    ([*(one.name for one in available()), "9999_later.sql"], 503, "db.ahead"),
])  # fmt: skip
async def test_a_database_of_another_version_is_told_and_seldom_asked(applied, status, code):
    router = APIRouter(dependencies=[public()])

    @router.get("/api/older")
    async def older() -> None:
        raise psycopg.errors.UndefinedColumn("column does not exist")

    app = make_app(router, pool=(pool := _Applied(*applied)))
    async with client(app) as browser:
        for _ in range(3):
            answer = await browser.get("/api/older")
            assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert pool.asked == 1


async def test_fields_are_listed(app):
    async with client(app) as browser:
        problem = (await browser.get("/api/raise/invalid")).json()
        assert problem["errors"] == [{"field": "born", "code": "b.c", "message": "Ngày sai."}]


async def test_english_where_asked(app):
    async with client(app) as browser:
        assert (await browser.get("/api/nowhere?lang=en")).json()["title"] == "This page or record was not found"
        page = await browser.get("/nowhere")
        assert check_page(page.text).get("lang") == "en"


async def test_validation_never_repeats_what_was_sent(app):
    async with client(app) as browser:
        answer = await browser.post("/api/body", json={"year": SECRET + "x"})
        assert answer.status_code == 422
        assert [e["field"] for e in answer.json()["errors"]] == ["year"]
        assert SECRET not in answer.text
        for body in ("{", "[]", '"x"', "\ud83d".encode("utf-8", "surrogatepass")):
            answer = await browser.post("/api/body", content=body, headers={"Content-Type": "application/json"})
            assert answer.status_code == 422
    async with client(app) as browser:
        page = await browser.get(f"/number/{SECRET}x")
        assert page.status_code == 404
        assert SECRET not in page.text


async def test_what_nobody_foresaw_says_only_its_request_id(app):
    stream = io.StringIO()
    before = logging.getLogger().handlers[:], logging.getLogger().level
    log.configure(json=True, stream=stream)
    try:
        async with client(app) as browser:
            for path in ("/crash", "/api/crash"):
                answer = await browser.get(path)
                assert answer.status_code == 500
                assert SECRET not in answer.text
                assert "ValueError" not in answer.text
                assert answer.headers["x-request-id"] in answer.text
                assert "content-security-policy" in answer.headers
    finally:
        logging.getLogger().handlers[0].flush()
        logging.getLogger().handlers[:], logging.getLogger().level = before
    written = stream.getvalue()
    assert SECRET not in written
    lines = [json.loads(line) for line in written.splitlines()]
    failed = next(line for line in lines if line["event"] == "request failed")
    assert failed["exception"][0]["type"] == "builtins.ValueError"
    assert failed["request_id"]
    done = next(line for line in lines if line["event"] == "request")
    assert (done["route"], done["status"], done["error_code"]) == ("/crash", 500, "unexpected")


async def test_the_log_names_the_route_not_the_path(app):
    stream = io.StringIO()
    before = logging.getLogger().handlers[:], logging.getLogger().level
    log.configure(json=True, stream=stream)
    try:
        async with client(app) as browser:
            await browser.get("/raise/missing?name=Tran")
            await browser.get("/nowhere/Nguyen-Van-An")
    finally:
        logging.getLogger().handlers[0].flush()
        logging.getLogger().handlers[:], logging.getLogger().level = before
    ours = [json.loads(line) for line in stream.getvalue().splitlines() if '"dancu.web"' in line]
    assert [line["route"] for line in ours] == ["/raise/{name}", "unmatched"]
    assert not any("Tran" in str(line) or "Nguyen" in str(line) for line in ours)


async def test_the_frameworks_own_refusals_look_like_ours(app):
    async with client(app) as browser:
        wrong_method = await browser.post("/crash", headers={"Accept": "text/html"})
        assert (wrong_method.status_code, wrong_method.headers["allow"]) == (405, "GET")
        check_page(wrong_method.text)


async def test_an_address_for_programs_answers_programs_where_the_method_is_wrong(app):
    async with client(app) as browser:
        wrong = await browser.get("/token", headers={"Accept": "text/html"})
        assert (wrong.status_code, wrong.headers["allow"]) == (405, "POST")
        assert wrong.headers["content-type"] == "application/problem+json" and wrong.json()["code"] == "request.method"


@pytest.mark.parametrize("length_stated", [True, False])
async def test_too_large_a_body(app, length_stated):
    async def pieces():
        for _ in range(30):
            yield b"text=" + b"x" * 95

    body = b"text=" + b"x" * 3000 if length_stated else pieces()
    async with client(app, "staff-token") as browser:
        answer = await browser.post(
            "/form", content=body, headers={"Content-Type": "application/x-www-form-urlencoded"}
        )
        assert answer.status_code == 413
        assert "request.too_large" in answer.text
        check_page(answer.text)
        assert "content-security-policy" in answer.headers


async def test_a_route_may_take_more(app):
    async with client(app) as browser:
        json_body = {"content": b"x" * 3000, "headers": {"Content-Type": "application/octet-stream"}}
        assert (await browser.post("/large", **json_body)).text == "3000"


async def test_rate_limits_per_session_and_address():
    app = make_app(_router(), session_rate=Rate(1, 2), ip_rate=Rate(1, 4))
    async with client(app, "staff-token") as browser:
        statuses = [(await browser.get("/api/raise/missing")).status_code for _ in range(3)]
        assert statuses == [404, 404, 429]
        answer = await browser.get("/api/raise/missing")
        assert answer.json()["code"] == "rate.exceeded"
        assert int(answer.headers["retry-after"]) >= 1
    async with client(app) as other:
        page = await other.get("/raise/missing")
        assert page.status_code == 429
        check_page(page.text)


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "", "[::1"])
async def test_a_foreign_host_name_is_refused(app, host):
    async with client(app) as browser:
        answer = await browser.get("/raise/missing", headers={"Host": host})
        assert answer.status_code == 400
