"""`dancu doctor`: every check that fails says how to mend it."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import time
from pathlib import Path
from typing import Any

import psycopg
import pytest

from dancu.cli import doctor, failures, serve
from dancu.kernel.errors import Unavailable
from tests.platform.installation import Answer, Installation, dancu


def failing(said: Answer) -> dict[str, Any]:
    return {row["name"]: row for row in said.json["checks"] if row["state"] == "fail"}


def test_all_is_well_while_it_runs(installation: Installation) -> None:
    with installation.serving():
        said = installation.dancu("doctor", "--json")
        assert (said.code, said.json["ok"]) == (0, True), said.out
        assert {"Cơ sở dữ liệu", "Cấu trúc", "Quyền tối thiểu", "Tiến trình nền", "Nhật ký bằng chứng", "Khóa", "Đĩa"} <= {
            row["name"] for row in said.json["checks"]
        }
        assert "✓" in installation.dancu("doctor").out


def test_what_is_wrong_with_the_database_is_found_and_mending_named(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DANCU_DATA", str(installation.data))
    lacking = psycopg.errors.UndefinedColumn("column does not exist")
    with installation.database() as cluster, psycopg.connect(cluster.dsn("admin"), autocommit=True) as conn:
        conn.execute("UPDATE public.dancu_migration SET name = '9' || name WHERE name LIKE '0011%'")
        conn.execute("ALTER ROLE dancu_app BYPASSRLS")
        conn.execute(
            "INSERT INTO audit.pending (at, action, actor_kind, actor_id, org_code, purpose, legal_basis)"
            " VALUES (clock_timestamp() - interval '2 minutes', 'system', 'system', 0, 'x', 'audit', '-')"
        )
        conn.execute(
            "INSERT INTO kit.message (channel, kind, address, address_index, state, created_at, expires_at)"
            " SELECT 'sms', 'test.unreached', '', '', s, now() - interval '20 minutes', now() + interval '1 day'"
            "   FROM unnest(ARRAY['queued'] || array_fill('failed'::text, ARRAY[500])) AS s"
        )
        conn.execute(
            "INSERT INTO oidc.client (client_id, name, org_code, profile, auth_method, sector, state, subject_type)"
            " SELECT 'doctor-' || n, 'A', org, 'public', 'none', sector, state, kind FROM (VALUES (1, 'evn', 'x.example', 'live', 'pairwise'),"
            " (2, 'bhxh', 'x.example', 'test', 'pairwise'), (3, 'evn', 'y.example', 'live', 'pairwise'), (4, 'evn', 'y.example', 'live', 'pairwise'),"
            " (5, 'bhxh', 'y.example', 'suspended', 'pairwise'), (6, 'bhxh', 'y.example', 'live', 'public')) AS v(n, org, sector, state, kind)"
        )
        try:
            said = installation.dancu("doctor", "--json")
            found = failing(said)
            assert said.code == 1
            assert "dancu migrate" in found["Cấu trúc"]["mend"]
            assert "NOBYPASSRLS" in found["Quyền tối thiểu"]["mend"]
            assert "dancu worker" in found["Tiến trình nền"]["mend"]
            (unsent,) = [row for row in said.json["checks"] if row["name"] == "Tin nhắn"]
            assert (unsent["state"], "DANCU_SMS_URL" in unsent["mend"]) == ("warn", True)
            (shared,) = [row for row in said.json["checks"] if row["name"] == "Nhóm ứng dụng"]
            assert (shared["state"], "dancu oidc client" in shared["mend"]) == ("warn", True)
            assert shared["found"].endswith("nhóm x.example: doctor-1 (evn), doctor-2 (bhxh)"), "who, where, and nobody else"
            assert "tin sms trong 24 giờ không tới nơi" in unsent["found"] and "1 tin chờ gửi quá 15 phút" in unsent["found"]
            # Who meets the older database is told what to run, and a worker does not start on it.
            known = failures._known(lacking)
            assert known is not None and known.code == "db.behind" and "dancu migrate" in known.text()
            with pytest.raises(Unavailable) as refused_start:
                serve._refuse_older()
            assert refused_start.value.code == "db.behind"
        finally:
            conn.execute("UPDATE public.dancu_migration SET name = substr(name, 2) WHERE name LIKE '90011%'")
            conn.execute("ALTER ROLE dancu_app NOBYPASSRLS")
            conn.execute("DELETE FROM audit.pending WHERE org_code = 'x'")
            conn.execute("DELETE FROM kit.message WHERE kind = 'test.unreached'")
            conn.execute("DELETE FROM oidc.client WHERE client_id LIKE 'doctor-%'")
        assert failures._known(lacking) is None, "of the same version it is a mistake of ours"
        conn.execute("INSERT INTO public.dancu_migration (name, checksum) VALUES ('9999_later.sql', '')")
        try:
            serve._refuse_older()
            found = {row["name"]: row for row in installation.dancu("doctor", "--json").json["checks"]}
            assert found["Cấu trúc"]["state"] == "warn" and "9999_later.sql" in found["Cấu trúc"]["found"]
            refused = installation.dancu("migrate", "--json")
            assert (refused.code, refused.json["error"]) == (1, "db.ahead")
        finally:
            conn.execute("DELETE FROM public.dancu_migration WHERE name = '9999_later.sql'")
        assert failing(installation.dancu("doctor", "--json")) == {}


def test_keys_that_others_can_read(installation: Installation) -> None:
    key = installation.data / "keys" / "audit.key"
    key.chmod(0o644)
    found = failing(installation.dancu("doctor", "--json"))
    assert "chmod 600" in found["Khóa"]["mend"]
    # Nothing runs on a key that others can read.
    refused = installation.start("serve")
    assert refused.child.wait(60) == 1
    assert "[keys.mode]" in refused.output
    key.chmod(0o600)


@pytest.mark.parametrize("lost", [("audit.key",), ("audit.key", "audit.vkey")])
def test_a_lost_key_of_the_log(installation: Installation, tmp_path: Path, lost: tuple[str, ...]) -> None:
    """Nothing starts on a key made anew; what is wrong and which file to restore is said, with and without a database."""
    keys = installation.data / "keys"
    for name in lost:
        (keys / name).rename(tmp_path / name)
    try:
        found = failing(installation.dancu("doctor", "--json"))
        assert "audit.key" in found["Khóa"]["mend"]
        refused = installation.start("serve")
        assert refused.child.wait(60) == 1
        assert "[audit.key.missing]" in refused.output
        assert not (keys / "audit.key").exists()
        with installation.database():
            found = failing(installation.dancu("doctor", "--json"))
            assert "sao lưu" in found["Nhật ký bằng chứng"]["mend"]
    finally:
        for name in lost:
            (tmp_path / name).rename(keys / name)
    with installation.serving():
        assert failing(installation.dancu("doctor", "--json")) == {}


def test_a_key_lost_while_it_runs(installation: Installation, tmp_path: Path) -> None:
    key = installation.data / "keys" / "audit.key"
    import httpx

    with installation.serving() as port, httpx.Client(base_url=f"http://localhost:{port}") as running:
        assert running.get("/readyz").json()["ready"] is True
        key.rename(tmp_path / "kept")
        try:
            said = running.get("/readyz")
            assert (said.status_code, said.json()["checks"]["key of the evidence log"]) == (503, "failed")
        finally:
            (tmp_path / "kept").rename(key)
        assert running.get("/readyz").json()["ready"] is True


def test_doctor_survives_what_it_did_not_foresee(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> doctor.Result:
        raise KeyError("x")

    assert doctor._survived(broken).state == "fail"
    assert doctor._survived(broken).mend


def test_a_python_built_without_optimisation_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    config = sysconfig.get_config_vars()
    monkeypatch.setattr(sys, "base_prefix", "/opt/python")
    monkeypatch.setitem(config, "CONFIG_ARGS", "'--enable-shared'")
    said = doctor._python(Path())
    assert (said.state, "/usr/bin/python3" in said.mend) == ("warn", True)
    monkeypatch.setitem(config, "CONFIG_ARGS", "'--enable-shared' '--enable-optimizations' '--with-lto'")
    assert doctor._python(Path()).state == "ok"


@pytest.mark.parametrize(
    ("on_path", "system", "taken"),
    [(0, 0, "python3"), (1, 0, "system"), (1, 1, "python3"), (None, 0, "system"), (None, None, "python3")],
)
def test_which_python_the_environment_is_made_of(tmp_path: Path, on_path: int | None, system: int | None, taken: str) -> None:
    """An optimised `python3`, else the system's own that will do, else `python3`, of which make then says what is missing."""
    for name, code in (("python3", on_path), ("system", system)):
        if code is not None:
            (tmp_path / name).write_text(f"#!/bin/sh\nexit {code}\n")
            (tmp_path / name).chmod(0o755)
    script = Path(__file__).parents[2] / "scripts" / "interpreter.sh"
    env = {"PATH": str(tmp_path), "SYSTEM_PYTHON": str(tmp_path / "system")}
    said = subprocess.run(["/bin/sh", str(script)], env=env, capture_output=True, text=True, check=True).stdout
    assert said == f"{tmp_path / 'system' if taken == 'system' else taken}\n"


