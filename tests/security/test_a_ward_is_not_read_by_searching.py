"""Twenty a search and any number of searches were a whole ward: what search shows is counted and ends."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import psycopg
import pytest

from dancu.access.catalogue import LIMITS, ROLES
from dancu.kernel.actor import Purpose
from dancu.kernel.errors import Exceeded
from dancu.kit.db import keep_evidence
from dancu.kit.web import APIRouter, public
from dancu.population import service
from tests.kit.web import client, make_app

CHECK = Purpose("identity_check", "26/2023/QH15")


def test_every_role_that_searches_has_a_limit():
    assert {code for code, role in ROLES.items() if "person.search" in role.permissions} == set(LIMITS)
    for limit in LIMITS.values():
        assert 0 < limit.usual <= limit.hour <= limit.day


async def test_the_answer_says_when_to_come_again():
    router = APIRouter(dependencies=[public()])

    @router.get("/api/limit")
    async def limit() -> None:
        raise Exceeded("search.too_many", "{allowed} người, đợi {minutes} phút.", allowed=2, minutes=5, seconds=271)

    async with client(make_app(router)) as browser:
        answer = await browser.get("/api/limit")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "271")
    assert answer.json()["code"] == "search.too_many"


@pytest.fixture
async def narrow(office, app, police, registry):  # type: ignore[no-untyped-def]
    """Five people of one name; two an hour and three a day for the ward's police."""
    for n in range(5):
        await office.person(f"Phạm Văn Đếm{'abcde'[n]}", year=1981)
    await app.commit()
    async with await psycopg.AsyncConnection.connect(registry.dsn("admin"), autocommit=True) as admin:
        await admin.execute("UPDATE access.reading_limit SET own_hour = 2, own_day = 7 WHERE role = 'ward_police'")
        await admin.execute("DELETE FROM access.shown")
        yield admin
        await admin.execute("UPDATE access.reading_limit SET own_hour = NULL, own_day = NULL")
        await admin.execute("DELETE FROM access.shown")


async def search(app, actor):  # type: ignore[no-untyped-def]
    return await service.search(app, actor, CHECK, "Phạm Văn", born="1981")


async def test_the_hour_and_the_day(narrow, app, police):
    first = len(await search(app, police))
    assert first >= 2, "a search that began under the limit is answered whole"
    with pytest.raises(Exceeded) as refused:
        await search(app, police)
    assert refused.value.code == "search.too_many"
    assert 0 < refused.value.params["seconds"] <= 3600
    assert refused.value.params["allowed"] == 2
    await app.commit()
    await narrow.execute("UPDATE access.shown SET slot = slot - interval '2 hours'")
    assert await search(app, police), "an hour later there is room"
    await app.commit()
    await narrow.execute("UPDATE access.shown SET slot = slot - interval '2 hours'")
    with pytest.raises(Exceeded) as refused:
        await search(app, police)
    assert refused.value.params["allowed"] == 7
    assert refused.value.params["seconds"] > 3600
    await app.rollback()


async def test_the_refusal_is_kept_and_others_go_on(narrow, app, police, clerk, registry):
    await search(app, police)
    await app.commit()
    me = replace(police, request_id="limit-1")
    with pytest.raises(Exceeded) as refused:
        async with app.transaction():
            await search(app, me)
    await keep_evidence(app, refused.value)
    await app.commit()
    rows = await narrow.execute("SELECT action, subject, note->>'verdict' FROM audit.pending WHERE request_id = 'limit-1'")
    assert await rows.fetchall() == [("denied", None, "too_many")]
    assert await search(app, replace(clerk, request_id="limit-2"))


async def test_searches_at_the_same_moment_are_counted_one_after_the_other(narrow, police, registry):
    async def one() -> int:
        async with await psycopg.AsyncConnection.connect(registry.dsn("app")) as conn:
            try:
                return len(await search(conn, police))
            except Exceeded:
                return 0

    shown = await asyncio.gather(*(one() for _ in range(6)))
    assert sum(1 for n in shown if n) == 1
