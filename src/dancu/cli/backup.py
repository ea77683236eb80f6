"""Backup and restore. A backup that was never restored is a hope: each is restored into a scratch database and its
evidence log verified there before it is called good."""

from __future__ import annotations

import asyncio
import hashlib
import json
import shutil
import subprocess
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dancu.kernel.errors import Conflict, NotFound, Unavailable

_DUMP, _MANIFEST, _KEYS = "database.dump", "manifest.json", "keys"
_COUNTED = (
    "population.person", "population.directory", "population.person_name", "population.residence", "audit.leaf",
    "audit.content", "audit.pending", "kit.event", "kit.outbox", "access.staff",
)  # fmt: skip


def _tool(name: str) -> str:
    from dancu.kit import postgres

    with suppress(Unavailable):
        return str(postgres.bin_dir() / name)
    found = shutil.which(name)
    if found is None:
        raise Unavailable("backup.no_tool", "Không tìm thấy {name}. Hãy cài gói postgresql-client.", name=name)
    return found


def _run(args: list[str]) -> None:
    done = subprocess.run(args, capture_output=True, text=True, check=False)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or [""])[-1]
        raise Unavailable("backup.failed", "Không hoàn thành được: {reason}", reason=reason[:300])


def _scratch_dsn(dsn: str, dbname: str) -> str:
    from psycopg.conninfo import make_conninfo

    return make_conninfo(dsn, dbname=dbname)


def _counts(dsn: str) -> dict[str, int]:
    import psycopg

    with psycopg.connect(dsn) as conn:
        # Read-only and as owner of nothing: the admin role passes row level security.
        return {name: conn.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in _COUNTED}  # type: ignore[index]


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def make(dsn: str, data: Path, target: Path) -> dict[str, Any]:
    """Write a backup folder and prove it by restoring. Returns the manifest."""
    target.mkdir(parents=True, mode=0o700)
    _run([_tool("pg_dump"), "--format=custom", "--compress=3", f"--file={target / _DUMP}", dsn])
    (target / _DUMP).chmod(0o600)
    keys = data / "keys"
    if keys.is_dir():
        shutil.copytree(keys, target / _KEYS)
        for path in (target / _KEYS).iterdir():
            path.chmod(0o600)
    if (data / "checkpoints").is_dir():
        shutil.copytree(data / "checkpoints", target / "checkpoints")
    manifest: dict[str, Any] = {
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "sha256": _sha256(target / _DUMP),
        "bytes": (target / _DUMP).stat().st_size,
    }
    manifest |= prove(dsn, target)
    (target / _MANIFEST).write_text(json.dumps(manifest, indent=1, ensure_ascii=False), "utf-8")
    return manifest


def prove(dsn: str, source: Path) -> dict[str, Any]:
    """Restore into a scratch database beside the real one, count, verify the evidence log, drop it again."""
    import psycopg

    name = f"dancu_proof_{datetime.now(UTC):%Y%m%d%H%M%S%f}"
    scratch = _scratch_dsn(dsn, name)
    with psycopg.connect(_scratch_dsn(dsn, "postgres"), autocommit=True) as conn:
        conn.execute(f'CREATE DATABASE "{name}"')
        try:
            _run([_tool("pg_restore"), "--exit-on-error", "--jobs=2", f"--dbname={scratch}", str(source / _DUMP)])
            return {"rows": _counts(scratch), "log": asyncio.run(_verify(scratch, source))}
        finally:
            conn.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


async def _verify(dsn: str, source: Path) -> dict[str, Any]:
    import psycopg

    from dancu.audit import service as audit

    if not (source / _KEYS / "audit.key").is_file():
        raise NotFound("backup.no_keys", "Không thấy khóa của nhật ký trong thư mục dữ liệu; không kiểm chứng được.")
    conn = await psycopg.AsyncConnection.connect(dsn)
    try:
        report = await audit.verify(conn, audit.load_verifier(source / _KEYS))
    finally:
        await conn.close()
    if not report.ok:
        raise Conflict("backup.log_broken", "Nhật ký trong bản sao lưu không nguyên vẹn: {codes}.", codes=", ".join(report.counts))
    return {"size": report.size, "root": report.root.hex(), "ok": report.ok}


def read_manifest(source: Path) -> dict[str, Any]:
    """What the backup says of itself, its dump checked against it. Raises NotFound, or Conflict for a damaged one."""
    try:
        manifest: dict[str, Any] = json.loads((source / _MANIFEST).read_text("utf-8"))
        expected, _ = manifest["sha256"], manifest["rows"]
    except (OSError, ValueError, KeyError, TypeError):
        raise NotFound("restore.no_manifest", "Thư mục này không phải bản sao lưu hoàn chỉnh của Dancu.") from None
    if not (source / _DUMP).is_file() or _sha256(source / _DUMP) != expected:
        raise Conflict("restore.damaged", "Tệp sao lưu đã hỏng: mã kiểm không khớp.")
    return manifest


def restore(dsn: str, data: Path, source: Path) -> dict[str, Any]:
    """Restore a backup into an empty database and put its keys back. Raises Conflict where data or keys exist."""
    import psycopg

    manifest = read_manifest(source)
    if (data / "keys" / "audit.key").exists():
        # Another log's key would be overwritten, and with it the proof of what that log says.
        raise Conflict("restore.not_empty", "Cơ sở dữ liệu đích không trống. Hãy chỉ một thư mục dữ liệu mới: --data.")
    with psycopg.connect(dsn) as conn:
        if conn.execute("SELECT to_regclass('population.person')").fetchone() != (None,):
            raise Conflict("restore.not_empty", "Cơ sở dữ liệu đích không trống. Hãy chỉ một thư mục dữ liệu mới: --data.")
        for role in ("dancu_owner", "dancu_gate"):
            if conn.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone() is None:
                conn.execute(f"CREATE ROLE {role} NOLOGIN")
        for role in ("dancu_app", "dancu_worker", "dancu_import", "dancu_verify", "dancu_biometric"):
            if conn.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone() is None:
                conn.execute(f"CREATE ROLE {role} LOGIN")
    _run([_tool("pg_restore"), "--exit-on-error", "--jobs=2", f"--dbname={dsn}", str(source / _DUMP)])
    with psycopg.connect(dsn, autocommit=True) as conn:
        name = conn.info.dbname
        # Grants on the database itself are not part of a dump of its contents.
        conn.execute(f'GRANT CONNECT ON DATABASE "{name}" TO dancu_app, dancu_worker, dancu_import, dancu_verify, dancu_biometric')
        conn.execute(f'GRANT CREATE ON DATABASE "{name}" TO dancu_owner')
        conn.execute(f'GRANT TEMPORARY ON DATABASE "{name}" TO dancu_import')
        conn.execute("ANALYZE")
    if (source / _KEYS).is_dir():
        shutil.copytree(source / _KEYS, data / "keys", dirs_exist_ok=True)
        (data / "keys").chmod(0o700)
    if (source / "checkpoints").is_dir():
        shutil.copytree(source / "checkpoints", data / "checkpoints", dirs_exist_ok=True)
    found = _counts(dsn)
    if found != manifest["rows"]:
        raise Conflict("restore.counts", "Số dòng sau khi phục hồi không khớp với bản sao lưu.")
    return manifest