def test_no_database(installation: Installation, tmp_path: Path) -> None:
    for place in (installation.data, tmp_path / "nothing"):
        said = dancu("doctor", "--json", "--data", str(place))
        assert said.code == 1
        assert "dancu serve" in failing(said)["Cơ sở dữ liệu"]["mend"]


def test_disk_and_libraries(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import importlib.util
    import shutil

    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10**9, 10**9, 10**8))
    assert doctor._disk(tmp_path).state == "fail"
    assert doctor._disk(tmp_path).mend
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert "requirements.lock" in doctor._libraries(tmp_path).mend


def test_every_failure_says_how_to_mend_it() -> None:
    """In the code: no Result that is not fine comes without a fourth argument."""
    import ast

    tree = ast.parse(Path(doctor.__file__).read_text())
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Result"]
    bad = [c for c in calls if isinstance(c.args[1], ast.Constant) and c.args[1].value in ("fail", "warn") and len(c.args) < 4]
    assert calls
    assert bad == []


def test_time_is_bounded(installation: Installation) -> None:
    began = time.monotonic()
    installation.dancu("doctor")
    assert time.monotonic() - began < 30


def test_a_full_disk_is_said_in_words(tmp_path: Path) -> None:
    from dancu.kit.postgres import server

    with pytest.raises(Unavailable) as refused:
        server._run([sys.executable, "-c", "import sys; sys.exit('FATAL: could not write: No space left on device')", "-D", str(tmp_path)], None)
    assert refused.value.code == "postgres.disk_full"
    assert str(tmp_path) in refused.value.text()
