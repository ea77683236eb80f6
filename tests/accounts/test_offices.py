"""Where a citizen is sent: rules of each time, hours, devices that serve; and the pages that keep them."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, date, datetime, time

import psycopg
import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st

from dancu.access import service as access
from dancu.access.service import sessions
from dancu.accounts.models.level2 import Office, OfficeKind
from dancu.accounts.pages.offices import read_spans
from dancu.accounts.policy import level2 as policy
from dancu.accounts.rules_level2 import RULES, rule, rule_on
from dancu.accounts.service import core, helpers, offices
from dancu.kernel.dates import PartialDate
from dancu.kernel.errors import Invalid, NotAllowed
from dancu.kit.web.session import COOKIE
from tests.accounts import enrolment
from tests.accounts.browsing import application, browsing, citizen
from tests.population.conftest import ELSEWHERE, NOW_HERE

POST = Office(
    1, "Công an phường", OfficeKind.POST, "DEMO.CA.TX", 1, "Số 2", "", enrolment.WEEK, (), date(2022, 1, 1), None,
    {"camera": 1, "fingerprint": 1},
)  # fmt: skip


def at(text: str) -> datetime:
    """A moment in Vietnam."""
    return datetime.fromisoformat(f"{text}+07:00").astimezone(UTC)


def test_each_day_has_the_rule_of_its_decree():
    assert rule_on(date(2022, 10, 19)) is None
    assert rule_on(date(2023, 1, 1)) == rule("59-2022") and rule_on(date(2024, 6, 30)) == rule("59-2022")
    assert rule_on(date(2024, 7, 1)) == rule_on(date(2026, 11, 22)) == rule("69-2024")
    for one, other in itertools.pairwise(RULES):
        assert one.valid_to == other.valid_from


def test_the_cut_off_day_itself_counts():
    old = rule("59-2022")
    assert old.by_phone(date(2022, 4, 1)) and not old.by_phone(date(2022, 3, 31)) and not old.by_phone(None)
    assert old.days(chip=True) == 3 and old.days(chip=False) == 7


@pytest.mark.parametrize(
    ("born", "guardian", "code"),
    [
        (PartialDate(2012, 11, 22), False, None),  # fourteen today
        (PartialDate(2012, 11, 23), False, "level2.with_guardian"),
        (PartialDate(2012), False, "level2.with_guardian"),  # of a year alone the end counts
        (PartialDate(2020, 11, 22), True, None),  # six today
        (PartialDate(2020, 11, 23), True, "level2.too_young"),
    ],
)
def test_ages(born, guardian, code):
    found = policy.refusal_of(rule("69-2024"), date(2026, 11, 22), alive=True, born=born, has_number=True, guardian=guardian)
    assert (found.code if found else None) == code


@pytest.mark.parametrize(
    ("now", "day", "start"),
    [
        ("2026-11-23T06:00", date(2026, 11, 23), time(7, 30)),  # Monday, before it opens
        ("2026-11-23T08:00", date(2026, 11, 23), time(7, 30)),  # open now
        ("2026-11-23T12:00", date(2026, 11, 23), time(13, 30)),
        ("2026-11-23T17:00", date(2026, 11, 24), time(7, 30)),
        ("2026-11-27T18:00", date(2026, 11, 30), time(7, 30)),  # Friday evening
        ("2026-08-31T18:00", date(2026, 9, 3), time(7, 30)),  # Monday before the national day, two days off
        ("2026-02-13T18:00", date(2026, 2, 23), time(7, 30)),  # Friday before Tết: the lunar calendar counts
    ],
)
def test_when_it_opens_next(now, day, start):
    found = policy.opens(POST, at(now))
    assert found and (found[0], found[1][0]) == (day, start)


def test_a_market_day_opens_on_its_days_alone():
    market = replace(POST, kind=OfficeKind.MARKET_DAY, days=(date(2026, 12, 6),), hours={7: ((time(6), time(10)),)})
    assert policy.opens(market, at("2026-11-22T07:00")) == (date(2026, 12, 6), (time(6), time(10)))
    assert policy.opens(replace(market, days=(date(2026, 1, 4),)), at("2026-11-22T07:00")) is None


def test_sent_to_the_nearest_that_can_serve():
    near = replace(POST, office_id=2, unit_id=2, devices={"camera": 1})  # no fingerprint reader
    kit = replace(POST, office_id=3, unit_id=3, kind=OfficeKind.MOBILE, devices={"kit": 1})
    far = replace(POST, office_id=4, unit_id=4)
    places = {2: (15.57, 108.47), 3: (15.6, 108.5), 4: (16.05, 108.2)}
    found = policy.nearest([far, near, kit], rule("69-2024"), at("2026-11-23T06:00"), (15.57, 108.48), places)
    assert [c.office.office_id for c in found] == [3, 4] and found[0].kilometres is not None and found[0].kilometres < 5
    old = policy.nearest([replace(kit, kind=OfficeKind.MARKET_DAY), far], rule("59-2022"), at("2026-11-23T06:00"), None, places)
    assert [c.office.office_id for c in old] == [4]


@given(st.lists(st.integers(0, 1438), min_size=2, max_size=6, unique=True))
def test_hours_are_read_as_written(minutes):
    ends = sorted(minutes[: len(minutes) // 2 * 2])
    spans = tuple((time(*divmod(a, 60)), time(*divmod(b, 60))) for a, b in zip(ends[::2], ends[1::2], strict=True))
    assert read_spans(", ".join(f"{a:%H:%M}-{b:%H:%M}" for a, b in spans)) == spans


@pytest.mark.parametrize("text", ["7", "25:00-26:00", "17:00-7:00", "sáng", "7:30-11:30-12"])
def test_hours_that_are_none(text):
    with pytest.raises(ValueError):
        read_spans(text)


async def test_a_broken_device_sends_people_elsewhere_until_it_is_mended(app, police):
    one = await enrolment.post(app, police, name="Điểm gần")
    two = await enrolment.post(app, police, name="Điểm bên cạnh", unit_id=ELSEWHERE)
    chosen = rule("69-2024")
    assert [c.office.office_id for c in await offices.choices(app, chosen, NOW_HERE)] == [one, two]
    camera = next(d for d in await offices.devices(app, one) if d.kind == "camera")
    with pytest.raises(Invalid, match=r"device.what"):
        await offices.report(app, police, camera.device_id, "broken")
    await offices.report(app, police, camera.device_id, "broken", "Không lên hình")
    assert [c.office.office_id for c in await offices.choices(app, chosen, NOW_HERE)] == [two]
    await offices.report(app, police, camera.device_id, "working")
    assert [c.office.office_id for c in await offices.choices(app, chosen, NOW_HERE)] == [one, two]
    ((_, what, _, mended),) = await offices.failures(app, one)
    assert what == "Không lên hình" and mended


async def test_only_its_organisation_keeps_an_office(app, police, clerk):
    with pytest.raises(NotAllowed):
        await enrolment.post(app, clerk)
    made = await enrolment.post(app, police)
    assert (await offices.own(app, replace(police, org_code="DEMO.CA"), made)).office_id == made  # the one above
    assert made in [office.office_id for office in await offices.mine(app, replace(police, org_code="DEMO.CA"))]
    other = replace(police, org_code="DEMO.TX.HT")
    with pytest.raises(NotAllowed, match=r"office.other_organisation"):
        await offices.own(app, other, made)


async def test_a_helper_marks_and_sees_nothing(app, police):
    post = await enrolment.post(app, police)
    number, code = await helpers.add(app, police, post, "Chị Bông", "Tổ công nghệ số")
    value = await helpers.begin(app, code.lower())
    assert helpers.of_mark(value) == number
    helper_id, until, mark = value.split(".")
    for forged in (f"{number + 1}.{until}.{mark}", f"{helper_id}.{int(until) + 1}.{mark}", f"{helper_id}.{until}.", "x", "1.2.é"):
        assert helpers.of_mark(forged) is None
    with pytest.raises(Invalid, match=r"helper.code"):
        await helpers.begin(app, "K7MP-4TXR")
    await helpers.end(app, police, number)
    with pytest.raises(Invalid, match=r"helper.code"):
        await helpers.begin(app, code)


@pytest_asyncio.fixture
async def site(registry, _ring):
    async with application(registry, _ring) as made:
        yield made


async def test_the_pages_of_an_office(registry, site):
    async with browsing(site) as browser:
        async with await psycopg.AsyncConnection.connect(registry.dsn("app")) as conn:
            token, _ = await access.enter_as(conn, "ward_police", demo=True)
        browser.client.cookies.set(COOKIE, token)
        await browser.get("/desk/eid/offices")
        await browser.get("/desk/eid/offices/new")
        assert "7:30-11:30" in await browser.post("/desk/eid/offices/new", 422, name="Chợ Chiên Đàn", kind="market_day", hours_1="sáng")
        await browser.post(
            "/desk/eid/offices/new", 422, name="Chợ Chiên Đàn", kind="market_day", hours_1="", place="Cổng chợ", unit="không có"
        )
        await browser.post(
            "/desk/eid/offices/new", name="Chợ Chiên Đàn", kind="market_day", unit="Phường Bàn Thạch, Đà Nẵng", place="Cổng chợ",
            days="06/12/2026, 20/12/2026", hours_7="6:00-10:00",
        )  # fmt: skip
        here = browser.url
        assert "không phục vụ được" in await browser.get(here)
        await browser.post(f"{here}/devices", device_kind="kit", model="Kit A", public_key="ab" * 32)
        assert "không phục vụ được" not in await browser.get(here)
        assert "Mã người hướng dẫn" in await browser.post(f"{here}/helpers", 200, helper="Anh Tám")
        await browser.get(f"{here}/edit")
        await browser.post(f"{here}/edit", place="Nhà lồng chợ")
        assert "Nhà lồng chợ" in await browser.get(here)


async def test_assisted_mode_in_a_browser(app, police, office, site):
    post = await enrolment.post(app, police)
    _, code = await helpers.add(app, police, post, "Chị Bông")
    await app.commit()
    async with browsing(site) as browser:
        await browser.get("/eid/helped")
        await browser.post("/eid/helped", 422, code="nonsense")
        assert "Đang làm cùng" not in await browser.get("/eid/sign-in")
        await browser.get("/eid/helped")
        await browser.post("/eid/helped", code=code)
        for page in ("/eid/register", "/eid/activate", "/eid/sign-in", "/eid/recover"):
            assert "Đang làm cùng người hướng dẫn." in await browser.get(page), page
        someone = await citizen(app, office)
        await app.commit()
        await browser.sign_in(someone)
        await core.open(app, [someone.key])
        marked = await app.execute("SELECT assisted FROM accounts.sign_in WHERE person_key = %s", (someone.key,))
        assert await marked.fetchall() == [(True,)]
        assert "Đừng đọc cho ai" in await browser.get("/eid/helped")
        assert "có người hướng dẫn" in await browser.get("/account/history")
        await browser.get("/eid/helped")
        token = browser.client.cookies[COOKIE]
        await browser.post("/eid/helped/end")
        assert await sessions.resolve(app, token) is None, "whoever comes next at the kiosk finds nobody signed in"
        assert "Mã người hướng dẫn" in await browser.get("/eid/helped")
        assert "Đang làm cùng" not in await browser.get("/eid/recover"), "not kept from the one before"
