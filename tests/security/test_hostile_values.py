"""Values no column and no calendar can hold are the sender's mistake, said as such: never a failure of ours."""

from __future__ import annotations

import httpx
import psycopg
import pytest
from fastapi import APIRouter

from dancu.kernel.errors import Invalid
from dancu.kit.web import JSONResponse, Request, public, read_form
from dancu.kit.web.errors import from_database
from dancu.kit.web.gate import host_name
from dancu.kit.web.shortcuts import take_shortcut
from dancu.population import present
from tests.kit.web import client, make_app


@pytest.mark.parametrize(
    ("query", "value"),
    [
        ("SELECT %s::bigint", 10**30),
        ("SELECT %s::int", 2**40),
        ("SELECT %s::text", "a\x00b"),
        ("SELECT %s::jsonb", '"\\u0000"'),
        ("SELECT %s::text::timestamptz", "294277-01-01"),
    ],
)
async def test_what_the_database_cannot_hold_is_the_senders_mistake(conn, query, value):
    with pytest.raises(psycopg.Error) as refused:
        await (await conn.execute(query, (value,))).fetchall()
    found = from_database(refused.value)
    assert isinstance(found, Invalid) and found.code == "request.impossible_value"


async def test_our_own_mistakes_stay_failures(conn):
    for query in ("SELECT 1/0", "SELECT population.look()", "SELECT 1 FROM nowhere"):
        with pytest.raises(psycopg.Error) as refused:
            await conn.execute(query)
        assert from_database(refused.value) is None
        await conn.rollback()


@pytest.mark.parametrize("text", ["0001-01-01T00:00", "9999-12-31T23:59:59-14:00", "x", "2020-01-01T00:00+99:99"])
def test_moments_beyond_the_calendar_are_unreadable(text):
    with pytest.raises(Invalid):
        present.moment(text)


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("localhost", "localhost"), ("Dancu.VN:8080", "dancu.vn"), ("[::1]:80", "::1"), ("[::1]", "::1"),
        ("localhost:1/api/?", ""), ("localhost/x", ""), ("localhost:", ""), ("evil@localhost", ""), ("", ""), ("a b", ""),
        ("localhost#:80", ""), ("[::1", ""),
    ],
)  # fmt: skip
def test_a_host_is_a_name_and_a_port(header, name):
    assert host_name(header) == name


@pytest.mark.parametrize("length", ["²", "9" * 5000, "-1", "1e3", "", "70000"])
async def test_a_length_that_is_none_is_refused_before_reading(length):
    async def never(request: Request) -> JSONResponse:
        raise AssertionError("read")

    from fastapi import FastAPI

    app: FastAPI = make_app()
    scope = {
        "type": "http", "method": "POST", "path": "/api/x", "query_string": b"", "app": app, "scheme": "http",
        "headers": [(b"content-length", length.encode("latin-1")), (b"host", b"localhost")], "server": ("localhost", 80),
        "state": {"lang": "vi", "request_id": "r", "error_code": ""},
    }  # fmt: skip
    answer = await take_shortcut(Request(scope), never)
    assert answer.status_code == 413


@pytest.fixture(scope="module")
def forms():
    router = APIRouter(dependencies=[public()])

    @router.get("/token")
    async def token(request: Request) -> dict[str, str]:
        from dancu.kit.web import csrf_token

        return {"token": csrf_token(request)}

    @router.post("/form")
    async def form(request: Request) -> JSONResponse:
        given = await read_form(request)
        return JSONResponse({name: len(given.value(name)) for name in given})

    return make_app(router)


@pytest.mark.parametrize("multipart", [False, True])
async def test_bounds_of_a_form_hold_though_the_token_is_read_first(forms, multipart):
    async with client(forms) as browser:
        token = (await browser.get("/token")).json()["token"]

        async def send(fields: dict[str, str]) -> httpx.Response:
            fields = {"csrf_token": token, **fields}
            if multipart:
                return await browser.post("/form", files={k: (None, v) for k, v in fields.items()})
            return await browser.post("/form", data=fields)

        assert (await send({"text": "x" * 60_000})).json()["text"] == 60_000
        assert (await send({"text": "x" * 70_000})).status_code == 400
        assert (await send({f"f{n}": "" for n in range(600)})).status_code == 400
