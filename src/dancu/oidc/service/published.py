"""Keys that a client publishes at an address of its own (`jwks_uri`): read when it registers, then every hour, so that it can
replace them without asking anybody. The last good set stays in use while the address cannot be read."""

from __future__ import annotations

import json
from typing import Any

from dancu.access import service as access
from dancu.kernel.errors import FieldError, Invalid
from dancu.kit.db import Conn
from dancu.kit.i18n import N_
from dancu.kit.log import get_logger
from dancu.oidc.jose import JoseError, public_keys
from dancu.oidc.service import outbound
from dancu.oidc.store import clients as store

log = get_logger("dancu.oidc")


async def instead_of(conn: Conn, given: dict[str, Any] | None, address: str) -> dict[str, Any]:
    """The key set at the address a registration names. Raises Invalid where keys were handed in as well (`given`), or none is there."""
    if given is not None:
        message = N_("Chỉ chọn một: dán bộ khóa, hoặc ghi địa chỉ của bộ khóa.")
        raise Invalid("oidc.jwks.both", message, fields=(FieldError("jwks_uri", "oidc.jwks.both", message),))
    return await read(address, local=await access.is_demo(conn))


async def read(address: str, *, local: bool = False) -> dict[str, Any]:
    """The key set at this address. Raises Invalid where it cannot be read or holds no key of ours to take."""
    try:
        status, body = await outbound.call("GET", address, headers={"Accept": "application/jwk-set+json, application/json"}, local=local)
        found = json.loads(body) if status == 200 else None
        if not isinstance(found, dict):
            raise ValueError
        public_keys(found)
    except (outbound.Failed, JoseError, ValueError, RecursionError) as error:
        message = N_("Không đọc được bộ khóa ở địa chỉ này. Địa chỉ phải là https công khai và trả về JWKS.")
        raise Invalid("oidc.jwks_uri", message, fields=(FieldError("jwks_uri", "oidc.jwks_uri", message),)) from error
    return found


async def refresh(conn: Conn, *, local: bool = False) -> int:
    """Read all of them again (role worker); how many changed."""
    changed = 0
    for client in await store.publishing(conn):
        try:
            found = await read(client.jwks_uri, local=local)
        except Invalid:
            log.info("published keys could not be read", client=client.client_no)
            continue
        if found != client.jwks:
            changed += 1
        await store.keep_keys(conn, client.client_no, found)
    return changed
