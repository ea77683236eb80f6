"""Devices without a browser (RFC 8628): a counter kiosk shows a short code, the citizen types it on their own phone, sees
which service asks and where, and answers there."""

from __future__ import annotations

import hashlib
import secrets
import time
from typing import Any

from dancu.accounts.models import SignIn
from dancu.kit.db import Conn
from dancu.oidc.models import AuthRequest, Client, Mark
from dancu.oidc.policy import DEVICE_SECONDS, POLL_SECONDS
from dancu.oidc.service import flow, requests, tokens
from dancu.oidc.service.authenticate import replayed
from dancu.oidc.service.consent import Terms
from dancu.oidc.service.errors import OAuthError
from dancu.oidc.service.provider import Provider
from dancu.oidc.store import detached as store
from dancu.oidc.store import families

GRANT = "urn:ietf:params:oauth:grant-type:device_code"
# No vowels, so that no word comes out, and nothing that looks like something else (RFC 8628 §6.1).
_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
_LENGTH, _TRIES = 8, 5


def digest_of(code: str) -> bytes:
    return hashlib.sha256(code.encode("utf-8", "surrogatepass")).digest()


def user_digest(provider: Provider, typed: str) -> bytes | None:
    """Of a code as people type it: small letters, spaces and dashes do not matter. None for what cannot be one."""
    letters = "".join(ch for ch in typed.upper() if ch.isalnum())
    if len(letters) != _LENGTH or set(letters) - set(_LETTERS):
        return None
    return provider.sealer.mac("user code", letters.encode())


async def begin(provider: Provider, conn: Conn, client: Client, request: AuthRequest, marks: tuple[Mark, ...], issuer: str) -> dict[str, Any]:
    """The answer of the device authorization endpoint (§3.2). Raises OAuthError."""
    if not await families.spend(conn, marks):
        raise replayed()
    device_code = secrets.token_urlsafe(32)
    sealed = requests.under_way(provider.sealer, request, asked=False)
    for _ in range(_TRIES):
        user_code = "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))
        known = user_digest(provider, user_code)
        assert known is not None
        if await store.insert_device(conn, digest_of(device_code), known, client.client_no, sealed, DEVICE_SECONDS):
            break
    else:
        raise OAuthError("temporarily_unavailable", "try again", 503, {"Retry-After": "1"})
    shown = f"{user_code[:4]}-{user_code[4:]}"
    return {
        "device_code": device_code, "user_code": shown, "verification_uri": f"{issuer}/device",
        "verification_uri_complete": f"{issuer}/device?user_code={shown}", "expires_in": DEVICE_SECONDS, "interval": POLL_SECONDS,
    }  # fmt: skip


async def waiting(provider: Provider, conn: Conn, typed: str) -> tuple[store.DeviceGrant, AuthRequest] | None:
    """The request behind a code that still waits for an answer; None for every other code."""
    digest = user_digest(provider, typed)
    found = await store.device_by_user(conn, digest) if digest else None
    if found is None or found.late or found.state != "pending":
        return None
    resumed = requests.resumed(provider.sealer, found.request)
    return (found, resumed[0]) if resumed else None


async def said_before(provider: Provider, conn: Conn, typed: str, person_key: int) -> bool | None:
    """What was answered to the code: True for this citizen's yes, False for anybody's no; None where nothing was, or another's yes."""
    digest = user_digest(provider, typed)
    found = await store.device_by_user(conn, digest) if digest else None
    if found is None or found.state == "pending":
        return None
    if found.state == "denied":
        return False
    code = tokens.read_code(provider.sealer, found.answer)
    return True if code is not None and code.sign_in.person_key == person_key else None


async def approve(provider: Provider, conn: Conn, client: Client, grant: store.DeviceGrant, request: AuthRequest, stood: SignIn, terms: Terms) -> bool:
    """The citizen's yes: kept for the device's next poll. False where somebody answered before, or it is too late."""
    made = tokens.Code(
        request, client.client_no, flow.stated(request, stood), terms.purpose.code, terms.purpose.legal_basis, request.details, int(time.time()) + DEVICE_SECONDS
    )
    return await store.decide_device(conn, grant.device_digest, "approved", tokens.code(provider.sealer, made))


async def deny(conn: Conn, grant: store.DeviceGrant) -> bool:
    return await store.decide_device(conn, grant.device_digest, "denied", "")
