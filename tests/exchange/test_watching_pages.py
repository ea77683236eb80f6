"""Pages of whoever is on duty: sources, service levels, the map of provinces."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, ClassVar

import pytest
import pytest_asyncio

from dancu.access.service import sessions
from dancu.exchange.connectors.guard import Breaker
from dancu.exchange.models.service_levels import Level, Measured, Target
from dancu.exchange.models.sources import Health
from dancu.exchange.models.traffic import many_refused
from dancu.exchange.pages import MENU, level_targets, report, roadmap, service_levels, sources, traffic
from dancu.exchange.service import province_map
from dancu.exchange.service import report as report_service
from dancu.exchange.service import service_levels as levels_service
from dancu.exchange.service import sources as source_service
from dancu.exchange.service import traffic as traffic_service
from dancu.exchange.service.unanswered import Unanswered
from dancu.exchange.store import papers
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kit.db import make_pool
from dancu.kit.i18n import use_language
from dancu.kit.web import APIRouter, Surface, WebSettings, create_app
from tests.exchange.test_joining_pages import at, sql
from tests.kit.web import UNLIMITED
from tests.population.conftest import registry

__all__ = ["registry"]
pytestmark = pytest.mark.asyncio(loop_scope="session")


class _Line:
    def __init__(self, *, tripped: bool = False) -> None:
        self.breaker = Breaker(1, 86_400.0)
        if tripped:
            self.breaker.leave(ok=False)


class _Lines:
    lines: ClassVar = {"health_insurance": _Line(), "land": _Line(tripped=True), "vehicles": _Line()}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def app(registry: Any, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DANCU_DATA", str(tmp_path_factory.mktemp("watching")))
        pool = make_pool(registry.dsn("app"), min_size=1, max_size=4)
        await pool.open()
        router = APIRouter(include_in_schema=False)
        for module in (traffic, report, sources, level_targets, service_levels, roadmap):
            router.include_router(module.router)
        state = {
            "sessions": sessions, "pool": pool, "surfaces": (Surface("watch", "Theo dõi", "/watch", "watch"), Surface("partner", "Đối tác", "/partner", "watch", ("exchange.join",))), "menu": MENU, "demo": True,
            "issuer": "http://localhost", "lines": _Lines(),
        }  # fmt: skip
        settings = WebSettings(secret=b"s" * 32, ip_rate=UNLIMITED, session_rate=UNLIMITED)
        try:
            yield create_app(routers=[router], settings=settings, state=state)
        finally:
            await pool.close()


@pytest.mark.parametrize("language", ["vi", "en"])
async def test_nothing_happened_yet(app: Any, registry: Any, language: str) -> None:
    async with at(app, registry, "duty_officer", language) as watcher, at(app, registry, "ward_police", language) as other:
        for path in ("/watch/exchange/sources", "/watch/exchange/service-levels?period=month", "/watch/exchange/service-levels?wall=1", "/watch/exchange/traffic", "/watch/exchange/traffic?wall=1",
                     "/watch/exchange/report", "/watch/exchange/service-levels/targets"):
            await watcher.get(path)
            assert (await other.client.get(path)).status_code == 403
        assert (await watcher.client.get("/watch/exchange/sources?wall=1")).headers["refresh"] == "30"


async def test_sources_say_what_is_wrong_with_them(app: Any, registry: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    now, today = SYSTEM_CLOCK.now(), SYSTEM_CLOCK.today()
    async with app.state.pool.connection() as conn:
        for _ in range(3):
            await papers.fared(conn, "health_insurance", True, "", 40, now, today - timedelta(days=2))
        await papers.fared(conn, "health_insurance", False, "timeout", 3000, now)
        await papers.fared(conn, "vehicles", True, "", 25, now, today - timedelta(days=400))
    for nth, days in enumerate((40, 10)):
        await sql(
            registry, "INSERT INTO exchange.file_drop (connector, drop_id, sha256, as_of, lines, taken, unknown, refused, received_at, receipt)"
            " VALUES ('merit', %s, sha256(%s::bytea), %s, 900, 890, 7, 3, now(), 'r')", f"ncc-{nth}-x", str(nth), today - timedelta(days=days),
        )  # fmt: skip
    monkeypatch.setenv("DANCU_DROPS", str(tmp_path))
    (tmp_path / "merit").mkdir()
    (tmp_path / "merit" / "a.manifest.json").write_text("{}")
    (tmp_path / "merit" / "b.manifest.json").write_text("{}")
    (tmp_path / "merit" / "b.refused.json").write_text("{}")
    async with app.state.pool.connection() as conn:
        found = {one.code: one for one in await source_service.states(conn, app.state.lines, tmp_path)}
    assert found["health_insurance"].health is Health.FAILS and found["health_insurance"].as_of == today - timedelta(days=2)
    assert found["land"].health is Health.OPEN and found["vehicles"].health is Health.OLD and found["housing"].health is Health.NOT_CONNECTED
    fared = found["health_insurance"].fared
    assert fared is not None and (fared.asked, fared.failed) == (4, 1) and fared.mean_failed == 0.25 and fared.mean_ms is not None
    drops = found["merit"].drops
    assert drops is not None and drops.last is not None and (drops.waiting, drops.refused) == (1, 1)
    assert drops.next_by == today + timedelta(days=20), "as far from the last as that was from the one before"
    assert found["merit"].health is Health.ANSWERS and not found["merit"].drop_overdue
    async with at(app, registry, "duty_officer") as watcher:
        page = await watcher.get("/watch/exchange/sources")
        for words in ("không trả lời kịp", "Đã ngắt tạm thời", "Dữ liệu cũ", "1 tệp chờ nhận", "1 tệp không nhận"):
            assert words in page, words


async def test_levels_are_measured_against_what_was_promised(app: Any, registry: Any) -> None:
    await sql(registry, "INSERT INTO exchange.partner (org_code, state, live_at) VALUES ('DEMO', 'live', now()) ON CONFLICT DO NOTHING")
    await sql(
        registry, "INSERT INTO exchange.call (client_no, message_id, org_code, environment, service, digest, verdict, micros) SELECT 7,"
        " 'level-message-' || lpad(n::text, 6, '0'), 'DEMO', 'live', 'verify', sha256('x'), CASE WHEN n %% 50 = 0 THEN 'agreement.field' ELSE 'ok' END,"
        " 1000 * n FROM generate_series(1, 200) n",
    )  # fmt: skip
    counter = Unanswered(app.state.pool.connection)
    for _ in range(4):
        counter.add("DEMO", "verify")
    await counter.written()
    async with app.state.pool.connection() as conn:
        found = await levels_service.levels(conn, "day")
    (line,) = [one for one in found.levels if one.measured.org_code == "DEMO"]
    assert (line.measured.answered, line.measured.refused, line.measured.unanswered) == (196, 4, 4)
    assert line.availability == 98.0 and not line.available and line.fast and 180 < line.measured.p95 < 200
    await sql(registry, "INSERT INTO exchange.service_level (service, org_code, availability, p95_ms) VALUES ('verify', 'DEMO', 97, 100)")
    async with app.state.pool.connection() as conn:
        found = await levels_service.levels(conn, "month")
    (line,) = [one for one in found.levels if one.measured.org_code == "DEMO"]
    assert line.available and not line.fast, "the promise to one organisation counts before that to all"
    (tile,) = [one for one in found.tiles if one.org_code == "DEMO"]
    assert tile.standing == "errors" and tile.calls == 200
    with use_language("en"):
        async with app.state.pool.connection() as conn:
            found, shared = await levels_service.levels(conn, "month"), await traffic_service.last(conn, 24)
    assert [one.standing for one in found.tiles if one.org_code == "DEMO"] == ["errors"], "a place is found in every language"
    assert {one.measured.name[:20] for one in found.levels if one.measured.org_code == "DEMO"} == {one.name[:20] for one in shared.lines if one.org_code == "DEMO"} == {"People's Committee of"[:20]}
    async with at(app, registry, "duty_officer") as watcher:
        page = await watcher.get("/watch/exchange/service-levels")
        assert "98,00 %" in page and "chậm hơn mức" in page and page.count("<rect") == len(found.tiles) == 34


async def test_nothing_asked_is_no_failure() -> None:
    idle = Level(Measured("A", "A", "verify", 0, 3, 0, 0.0, None), Target(99.9, 100))
    assert idle.availability is None and idle.kept


async def test_few_refusals_are_no_alarm() -> None:
    assert not many_refused(3, 1) and not many_refused(0, 0) and not many_refused(100, 20) and many_refused(10, 3)


async def test_the_wall_shows_the_map_of_the_same_hours_as_its_figures(app: Any, registry: Any) -> None:
    await sql(registry, "INSERT INTO exchange.partner (org_code, state, live_at) VALUES ('DEMO', 'live', now()) ON CONFLICT DO NOTHING")
    await sql(
        registry, "INSERT INTO exchange.call (client_no, message_id, org_code, environment, service, digest, verdict, at)"
        " VALUES (7, 'wall-message-000001', 'DEMO', 'live', 'confirm', sha256('x'), 'ok', now() - interval '23 hours')",
    )  # fmt: skip
    async with app.state.pool.connection() as conn:
        found = await levels_service.levels(conn, levels_service.LAST_DAY)
    assert [one.measured.answered for one in found.levels if (one.measured.org_code, one.measured.service) == ("DEMO", "confirm")] == [1]


async def test_news_that_does_not_arrive_is_on_the_wall(app: Any, registry: Any) -> None:
    """Failing for a while, given up, or refused and not settled; what began to fail just now, or was ended, is not."""
    await sql(registry, "INSERT INTO exchange.partner (org_code, state, live_at) VALUES ('DEMO', 'live', now()) ON CONFLICT DO NOTHING")
    await sql(registry, "INSERT INTO exchange.system (client_no, org_code, name) VALUES (9907, 'DEMO', 'x')")
    made = "INSERT INTO exchange.subscription (subscription_id, org_code, client_no, kinds, topics, groups, fields, purpose, legal_basis, mode, url, batch, place, noted_to, state, failing_since, error)"
    for org, mode, state, failing, error in (
        ("DEMO", "push", "active", "10 minutes", "outbound.timeout"), ("DEMO.CA", "push", "paused", "3 days", "gave up"), ("DEMO.TX.MC", "push", "active", None, ""),
        ("DEMO.TX.HT", "push", "active", "1 minute", "answered 500"), ("DEMO.CDS", "push", "ended", "1 hour", "x"),
    ):  # fmt: skip
        await sql(
            registry, f"{made} VALUES (gen_random_uuid(), %s, 9907, '{{death}}', '{{t}}', '{{}}', '{{life}}', 'identity_check', 'x', %s, 'http://x', 1, 0, 0, %s, now() - %s::interval, %s)",
            org, mode, state, failing, error,
        )  # fmt: skip
    await sql(registry, "INSERT INTO exchange.dead_letter (subscription_id, seq, error) SELECT subscription_id, 5, 'answered 422' FROM exchange.subscription WHERE org_code = 'DEMO.TX.MC'")
    async with app.state.pool.connection() as conn:
        found = [(one.org_code, one.paused, one.since is not None, one.letters) for one in await traffic_service.undelivered(conn)]
    assert found == [("DEMO.CA", True, True, 0), ("DEMO", False, True, 0), ("DEMO.TX.MC", False, False, 1)]
    async with at(app, registry, "duty_officer") as watcher:
        for path in ("/watch/exchange/traffic?wall=1", "/watch/exchange/traffic"):
            page = await watcher.get(path)
            assert "đã ngừng gửi tin" in page and "không nhận tin" in page and "1 tin bị từ chối" in page, path
    for table in ("dead_letter", "subscription", "system WHERE client_no = 9907"):
        await sql(registry, f"DELETE FROM exchange.{table}")


async def test_every_province_has_a_tile_of_its_own_and_north_is_up() -> None:
    today = SYSTEM_CLOCK.today()
    places = province_map.places(today)
    assert len(set(places.values())) == len(places) == len(province_map.provinces(today))
    by_name = {unit.name: places[unit.unit_id] for unit in province_map.provinces(today)}
    assert by_name["Cao Bằng"][0] < by_name["Huế"][0] < by_name["Cà Mau"][0] and by_name["Điện Biên"][1] < by_name["Quảng Ninh"][1]


async def test_organisations_are_found_by_todays_names_and_yesterdays() -> None:
    today = SYSTEM_CLOCK.today()
    names = {unit.unit_id: unit.name for unit in province_map.provinces(today)}
    found = province_map.provinces_of([("A", "Ủy ban nhân dân tỉnh Quảng Nam"), ("B", "UBND Thành phố Hà Nội"), ("C", "Bộ Y tế")], today)
    assert {names[unit]: code for unit, code in found.items()} == {"Đà Nẵng": "A", "Hà Nội": "B"}


async def test_a_promise_is_set_with_a_reason_and_written_down(app: Any, registry: Any) -> None:
    where = "/watch/exchange/service-levels/targets"
    wish = {"service": "lookup", "org_code": "DEMO", "availability": "99,5 %", "p95_ms": "750", "reason": "Theo biên bản làm việc 12/BB-CDS", "act": "set"}
    async with at(app, registry, "national_coordinator") as coordinator, at(app, registry, "duty_officer") as watcher:
        assert "Đặt mức" in await coordinator.get(where)
        assert "Đặt mức" not in await watcher.get(where) and (await watcher.client.post(where, data=wish)).status_code == 403
        wrong = await coordinator.post(where, status=422, **{**wish, "availability": "101", "p95_ms": "0", "reason": "vì thế"})
        for words in ("từ 50 đến 100", "từ 1 đến 600000", "Hãy nêu lý do"):
            assert words in wrong, words
        assert "không bỏ" in await coordinator.post(where, status=422, **{**wish, "service": "", "org_code": "", "act": "end"})
        await coordinator.post(where, **wish)
        page = await coordinator.get(f"{where}?of=lookup&to=DEMO")
        assert "99,5 %" in page and "Theo biên bản làm việc" in page and 'value="750"' in page
        async with app.state.pool.connection() as conn:
            standing = (await level_targets.service.targets(conn)).standing
        assert standing["lookup", "DEMO"] == Target(99.5, 750)
        assert await sql(
            registry, "SELECT 1 FROM audit.pending WHERE note ->> 'verb' = 'exchange.level.set' UNION ALL SELECT 1 FROM audit.content WHERE note ->> 'verb' = 'exchange.level.set'"
        )  # fmt: skip
        await coordinator.post(where, **{**wish, "act": "end"})
        async with app.state.pool.connection() as conn:
            assert ("lookup", "DEMO") not in (await level_targets.service.targets(conn)).standing


async def test_the_report_of_a_month(app: Any, registry: Any) -> None:
    """Who takes, who shares, what was refused and why, how often no paper was asked for; of all, of one, as a table and on paper."""
    today = SYSTEM_CLOCK.today()
    await sql(
        registry, "INSERT INTO exchange.call (client_no, message_id, org_code, environment, service, digest, verdict, micros, officer, case_ref) SELECT 8,"
        " 'report-message-' || n, 'DEMO.CDS', 'live', 'lookup', sha256('x'), CASE n WHEN 1 THEN 'agreement.purpose' ELSE 'ok' END, 2000, 'Lê Thị Bảy', 'HS-' || n"
        " FROM generate_series(1, 5) n",
    )  # fmt: skip
    await sql(registry, "INSERT INTO exchange.way_tally (day, org_code, procedure, way, outcome, n) VALUES (%s, 'DEMO.TX.MC', 'x', 'lookup', 'proved', 41), (%s, 'DEMO.TX.MC', 'x', 'qr', 'unreadable', 3)", today, today)
    await sql(registry, "INSERT INTO exchange.paper_tally (day, org_code, org_name, procedure, what, n) VALUES (%s, '', '=1+1 Trường mầm non', 'x', 'demanded', 2)", today)
    async with app.state.pool.connection() as conn:
        await papers.fared(conn, "electricity", True, "", 40, SYSTEM_CLOCK.now())
        found = await report_service.monthly(conn, "")
        one = await report_service.monthly(conn, "", "DEMO.CDS")
    assert found.papers_spared == 41 and found.papers_asked == 2
    assert [(line.owner, line.taken) for line in found.shared if line.what == "Khách hàng dùng điện"] == [("Tập đoàn Điện lực Việt Nam", 1)]
    assert (one.calls, one.refused) == (5, 1) and [code for code, _, _ in one.by_reason] == ["agreement.purpose"] and not one.spared
    assert sum(day.calls for day in one.days) == 5 and one.days[-1].day == today and len(one.days) == today.day
    async with at(app, registry, "province_leader") as leader, at(app, registry, "duty_officer") as watcher, at(app, registry, "integrator") as engineer:
        page = await leader.get("/watch/exchange/report")
        assert "Mục đích này không nằm trong thỏa thuận." in page and "Trường mầm non" in page and f"{today:%m/%Y}" in page
        table = (await leader.client.get("/watch/exchange/report?form=csv")).content.decode("utf-8-sig")
        assert "'=1+1 Trường mầm non" in table and "paper_not_asked" in table
        assert (await leader.client.get("/watch/exchange/report?form=pdf&org=DEMO.CDS")).content.startswith(b"%PDF-")
        assert (await leader.client.get("/watch/exchange/report?org=NOBODY")).status_code == 404
        assert (await leader.client.get("/watch/exchange/report?month=2026-99")).status_code == 422
        assert (await leader.client.get("/watch/exchange/traffic/DEMO.CDS")).status_code == 403, "officers' names are for those who watch"
        named = await watcher.get("/watch/exchange/traffic/DEMO.CDS")
        assert "Lê Thị Bảy" in named and "Mục đích này không nằm trong thỏa thuận." in named
        own = await engineer.get("/partner/report")
        assert "Trường mầm non" not in own and "Mục đích này không nằm trong thỏa thuận." in own
        assert (await engineer.client.get("/watch/exchange/report")).status_code == 403
