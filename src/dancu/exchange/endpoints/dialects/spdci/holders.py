"""Who calls by an access token of ours, `Authorization: Bearer …`, as the standard has it.

The token names a program and a key of it. It is taken from nobody else: the message that comes with it must be signed with that very
key, so a stolen token opens nothing. That is why a token bound to a key may come as Bearer here, without a proof beside it.
"""

from __future__ import annotations

import hmac
import os
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import load_der_public_key

from dancu.accounts.service import links
from dancu.exchange.endpoints.door import exchange_of, issuer_of
from dancu.exchange.models.call import Certificate, refused
from dancu.kit.web import Request
from dancu.oidc.jose import JoseError, b64u, public_key, split
from dancu.oidc.service.errors import OAuthError

_SCHEMES = frozenset({"bearer", "dpop"})


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
            return hmac.compare_digest(self.x5t, b64u(bytes.fromhex(thumbprint)))
        return bool(self.jkt) and hmac.compare_digest(self.jkt, _jkt(certificate.spki))


async def holder_of(request: Request) -> Holder | None:
    """None where no token of ours came: nothing at all, or somebody else's word. Raises Refused for one of ours that does not hold."""
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    stated = _issuer(text.strip()) if scheme.lower() in _SCHEMES else ""
    if not stated or stated not in issuers(request):
        return None
    try:
        client, token = await exchange_of(request).holder(stated, text.strip(), time.time())
    except JoseError as error:
        raise refused("exchange.token", {"WWW-Authenticate": f'Bearer realm="dancu", error="invalid_token", error_description="{error}"'}) from error
    except OAuthError as error:
        raise refused("exchange.token", error.headers) from error
    bound: dict[str, Any] = token.claims["cnf"]
    return Holder(client.client_no, str(bound.get("jkt", "")), str(bound.get("x5t#S256", "")))


def issuers(request: Request) -> frozenset[str]:
    """Our own names as an issuer of tokens. The dialect has a port of its own: where no address is configured, the one it is called
    at counts, and of a demonstration the one beside it, under every name this machine answers to."""
    known = {issuer_of(request)}
    links.find(request.app.state.data)
    if not request.app.state.issuer and (beside := urlsplit(os.environ.get(links.DEMO_URL, ""))).port:
        names = (f"[{one}]" if ":" in one else one for one in request.app.state.settings.hosts)
        known |= {f"{beside.scheme}://{name}:{beside.port}" for name in names}
    return frozenset(known)


def _issuer(text: str) -> str:
    """Who the token says made it; "" where it is no token of the kind that we give."""
    try:
        return split(text, most=8 * 1024).text("iss")
    except JoseError:
        return ""


def _jkt(spki: bytes) -> str:
    """RFC 7638 of a public key; "" of a kind that signs no messages here."""
    key = load_der_public_key(spki)
    if isinstance(key, ed25519.Ed25519PublicKey):
        return public_key({"kty": "OKP", "crv": "Ed25519", "x": b64u(key.public_bytes_raw())}).thumbprint
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name == "secp256r1":
        numbers = key.public_numbers()
        return public_key({"kty": "EC", "crv": "P-256", "x": b64u(numbers.x.to_bytes(32, "big")), "y": b64u(numbers.y.to_bytes(32, "big"))}).thumbprint
    return ""
