"""What each database role can reach of access: never a hash, never another's decision."""

from __future__ import annotations

import psycopg
import pytest

LOGIN_ROLES = ["app", "worker", "import", "verify"]


async def refused(dsn: str, statement: str) -> bool:
    async with await psycopg.AsyncConnection.connect(dsn) as conn:
        try:
            await conn.execute(statement)
        except psycopg.errors.InsufficientPrivilege:
            return True
    return False


@pytest.mark.parametrize("role", LOGIN_ROLES)
@pytest.mark.parametrize(
    "statement",
    [
        "SELECT password_hash FROM access.credential",
        "SELECT totp_secret FROM access.credential",
        "SELECT count(*) FROM access.credential",
        "UPDATE access.credential SET password_hash = 'x'",
        "COPY access.credential TO STDOUT",
        "CREATE FUNCTION access.mine() RETURNS int LANGUAGE sql RETURN 1",
        "ALTER TABLE access.session DISABLE ROW LEVEL SECURITY",
        "SET ROLE dancu_owner",
        "SET ROLE dancu_gate",
        "INSERT INTO access.role_permission VALUES ('integrator', 'person.read')",
        "INSERT INTO access.purpose_rule VALUES ('statistics', 'person.read', '89/2015/QH13', '[2020-01-01,)')",
        "UPDATE access.legal_basis SET valid = '[2000-01-01,)'",
        "INSERT INTO access.persona VALUES ('x', 1, 'staff', 1, 'x', 'x', 'x', 'x', '/')",
        "UPDATE access.assignment SET role = 'ward_police'",
        "UPDATE access.assignment SET unit_ids = '{1}'",
        "UPDATE access.assignment SET valid = '[2020-01-01,)'",
        "INSERT INTO access.assignment (staff_id, org_code, role, units_as_of, valid, given_by)"
        " VALUES (1, 'DEMO', 'admin', now(), '[2020-01-01,)', 0)",
        "INSERT INTO access.staff_right VALUES (1, 'person.read.national', true, '{}', '9999-12-31')",
        "UPDATE access.staff_right SET areas = '{1}'",
        "DELETE FROM access.staff_right",
        "INSERT INTO access.staff (login, display_name, org_code) VALUES ('x1', 'X', 'DEMO')",
        "UPDATE access.staff SET state = 'active'",
        "SELECT access.reset_credential(1, 'x', now())",
        "UPDATE access.staff SET os_user = 'me'",
        "UPDATE accounts.passkey_directory SET person_key = 1",
        "DELETE FROM accounts.passkey_directory",
        "UPDATE oidc.family SET ended_at = NULL",
        "UPDATE access.session SET actor_id = 1",
        "UPDATE access.session SET stage = 'full'",
        "UPDATE access.session SET expires_at = now() + interval '1 year'",
    ],
)
async def test_no_running_process_may(database, demo_db, role, statement):
    assert await refused(database.dsn(role), statement)


@pytest.mark.parametrize("role", ["worker", "import", "verify"])
@pytest.mark.parametrize(
    "statement",
    [
        "SELECT access.credential_of('demo-canhsat')",
        "SELECT access.set_password(1, 'x')",
        "SELECT access.set_totp(1, 'x', 1)",
        "INSERT INTO access.session (token_hash, actor_kind, actor_id, channel, expires_at)"
        " VALUES (sha256('x'), 'staff', 1, 'web', now() + interval '1 hour')",
    ],
)
async def test_only_the_application_signs_people_in(database, demo_db, role, statement):
    assert await refused(database.dsn(role), statement)


async def test_the_application_sees_one_credential_at_a_time_by_login(app):
    cursor = await app.execute("SELECT * FROM access.credential_of('%')")
    assert await cursor.fetchall() == [(None,) * 9]


async def test_only_the_owner_makes_things_in_a_schema(database, demo_db):
    """The gate's role makes functions in migrations alone, which lend it the schema."""
    async with await psycopg.AsyncConnection.connect(database.dsn("admin")) as conn:
        cursor = await conn.execute(
            """SELECT n.nspname, r.rolname FROM pg_namespace n CROSS JOIN pg_roles r
                WHERE r.rolname LIKE 'dancu%' AND NOT r.rolsuper AND n.nspname !~ '^pg_' AND n.nspowner <> r.oid
                  AND has_schema_privilege(r.oid, n.oid, 'CREATE')"""
        )
        assert await cursor.fetchall() == []


async def test_definer_functions_pin_their_search_path_and_are_not_public(database, demo_db):
    """A SECURITY DEFINER function that finds names by the caller's path runs the caller's code as its owner."""
    async with await psycopg.AsyncConnection.connect(database.dsn("admin")) as conn:
        cursor = await conn.execute(
            """SELECT p.proname, p.proconfig, has_function_privilege('dancu_verify', p.oid, 'EXECUTE'), r.rolname
                 FROM pg_proc p JOIN pg_roles r ON r.oid = p.proowner
                WHERE p.pronamespace = 'access'::regnamespace AND p.prosecdef"""
        )
        found = await cursor.fetchall()
    assert len(found) >= 10
    for name, config, public, owner in found:
        assert config == ["search_path=pg_catalog, pg_temp"], name
        assert owner in {"dancu_owner", "dancu_gate"}, name
        assert public is (name == "is_demo"), name


async def test_the_hot_functions_use_their_indexes(database, demo_db):
    """One probe of the session, one of the right."""
    async with await psycopg.AsyncConnection.connect(database.dsn("admin")) as conn:
        await conn.execute(
            "INSERT INTO access.session (token_hash, actor_kind, actor_id, channel, expires_at)"
            " SELECT sha256(n::text::bytea), 'staff', n % 50, 'web', now() FROM generate_series(1, 3000) n"
        )
        await conn.execute("ANALYZE access.session")
        await conn.execute("SET enable_seqscan = off")
        cursor = await conn.execute(
            """EXPLAIN SELECT r."national", r.areas FROM access.session s
                 JOIN access.staff_right r ON r.staff_id = s.actor_id AND r.permission = 'person.read'
                WHERE s.token_hash = sha256('x') AND s.actor_kind = 'staff' AND s.actor_id = 1"""
        )
        plan = "\n".join(row[0] for row in await cursor.fetchall())
        await conn.rollback()
    assert "session_pkey" in plan
    assert "staff_right_pkey" in plan
