"""The funnel counts what is, for whoever may see counts; rows are for officers of the place, each look recorded."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import psycopg
import pytest
import pytest_asyncio

from dancu.access import service as access
from dancu.accounts.policy.gives import SERVICES, papers, saved
from dancu.accounts.service import activate, core, funnel
from dancu.accounts.service.check import eid_purpose
from dancu.accounts.service.gives import gives
from dancu.audit.models import Access
from dancu.kernel.actor import SYSTEM, ActorKind, Purpose
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.territory import service as territory
from tests.accounts.browsing import application, browsing
from tests.accounts.registration import new_phone, person
from tests.population.conftest import ELSEWHERE, NOW_HERE

STATISTICS = Purpose("statistics", "89/2015/QH13")


@pytest_asyncio.fixture(scope="module", loop_scope="session", autouse=True)
async def units(registry):  # type: ignore[no-untyped-def]
    """Counts know which commune lies in whose area by the units of the database."""
    async with await psycopg.AsyncConnection.connect(registry.dsn("admin")) as conn:
        await territory.load(conn)


@pytest.fixture
async def leader(app):  # type: ignore[no-untyped-def]
    token, _ = await access.enter_as(app, "province_leader", demo=True)
    return await access.sessions.resolve(app, token)


async def account(office, app, *, unit: int = NOW_HERE, channel: str = "online"):  # type: ignore[no-untyped-def]
    key, _ = await person(office)
    await core.create(app, SYSTEM, eid_purpose(), key, level=1, phone=new_phone(), unit_id=unit, channel=channel)
    return key


async def test_each_account_is_counted_as_far_as_it_came(office, app, leader):
    before = await funnel.funnel(app, leader, STATISTICS)
    approved, notified, active = [await account(office, app) for _ in range(3)]
    elsewhere = await account(office, app, unit=ELSEWHERE, channel="counter")
    for key in (notified, active, elsewhere):
        await activate.invite(app, key)
    await activate.activate(app, SYSTEM, active)
    await core.record_use(app, active)
    after = await funnel.funnel(app, leader, STATISTICS)
    grown = [getattr(after.total, stage) - getattr(before.total, stage) for stage in funnel.STAGES]
    assert grown == [0, 4, 3, 1, 1]
    by = {line.key: line for line in after.communes}
    assert by[str(ELSEWHERE)].approved >= 1
    assert {line.key for line in after.channels} >= {"online", "counter"}
    for group in (after.communes, after.weeks, after.channels):
        for stage in funnel.STAGES:
            assert sum(getattr(line, stage) for line in group) == getattr(after.total, stage)
    assert approved


async def test_older_weeks_leave_the_window(office, app, leader):
    key = await account(office, app)
    count = (await funnel.funnel(app, leader, STATISTICS)).total.approved
    later = type("Later", (), {"now": SYSTEM_CLOCK.now, "today": lambda self: SYSTEM_CLOCK.today() + timedelta(days=7 * 13)})()
    assert (await funnel.funnel(app, leader, STATISTICS, clock=later)).total.approved < count
    assert key


async def test_rows_are_for_officers_of_the_place(office, app, police, officers, leader):
    here, there = await account(office, app), await account(office, app, unit=ELSEWHERE)
    rows = await funnel.accounts_behind(app, police, eid_purpose(), stage="approved", limit=200)
    keys = {row.person_key for row in rows}
    assert here in keys
    assert there not in keys
    for actor in (officers["civil_status_clerk"], leader):
        with pytest.raises(psycopg.Error) as refused:
            async with app.transaction():
                await funnel.accounts_behind(app, actor, eid_purpose())
        assert refused.value.sqlstate == "DA003"
    with pytest.raises(psycopg.Error):
        async with app.transaction():
            await funnel.funnel(app, police, STATISTICS)


async def test_why_accounts_stand_still_is_counted_and_leads_to_them(office, app, police, leader):
    key = await account(office, app)
    await activate.invite(app, key)
    before = dict((await funnel.funnel(app, leader, STATISTICS)).idle)
    await activate.note_idle(app, police, eid_purpose(), key, "away")
    after = dict((await funnel.funnel(app, leader, STATISTICS)).idle)
    assert after["away"] == before.get("away", 0) + 1
    rows = await funnel.accounts_behind(app, police, eid_purpose(), reason="away", limit=200)
    assert key in {row.person_key for row in rows}
    assert {row.idle_reason for row in rows} == {"away"}


async def test_what_it_gives_follows_the_level(office, app):
    key, _ = await person(office)
    token = await access.issue_session(app, ActorKind.CITIZEN, key)
    citizen = await access.sessions.resolve(app, token)
    none = await gives(app, citizen)
    assert (none.level, none.open, {paper.level for paper in none.papers}) == (0, (), {0})
    await core.create(app, SYSTEM, eid_purpose(), key, level=1, phone=new_phone())
    await activate.invite(app, key)
    await activate.activate(app, SYSTEM, key)
    one = await gives(app, citizen)
    assert one.level == 1
    assert {service.level for service in one.open} == {1}
    assert "residence" in {paper.code for paper in one.papers}  # agencies look it up for everybody
    assert [paper.code for paper in one.papers_later] == ["card"]
    await core.raise_level(app, SYSTEM, eid_purpose(), key, 2)
    two = await gives(app, citizen)
    assert (two.level, two.later, len(two.open)) == (2, (), len(SERVICES))
    assert {paper.code for paper in two.papers} == {paper.code for paper in one.papers + one.papers_later}


def test_what_it_saved_is_counted_and_nothing_else():
    def one(kind: str, action: str, *fields: str, case: str | None = None) -> Access:
        return Access(1, 1, 1, SYSTEM_CLOCK.now(), action, kind, 7, "H47", "online_service", None, fields, case)

    asked = [one("client", "sign_in"), one("client", "read", "name"), one("client", "read", "name")]  # one sign-in, asked twice
    since = SYSTEM_CLOCK.now() - timedelta(minutes=1)
    assert saved(asked, since) == (1, 0)
    assert saved(asked, None) == saved(asked, since + timedelta(hours=1)) == (0, 0), "what was asked before the account was in use is not its merit"
    assert saved([*asked, one("client", "read", "name", case="H47.16-261123-0001")], since) == (2, 1)
    own = [one("citizen", "write", "authenticator"), one("citizen", "write", "consents"), one("citizen", "read", "cases")]
    assert saved([*own, one("citizen", "write", "cases")], since) == (0, 1)


async def test_a_card_that_ran_out_is_not_left_at_home(office, app):
    key, _ = await person(office, card=False)
    view = await office.view(key)
    assert "card" not in {paper.code for paper in papers(view)}


@pytest_asyncio.fixture
async def site(registry, _ring):  # type: ignore[no-untyped-def]
    async with application(registry, _ring) as made:
        yield made


async def test_the_same_figures_leave_as_a_table_for_whoever_sees_them(site, office, app):
    await account(office, app, channel="doorstep")
    tokens = {code: (await access.enter_as(app, code, demo=True))[0] for code in ("province_leader", "one_stop_officer")}
    await app.commit()
    async with browsing(site) as b:
        b.client.cookies.set("dancu_session", tokens["province_leader"])
        assert "/watch/eid.csv" in await b.get("/watch/eid")
        answer = await b.client.get("/watch/eid.csv")
        assert answer.headers["content-disposition"].startswith('attachment; filename="dancu-eid-')
        head, *lines = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))
        assert head[:4] == ["Mã xã, phường", "Xã, phường", "Tuần từ ngày", "Cách nộp"]
        assert any(line[3] == "Tại nhà" and int(line[5]) >= 1 for line in lines)
        total = (await funnel.funnel(app, await access.sessions.resolve(app, tokens["province_leader"]), STATISTICS)).total
        assert [sum(int(line[4 + n]) for line in lines) for n in range(5)] == [getattr(total, stage) for stage in funnel.STAGES]
        b.client.cookies.set("dancu_session", tokens["one_stop_officer"])
        assert (await b.client.get("/watch/eid.csv")).status_code == 403
