"""Who calls by an access token of ours, `Authorization: Bearer …`, as the standard has it.

The token names a program and a key of it. It is taken from nobody else: the message that comes with it must be signed with that very
key, so a stolen token opens nothing. That is why a token bound to a key may come as Bearer here, without a proof beside it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from dancu.accounts.service import links
from dancu.exchange.endpoints.door import exchange_of, issuer_of
from dancu.exchange.keys import jwk_of_spki
from dancu.exchange.models.call import Certificate, refused
from dancu.kit.web import Request
from dancu.oidc.service import tokens
from dancu.oidc.service.errors import OAuthError

_SCHEMES = frozenset({"bearer", "dpop"})
_MOST = 8 * 1024


@dataclass(frozen=True, slots=True)
class Holder:
    """`client_no`: the program of the token. `jkt`, `x5t`: the key or certificate it is bound to."""

    client_no: int
    jkt: str
    x5t: str

    def owns(self, thumbprint: str, certificate: Certificate) -> bool:
        """Is the key of this certificate (`thumbprint` in hex) the one the token is bound to?"""
        if certificate.client_no != self.client_no:
            return False
        if self.x5t:
            return hmac.compare_digest(self.x5t.encode(), _b64u(bytes.fromhex(thumbprint)).encode())
        return bool(self.jkt) and hmac.compare_digest(self.jkt.encode(), _jkt(certificate.spki).encode())


async def holder_of(request: Request) -> Holder | None:
    """None where no token of ours came: nothing at all, or somebody else's word. Raises Refused for one of ours that does not hold."""
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    stated = _issuer(text.strip()) if scheme.lower() in _SCHEMES else ""
    if not stated or stated not in issuers(request):
        return None
    try:
        client, token = await exchange_of(request).holder(stated, text.strip(), time.time())
    except tokens.JoseError as error:
        raise refused("exchange.token", {"WWW-Authenticate": f'Bearer realm="dancu", error="invalid_token", error_description="{error}"'}) from error
    except OAuthError as error:
        raise refused("exchange.token", error.headers) from error
    bound: dict[str, Any] = token.claims["cnf"]
    return Holder(client.client_no, str(bound.get("jkt", "")), str(bound.get("x5t#S256", "")))


def issuers(request: Request) -> frozenset[str]:
    """Our own names as an issuer of tokens. The dialect has a port of its own: where no address is configured, the one it is called
    at counts, and of a demonstration the one beside it, under every name this machine answers to."""
    known = {issuer_of(request)}
    if not request.app.state.issuer and (beside := urlsplit(links.demo_url(request.app.state.data))).port:
        names = (f"[{one}]" if ":" in one else one for one in request.app.state.settings.hosts)
        known |= {f"{beside.scheme}://{name}:{beside.port}" for name in names}
    return frozenset(known)


def _issuer(text: str) -> str:
    """Who the token says made it; "" where it is no JWT. Nothing of it is believed here."""
    parts = text.split(".")
    if len(parts) != 3 or len(text) > _MOST:
        return ""
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, RecursionError):
        return ""
    return str(claims.get("iss", "")) if isinstance(claims, dict) else ""


def _jkt(spki: bytes) -> str:
    """RFC 7638 of a program's public key."""
    members = {name: value for name, value in jwk_of_spki(spki).items() if name in ("crv", "kty", "x", "y")}
    return _b64u(hashlib.sha256(json.dumps(members, sort_keys=True, separators=(",", ":")).encode()).digest())


def _b64u(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
