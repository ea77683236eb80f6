"""`dancu access …`, as scripts call it."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from typer.testing import CliRunner

from dancu.access import commands, service
from dancu.access.catalogue import PURPOSES
from dancu.kernel.errors import DancuError
from dancu.kit.command import os_user

runner = CliRunner()


def call(*args: str) -> Any:
    """In a thread of its own: commands start their own event loop."""
    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(runner.invoke, commands.app, list(args)).result()
    if isinstance(done.exception, DancuError):
        raise done.exception
    assert done.exit_code == 0, done.output
    return json.loads(done.output) if "--json" in args else done.output


@pytest.fixture
def installed(demo_db, tmp_path, monkeypatch):
    monkeypatch.setenv("DANCU_DATA", str(tmp_path))
    monkeypatch.setenv("DANCU_DATABASE_URL", demo_db.dsn("app"))
    return demo_db


@pytest.fixture
async def fresh(make_database, tmp_path, monkeypatch):
    """A new installation without staff."""
    database = make_database()
    async with await psycopg.AsyncConnection.connect(database.dsn("admin")) as conn:
        await service.sync_catalogue(conn)
        await conn.commit()
    monkeypatch.setenv("DANCU_DATA", str(tmp_path))
    monkeypatch.setenv("DANCU_DATABASE_URL", database.dsn("app"))
    return database


def test_purposes_and_roles_need_no_database(monkeypatch):
    monkeypatch.setenv("DANCU_DATABASE_URL", "host=/nowhere")
    listed = call("purposes", "--json")
    assert [p["code"] for p in listed] == list(PURPOSES)
    assert all(p["legal_bases"] and p["permissions"] for p in listed)
    assert "59/2014/QH13" in json.dumps(call("purposes", "--json", "--as-of", "2023-04-01"))
    assert "59/2014/QH13" not in json.dumps(listed)
    assert {"ward_police", "auditor"} <= {r["code"] for r in call("roles", "--json")}
    with pytest.raises(DancuError, match=r"date\.invalid"):
        call("purposes", "--as-of", "1/4/2023")


async def test_the_first_administrator_and_then_theirs(fresh):
    me = os_user()
    assert call("org", "add", "H47", "Ủy ban nhân dân tỉnh", "--kind", "committee", "--json")["code"] == "H47"
    made = call("staff", "add", "quan.tri", "Lê Quản Trị", "--org", "H47", "--role", "admin", "--os-user", me, "--json")
    assert made["setup_code"].count("-") == 3
    with pytest.raises(DancuError, match=r"os_user\.not_activated"):
        call("staff", "list")  # not active before they have set up their account
    async with await psycopg.AsyncConnection.connect(fresh.dsn("admin")) as conn:
        await conn.execute("UPDATE access.staff SET state = 'active'")
    assert call("whoami", "--json")["organisation"] == "H47"
    call("org", "add", "H47.CA", "Công an tỉnh", "--kind", "police", "--parent", "H47")
    call("staff", "add", "can.bo", "Trần Cán Bộ", "--org", "H47.CA")
    call("staff", "assign", "can.bo", "--role", "ward_police", "--units", "20353", "--as-of", "2023-04-01")
    assert [s["login"] for s in call("staff", "list", "--json")] == ["quan.tri", "can.bo"]
    assert call("staff", "reset", "can.bo", "--json")["setup_code"]
    assert call("staff", "deactivate", "can.bo", "--json")["state"] == "inactive"
    assert [o["code"] for o in call("org", "list", "--json")] == ["H47", "H47.CA"]
    with pytest.raises(DancuError, match=r"staff\.unknown"):
        call("staff", "reset", "khong.co")


def test_whoami_says_what_is_not_mapped(installed):
    with pytest.raises(DancuError, match=r"os_user\.unmapped"):
        call("whoami")
