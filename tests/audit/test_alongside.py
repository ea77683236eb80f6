"""Bulk work ends when its evidence has its place in the log, also where the sequencer it began with was killed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dancu.audit import alongside, service

from .log_helpers import look, scalar


@pytest.fixture
def at(database: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with a key, beside the throw-away database."""
    for role in ("", "_ADMIN", "_WORKER", "_IMPORT", "_VERIFY"):
        monkeypatch.setenv(f"DANCU_DATABASE_URL{role}", database.dsn(role[1:].lower() or "app"))
    monkeypatch.setenv("DANCU_DATA", str(tmp_path))
    service.make_signer(tmp_path / "keys")
    return tmp_path


_GONE = (
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
    " WHERE datname = current_database() AND usename = 'dancu_worker'"
)


async def test_a_killed_sequencer_is_replaced(
    at: Path, conn: Any, admin: Any, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """It looked alive when the work began: its last word was fresh. Our own outlives a database that goes away."""
    monkeypatch.setattr(alongside, "_PATIENCE", 0.1)
    await admin.execute("UPDATE audit.sequencer SET caught_up_at = clock_timestamp()")
    await admin.commit()
    (entry,) = await look(conn, 1)
    async with alongside.sequencer() as sequenced:
        assert sequenced
        monkeypatch.setattr(alongside, "_STUCK", 0.5)
        assert not await alongside.settle((entry, entry + 1)), "somebody seems to be at work: it is not forestalled"
        await admin.execute("UPDATE audit.sequencer SET caught_up_at = clock_timestamp() - interval '1 minute'")
        await admin.commit()
        monkeypatch.setattr(alongside, "_STUCK", 60.0)
        assert await alongside.settle((entry, entry + 1))
    assert await scalar(admin, "SELECT count(*) FROM audit.content") == 1

    await admin.execute("UPDATE audit.sequencer SET caught_up_at = clock_timestamp() - interval '1 minute'")
    await admin.commit()
    async with alongside.sequencer() as sequenced:
        assert sequenced
        monkeypatch.setattr(alongside, "_PATIENCE", 60.0)  # nobody starts another one
        for _ in range(2):
            (entry,) = await look(conn, 1)
            assert await alongside.settle((entry, entry + 1))
            assert await scalar(admin, _GONE) > 0
            await admin.commit()
    assert "Traceback" not in capfd.readouterr().err


async def test_without_a_key_nobody_is_waited_for_long(at: Path, conn: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alongside, "_PATIENCE", 0.0)
    monkeypatch.setattr(alongside, "_STUCK", 0.2)
    (at / "keys" / "audit.key").rename(at / "away")
    (entry,) = await look(conn, 1)
    assert not await alongside.settle((entry, entry + 1))
