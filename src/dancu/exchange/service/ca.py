"""What everybody may fetch of the certificate authority."""

from __future__ import annotations

from dancu.exchange import keys
from dancu.exchange.store import partners as store
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kernel.errors import NotFound
from dancu.kit.db import Conn
from dancu.kit.i18n import N_


def roots() -> str:
    """PEM of whom a program's certificate is trusted by."""
    return keys.roots_pem()


async def crl(conn: Conn) -> bytes:
    """Revoked certificates (DER). Raises NotFound with an outside authority, which publishes its own list."""
    if keys.outside_bundle() is not None:
        raise NotFound("exchange.ca.outside", N_("Chứng thư do cơ quan khác cấp: danh sách thu hồi ở nơi cấp."))
    now = SYSTEM_CLOCK.now()
    revoked = [one for one in await store.revoked_certificates(conn, now) if one.issuer == keys.authority().subject]
    return keys.authority().crl(revoked, number=await store.changed(conn), now=now)
