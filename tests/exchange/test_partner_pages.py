"""The partner portal's pages of news and of reconciling: what an organisation's own staff see, mend and take away."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from dancu.access.service import sessions
from dancu.exchange.models.reconcile import RunState
from dancu.exchange.pages import MENU, portal, portal_agreements, reconcile_runs, subscriptions
from dancu.exchange.service.reconcile import results, uploads
from dancu.exchange.store import reconcile as run_store
from dancu.kit.db import make_pool
from dancu.kit.keys import KeyRing
from dancu.kit.web import APIRouter, Surface, WebSettings, create_app
from dancu.kit.web.text import time_vn
from tests.accounts.registration import with_jobs
from tests.exchange.receiver import Receiver
from tests.exchange.test_joining_pages import at, sql
from tests.kit.html import form_values
from tests.kit.web import UNLIMITED
from tests.population.conftest import registry

__all__ = ["registry"]
pytestmark = pytest.mark.asyncio(loop_scope="session")
ORG, BASIS = "DEMO.CDS", "278/2025/NĐ-CP"
HOME = "/partner/subscriptions"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def app(registry: Any, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Any]:
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("partner")
        patch.setenv("DANCU_DATA", str(folder))
        KeyRing.open(folder / "keys")
        with_jobs(registry.dsn("admin"))
        pool = make_pool(registry.dsn("app"), min_size=1, max_size=4)
        await pool.open()
        router = APIRouter(include_in_schema=False)
        for module in (portal, portal_agreements, subscriptions, reconcile_runs):
            router.include_router(module.router)
        surfaces = (Surface("partner", "Đối tác kết nối", "/partner", "watch", ("exchange.join",)),)
        state = {
            "sessions": sessions, "pool": pool, "surfaces": surfaces, "menu": MENU, "demo": True, "issuer": "http://localhost",
            "keys": folder / "keys", "outbound": "",
        }  # fmt: skip
        settings = WebSettings(secret=b"s" * 32, ip_rate=UNLIMITED, session_rate=UNLIMITED)
        try:
            yield create_app(routers=[router], settings=settings, state=state)
        finally:
            await pool.close()


async def _connected(registry: Any) -> None:
    """The organisation of the integrator persona is live, with a program and an agreement for events."""
    await sql(registry, "INSERT INTO exchange.partner (org_code, state, live_at) VALUES (%s, 'live', now()) ON CONFLICT DO NOTHING", ORG)
    await sql(registry, "INSERT INTO exchange.system (client_no, org_code, name, environment) VALUES (7, %s, 'Một cửa', 'live') ON CONFLICT DO NOTHING", ORG)
    await sql(
        registry, "INSERT INTO sharing.data_agreement (org_code, service, version, fields, purposes, valid, state, proposed_by, proposed_org,"
        " proposed_at, proposed_entry, agreed_by, agreed_org, agreed_at, agreed_entry, sealed) VALUES (%s, 'events', 1, '{life,name}',"
        " jsonb_build_object('public_service', %s::text), '[2020-01-01,2099-01-01)', 'in_force', 0, 'x', now(), 1, 0, 'x', now(), 1, 'x')"
        " ON CONFLICT DO NOTHING", ORG, BASIS,
    )  # fmt: skip


async def _died(registry: Any, *people: int) -> list[int]:
    """Numbers of the events."""
    await sql(registry, "INSERT INTO exchange.relation (person_key, org_code, ref, since) SELECT k, %s, 'ref-' || k, '2020-01-01'"
                        " FROM unnest(%s::bigint[]) k ON CONFLICT DO NOTHING", ORG, list(people))  # fmt: skip
    made = []
    for key in people:
        made += await sql(
            registry, "WITH h AS (UPDATE kit.event_head SET seq = seq + 1 RETURNING seq) INSERT INTO kit.event (seq, topic, person_key, payload, at)"
            " SELECT seq, 'population.person.died', %s, '{}', clock_timestamp() FROM h RETURNING seq", key,
        )  # fmt: skip
    return [row[0] for row in made]


async def test_nothing_yet_says_what_comes_first(app: Any, registry: Any) -> None:
    async with at(app, registry, "integrator") as maker:
        page = await maker.get(HOME)
        assert "Trước hết cần thỏa thuận" in page and "/partner/agreements/new?service=events" in page
        assert "Chưa có thỏa thuận" in await maker.get(f"{HOME}/new")
        assert "Chưa có lượt đối soát nào" in await maker.get("/partner/reconcile")


async def test_subscribe_refused_events_replay_pause_end(app: Any, registry: Any) -> None:
    await _connected(registry)
    async with Receiver(lambda events: 422) as receiver, at(app, registry, "integrator") as maker:
        await maker.get(f"{HOME}/new")
        wish = {"kinds": ["death"], "program": "7", "purpose": "public_service", "mode": "push", "batch": "1"}
        app.state.outbound = ""
        assert "danh sách được phép gọi ra" in await maker.post(f"{HOME}/new", 422, **wish, url=receiver.url)  # type: ignore[arg-type]
        app.state.outbound = f"inside:127.0.0.1:{receiver.port}"
        assert "Hãy nhập địa chỉ" in await maker.post(f"{HOME}/new", 422, **wish, url="")  # type: ignore[arg-type]
        assert "từ 1 đến 500" in await maker.post(f"{HOME}/new", 422, **{**wish, "batch": "900"}, url=receiver.url)  # type: ignore[arg-type]
        assert "chương trình dùng dữ liệu thật" in await maker.post(f"{HOME}/new", 422, **{**wish, "program": "8"}, url=receiver.url)  # type: ignore[arg-type]
        assert "Loại tin không có" in await maker.post(f"{HOME}/new", 422, **{**wish, "kinds": ["bogus"]}, url=receiver.url)  # type: ignore[arg-type]
        assert "không có trường dữ liệu" in await maker.post(f"{HOME}/new", 422, **{**wish, "kinds": ["card"]}, url=receiver.url)  # type: ignore[arg-type]
        await maker.post(f"{HOME}/new", 303, **wish, url=receiver.url)  # type: ignore[arg-type]
        page = await maker.get(HOME)
        assert "Qua đời" in page and "Đang gửi" in page
        (name,) = re.findall(HOME + r"/([0-9a-f-]{36})", page)
        place = f"{HOME}/{name}"
        first, second = await _died(registry, 1, 2)
        await sql(registry, "INSERT INTO exchange.dead_letter (subscription_id, seq, error) SELECT %s::uuid, s, 'refused by the subscriber'"
                            " FROM unnest(%s::bigint[]) s", name, [first, second])  # fmt: skip
        page = await maker.get(place)
        assert page.count("Chương trình của cơ quan từ chối tin này") == 2 and "còn 2 chưa xét" in page
        await maker.post(f"{place}/letters/{first}/again", 303)
        assert "again" in maker.url and receiver.got == []
        receiver.answer = lambda events: 204
        await maker.get(maker.url)
        assert "vẫn nằm trong danh sách" in maker.page
        # An alert holds the program: nothing is sent, and the page says why.
        (hold,) = await sql(registry, "INSERT INTO exchange.hold (client_no, until, rule) VALUES (7, now() + interval '1 hour', 'program_burst') RETURNING until")
        assert "Một cảnh báo đang giữ chương trình này" in await maker.post(f"{place}/letters/{first}/again", 422)
        assert f"giữ chương trình này đến {time_vn(hold[0])}" in await maker.get(place) and receiver.got == []
        await sql(registry, "UPDATE exchange.hold SET lifted_at = now()")
        await maker.post(f"{place}/letters/{first}/again", 303)
        assert [event["subject"] for event in receiver.got] == ["ref-1"] and receiver.headers["signature"]
        page = await maker.get(maker.url)
        assert "đã nhận" in page
        await maker.post(f"{place}/letters/{second}/let-go", 303)
        assert "đã bỏ qua" in await maker.get(place)
        answer = await maker.client.post(f"{place}/letters/{second}/again", data=form_values(maker.page, f"{place}/pause"))
        assert answer.status_code == 404, "settled events are not sent again"
        # Back to an earlier place, never forward.
        await sql(registry, "UPDATE exchange.subscription SET place = %s WHERE subscription_id = %s::uuid", second, name)
        await maker.get(place)
        assert "nhỏ hơn" in await maker.post(f"{place}/replay", 422, after=str(second))
        assert "số không âm" in await maker.post(f"{place}/replay", 422, after="-4")
        await maker.post(f"{place}/replay", 303, after=str(first - 1))
        assert (await sql(registry, "SELECT place FROM exchange.subscription"))[0][0] == first - 1
        # Failing: why, and when it is tried again; now, where somebody says so.
        await sql(registry, "UPDATE exchange.subscription SET error = 'answered 500', failing_since = now(), tries = 9, due_at = now() + interval '5 hours'")
        page = await maker.get(place)
        (due,) = (await sql(registry, "SELECT due_at FROM exchange.subscription"))[0]
        assert "Địa chỉ trả lời 500" in page and f"thử lại lúc {time_vn(due)}" in page
        await maker.post(f"{place}/now", 303)
        assert await sql(registry, "SELECT due_at <= now(), failing_since IS NULL, tries FROM exchange.subscription") == [(True, False, 9)]
        await maker.get(place)
        await maker.post(f"{place}/pause", 303)
        assert "Tạm dừng" in await maker.get(maker.url)
        await maker.post(f"{place}/resume", 303)
        await maker.get(place)
        await maker.post(f"{place}/end", 303)
        assert "Chưa đăng ký nhận tin nào" in await maker.get(HOME)
        assert (await maker.client.get(place)).status_code == 404
    verbs = [row[0] for row in await sql(registry, "SELECT note->>'verb' FROM audit.pending WHERE actor_kind = 'staff' AND note ? 'subscription' ORDER BY entry_id")]
    assert verbs == ["subscribe", "send_again", "send_again", "let_go", "replay", "try_now", "pause", "resume", "unsubscribe"]


async def test_what_the_night_found_about_both_logs_is_shown(app: Any, registry: Any) -> None:
    lost = {"message_id": "m" * 20, "what": "only_ours", "at": "2026-11-20T01:02:03.000+00:00", "service": "verify", "verdict": "ok"}
    for org, day, counts, found in (
        (ORG, "2026-11-20", (41, 1, 0, 0), [lost]), (ORG, "2026-11-19", (7, 0, 0, 0), []), ("OTHER", "2026-11-18", (1, 1, 0, 0), [lost]),
    ):  # fmt: skip
        await sql(
            registry, "INSERT INTO exchange.comparison (org_code, day, matched, only_ours, only_theirs, different, found)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s::jsonb) ON CONFLICT DO NOTHING", org, day, *counts, json.dumps(found),
        )  # fmt: skip
    async with at(app, registry, "integrator") as maker:
        page = await maker.get("/partner/logs")
        assert "20/11/2026" in page and "Có khác biệt" in page and "18/11/2026" not in page and lost["message_id"] not in page
        page = await maker.get("/partner/logs?day=2026-11-20")
        assert lost["message_id"] in page and "08:02 20/11/2026" in page and "bỏ sót" in page
        assert "khớp hoàn toàn" in await maker.get("/partner/logs?day=2026-11-19")
        for day in ("2026-11-18", "x", "2026-99-99"):
            await maker.get(f"/partner/logs?day={day}", 404)


#: Ids of something that another organisation has, and of nothing; by the name they bear in the routes.
Ids = dict[str, str]
NOTHING: Ids = {
    "client_no": "987654", "serial": "0ff1ce", "service": "lookup", "version": "77", "run_no": "987654", "seq": "987654",
    "subscription_id": "00000000-0000-4000-8000-000000000000", "kind": "csv", "step": "pause",
}  # fmt: skip


async def _theirs(registry: Any) -> Ids:
    """One of everything, of the organisation OTHER."""
    await sql(registry, "INSERT INTO exchange.partner (org_code, state, live_at) VALUES ('OTHER', 'live', now()) ON CONFLICT DO NOTHING")
    await sql(registry, "INSERT INTO exchange.system (client_no, org_code, name, environment) VALUES (8, 'OTHER', 'X', 'live') ON CONFLICT DO NOTHING")
    await sql(
        registry, "INSERT INTO exchange.certificate (serial, client_no, thumbprint, spki, pem, subject, issuer, not_before, not_after)"
        " VALUES ('abc1', 8, sha256('abc1'), 'k', 'p', 's', 'i', now(), now() + interval '9 days') ON CONFLICT DO NOTHING",
    )  # fmt: skip
    await sql(
        registry, "INSERT INTO sharing.data_agreement (org_code, service, version, fields, purposes, valid, state, proposed_by, proposed_org,"
        " proposed_at, proposed_entry, agreed_by, agreed_org, agreed_at, agreed_entry, sealed) VALUES ('OTHER', 'lookup', 3, '{life}',"
        " '{\"p\": \"l\"}', '[2020-01-01,2099-01-01)', 'in_force', 0, 'x', now(), 1, 0, 'x', now(), 1, 'x') ON CONFLICT DO NOTHING",
    )  # fmt: skip
    (row,) = await sql(
        registry, "INSERT INTO exchange.subscription (subscription_id, org_code, client_no, kinds, topics, purpose, legal_basis, mode, place, noted_to)"
        " VALUES (gen_random_uuid(), 'OTHER', 8, '{death}', '{x}', 'p', 'l', 'pull', 0, 0) RETURNING subscription_id::text",
    )  # fmt: skip
    await sql(registry, "INSERT INTO exchange.dead_letter (subscription_id, seq, error) VALUES (%s, 5, 'no')", row[0])
    run = await _run(registry, "OTHER")
    return {**NOTHING, "client_no": "8", "serial": "abc1", "version": "3", "run_no": str(run), "seq": "5", "subscription_id": row[0]}


async def test_what_is_another_organisations_is_answered_like_what_is_not_there(app: Any, registry: Any) -> None:
    """Every route of the portal that takes an id, so that a new one is asked too."""
    await _connected(registry)
    theirs, tried = await _theirs(registry), 0
    async with at(app, registry, "integrator") as maker:
        await maker.get(f"{HOME}/new")
        csrf = {name: value for name, value in form_values(maker.page, f"{HOME}/new").items() if "csrf" in name}
        assert csrf
        for route in [route for module in (portal, portal_agreements, subscriptions, reconcile_runs) for route in module.router.routes]:
            names = re.findall(r"{(\w+)", getattr(route, "path", ""))
            if not names or not route.path.startswith("/partner"):
                continue
            for method in route.methods - {"HEAD"}:
                told = []
                for ids in (theirs, NOTHING):
                    path = re.sub(r"{(\w+)[^}]*}", lambda found, ids=ids: ids[found[1]], route.path)  # type: ignore[misc]
                    form = {**csrf, "reason": "Khóa bị lộ", "serial": ids["serial"], "place": "0"}
                    answer = await (maker.client.post(path, data=form) if method == "POST" else maker.client.get(path))
                    told.append((answer.status_code, re.findall(r"<h1.*?</h1>|<code>[a-z_]+[.][a-z_.]+</code>", answer.text)))
                assert told[0] == told[1] and told[0][0] == 404, (method, route.path, told)
                tried += 1
        assert tried >= 19
    async with at(app, registry, "ward_police") as other:
        for path in (HOME, f"{HOME}/new", "/partner/reconcile"):
            assert (await other.client.get(path)).status_code == 403, path
    assert await sql(registry, "SELECT revoked_at FROM exchange.certificate WHERE serial = 'abc1'") == [(None,)]


async def _run(registry: Any, org: str, state: RunState = RunState.RUNNING) -> int:
    (row,) = await sql(
        registry, "INSERT INTO exchange.reconcile_run (org_code, client_no, digest, terms, file_name, kind, profile, weights, released, purpose,"
        " legal_basis, case_ref, officer, request_id, state, counts, seconds, chunks, position) VALUES (%s, 7, sha256(gen_random_uuid()::text::bytea),"
        " sha256('t'), 'bhxh-thang-11.csv', 'csv', 'social-insurance', '1', '{name}', 'social_insurance', '41/2024/QH15', 'DS-11', 'Phạm Thị Ngân',"
        " 'r', %s, %s::jsonb, 2.5, 1, 2001) RETURNING run_no", org, state.value, json.dumps({"matched": 1500, "matched_with_differences": 400, "not_found": 100}),
    )  # fmt: skip
    return int(row[0])


async def test_a_run_is_seen_taken_away_and_set_going_again(app: Any, registry: Any) -> None:
    await _connected(registry)
    run_no = await _run(registry, ORG)
    lines: list[Any] = [{"line": 2, "ref": "=1+1", "outcome": "matched", "score": 0.99}, {"line": 3, "ref": "b", "outcome": "not_found", "score": 0.0}]
    ring = KeyRing.open(Path(app.state.keys))
    async with app.state.pool.connection() as conn:
        await run_store.add_chunk(conn, run_no, 0, 2, results.seal(ring, run_no, 0, "result", lines), None)
    async with at(app, registry, "integrator") as maker:
        page = await maker.get("/partner/reconcile")
        assert "bhxh-thang-11.csv" in page and "800" in page, "rows per second"
        page = await maker.get(f"/partner/reconcile/{run_no}")
        assert "Khớp, có điểm khác" in page and "20,0 %" in page and "Chạy tiếp" not in page
        answer = await maker.client.get(f"/partner/reconcile/{run_no}/results.csv")
        assert answer.headers["content-disposition"].endswith('.csv"') and "'=1+1" in answer.text and answer.text.count("\r\n") == 3
        answer = await maker.client.get(f"/partner/reconcile/{run_no}/results.jsonl")
        assert [json.loads(line) for line in answer.text.splitlines()] == lines
        assert (await maker.client.get(f"/partner/reconcile/{run_no}/results.xml")).status_code == 404
        # A door that is shut is shut here too.
        await sql(registry, "INSERT INTO exchange.hold (client_no, until, rule) VALUES (7, clock_timestamp() + interval '1 hour', 'program_burst')")
        assert (await maker.client.get(f"/partner/reconcile/{run_no}/results.jsonl")).status_code == 403
        await sql(registry, "UPDATE exchange.hold SET lifted_at = now() WHERE client_no = 7")
        # Nobody has moved it for long, and its file is here.
        await sql(registry, "UPDATE exchange.reconcile_run SET moved_at = now() - %s WHERE run_no = %s", timedelta(minutes=5), run_no)
        async with app.state.pool.connection() as conn:
            run = await run_store.find(conn, run_no)
        assert run is not None
        assert "Chạy tiếp" not in await maker.get(f"/partner/reconcile/{run_no}"), "its file is not whole"
        uploads.file_of(run).write_bytes(b"x")
        assert "Chạy tiếp" in await maker.get(f"/partner/reconcile/{run_no}")
        form = form_values(maker.page, f"/partner/reconcile/{run_no}/resume")
        await maker.post(f"/partner/reconcile/{run_no}/resume", 303)
        page = await maker.get(maker.url)
        assert "Đã cho chạy tiếp" in page
        answer = await maker.client.post(f"/partner/reconcile/{run_no}/resume", data=form)
        assert answer.status_code == 422 and "đang chạy" in answer.text
        await sql(registry, "UPDATE exchange.reconcile_run SET state = 'erased' WHERE run_no = %s", run_no)
        assert "đã xóa" in await maker.get(f"/partner/reconcile/{run_no}")
        assert (await maker.client.get(f"/partner/reconcile/{run_no}/results.csv")).status_code == 409
    jobs = await sql(registry, "SELECT args FROM procrastinate.procrastinate_jobs WHERE task_name = 'exchange:reconcile'")
    assert [row[0]["run_no"] for row in jobs] == [run_no]
    noted = await sql(registry, "SELECT action FROM audit.pending WHERE note->>'run' = %s ORDER BY entry_id", str(run_no))
    assert [row[0] for row in noted] == ["export", "export", "system"]


@pytest.mark.parametrize("language", ["en"])
async def test_english(app: Any, registry: Any, language: str) -> None:
    run_no = await _run(registry, ORG, RunState.DONE)
    async with at(app, registry, "integrator", language) as maker:
        for path in (HOME, f"{HOME}/new", "/partner/reconcile", f"/partner/reconcile/{run_no}"):
            await maker.get(path)
