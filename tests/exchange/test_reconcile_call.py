"""A partner's program sends a file, the worker matches it, the program fetches the results."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest

from dancu.exchange import jobs
from dancu.exchange.service.reconcile import runs as reconcile
from dancu.exchange.service.reconcile import uploads, work
from dancu.kernel.errors import Conflict, DancuError, Unavailable
from dancu.kit.keys import KeyRing
from dancu_client import CallRefused
from tests.accounts.registration import with_jobs
from tests.exchange.calling import WHY, Site, citizen
from tests.exchange.calling import site as site

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_create_upload_work_and_fetch(site: Site) -> None:
    with_jobs(site.registry.dsn("admin"))
    program = await site.program("Bảo Hiểm Đối Soát")
    other = await site.program("Cơ Quan Khác")
    for org in (program.org_code, other.org_code):
        await site.agree(org, "reconcile", "name birth sex personal_id")
    key, number = await citizen(site, "Hồ Thị Đối Soát")
    site.forget()
    born = (await site.sql("SELECT concat_ws('-', birth_year, lpad(birth_month::text, 2, '0'), lpad(birth_day::text, 2, '0')) FROM population.person_birth WHERE person_key = %s", (key,)))[0][0]
    content = (
        f"Mã số BHXH,Họ và tên,Ngày sinh,Số định danh\r\n1,HỒ THỊ ĐỐI SOÁT,{born},{number}\r\n2,Hồ Thị Đối Soat,{born},{number}\r\n"
        "3,Không Có Trong Sổ,1950,\r\n"
    ).encode()
    call = program.client.call
    made = (await call("reconcile", {"file_name": "a.csv", "digest": hashlib.sha256(content).hexdigest()}, WHY, path="/api/v1/exchange/reconcile/create")).body
    run, half = made["run"], len(content) // 2
    assert made["state"] == "waiting" and made["received"] == 0
    for offset, part, last in ((0, content[:half], False), (half, content[half:], True)):
        members = {"run": run, "offset": offset, "part": base64.b64encode(part).decode(), "last": last}
        sent = (await call("reconcile", members, WHY, path="/api/v1/exchange/reconcile/upload")).body
    assert sent["complete"] is True and sent["received"] == len(content)
    jobs = await site.sql("SELECT args FROM procrastinate.procrastinate_jobs WHERE task_name = 'exchange:reconcile'")
    assert jobs == [({"run_no": run},)]
    empty = (await call("reconcile", {"run": run}, WHY, path="/api/v1/exchange/reconcile/result")).body
    assert empty["lines"] == [] and empty["next"] == 0

    async with site.conn() as conn:
        kept = await reconcile.one(conn, run)
    await work.work(
        lambda: psycopg.AsyncConnection.connect(site.registry.dsn("worker"), autocommit=True), KeyRing.open(site.folder / "keys"), run,
        uploads.file_of(kept), hand_out=False,
    )  # fmt: skip
    told = (await call("reconcile", {"run": run, "from": 0}, WHY, path="/api/v1/exchange/reconcile/result")).body
    assert [line["outcome"] for line in told["lines"]] == ["matched", "duplicate", "not_found"] and told["next"] == 1
    assert told["lines"][1]["differs"] == {"name": "close"} and told["lines"][1]["first_line"] == 2
    state = (await call("reconcile", {"run": run}, WHY, path="/api/v1/exchange/reconcile/state")).body
    assert state["state"] == "done" and state["counts"]["matched"] == 1
    entries = await site.sql("SELECT actor_kind, actor_id, note->>'officer' FROM audit.pending WHERE subject = %s AND note->>'verb' = 'reconcile'", (key,))
    assert entries == [("client", program.client_no, WHY.officer)]

    # A part may be as large as was said, and no larger.
    large = b"x" * made["most_part"]
    other_file = {"file_name": "b.csv", "digest": hashlib.sha256(large + b"y").hexdigest()}
    run_of_large = (await call("reconcile/create", other_file, WHY)).body["run"]
    sent = (await call("reconcile/upload", {"run": run_of_large, "offset": 0, "part": base64.b64encode(large).decode()}, WHY)).body
    assert sent == {"run": run_of_large, "received": len(large), "complete": False}
    with pytest.raises(CallRefused) as too_large:
        await call("reconcile/upload", {"run": run_of_large, "offset": len(large), "part": base64.b64encode(large * 2).decode()}, WHY)
    assert too_large.value.code in ("exchange.too_large", "request.too_large")

    # Another partner's run is not there for this one; the sandbox has no files.
    with pytest.raises(CallRefused) as none:
        await other.client.call("reconcile", {"run": run}, WHY, path="/api/v1/exchange/reconcile/result")
    assert none.value.code == "reconcile.run"
    with pytest.raises(CallRefused) as broken:
        await call("reconcile", {"run": run, "offset": 0, "part": "###", "last": True}, WHY, path="/api/v1/exchange/reconcile/upload")
    assert broken.value.code == "reconcile.upload.part"


async def test_a_run_that_only_waits_for_the_log_is_taken_up_again_in_seconds(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    with_jobs(site.registry.dsn("admin"))

    @asynccontextmanager
    async def connection(role: str) -> AsyncIterator[psycopg.AsyncConnection]:
        async with await psycopg.AsyncConnection.connect(site.registry.dsn(role)) as conn:
            yield conn

    async def any_run(*_: Any) -> None:
        return None

    async def fails(*_: Any, **__: Any) -> None:
        raise failing[0]

    failing: list[DancuError] = [Unavailable("audit.not_sequenced", "x")]
    monkeypatch.setattr(jobs, "connection", connection)
    monkeypatch.setattr(jobs, "KeyRing", SimpleNamespace(open=lambda folder: None))
    monkeypatch.setattr(jobs, "runs", SimpleNamespace(one=any_run))
    monkeypatch.setattr(jobs, "uploads", SimpleNamespace(file_of=lambda run: None))
    monkeypatch.setattr(jobs, "work", SimpleNamespace(work=fails))
    await jobs.reconcile(run_no=4711)
    asked = "SELECT lock, scheduled_at - now() BETWEEN '0 s' AND '1 min' FROM procrastinate.procrastinate_jobs WHERE args = '{\"run_no\": 4711}'"
    assert await site.sql(asked) == [("reconcile.4711", True)]
    failing[0] = Conflict("exchange.suspended", "x")
    await jobs.reconcile(run_no=4711)
    assert len(await site.sql(asked)) == 1, "what somebody has to decide waits for the quarter of an hour"
