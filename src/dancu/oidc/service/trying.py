"""Trying a client's sign-in from the portal: the address a browser is sent to, as the client itself would make it."""

from __future__ import annotations

import secrets
import time
from urllib.parse import urlencode

from dancu.oidc.models import AuthRequest, Client
from dancu.oidc.policy import SCOPES
from dancu.oidc.service import requests
from dancu.oidc.service.seal import Sealer
from dancu.sharing.models import Agreement

# The pair of RFC 7636 appendix B, known to everybody: good for a trial, whose code is worth nothing without it.
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def scope_of(agreement: Agreement | None) -> str:
    """The scopes that ask for no more than was agreed."""
    agreed = agreement.claims if agreement is not None else frozenset()
    wanted = [name for name, groups in SCOPES.items() if groups and agreed.issuperset(groups)]
    return " ".join(["openid", *wanted])


def address(client: Client, agreement: Agreement | None, issuer: str, sealer: Sealer) -> str:
    """Where the browser goes to try a sign-in; "" for a client nobody signs in to. For FAPI 2.0 the request is pushed here
    in the client's stead and lives as long as any (PUSHED_SECONDS)."""
    if not client.redirect_uris or "authorization_code" not in client.grant_types:
        return ""
    state, nonce, scope = secrets.token_urlsafe(8), secrets.token_urlsafe(8), scope_of(agreement)
    if client.fapi:
        pushed = requests.push(
            sealer,
            AuthRequest(
                secrets.token_bytes(16), client.client_id, client.redirect_uris[0], tuple(scope.split()), int(time.time()), {}, [],
                state=state, nonce=nonce, code_challenge=CHALLENGE,
            ),
        )  # fmt: skip
        wishes = {"client_id": client.client_id, "request_uri": pushed}
    else:
        wishes = {
            "response_type": "code", "client_id": client.client_id, "redirect_uri": client.redirect_uris[0], "scope": scope,
            "state": state, "nonce": nonce, "code_challenge": CHALLENGE, "code_challenge_method": "S256",
        }  # fmt: skip
    return f"{issuer}/oidc/authorize?{urlencode(wishes)}"
