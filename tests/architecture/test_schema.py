"""The schema that the migrations make: the same on every PostgreSQL supported, and fit to be spread over shards.

Citus refuses, on a distributed table, every key, exclusion or foreign key that does not contain the distribution
column, and triggers; and row policies there see only the row and settings. All of it is asserted on plain PostgreSQL,
so that a table that breaks it never gets in.
"""

from __future__ import annotations

import os
import pwd
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from dancu.kit import migrate, postgres
from tests.conftest import Database

OURS = ("kit", "territory", "audit", "access", "population", "sharing", "quality", "monitoring", "cards", "accounts", "exchange", "credentials")
DEBIAN_15 = Path("/usr/lib/postgresql/15/bin")
PERSON, HOUSEHOLD = "person_key", "household_key"
# Tables keyed by something else than the person they name, each with the reason.
NOT_PERSON_BOUND = {
    "population.directory": "distributed on the number: it finds the person",
    "population.import_review": "distributed on the run of its file: a row that waits, in whose decision a person may be named",
    "population.import_row": "distributed on the hash of a row of a file; holds that hash and the key",
}


@pytest.fixture(scope="module")
def fifteen() -> Iterator[str]:
    """Connection string of a PostgreSQL 15 of Debian, where it is installed."""
    if not (DEBIAN_15 / "initdb").exists():
        pytest.skip("needs PostgreSQL 15: apt-get install postgresql-15 (`make test` does it as root)")
    user = postgres.service_user()
    root = Path(tempfile.mkdtemp(prefix="dancu-15-", dir="/tmp"))
    root.chmod(0o755)
    data = root / "pg"
    data.mkdir(mode=0o700)
    who: dict[str, Any] = {"cwd": "/"}
    if user:
        os.chown(data, user.pw_uid, user.pw_gid)
        os.chown(root, user.pw_uid, user.pw_gid)
        who |= {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    subprocess.run(
        [DEBIAN_15 / "initdb", "-D", data, "-U", "dancu_admin", "-k", "-E", "UTF8", "--locale=C.UTF-8", "--auth-local=peer"],
        check=True, capture_output=True, **who,
    )  # fmt: skip
    me = pwd.getpwuid(os.geteuid()).pw_name
    (data / "pg_ident.conf").write_text(f"dancu {me} dancu_admin\n")
    (data / "pg_hba.conf").write_text("local all all peer map=dancu\n")
    with (root / "log").open("wb") as log:
        server = subprocess.Popen(
            [DEBIAN_15 / "postgres", "-D", data, "-k", root, "-c", "listen_addresses=", "-c", "fsync=off"],
            stdout=log, stderr=log, start_new_session=True, **who,
        )  # fmt: skip
    dsn = f"host={root} user=dancu_admin dbname=dancu"
    try:
        _create(f"host={root} user=dancu_admin dbname=postgres", server)
        yield dsn
    finally:
        server.terminate()
        server.wait(30)
        shutil.rmtree(root, ignore_errors=True)


def _create(dsn: str, server: subprocess.Popen[bytes]) -> None:
    for _ in range(200):
        try:
            with psycopg.connect(dsn, autocommit=True) as conn:
                conn.execute("CREATE DATABASE dancu")
            return
        except psycopg.OperationalError:
            assert server.poll() is None
            time.sleep(0.1)
    raise AssertionError("PostgreSQL 15 did not start")


CATALOGUES = {
    "columns": """
        SELECT n.nspname || '.' || c.relname || '.' || a.attname,
               format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid), a.attidentity,
               a.attgenerated
          FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
          LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
         WHERE n.nspname = ANY (%(ours)s) AND a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'v', 'c')""",
    "constraints": """
        SELECT n.nspname || '.' || c.relname || '.' || k.conname, k.contype, pg_get_constraintdef(k.oid)
          FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
         -- PostgreSQL 18 lists NOT NULL here as well; it is compared with the columns.
         WHERE n.nspname = ANY (%(ours)s) AND k.contype <> 'n'""",
    "indexes": """
        SELECT schemaname || '.' || indexname, indexdef FROM pg_indexes WHERE schemaname = ANY (%(ours)s)""",
    "policies": """
        SELECT schemaname || '.' || tablename || '.' || policyname, permissive, roles::text, cmd, qual, with_check
          FROM pg_policies WHERE schemaname = ANY (%(ours)s)""",
    "tables": """
        SELECT n.nspname || '.' || c.relname, c.relkind, c.relpersistence, c.relrowsecurity, c.relforcerowsecurity,
               pg_get_userbyid(c.relowner), c.relacl::text
          FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = ANY (%(ours)s) AND c.relkind IN ('r', 'p', 'v', 'S', 'm')""",
    "functions": """
        SELECT p.oid::regprocedure::text, p.prosecdef, p.provolatile, p.proconfig::text, pg_get_userbyid(p.proowner),
               p.proacl::text, md5(p.prosrc)
          FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = ANY (%(ours)s)""",
    "schemas": """
        SELECT nspname, pg_get_userbyid(nspowner), nspacl::text FROM pg_namespace WHERE nspname = ANY (%(ours)s)""",
    "roles": """
        SELECT rolname, rolsuper, rolbypassrls, rolcanlogin, rolinherit, rolcreaterole, rolcreatedb FROM pg_roles
         WHERE rolname LIKE 'dancu%%'""",
}


def catalogues(dsn: str) -> dict[str, dict[str, tuple[Any, ...]]]:
    with psycopg.connect(dsn) as conn:
        return {
            name: {row[0]: tuple(_plain(value) for value in row[1:]) for row in conn.execute(query, {"ours": list(OURS)})}
            for name, query in CATALOGUES.items()
        }


def _plain(value: Any) -> Any:
    # Version 17 added MAINTAIN, the letter m, to what an owner holds.
    return re.sub(r"(?<==)[a-zA-Z*]*m[a-zA-Z*]*(?=/)", lambda found: found[0].replace("m", ""), value) if isinstance(value, str) else value


def test_migrations_make_the_same_schema_on_15_and_18(fifteen: str, database: Database) -> None:
    assert migrate.migrate(fifteen) == [one.name for one in migrate.available()]
    old, new = catalogues(fifteen), catalogues(database.dsn("admin"))
    for name in CATALOGUES:
        assert set(old[name]) == set(new[name]), name
        different = {key: (old[name][key], new[name][key]) for key in old[name] if old[name][key] != new[name][key]}
        assert different == {}, name


def test_jobs_tables_and_a_second_run_change_nothing(fifteen: str) -> None:
    migrate.migrate(fifteen)
    migrate.jobs_schema(fifteen)
    before = catalogues(fifteen)
    assert migrate.migrate(fifteen) == []
    assert migrate.jobs_schema(fifteen) == []
    assert migrate.pending(fifteen) == []
    assert catalogues(fifteen) == before


def test_a_migration_changed_after_it_ran_is_refused(make_database: Callable[[], Database], tmp_path: Path) -> None:
    from dancu.kernel.errors import Conflict

    for one in migrate.available():
        (tmp_path / one.name).write_text(one.sql, "utf-8")
    last = tmp_path / migrate.available()[-1].name
    last.write_text(last.read_text("utf-8") + "\n-- changed\n", "utf-8")
    with pytest.raises(Conflict) as refused:
        migrate.migrate(make_database().dsn("admin"), folder=tmp_path)
    assert refused.value.code == "migrate.changed"


def test_numbers_of_migrations_are_used_once() -> None:
    numbers = [one.name[:4] for one in migrate.available()]
    assert len(numbers) == len(set(numbers))


@pytest.fixture(scope="module")
def catalogue(database: Database) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database.dsn("admin")) as conn:
        yield conn


