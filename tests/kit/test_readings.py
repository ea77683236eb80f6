"""Figures read from the database for /metrics: shown while they can be read, left out when they cannot."""

import asyncio

from dancu.kit.reading import Reading
from dancu.kit.web import health

from .web import client, make_app


async def test_readings_are_shown_with_their_kind_and_labels():
    async def readings():
        return [
            Reading("t_entries", "Entries", 12.0, total=True),
            Reading("t_jobs", "Jobs", 3.0, (("task", "a:b"), ("state", "todo"))),
            Reading("t_jobs", "Jobs", 1.0, (("task", "a:b"), ("state", "failed"))),
        ]

    app = make_app(metrics_token="t")
    app.state.readings = readings
    async with client(app) as probe:
        lines = (await probe.get("/metrics", headers={"Authorization": "Bearer t"})).text.splitlines()
    assert "# TYPE t_entries_total counter" in lines
    assert "t_entries_total 12.0" in lines
    assert lines.count("# TYPE t_jobs gauge") == 1
    assert {'t_jobs{state="todo",task="a:b"} 3.0', 't_jobs{state="failed",task="a:b"} 1.0'} <= set(lines)


async def test_what_cannot_be_read_is_left_out_not_repeated(monkeypatch):
    monkeypatch.setattr(health, "_CHECK_SECONDS", 0.05)

    async def fine():
        return [Reading("t_age_seconds", "Age", 1.0)]

    async def broken():
        raise OSError("database gone")

    async def stuck():
        await asyncio.sleep(10)

    app = make_app(metrics_token="t")
    async with client(app) as probe:
        for readings, shown in ((fine, True), (broken, False), (fine, True), (stuck, False), (None, False)):
            app.state.readings = readings
            answer = await probe.get("/metrics", headers={"Authorization": "Bearer t"})
            assert answer.status_code == 200
            assert ("t_age_seconds 1.0" in answer.text) is shown
            assert "dancu_http_requests_total" in answer.text


async def test_what_is_on_its_way_back_is_degraded_not_unready():
    app = make_app()
    async with client(app) as probe:
        for alive, degraded, said in ((True, False, "ok"), (False, True, "degraded")):
            app.state.minded = {"worker": lambda alive=alive: alive}
            answer = await probe.get("/readyz")
            assert answer.status_code == 200
            assert answer.json() == {"ready": True, "degraded": degraded, "checks": {"worker": said}}


async def test_messages_that_reach_nobody_are_counted_by_channel(admin, conn):
    from dancu.kit.messages import unreached

    await admin.execute(
        "INSERT INTO kit.message (channel, kind, address, address_index, state, created_at, expires_at) SELECT c, 'x', '', '', s, now() - age, now() + age"
        "  FROM (VALUES ('sms', 'failed', interval '1 hour'), ('sms', 'expired', '2 hours'), ('sms', 'delivered', '1 hour'), ('sms', 'failed', '3 days'),"
        "               ('email', 'queued', '20 minutes'), ('email', 'queued', '1 minute'), ('email', 'queued', '3 days')) AS m(c, s, age)"
    )
    await admin.commit()
    found = {(one.name.removeprefix("dancu_messages_"), dict(one.labels)["channel"]): one.value for one in await unreached.readings(conn)}
    assert (found["unreached", "sms"], found["handed_over", "sms"], found["late", "sms"]) == (2, 1, 0)
    assert (found["unreached", "email"], found["late", "email"]) == (0, 2)
    assert found["oldest_waiting_seconds", "email"] >= 3 * 86400
    async with conn.transaction():
        assert (await (await conn.execute("SELECT has_table_privilege('kit.message', 'SELECT')")).fetchone()) == (False,)
