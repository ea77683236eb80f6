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
from dancu.exchange.pages import MENU, roadmap, service_levels, sources, traffic
from dancu.exchange.service import province_map
from dancu.exchange.service import service_levels as levels_service
from dancu.exchange.service import sources as source_service
from dancu.exchange.service.unanswered import Unanswered
from dancu.exchange.store import papers
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kit.db import make_pool
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
        for module in (traffic, sources, service_levels, roadmap):
            router.include_router(module.router)
        state = {
            "sessions": sessions, "pool": pool, "surfaces": (Surface("watch", "Theo dõi", "/watch", "watch"),), "menu": MENU, "demo": True,
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
        for path in ("/watch/exchange/sources", "/watch/exchange/service-levels?period=month", "/watch/exchange/service-levels?wall=1", "/watch/exchange/traffic"):
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
    assert fared is not None and (fared.asked, fared.failed) == (4, 1) and round(fared.mean_failed, 2) == 0.05 and 180 < (fared.mean_ms or 0) < 190
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
    async with at(app, registry, "duty_officer") as watcher:
        page = await watcher.get("/watch/exchange/service-levels")
        assert "98,00 %" in page and "chậm hơn mức" in page and page.count("<rect") == len(found.tiles) == 34


async def test_nothing_asked_is_no_failure() -> None:
    idle = Level(Measured("A", "A", "verify", 0, 3, 0, 0.0, None), Target(99.9, 100))
    assert idle.availability is None and idle.kept


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
