"""Backup and restore, proved by restoring: what comes back is the registry with its log, and serves."""

from __future__ import annotations

import json
import shutil
import stat
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.platform.installation import Installation, new_folder


@pytest.fixture(scope="module")
def backup(installation: Installation) -> Iterator[Path]:
    folder = new_folder() / "backup"
    with installation.serving():  # taken while people work
        made = installation.dancu("backup", str(folder), "--json", timeout=300)
        assert made.code == 0, made.err
        assert made.json["rows"]["population.person"] >= 300
        assert made.json["log"]["ok"] is True
    yield folder
    shutil.rmtree(folder.parent, ignore_errors=True)


def test_a_backup_is_for_its_owner_and_leaves_no_scratch_database(installation: Installation, backup: Path) -> None:
    assert stat.S_IMODE(backup.stat().st_mode) == 0o700
    for path in (backup / "database.dump", *(backup / "keys").iterdir()):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with installation.database() as cluster, psycopg.connect(cluster.dsn("admin", "postgres")) as conn:
        assert conn.execute("SELECT datname FROM pg_database WHERE datname LIKE 'dancu%' ORDER BY 1").fetchall() == [("dancu",)]
        again = installation.dancu("backup", str(backup), "--json")
        assert (again.code, again.json["error"]) == (1, "backup.exists")


def test_what_is_restored_serves_and_its_log_verifies(installation: Installation, backup: Path) -> None:
    folder = new_folder()
    place = Installation(folder / "data", folder / "server.log")
    try:
        restored = place.dancu("restore", str(backup), "--json", timeout=300)
        assert restored.code == 0, restored.err
        assert place.cluster.pid() is None
        with place.serving() as port:
            verified = place.dancu("audit", "verify", "--facts", "--json", timeout=300)
            assert (verified.code, verified.json["ok"]) == (0, True)
            number = min(place.numbers())
            body = json.dumps({"number": number, "purpose": "identity_check", "legal_basis": "26/2023/QH15"}).encode()
            headers = {"Authorization": f"Bearer {place.token()}", "Content-Type": "application/json"}
            asked = urllib.request.Request(f"http://127.0.0.1:{port}/api/v1/persons/find", body, headers)
            with urllib.request.urlopen(asked, timeout=20) as answer:
                assert json.loads(answer.read())["person"]["personal_id"] == number
            assert place.dancu("person", "show", number, "--json").code == 0
        # Here now stands a registry: nothing is restored over it.
        refused = place.dancu("restore", str(backup), "--json")
        assert (refused.code, refused.json["error"]) == (1, "restore.not_empty")
        shutil.move(place.data / "keys", place.data / "kept")
        refused = place.dancu("restore", str(backup), "--json")
        assert (refused.code, refused.json["error"]) == (1, "restore.not_empty")
        shutil.move(place.data / "kept", place.data / "keys")
    finally:
        place.clean_up()


def test_a_damaged_backup_is_refused_before_anything_is_made(backup: Path) -> None:
    folder = new_folder()
    try:
        shutil.copytree(backup, folder / "copy")
        dump = folder / "copy" / "database.dump"
        whole = bytearray(dump.read_bytes())
        whole[len(whole) // 2] ^= 1
        dump.write_bytes(whole)
        place = Installation(folder / "data", folder / "server.log")
        refused = place.dancu("restore", str(folder / "copy"), "--json")
        assert (refused.code, refused.json["error"]) == (1, "restore.damaged")
        (folder / "copy" / "manifest.json").write_text("{")
        refused = place.dancu("restore", str(folder / "copy"), "--json")
        assert (refused.code, refused.json["error"]) == (1, "restore.no_manifest")
        assert not place.data.exists()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def test_a_log_that_was_tampered_with_is_not_called_a_backup(installation: Installation) -> None:
    folder = new_folder()
    try:
        with installation.database() as cluster:
            with psycopg.connect(cluster.dsn("admin")) as conn:
                conn.execute("CREATE TABLE kept AS SELECT * FROM audit.content WHERE idx = 5")
                conn.execute("UPDATE audit.content SET purpose = 'other' WHERE idx = 5")
            made = installation.dancu("backup", str(folder / "backup"), "--json", timeout=300)
            assert (made.code, made.json["error"]) == (1, "backup.log_broken")
            with psycopg.connect(cluster.dsn("admin")) as conn:
                conn.execute("UPDATE audit.content c SET purpose = k.purpose FROM kept k WHERE c.idx = k.idx")
                conn.execute("DROP TABLE kept")
        assert not (folder / "backup" / "manifest.json").exists()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
