"""Accounts in numbers, for the question whether a sign-in becomes slower with them."""

from __future__ import annotations

from typing import Any

from province import Running

_AT_ONCE = 100_000


async def fill(running: Running, accounts: int) -> None:
    """As many accounts in all, with a passcode's hash, two sign-ins, their history, a phone and an ended family each: rows by
    SQL, nobody's in particular. Their keys begin where no person's are. A table at a time and a hundred thousand accounts at a
    time, without the look each row's foreign keys would take: the rows are made to fit. All is vacuumed, as rows that came over
    the years have been: else the database's own vacuum of millions of new rows falls into the minute that is measured."""
    import psycopg

    first = 1 << 50
    async with await psycopg.AsyncConnection.connect(running.dsn("admin"), autocommit=True) as conn:
        row = await (await conn.execute("SELECT count(*) FROM accounts.account")).fetchone()
        await conn.execute("SET session_replication_role = replica")
        await conn.execute("SET synchronous_commit = off")
        for start in range(first + (int(row[0]) if row else 0), first + accounts, _AT_ONCE):
            await _fill(conn, f"generate_series({start}::bigint, {min(start + _AT_ONCE, first + accounts) - 1}::bigint) AS k")
        await conn.execute("VACUUM (ANALYZE)")
        await conn.execute("CHECKPOINT")


async def _fill(conn: Any, keys: str) -> None:
    for statement in (
        "INSERT INTO accounts.account (person_key, level, state, activated_at, phone, phone_index, phone_verified_at)"
        f" SELECT k, 2, 'active', now(), int8send(k) || sha256(int8send(k)), sha256(int8send(k)), now() FROM {keys}",
        f"INSERT INTO accounts.phone_directory (phone_index, person_key) SELECT sha256(int8send(k)), k FROM {keys}",
        "WITH made AS (INSERT INTO accounts.authenticator (person_key, kind)"
        f" SELECT k, 'passcode' FROM {keys} RETURNING person_key, authenticator_id)"
        " INSERT INTO accounts.secret (person_key, authenticator_id, secret)"
        " SELECT person_key, authenticator_id, sha256(int8send(person_key)) || sha256(int8send(-person_key)) || sha256('') FROM made",
        "INSERT INTO accounts.sign_in (person_key, session_hash, sid, acr, amr, lock_version, at) SELECT k, sha256(int8send(k + n)),"
        f" md5(k::text), 2, '{{pin,sms,mfa}}', 1, now() - n * interval '1 day' FROM {keys}, generate_series(1, 2) AS n",
        "INSERT INTO accounts.happening (person_key, kind, note, at) SELECT k, 'signed_in', '{\"acr\": 2}', now() - n * interval '1 day'"
        f" FROM {keys}, generate_series(1, 3) AS n",
        "INSERT INTO access.session (token_hash, actor_kind, actor_id, channel, expires_at)"
        f" SELECT sha256(int8send(-k)), 'citizen', k, 'web', now() + interval '1 hour' FROM {keys}",
        "INSERT INTO oidc.family (person_key, family_id, client_no, scope, purpose, legal_basis, sid, acr, amr, auth_time, lock_version,"
        " expires_at) SELECT k, substr(sha256(int8send(k)), 1, 16), 1, '{openid,profile}', 'online_service', '69/2024/NĐ-CP', md5(k::text),"
        f" 2, '{{pin,sms,mfa}}', now(), 1, now() + interval '1 hour' FROM {keys}",
    ):
        await conn.execute(statement)
