"""The catalogue's way into the database."""

from __future__ import annotations

from dancu.access.catalogue import EXCLUSIVE_ROLES, LAWS, LIMITS, PERMISSIONS, PURPOSES, ROLES, rules
from dancu.access.service.rights import recompute_all
from dancu.access.store import catalogue as store
from dancu.kit.db import Conn


async def sync_catalogue(conn: Conn) -> None:
    """Make the database's copy of the catalogue equal to the program's, then what staff may do. Needs the
    admin role; part of `dancu migrate`."""
    kinds = (PERMISSIONS.values(), ROLES.values(), LAWS.values(), PURPOSES.values(), rules(), LIMITS.values())
    await store.write(conn, *kinds, EXCLUSIVE_ROLES)
    await recompute_all(conn)