def person_bound(catalogue: psycopg.Connection) -> set[str]:
    rows = catalogue.execute(
        """SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
           JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname IN ('person_key', 'household_key') AND a.attnum > 0
           WHERE n.nspname = 'population' AND c.relkind IN ('r', 'p') GROUP BY 1"""
    ).fetchall()
    return {row[0] for row in rows} - set(NOT_PERSON_BOUND)


def test_keys_of_person_bound_tables_contain_the_distribution_column(catalogue: psycopg.Connection) -> None:
    tables = person_bound(catalogue)
    assert len(tables) > 12
    rows = catalogue.execute(
        """SELECT n.nspname || '.' || c.relname AS name, k.conname, k.contype,
                  ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum = ANY (k.conkey)),
                  coalesce(f.oid::regclass::text, '')
             FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
             LEFT JOIN pg_class f ON f.oid = k.confrelid
            WHERE k.contype IN ('p', 'u', 'x', 'f') AND n.nspname = 'population'
            UNION ALL
           SELECT n.nspname || '.' || c.relname, i.indexrelid::regclass::text, 'u',
                  ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum = ANY (i.indkey)), ''
             FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE i.indisunique AND n.nspname = 'population' AND c.relkind IN ('r', 'p')"""
    ).fetchall()
    wrong = []
    for table, constraint, kind, columns, target in rows:
        if table not in tables:
            continue
        key = HOUSEHOLD if table == "population.household" else PERSON
        if key not in columns and not (kind == "f" and target.startswith("territory.")):
            wrong.append(f"{table}: {constraint} ({kind}) on {columns} lacks {key}")
    assert wrong == []
    directory = [columns for table, _, _, columns, _ in rows if table == "population.directory"]
    assert directory
    assert all("number" in columns for columns in directory)


