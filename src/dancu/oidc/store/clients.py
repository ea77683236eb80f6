"""Registered clients."""

from __future__ import annotations

from typing import Any

from dancu.kit.db import Conn
from dancu.oidc.models import AuthMethod, Client, ClientState, Profile

_COLUMNS = (
    "client_no", "client_id", "name", "name_en", "org_code", "org_name", "profile", "state", "auth_method", "redirect_uris",
    "post_logout_redirect_uris", "backchannel_logout_uri", "grant_types", "scopes", "jwks", "secret_hash", "old_secret_hash",
    "old_secret_until", "tls_subject", "subject_type", "sector", "bound", "userinfo_signed", "home_uri", "contact",
    "jwks_uri", "ciba_notification_uri", "detail_types", "id_token_alg", "sector_identifier_uri",
)  # fmt: skip
_SELECT = f"SELECT {', '.join(_COLUMNS)} FROM oidc.client"


def _client(row: tuple[Any, ...]) -> Client:
    values = dict(zip(_COLUMNS, row, strict=True))
    for name in ("redirect_uris", "post_logout_redirect_uris", "scopes", "detail_types"):
        values[name] = tuple(values[name])
    values["profile"], values["state"] = Profile(values["profile"]), ClientState(values["state"])
    values["auth_method"], values["grant_types"] = AuthMethod(values["auth_method"]), frozenset(values["grant_types"])
    return Client(**values)


async def by_id(conn: Conn, client_id: str, *, lock: bool = False) -> Client | None:
    """`lock`: to change it; whoever else does waits, as `update` writes what was read."""
    row = await (await conn.execute(f"{_SELECT} WHERE client_id = %s{' FOR UPDATE' if lock else ''}", (client_id,))).fetchone()
    return _client(row) if row else None


async def by_no(conn: Conn, client_no: int) -> Client | None:
    row = await (await conn.execute(f"{_SELECT} WHERE client_no = %s::bigint", (client_no,))).fetchone()
    return _client(row) if row else None


async def of_organisation(conn: Conn, org_code: str | None = None) -> list[Client]:
    """Clients of one organisation, or all of them; oldest first."""
    cursor = await conn.execute(f"{_SELECT} WHERE %s::text IS NULL OR org_code = %s ORDER BY client_no", (org_code, org_code))
    return [_client(row) for row in await cursor.fetchall()]


def _values(client: Client) -> dict[str, Any]:
    from psycopg.types.json import Jsonb

    values = {name: getattr(client, name) for name in _COLUMNS if name != "client_no"}
    for name, value in values.items():
        if isinstance(value, (tuple, frozenset)):
            values[name] = sorted(value) if isinstance(value, frozenset) else list(value)
    values["jwks"] = None if client.jwks is None else Jsonb(client.jwks)
    return values


async def insert(conn: Conn, client: Client) -> int | None:
    """Keep a new client; its number (the one given is not looked at), None where one has its id already."""
    values = _values(client)
    columns, holes = ", ".join(values), ", ".join(f"%({name})s" for name in values)
    cursor = await conn.execute(f"INSERT INTO oidc.client ({columns}) VALUES ({holes}) ON CONFLICT (client_id) DO NOTHING RETURNING client_no", values)
    row = await cursor.fetchone()
    return int(row[0]) if row else None


async def sector_of_another(conn: Conn, sector: str, org_code: str) -> bool:
    """Whether another organisation has clients in this sector. Who asks about the same one meanwhile waits for this transaction."""
    await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended('oidc.sector|' || %s, 0))", (sector,))
    cursor = await conn.execute("SELECT EXISTS (SELECT FROM oidc.client WHERE sector = %s AND org_code <> %s)", (sector, org_code))
    row = await cursor.fetchone()
    return bool(row and row[0])


async def update(conn: Conn, client: Client) -> None:
    """Write every column of a client that exists."""
    values = _values(client)
    changes = ", ".join(f"{name} = %({name})s" for name in values)
    await conn.execute(
        f"UPDATE oidc.client SET {changes}, changed_at = now() WHERE client_no = %(client_no)s::bigint",
        {**values, "client_no": client.client_no},
    )


async def publishing(conn: Conn) -> list[Client]:
    """Clients that publish their keys at an address of theirs (role worker too)."""
    cursor = await conn.execute(f"{_SELECT} WHERE jwks_uri <> '' AND state <> 'suspended' ORDER BY client_no")
    return [_client(row) for row in await cursor.fetchall()]


async def keep_keys(conn: Conn, client_no: int, jwks: dict[str, Any]) -> None:
    """What was read at the client's address just now."""
    from psycopg.types.json import Jsonb

    await conn.execute(
        "UPDATE oidc.client SET jwks = %s, jwks_read_at = now() WHERE client_no = %s::bigint", (Jsonb(jwks), client_no)
    )
