"""A client gives back what it was given (RFC 7009): the family ends, with every token issued from it."""

from __future__ import annotations

from dancu.audit import service as audit
from dancu.kernel.actor import Purpose
from dancu.kit.db import Conn
from dancu.oidc.models import Client, Mark
from dancu.oidc.service.authenticate import replayed
from dancu.oidc.service.consent import BASIS, PURPOSE
from dancu.oidc.service.errors import OAuthError
from dancu.oidc.service.introspect import Found
from dancu.oidc.service.release import actor_of
from dancu.oidc.store import families


async def revoke(conn: Conn, client: Client, found: Found | None, marks: tuple[Mark, ...], request_id: str) -> None:
    """Unknown and expired tokens are as good as revoked. Raises OAuthError: unauthorized_client for another client's token,
    unsupported_token_type for a program's own, which ends by itself within minutes."""
    if not await families.spend(conn, marks):
        raise replayed()
    if found is None:
        return
    owner = found.access.text("client_id") if found.access is not None else ""
    mine = owner == client.client_id if owner else found.handle is not None and found.handle.client_no == client.client_no
    if not mine:
        raise OAuthError("unauthorized_client", "the token was issued to another client")
    if found.handle is None:
        raise OAuthError("unsupported_token_type", "this token cannot be revoked; it ends within five minutes")
    handle = found.handle
    if handle.client_no != client.client_no:  # from an exchange: the family is the other agency's to end
        raise OAuthError("unsupported_token_type", "an exchanged token cannot be revoked; it ends within five minutes")
    if await families.end(conn, handle.person_key, handle.family_id, handle.client_no, "revoked"):
        await audit.record(
            conn, actor_of(client, request_id), Purpose(PURPOSE, BASIS), action="sign_in", subjects=[handle.person_key],
            fields=None, note={"verb": "oidc.revoke"},
        )  # fmt: skip
