"""The command line and the public HTTP log."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import psycopg
import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from typer.testing import CliRunner

from dancu.audit import api, commands, keys, service
from dancu.audit.note import parse_vkey
from dancu.kernel.errors import NotFound
from dancu.kit.web import db

from .log_helpers import look

runner = CliRunner()


@pytest.fixture
def data(tmp_path: Path, database: Any, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder whose database is the module's."""
    monkeypatch.setenv("DANCU_DATA", str(tmp_path))
    monkeypatch.setenv("DANCU_DATABASE_URL", database.dsn("app"))
    for role in ("worker", "verify", "admin"):
        monkeypatch.setenv(f"DANCU_DATABASE_URL_{role.upper()}", database.dsn(role))
    return tmp_path


@pytest.fixture(scope="module")
def signing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys") / "keys"


@pytest.fixture
async def filled(data: Path, signing: Path, conn: Any, worker: Any) -> Path:
    signer = keys.make_signer(signing)
    (data / "keys").symlink_to(signing)
    await look(conn, 1, 2, 3)
    await service.drain(worker, signer)
    await worker.commit()
    return data


def call(*args: str) -> Any:
    """In a thread of its own: commands start their own event loop."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(runner.invoke, commands.app, list(args)).result()


async def test_the_key_is_made_once_and_kept_private(signing: Path, tmp_path: Path) -> None:
    one, two = keys.make_signer(tmp_path / "k"), keys.make_signer(tmp_path / "k")
    assert one.skey == two.skey
    assert (tmp_path / "k" / "audit.key").stat().st_mode & 0o777 == 0o600
    assert parse_vkey((tmp_path / "k" / "audit.vkey").read_text()) == one.verifier == keys.load_verifier(tmp_path / "k")


async def test_verify_export_proof_checkpoint(filled: Path, tmp_path: Path) -> None:
    done = call("verify", "--json", "--facts")
    assert done.exit_code == 0, done.output
    said = json.loads(done.output)
    assert said["ok"] is True
    assert said["size"] >= 3
    assert call("verify").output.endswith("NGUYÊN VẸN\n")
    note = call("checkpoint").output
    (tmp_path / "remembered").write_text(note)
    assert call("verify", "--against", str(tmp_path / "remembered")).exit_code == 0
    copy = tmp_path / "copy"
    assert json.loads(call("export", str(copy), "--json").output)["size"] == said["size"]
    assert call("verify", str(copy), "--against", str(tmp_path / "remembered")).exit_code == 0
    assert call("vkey").output.strip() == (copy / "vkey").read_text().strip()
    proof = json.loads(call("proof", "0", "--index").output)
    assert proof["index"] == 0
    assert set(proof["opened"]) == {"content", "seq", "subject"}
    assert isinstance(call("proof", "99999").exception, NotFound)
    # Wrong: a log shorter than what is remembered elsewhere, an unreadable file.
    (tmp_path / "remembered").write_text("x")
    assert call("verify", "--against", str(tmp_path / "remembered")).exit_code == 1
    assert call("verify", "--against", str(tmp_path / "nothing")).exit_code == 1


async def test_findings_end_with_exit_code_1(filled: Path, database: Any) -> None:
    async with await psycopg.AsyncConnection.connect(database.dsn("admin")) as admin:
        await admin.execute("UPDATE audit.content SET purpose = 'x' WHERE idx = 1")
        await admin.commit()
        done = call("verify", "--json")
        assert done.exit_code == 1
        assert json.loads(done.output)["counts"] == {"content.altered": 1}
        await admin.execute("UPDATE audit.content SET purpose = 'residence_management' WHERE idx = 1")
        await admin.commit()


async def test_erase(filled: Path, worker: Any, signing: Path) -> None:
    cursor = await worker.execute("SELECT max(entry_id) FROM audit.content WHERE action = 'read' AND erased_by IS NULL")
    (entry_id,) = await cursor.fetchone()
    await worker.commit()
    made = json.loads(call("erase", str(entry_id), "--legal-basis", "Bản án 12/2026", "--json").output)
    assert made["erased"] == entry_id
    await service.drain(worker, keys.make_signer(signing))
    await worker.commit()
    assert json.loads(call("verify", "--json").output)["erased"] == 1


async def test_the_public_log_over_http(filled: Path, conn: Any) -> None:
    app = FastAPI()
    app.include_router(api.router)

    @app.exception_handler(NotFound)
    async def not_found(_request: Any, _error: Any) -> Any:
        from starlette.responses import Response

        return Response(status_code=404)

    async def give() -> Any:
        return conn

    app.dependency_overrides[db] = give
    for route in app.routes:  # the permission mechanics are kit's and tested there
        for dependency in getattr(getattr(route, "dependant", None), "dependencies", ()):
            if dependency.call is not db:
                app.dependency_overrides[dependency.call] = lambda: None
    async with AsyncClient(transport=ASGITransport(app=app), base_url="http://log") as client:
        head = await client.get("/log/checkpoint")
        assert head.text.split("\n")[0] == keys.load_verifier(filled / "keys").name
        assert head.headers["content-type"] == "text/plain; charset=utf-8"
        size = int(head.text.split("\n")[1])
        tile = await client.get(f"/log/tile/0/000.p/{size}")
        assert len(tile.content) == 32 * size
        assert "immutable" in tile.headers["cache-control"]
        assert (await client.get(f"/log/tile/entries/000.p/{size}")).status_code == 200
        for path in ("0/000", "0/001.p/3", "%2e%2e/checkpoint", "x"):
            assert (await client.get(f"/log/tile/{path}")).status_code == 404
        assert (await client.get("/log/vkey")).text.strip() == keys.load_verifier(filled / "keys").vkey
        assert "def check_inclusion" in (await client.get("/log/verify_proof.py")).text