def test_there_are_no_triggers(catalogue: psycopg.Connection) -> None:
    rows = catalogue.execute(
        """SELECT t.tgrelid::regclass::text, t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
           JOIN pg_namespace n ON n.oid = c.relnamespace WHERE NOT t.tgisinternal AND n.nspname = ANY (%s)""",
        (list(OURS),),
    ).fetchall()
    assert rows == []


def test_person_bound_tables_force_row_security(catalogue: psycopg.Connection) -> None:
    rows = catalogue.execute(
        """SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
           WHERE n.nspname = 'population' AND c.relkind IN ('r', 'p')
             AND NOT (c.relrowsecurity AND c.relforcerowsecurity)"""
    ).fetchall()
    closed = person_bound(catalogue) | {"population.directory"}
    assert closed & {row[0] for row in rows} == set()


def test_row_policies_use_only_own_columns_and_settings(catalogue: psycopg.Connection) -> None:
    """A policy's functions read the settings of the transaction and no table; subqueries are not distributable."""
    policies = catalogue.execute(
        "SELECT tablename || '.' || policyname, coalesce(qual, '') || ' ' || coalesce(with_check, '') FROM pg_policies"
        " WHERE schemaname = 'population'"
    ).fetchall()
    assert len(policies) > 12
    wrong = [name for name, text in policies if re.search(r"\b(SELECT|EXISTS|JOIN)\b", text)]
    used = {call for _, text in policies for call in re.findall(r"\b([a-z_]+\.[a-z_]+)\(", text)}
    for function in used:
        found = catalogue.execute(
            "SELECT pg_get_functiondef(oid), provolatile FROM pg_proc WHERE oid = %s::regproc", (function,)
        ).fetchone()
        body, volatile = found or ("", "")
        if re.search(r"\bFROM\b", body) or "current_setting" not in body or volatile != "s":
            wrong.append(function)
    assert wrong == []


def test_roles_hold_no_more_than_they_need(catalogue: psycopg.Connection) -> None:
    roles = {
        row[0]: row[1:]
        for row in catalogue.execute(
            "SELECT rolname, rolcanlogin, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb FROM pg_roles"
            " WHERE rolname LIKE 'dancu%%' AND rolname <> 'dancu_admin'"
        )
    }
    assert set(roles) == {"dancu_owner", "dancu_gate", "dancu_app", "dancu_worker", "dancu_import", "dancu_verify", "dancu_biometric"}
    assert not roles["dancu_owner"][0]
    assert not roles["dancu_gate"][0]
    # COPY FROM refuses tables under row security, and importing is COPY: that role alone is exempt, and serves nobody.
    assert roles.pop("dancu_import") == (True, False, True, False, False)
    assert all(not any(held[1:]) for held in roles.values())
    members = catalogue.execute(
        "SELECT m.rolname, g.rolname FROM pg_auth_members a JOIN pg_roles m ON m.oid = a.member JOIN pg_roles g ON g.oid = a.roleid"
        " WHERE m.rolname IN ('dancu_app', 'dancu_worker', 'dancu_import', 'dancu_verify', 'dancu_biometric') AND g.rolname LIKE 'dancu%%'"
    ).fetchall()
    assert members == []
    owners = catalogue.execute(
        "SELECT DISTINCT pg_get_userbyid(c.relowner) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname = ANY (%s) AND c.relkind IN ('r', 'p', 'v', 'S')",
        (list(OURS),),
    ).fetchall()
    assert owners == [("dancu_owner",)]


def test_functions_with_the_owners_rights_are_narrow(catalogue: psycopg.Connection) -> None:
    rows = catalogue.execute(
        """SELECT p.oid::regprocedure::text, coalesce(p.proconfig::text, ''),
                  coalesce(p.proacl, acldefault('f', p.proowner))::text, pg_get_userbyid(p.proowner)
             FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
            WHERE p.prosecdef AND n.nspname = ANY (%s)""",
        (list(OURS),),
    ).fetchall()
    assert len(rows) > 10
    assert [name for name, config, _, _ in rows if "search_path=" not in config] == []
    assert [name for name, _, acl, _ in rows if re.search(r"[{,]=X", acl)] == []
    assert {owner for _, _, _, owner in rows} <= {"dancu_owner", "dancu_gate"}


def test_nothing_of_ours_is_open_to_everybody(catalogue: psycopg.Connection) -> None:
    rows = catalogue.execute(
        """SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = ANY (%s) AND c.relacl::text ~ '[{,]=[a-zA-Z]'""",
        (list(OURS),),
    ).fetchall()
    assert rows == []
