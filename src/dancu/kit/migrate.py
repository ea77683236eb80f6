"""Runs the plain SQL files of `migrations/`, in order, each in one transaction, once.

A file starts as role `dancu_owner` unless its first line says `-- role: admin` (extensions, roles). An advisory lock
keeps two runners apart; `lock_timeout` keeps a migration from queueing behind long readers while blocking everyone
else. A file that changed after it was applied is refused: history is not rewritten.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dancu.kernel.errors import Conflict
from dancu.kit.files import resource_dir

_LOCK = 0x44414E43  # "DANC"
_NAME = re.compile(r"^(\d{4})_[a-z0-9_]+\.sql$")


@dataclass(frozen=True, slots=True)
class Migration:
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()

    @property
    def role(self) -> str | None:
        return None if self.sql.startswith("-- role: admin") else "dancu_owner"


def available(folder: Path | None = None) -> list[Migration]:
    """All migration files in order."""
    folder = folder or resource_dir("migrations")
    return [Migration(p.name, p.read_text("utf-8")) for p in sorted(folder.iterdir()) if _NAME.match(p.name)]


def migrate(dsn: str, *, report: Callable[[str], None] = lambda name: None, folder: Path | None = None) -> list[str]:
    """Apply what is missing with the admin connection string; returns the names applied."""
    import psycopg

    applied: list[str] = []
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
        conn.execute(
            "CREATE TABLE IF NOT EXISTS public.dancu_migration"
            " (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())"
        )
        conn.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC; GRANT USAGE ON SCHEMA public TO PUBLIC")
        done: dict[str, str] = dict(conn.execute("SELECT name, checksum FROM public.dancu_migration").fetchall())
        for migration in available(folder):
            if migration.name in done:
                if done[migration.name] != migration.checksum:
                    raise Conflict(
                        "migrate.changed",
                        "Tệp {name} đã thay đổi sau khi được áp dụng; hãy thêm tệp mới thay vì sửa tệp cũ.",
                        name=migration.name,
                    )
                continue
            with conn.transaction():
                conn.execute("SET LOCAL lock_timeout = '5s'")
                conn.execute("SET LOCAL search_path = public")
                if migration.role:
                    conn.execute(f"SET LOCAL ROLE {migration.role}")
                conn.execute(migration.sql.encode())
                conn.execute("RESET ROLE")
                conn.execute(
                    "INSERT INTO public.dancu_migration (name, checksum) VALUES (%s, %s)",
                    (migration.name, migration.checksum),
                )
            applied.append(migration.name)
            report(migration.name)
        conn.execute("SELECT pg_advisory_unlock(%s)", (_LOCK,))
    return applied


def pending(dsn: str) -> list[str]:
    """Names of migrations not applied yet (for `doctor` and readiness)."""
    import psycopg

    with psycopg.connect(dsn) as conn:
        if conn.execute("SELECT to_regclass('public.dancu_migration')").fetchone() == (None,):
            return [m.name for m in available()]
        done = {row[0] for row in conn.execute("SELECT name FROM public.dancu_migration")}
    return [m.name for m in available() if m.name not in done]


def jobs_schema(dsn: str) -> list[str]:
    """Create or upgrade procrastinate's tables from the SQL files of the installed package, once each like our own;
    returns the names applied."""
    import psycopg
    from procrastinate.schema import SchemaManager

    upgrades = sorted(Path(SchemaManager.get_migrations_path()).glob("*.sql"))
    with psycopg.connect(dsn) as conn:
        fresh = conn.execute("SELECT to_regclass('procrastinate.procrastinate_jobs')").fetchone() == (None,)
        done = {row[0] for row in conn.execute("SELECT name FROM public.dancu_migration WHERE name LIKE 'procrastinate:%'")}
        missing = [path for path in upgrades if f"procrastinate:{path.name}" not in done]
        if not missing:
            return []
        conn.execute("SET LOCAL ROLE dancu_owner")
        conn.execute("CREATE SCHEMA IF NOT EXISTS procrastinate")
        conn.execute("SET LOCAL search_path = procrastinate, public")
        # A fresh schema already holds what all its upgrade files did.
        for sql in [SchemaManager.get_schema()] if fresh else [path.read_text("utf-8") for path in missing]:
            conn.execute(sql.encode())
        conn.execute(
            "GRANT USAGE ON SCHEMA procrastinate TO dancu_app, dancu_worker;"
            "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA procrastinate TO dancu_worker;"
            "GRANT INSERT ON procrastinate.procrastinate_jobs, procrastinate.procrastinate_events TO dancu_app;"
            "GRANT SELECT ON procrastinate.procrastinate_jobs TO dancu_app;"
            "GRANT USAGE ON ALL SEQUENCES IN SCHEMA procrastinate TO dancu_app, dancu_worker"
        )
        conn.execute("RESET ROLE")
        for path in missing:
            conn.execute(
                "INSERT INTO public.dancu_migration (name, checksum) VALUES (%s, 'package')", (f"procrastinate:{path.name}",)
            )
    return [path.name for path in missing]
